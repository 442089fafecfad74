/** So many at a time: some milliseconds of work, and as many files open at once. */
const BATCH = 32;
/** Work in one piece, in milliseconds: half of what a frame of the editor has. */
const PIECE = 6;

/** Everything else that waits comes first. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Does the same to many things, a few at once, and gives everything else its turn in between: the
 * extension host is not Basin's alone.
 */
export async function inTurns<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += BATCH) {
    for (const result of await Promise.all(items.slice(at, at + BATCH).map(work))) {
      results.push(result);
    }
    // What was known already has not waited for anything.
    if (at + BATCH < items.length) await turn();
  }
  return results;
}

/** Runs to its end what can be interrupted wherever it yields, with turns for everything else. */
export async function inPieces<R>(work: Iterator<undefined, R>): Promise<R> {
  for (;;) {
    const end = performance.now() + PIECE;
    do {
      const step = work.next();
      if (step.done === true) return step.value;
    } while (performance.now() < end);
    await turn();
  }
}
