import { largest, smallest } from '../../shared/extremes';
import type {
  Band,
  Neighborhood,
  PairCounts,
  Sensitivity,
  SensitivityBands,
} from '../../shared/result/topology';
import { innerCounts } from './border';
import { branchesOf } from './trees/gridBranches';
import { gridExtents, parseNeighborhood, stridesOf } from './neighborhood';
import { comparableKeys } from './order';
import { branchesAbove, branchPersistences } from './persistence';
import { finiteRange, summarizePairs } from './summaries';

/** Points a coarser grid has along each axis at least. */
const MIN_STEPS = 5;

export interface SensitivityOptions {
  readonly neighborhood: Neighborhood;
  /** What this neighbourhood counts on the whole grid. */
  readonly counts: PairCounts;
  /** In units of the values; pairs of persistence up to this do not count. */
  readonly threshold: number;
  /** Neighbourhoods to count with as well. */
  readonly neighborhoods: readonly Neighborhood[];
  /** Whether to count on coarser grids as well. */
  readonly resolutions: boolean;
}

/**
 * How the number of saddles, that of minima and the total persistence change with what is chosen and
 * not known: the neighbourhood, and the resolution. All at the same threshold.
 *
 * @param values in C order, the last axis fastest.
 * @param shape points along each axis.
 */
export function sensitivityOf(
  values: Float64Array | Float32Array,
  shape: readonly number[],
  { neighborhood, counts, threshold, neighborhoods, resolutions }: SensitivityOptions,
): Required<Sensitivity> {
  const names = [...new Set([neighborhood, ...neighborhoods].map(parseNeighborhood))];
  const byNeighborhood = names.map((name) => ({
    neighborhood: name,
    ...(name === neighborhood ? counts : countPairs(values, shape, name, threshold)),
  }));
  const extents = gridExtents(shape, values.length);
  const byResolution = [];
  for (let stride = 1; resolutions; stride *= 2) {
    const coarser = everyNth(values, extents, stride);
    if (coarser === null) break;
    const own =
      stride === 1 ? counts : countPairs(coarser.values, coarser.shape, neighborhood, threshold);
    byResolution.push({ stride, shape: coarser.shape, ...own });
  }
  return withBands({
    saddlesByNeighborhood: Object.fromEntries(
      byNeighborhood.map(({ neighborhood: name, saddles }) => [name, saddles]),
    ),
    byNeighborhood,
    byResolution,
    bySeed: [],
  });
}

/** With what landscapes in other random directions count. */
export function withSeeds(
  sensitivity: Sensitivity,
  bySeed: NonNullable<Sensitivity['bySeed']>,
): Required<Sensitivity> {
  const { saddlesByNeighborhood, byNeighborhood = [], byResolution = [] } = sensitivity;
  return withBands({ saddlesByNeighborhood, byNeighborhood, byResolution, bySeed });
}

function withBands(counts: Omit<Required<Sensitivity>, 'band'>): Required<Sensitivity> {
  const all = [...counts.byNeighborhood, ...counts.byResolution, ...counts.bySeed];
  const bandOf = (name: keyof SensitivityBands): Band => ({
    low: smallest(all.map((each) => each[name] ?? NaN)),
    high: largest(all.map((each) => each[name] ?? NaN)),
  });
  const hasInner = all.every(({ innerSaddles }) => innerSaddles !== undefined);
  return {
    ...counts,
    band: {
      saddles: bandOf('saddles'),
      minima: bandOf('minima'),
      ...(hasInner ? { innerSaddles: bandOf('innerSaddles') } : {}),
      totalPersistence: bandOf('totalPersistence'),
    },
  };
}

/** Pairs above a threshold, and the total of the finite ones' persistence. */
export function countPairs(
  values: Float64Array | Float32Array,
  shape: readonly number[],
  neighborhood: Neighborhood,
  threshold: number,
): PairCounts {
  const extents = gridExtents(shape, values.length);
  const branches = branchesOf(comparableKeys(values), extents, neighborhood);
  const kept = branchesAbove(branches, branchPersistences(branches, values), threshold);
  const finite = Array.from(kept.keys()).filter((b) => kept[b] === 1 && b !== branches.root);
  const { count, total } = summarizePairs(
    Float64Array.from(finite, (b) => values[branches.minimum[b]!]!),
    Float64Array.from(finite, (b) => values[branches.saddle[b]!]!),
    finiteRange(values),
  );
  const { saddles: innerSaddles } = innerCounts(branches, finite, extents);
  return { saddles: count, minima: count + 1, innerSaddles, totalPersistence: total };
}

/**
 * The grid of every n-th point along each axis, laid so that the middle stays a point of it: that is
 * where the checkpoint is.
 *
 * @param extents points along each axis, each at least 2.
 * @returns null where an axis would have fewer than five points.
 */
export function everyNth(
  values: Float64Array | Float32Array,
  extents: readonly number[],
  stride: number,
): { readonly values: Float64Array; readonly shape: readonly number[] } | null {
  const steps = extents.map((extent) => {
    const middle = (extent - 1) >> 1;
    const before = Math.floor(middle / stride);
    const after = Math.floor((extent - 1 - middle) / stride);
    return { first: middle - before * stride, count: before + 1 + after };
  });
  if (steps.length === 0 || steps.some(({ count }) => count < MIN_STEPS)) return null;
  const strides = stridesOf(extents);
  let points = [0];
  for (const [axis, { first, count }] of steps.entries()) {
    points = points.flatMap((point) =>
      Array.from({ length: count }, (_, k) => point + (first + k * stride) * strides[axis]!),
    );
  }
  return {
    values: Float64Array.from(points, (point) => values[point]!),
    shape: steps.map(({ count }) => count),
  };
}
