/** So many at a time: some milliseconds of work, and as many files open at once. */
const BATCH = 32;

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
    results.push(...(await Promise.all(items.slice(at, at + BATCH).map(work))));
    // What was known already has not waited for anything.
    if (at + BATCH < items.length) await new Promise((resolve) => setImmediate(resolve));
  }
  return results;
}
