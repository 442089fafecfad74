import { rootOf } from '../../shared/unionFind';

/** Steps to the neighbours of the triangulation whose diagonals join (i+1, j) and (i, j+1). */
const STEPS = [
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
  [1, -1],
  [-1, 1],
] as const;

/**
 * For each point of a grid the vertex of the minimum whose basin it is in: that which water standing
 * at the point would belong to, with basins of persistence up to the threshold spilt into the one
 * across their saddle. O(n log n) in the points.
 *
 * @param values in C order, NaN above everything.
 */
export function basinsOfGrid(
  values: Float64Array,
  rows: number,
  columns: number,
  threshold: number,
): Int32Array {
  const order = Int32Array.from(values, (_, v) => v).sort((a, b) => {
    const [x, y] = [values[a]!, values[b]!];
    if (x === y || (x !== x && y !== y)) return a - b;
    if (x !== x) return 1;
    return y !== y || x < y ? -1 : 1;
  });
  const label = new Int32Array(values.length).fill(-1);
  // Of components, by the vertex of their lowest minimum: the elder one they are part of.
  const elder = Int32Array.from(values, (_, v) => v);
  // Of basins that were cancelled: the one they spill into.
  const into = Int32Array.from(values, (_, v) => v);
  const component = (minimum: number): number => rootOf(elder, minimum);
  const isBefore = (a: number, b: number) =>
    values[a]! < values[b]! || (values[a] === values[b] && a < b);
  for (const v of order) {
    const i = Math.floor(v / columns);
    const j = v - i * columns;
    const below: number[] = [];
    for (const [di, dj] of STEPS) {
      const [ni, nj] = [i + di, j + dj];
      if (ni < 0 || nj < 0 || ni >= rows || nj >= columns) continue;
      const w = ni * columns + nj;
      if (label[w]! >= 0) below.push(w);
    }
    if (below.length === 0) {
      label[v] = v;
      continue;
    }
    below.sort((a, b) => (isBefore(a, b) ? -1 : 1));
    label[v] = label[below[0]!]!;
    for (const w of below.slice(1)) {
      const [a, b] = [component(label[v]), component(label[w]!)];
      if (a === b) continue;
      const [older, younger] = isBefore(a, b) ? [a, b] : [b, a];
      elder[younger] = older;
      if (!(values[v]! - values[younger]! > threshold)) {
        into[younger] = younger === b ? label[v] : label[w]!;
      }
    }
  }
  return label.map((minimum) => {
    let at = minimum;
    while (into[at] !== at) at = into[at]!;
    return at;
  });
}
