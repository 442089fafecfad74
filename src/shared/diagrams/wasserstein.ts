import { InputError } from '../inputError';
import { say } from '../words/message';
import { bottleneckDistance } from './bottleneck';
import { splitDiagrams } from './diagram';
import { partialAssignment } from './partialAssignment';
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
 * Time is cubic and memory quadratic in the largest group of points that matching can save anything
 * between (partialAssignment.ts).
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
      say`The order ${order} of a Wasserstein distance must be a number from 1 up; for infinite order take the bottleneck distance.`,
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
  const firstAlone = diagonalDistances(first, metric);
  const secondAlone = diagonalDistances(second, metric);
  // No matching that is least has a cost above `bound`, as the bottleneck's own matching has none
  // above the bottleneck. So costs are in units of it, and those above count as one that no matching
  // can afford: next to the power of a large persistence, small costs would be lost in rounding.
  const count = first.index.length + second.index.length;
  const spread = (metric === 'infinity' ? 1 : Math.SQRT2) * count ** (1 / order) * (1 + 1e-9);
  const bound = bottleneckDistance(pointsOf(first), pointsOf(second)).distance * spread;
  const power = (cost: number) =>
    cost > bound ? count + 1 : bound === 0 ? 0 : (cost / bound) ** order;
  const firstPower = firstAlone.map(power);
  const secondPower = secondAlone.map(power);
  const costOf = (i: number, j: number) => {
    const birth = Math.abs(first.birth[i]! - second.birth[j]!);
    const death = Math.abs(first.death[i]! - second.death[j]!);
    return metric === 'infinity' ? Math.max(birth, death) : Math.hypot(birth, death);
  };
  const partner = partialAssignment(firstPower, secondPower, (i, j) => power(costOf(i, j)));

  const matches: DiagramMatch[] = [];
  const taken = new Uint8Array(second.index.length);
  for (let i = 0; i < partner.length; i++) {
    const j = partner[i]!;
    if (j >= 0) taken[j] = 1;
    matches.push({
      first: first.index[i]!,
      second: j < 0 ? null : second.index[j]!,
      cost: j < 0 ? firstAlone[i]! : costOf(i, j),
    });
  }
  for (let j = 0; j < taken.length; j++) {
    if (!taken[j]) matches.push({ first: null, second: second.index[j]!, cost: secondAlone[j]! });
  }
  return matches;
}

function diagonalDistances({ birth, death }: FinitePoints, metric: GroundMetric): Float64Array {
  return birth.map((b, k) =>
    metric === 'infinity' ? death[k]! / 2 - b / 2 : death[k]! / Math.SQRT2 - b / Math.SQRT2,
  );
}

function pointsOf({ birth, death }: FinitePoints): DiagramPoint[] {
  return Array.from(birth, (b, k) => ({ birth: b, death: death[k]! }));
}
