import { rootOf } from '../unionFind';
import { assign } from './assignment';

/**
 * Partners among two sets, each at most one, so that the sum of costs is least: of two together, or
 * of those that stay alone.
 *
 * Being together is worth while only where it costs less than both alone, so the problem is one of
 * what is saved. It falls apart into the components of pairs that save something, each an assignment
 * problem; time is cubic and memory quadratic in the largest of them.
 *
 * @param firstAlone Cost of each of the first set alone; `secondAlone` likewise. Finite.
 * @param together Cost of one of the first and one of the second.
 * @returns For each of the first its partner in the second; −1 where it stays alone.
 */
export function partialAssignment(
  firstAlone: Float64Array,
  secondAlone: Float64Array,
  together: (i: number, j: number) => number,
): Int32Array {
  const [n, m] = [firstAlone.length, secondAlone.length];
  const saving = (i: number, j: number) => firstAlone[i]! + secondAlone[j]! - together(i, j);
  // The first set is 0 … n − 1, the second n … n + m − 1.
  const elder = Int32Array.from({ length: n + m }, (_, k) => k);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) if (saving(i, j) > 0) unite(elder, i, n + j);
  }
  const partner = new Int32Array(n).fill(-1);
  for (const { rows, columns } of components(elder, n)) {
    matchComponent(rows, columns, saving, partner);
  }
  return partner;
}

function matchComponent(
  rows: readonly number[],
  columns: readonly number[],
  saving: (i: number, j: number) => number,
  partner: Int32Array,
): void {
  const turned = rows.length > columns.length;
  const [fewer, more] = turned ? [columns, rows] : [rows, columns];
  const costs = new Float64Array(fewer.length * more.length);
  fewer.forEach((a, k) => {
    more.forEach((b, l) => {
      const saved = turned ? saving(b, a) : saving(a, b);
      costs[k * more.length + l] = saved > 0 ? -saved : 0;
    });
  });
  const columnOf = assign(fewer.length, more.length, costs);
  fewer.forEach((a, k) => {
    const l = columnOf[k]!;
    if (costs[k * more.length + l] === 0) return;
    const b = more[l]!;
    if (turned) partner[b] = a;
    else partner[a] = b;
  });
}

function unite(elder: Int32Array, a: number, b: number): void {
  const [p, q] = [rootOf(elder, a), rootOf(elder, b)];
  elder[Math.max(p, q)] = Math.min(p, q);
}

/** Components with points of both diagrams. */
function components(elder: Int32Array, n: number): { rows: number[]; columns: number[] }[] {
  const found = new Map<number, { rows: number[]; columns: number[] }>();
  for (let k = 0; k < elder.length; k++) {
    const at = rootOf(elder, k);
    let part = found.get(at);
    if (part === undefined) found.set(at, (part = { rows: [], columns: [] }));
    if (k < n) part.rows.push(k);
    else part.columns.push(k - n);
  }
  return [...found.values()].filter(({ rows, columns }) => rows.length > 0 && columns.length > 0);
}
