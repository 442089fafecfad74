import { InputError } from '../../shared/inputError';
import { assign } from './assignment';
import { splitDiagrams } from './diagram';
import type { DiagramDistance, DiagramMatch, DiagramPoint, FinitePoints } from './diagram';

/** Metric of the plane of births and deaths: max(|Δbirth|, |Δdeath|), or the Euclidean one. */
export type GroundMetric = 'infinity' | 'euclidean';

export interface WassersteinOptions {
  /** q: costs are raised to it and summed, and its root is taken. 2 unless given; from 1 up. */
  readonly order?: number;
  /** `infinity` unless given. */
  readonly metric?: GroundMetric;
}

/**
 * q-Wasserstein distance of two persistence diagrams, exact but for rounding, with the matching.
 *
 * (Σ costᵠ)^(1/q), least over all matchings of points to each other or to the diagonal, which is
 * half the persistence away by `infinity`, and persistence/√2 by `euclidean`. Points of infinite
 * death are matched among themselves; where their numbers differ the distance is Infinity, and
 * `matches` holds the finite points only.
 *
 * Matching two points is worth while only where that costs less than sending both to the diagonal,
 * so the assignment problem is one of what is saved, and falls apart into the components of pairs
 * that save something. Time is cubic and memory quadratic in the largest of them.
 *
 * @throws InputError when a point is NaN or dies before it is born, or the order is below 1.
 */
export function wassersteinDistance(
  first: readonly DiagramPoint[],
  second: readonly DiagramPoint[],
  { order = 2, metric = 'infinity' }: WassersteinOptions = {},
): DiagramDistance {
  if (!(order >= 1 && Number.isFinite(order))) {
    throw new InputError(
      `The order ${order} of a Wasserstein distance must be a number from 1 up; for infinite order take the bottleneck distance.`,
    );
  }
  const parts = splitDiagrams(first, second);
  const matches = [...finiteMatches(parts.first, parts.second, order, metric), ...parts.infinite];
  return {
    distance: parts.comparable ? norm(matches, order) : Infinity,
    matches,
  };
}

/** Scaled by the largest, so that powers neither overflow nor vanish. */
function norm(matches: readonly DiagramMatch[], order: number): number {
  const largest = matches.reduce((most, { cost }) => Math.max(most, cost), 0);
  if (largest === 0) return 0;
  let sum = 0;
  for (const { cost } of matches) sum += (cost / largest) ** order;
  return largest * sum ** (1 / order);
}

function finiteMatches(
  first: FinitePoints,
  second: FinitePoints,
  order: number,
  metric: GroundMetric,
): DiagramMatch[] {
  const [n, m] = [first.index.length, second.index.length];
  const firstAlone = diagonalDistances(first, metric);
  const secondAlone = diagonalDistances(second, metric);
  const scale = Math.max(largest(firstAlone), largest(secondAlone));
  const power = (cost: number) => (scale === 0 ? 0 : (cost / scale) ** order);
  const firstPower = firstAlone.map(power);
  const secondPower = secondAlone.map(power);
  const costOf = (i: number, j: number) => {
    const birth = Math.abs(first.birth[i]! - second.birth[j]!);
    const death = Math.abs(first.death[i]! - second.death[j]!);
    return metric === 'infinity' ? Math.max(birth, death) : Math.hypot(birth, death);
  };
  const saving = (i: number, j: number) => firstPower[i]! + secondPower[j]! - power(costOf(i, j));

  // Points of the first diagram are 0 … n − 1, of the second n … n + m − 1.
  const elder = Int32Array.from({ length: n + m }, (_, k) => k);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) if (saving(i, j) > 0) unite(elder, i, n + j);
  }
  const partner = new Int32Array(n).fill(-1);
  for (const { rows, columns } of components(elder, n)) {
    matchComponent(rows, columns, saving, partner);
  }

  const matches: DiagramMatch[] = [];
  const taken = new Uint8Array(m);
  for (let i = 0; i < n; i++) {
    const j = partner[i]!;
    if (j >= 0) taken[j] = 1;
    matches.push({
      first: first.index[i]!,
      second: j < 0 ? null : second.index[j]!,
      cost: j < 0 ? firstAlone[i]! : costOf(i, j),
    });
  }
  for (let j = 0; j < m; j++) {
    if (!taken[j]) matches.push({ first: null, second: second.index[j]!, cost: secondAlone[j]! });
  }
  return matches;
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

function diagonalDistances({ birth, death }: FinitePoints, metric: GroundMetric): Float64Array {
  return birth.map((b, k) =>
    metric === 'infinity' ? death[k]! / 2 - b / 2 : death[k]! / Math.SQRT2 - b / Math.SQRT2,
  );
}

function largest(distances: Float64Array): number {
  let most = 0;
  for (let k = 0; k < distances.length; k++) most = Math.max(most, distances[k]!);
  return most;
}

function root(elder: Int32Array, from: number): number {
  let at = from;
  while (elder[at] !== at) {
    elder[at] = elder[elder[at]!]!;
    at = elder[at]!;
  }
  return at;
}

function unite(elder: Int32Array, a: number, b: number): void {
  const [p, q] = [root(elder, a), root(elder, b)];
  elder[Math.max(p, q)] = Math.min(p, q);
}

/** Components with points of both diagrams. */
function components(elder: Int32Array, n: number): { rows: number[]; columns: number[] }[] {
  const found = new Map<number, { rows: number[]; columns: number[] }>();
  for (let k = 0; k < elder.length; k++) {
    const at = root(elder, k);
    let part = found.get(at);
    if (part === undefined) found.set(at, (part = { rows: [], columns: [] }));
    if (k < n) part.rows.push(k);
    else part.columns.push(k - n);
  }
  return [...found.values()].filter(({ rows, columns }) => rows.length > 0 && columns.length > 0);
}
