/** Work that uses every core: one piece at a time, in the order it was asked for. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /**
   * Runs `work` when all before it has ended. While it waits it ends as soon as its signal is given,
   * and never begins; once it runs it is `work` that hears the signal, and the next turn comes when
   * it has really ended.
   *
   * @throws what `work` throws; the signal's reason.
   */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    let isWaiting = true;
    const turn = this.last.then(() => {
      signal.throwIfAborted();
      isWaiting = false;
      return work();
    });
    this.last = turn.catch(() => undefined);
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        if (isWaiting) reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      turn.then(resolve, reject).finally(() => {
        signal.removeEventListener('abort', abort);
      });
    });
  }
}
