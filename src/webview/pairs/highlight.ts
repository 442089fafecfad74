import type { Disposable } from '../disposable';
import type { PairId } from './pairMark';

/** The pair that is pointed at, shared by every view that shows it. */
export class Highlight {
  private current: PairId | null = null;
  private readonly listeners = new Set<(id: PairId | null) => void>();

  get pair(): PairId | null {
    return this.current;
  }

  set(id: PairId | null): void {
    if (id === this.current) return;
    this.current = id;
    for (const listener of this.listeners) listener(id);
  }

  onChange(listener: (id: PairId | null) => void): Disposable {
    this.listeners.add(listener);
    return { dispose: () => void this.listeners.delete(listener) };
  }
}
