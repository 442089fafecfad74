/**
 * Which points of a grid are measured, as lengths of runs: first of those that are, then of those
 * that are not, and so on in turn, in C order. The first may be 0.
 */
export function encodeRuns(measured: Uint8Array): readonly number[] {
  const runs: number[] = [];
  let current = 1;
  let length = 0;
  for (const flag of measured) {
    if (flag !== current) {
      runs.push(length);
      current = flag;
      length = 0;
    }
    length += 1;
  }
  if (length > 0) runs.push(length);
  return runs;
}
