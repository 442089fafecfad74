/** Whoever opens, closes: what is opened is registered where it is opened. */
export interface Disposable {
  dispose(): void;
}

export class DisposableStore implements Disposable {
  private readonly items: Disposable[] = [];

  add<T extends Disposable>(item: T): T {
    this.items.push(item);
    return item;
  }

  /** Listens until the store is disposed. */
  listen<K extends keyof HTMLElementEventMap>(
    target: EventTarget,
    type: K,
    listener: (event: HTMLElementEventMap[K]) => void,
    options?: AddEventListenerOptions,
  ): void {
    const handler = listener as EventListener;
    target.addEventListener(type, handler, options);
    this.items.push({
      dispose: () => {
        target.removeEventListener(type, handler, options);
      },
    });
  }

  /** In the reverse order of opening. */
  dispose(): void {
    for (const item of this.items.splice(0).reverse()) item.dispose();
  }
}
