/**
 * Which points of a line are to be seen where it has more of them than pixels: of each column the first,
 * the lowest, the highest and the last. A point without a height is a gap and stays where it stands between
 * two that have one.
 *
 * @param x rising, in [0, 1].
 * @param y null where there is a gap.
 * @returns indices, rising: at most four for a column beside the gaps.
 */
export function seenPoints(
  x: readonly number[],
  y: readonly (number | null)[],
  columns: number,
): readonly number[] {
  const seen: number[] = [];
  let at = 0;
  while (at < x.length) {
    const column = Math.floor(x[at]! * columns);
    const height = y[at] ?? null;
    if (height === null) {
      // One is enough to lift the pen.
      if (seen.length > 0 && (y[seen.at(-1)!] ?? null) !== null) seen.push(at);
      at++;
      continue;
    }
    let [lowest, highest, end] = [at, at, at];
    while (end + 1 < x.length && Math.floor(x[end + 1]! * columns) === column) {
      const next = y[end + 1] ?? null;
      if (next === null) break;
      end++;
      if (next < y[lowest]!) lowest = end;
      if (next > y[highest]!) highest = end;
    }
    for (const index of [at, lowest, highest, end].sort((a, b) => a - b)) {
      if (seen.at(-1) !== index) seen.push(index);
    }
    at = end + 1;
  }
  return seen;
}
