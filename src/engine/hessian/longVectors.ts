import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Elements of vectors that are held one at a time, and whose memory is given back at once. */
export const LONG_VECTOR = 2 ** 22;

let collect: (() => void) | undefined;

/**
 * Gives the memory of long vectors back that nothing refers to any more. V8 collects by what its own
 * heap holds, and a vector of a large network is a few bytes there: several would wait for it.
 *
 * @param length of the vectors; short ones can wait.
 */
export function releaseVectors(length: number): void {
  if (length <= LONG_VECTOR) return;
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
