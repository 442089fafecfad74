import { isOnBorder } from '../../shared/gridBorder';
import { InputError } from '../../shared/inputError';
import { fromScalar, toScalar } from '../../shared/result/scalar';
import { innerCounts, minimaWhenWidened } from './border';
import { branchesOf } from './trees/gridBranches';
import { joinTree, type JoinTree } from './trees/joinTree';
import { loopPairs } from './loops';
import { gridExtents, nearestOf, parseNeighborhood, STENCIL_NEIGHBORHOODS } from './neighborhood';
import { FLOAT32_NOISE, noiseFloor, type BirthsAndDeaths } from './noiseFloor';
import { comparableKeys } from './order';
import { branchesAbove, branchPersistences, byPersistence, pairAt } from './persistence';
import { landscapeProfile } from './profile';
import { sensitivityOf } from './sensitivity';
import { saddleMinimumDistance } from './smad';
import { finiteRange, summarize, summarizePairs, type FiniteRange } from './summaries';
import type {
  MergeTree,
  Neighborhood,
  PersistencePair,
  Topology,
} from '../../shared/result/topology';
import { say } from '../../shared/words/message';
import type { Branches } from './trees/branches';

export interface TopologyOptions {
  /** `freudenthal` unless given. */
  readonly neighborhood?: Neighborhood;
  /** Pairs of persistence up to this are left out. Without it, the floor of the noise. */
  readonly threshold?: number;
  /** Without a threshold: the floor is at least this, what a refined landscape is certain above. */
  readonly least?: number;
  /** Standard deviation of the noise of a value as a share of it; float32 rounding unless given. */
  readonly relativeNoise?: number;
  /**
   * Neighbourhoods to count with as well; by default, and on coarser grids too, as many as the
   * grid's size allows.
   */
  readonly sensitivity?: readonly Neighborhood[];
}

/** Points up to which the stencils are all counted with unless the options say otherwise. */
const MAX_SENSITIVITY_POINTS = 2 ** 20;
/** Points up to which a graph of nearest neighbours is written out for it. */
const MAX_NEAREST_POINTS = 2 ** 16;
/** Points up to which a wider grid is looked at. */
const MAX_WIDENED_POINTS = 2 ** 20;
const NEAREST_FOR_SENSITIVITY: Neighborhood = 'knn:8';

/**
 * Sublevel-set persistence of dimension 0 and the merge tree of values on a regular grid.
 *
 * @param values In C order: the last axis is the fastest. NaN and infinities are values of their
 *   own (order.ts, persistence.ts).
 * @param shape Points along each axis.
 * @throws InputError when there are no values, the shape is not theirs, or an option is out of range.
 */
export function analyzeTopology(
  values: Float64Array | Float32Array,
  shape: readonly number[],
  options: TopologyOptions = {},
): Topology {
  const extents = gridExtents(shape, values.length);
  const neighborhood = parseNeighborhood(options.neighborhood ?? 'freudenthal');
  const given = options.threshold;
  if (given !== undefined && !(given >= 0 && Number.isFinite(given))) {
    throw new InputError(say`The threshold ${given} must be a number from 0 up.`);
  }

  const keys = comparableKeys(values);
  const branches = branchesOf(keys, extents, neighborhood);
  const persistences = branchPersistences(branches, values);
  const least = options.least ?? 0;
  const noise =
    given ??
    noiseFloor(
      allPairs(branches, values),
      values[branches.minimum[branches.root]!]!,
      values.length,
      options.relativeNoise ?? FLOAT32_NOISE,
    );
  const threshold = given ?? Math.max(noise, least);
  const kept = branchesAbove(branches, persistences, threshold);
  const ordered = byPersistence(branches, persistences, kept, keys);
  const { births, deaths } = pairValues(branches, ordered, values);
  const range = finiteRange(values);
  const pairs = markedAtBorder(
    [
      pairAt(branches.minimum[branches.root]!, branches.maximum, values),
      ...pairsOf(branches, ordered, values),
    ],
    extents,
    () => minimaWhenWidened(values, extents, neighborhood, threshold),
  );
  const essential = pairs.shift()!;
  const saddles = ordered.length;
  const inner = innerCounts(branches, ordered, extents);
  const mergeTree = mergeTreeOf(joinTree(branches, keys, kept), values);
  const summaries = summarize(
    births,
    deaths,
    {
      birth: values[essential.birthVertex]!,
      death: values[essential.deathVertex]!,
    },
    range,
    ordered.map((_, k) => (pairs[k]!.border ? 0 : 1)),
  );
  return {
    shape,
    neighborhood,
    threshold,
    thresholdSource: given !== undefined ? 'given' : noise < least ? 'refinement' : 'noise',
    minima: saddles + 1,
    saddles,
    inner,
    pairs,
    essential,
    summaries,
    sensitivity: sensitivityOf(values, shape, {
      neighborhood,
      counts: {
        saddles,
        minima: saddles + 1,
        innerSaddles: inner.saddles,
        totalPersistence: summaries.finite.total,
      },
      threshold,
      neighborhoods: options.sensitivity ?? defaultSensitivity(values.length),
      resolutions: options.sensitivity === undefined && values.length <= MAX_SENSITIVITY_POINTS,
    }),
    mergeTree,
    smad: saddleMinimumDistance(mergeTree, range),
    ...loopSummary(values, shape, neighborhood, threshold, range),
    ...boundedProfile(values, shape, neighborhood, threshold, persistences, ordered),
    nonFinite: range.nonFinite,
  };
}

/**
 * @param pairs the essential one first.
 * @param widened the minima that a wider grid would keep; asked for where a pair is at the border.
 */
function markedAtBorder(
  pairs: readonly PersistencePair[],
  extents: readonly number[],
  widened: () => ReadonlySet<number>,
): PersistencePair[] {
  const points = extents.reduce((product, extent) => product * extent, 1);
  let kept: ReadonlySet<number> | null = null;
  return pairs.map((pair, index) => {
    const { birthVertex, deathVertex } = pair;
    const isBorder =
      isOnBorder(birthVertex, extents) || (index > 0 && isOnBorder(deathVertex, extents));
    if (!isBorder) return pair;
    if (points > MAX_WIDENED_POINTS) return { ...pair, border: true };
    kept ??= widened();
    return { ...pair, border: true, keptWhenWidened: kept.has(birthVertex) };
  });
}

/** Points up to which loops are counted. */
const MAX_LOOP_POINTS = 2 ** 22;

function loopSummary(
  values: Float64Array | Float32Array,
  shape: readonly number[],
  neighborhood: Neighborhood,
  threshold: number,
  range: FiniteRange,
): Pick<Topology, 'loops'> {
  const isPlane = shape.filter((extent) => extent > 1).length <= 2;
  if (!isPlane || nearestOf(neighborhood) !== null || values.length > MAX_LOOP_POINTS) return {};
  const pairs = loopPairs(values, shape, neighborhood, threshold);
  return {
    loops: summarizePairs(
      Float64Array.from(pairs, ({ birth }) => fromScalar(birth)),
      Float64Array.from(pairs, ({ death }) => fromScalar(death)),
      range,
    ),
  };
}

/** Points up to which a profile is made, and how much of it goes into a document. */
const MAX_PROFILE_POINTS = 2 ** 18;
const PROFILE_MINIMA = 64;
const PROFILE_STEPS = 1024;

/** The profile of the most persistent minima, few enough to be drawn. */
function boundedProfile(
  values: Float64Array | Float32Array,
  shape: readonly number[],
  neighborhood: Neighborhood,
  threshold: number,
  persistences: Float64Array,
  ordered: Int32Array,
): Pick<Topology, 'profile'> {
  if (values.length > MAX_PROFILE_POINTS) return {};
  const first = ordered[PROFILE_MINIMA - 1];
  const raised = first === undefined ? threshold : persistences[first]!;
  const basins = 2 * Math.min(ordered.length, PROFILE_MINIMA) + 1;
  return {
    profile: landscapeProfile(values, shape, {
      neighborhood,
      threshold: Math.min(raised, Number.MAX_VALUE),
      steps: Math.max(4, Math.floor(PROFILE_STEPS / basins)),
    }),
  };
}

function defaultSensitivity(points: number): readonly Neighborhood[] {
  return [
    ...(points <= MAX_SENSITIVITY_POINTS ? STENCIL_NEIGHBORHOODS : []),
    ...(points <= MAX_NEAREST_POINTS ? [NEAREST_FOR_SENSITIVITY] : []),
  ];
}

function allPairs(branches: Branches, values: Float64Array | Float32Array): BirthsAndDeaths {
  const finite = Int32Array.from(branches.minimum.keys()).filter((b) => b !== branches.root);
  return pairValues(branches, finite, values);
}

function pairValues(
  branches: Branches,
  which: Int32Array,
  values: Float64Array | Float32Array,
): BirthsAndDeaths {
  const births = new Float64Array(which.length);
  const deaths = new Float64Array(which.length);
  for (let k = 0; k < which.length; k++) {
    births[k] = values[branches.minimum[which[k]!]!]!;
    deaths[k] = values[branches.saddle[which[k]!]!]!;
  }
  return { births, deaths };
}

function pairsOf(
  branches: Branches,
  which: Int32Array,
  values: Float64Array | Float32Array,
): readonly PersistencePair[] {
  return Array.from(which, (b) => pairAt(branches.minimum[b]!, branches.saddle[b]!, values));
}

function mergeTreeOf(tree: JoinTree, values: Float64Array | Float32Array): MergeTree {
  const last = tree.vertex.length - 1;
  const inner = new Uint8Array(tree.vertex.length);
  for (let node = 0; node < last; node++) inner[tree.parent[node]!] = 1;
  return {
    nodes: Array.from(tree.vertex, (vertex, node) => ({
      vertex,
      value: toScalar(values[vertex]!),
      kind: node === last ? 'root' : inner[node] ? 'saddle' : 'minimum',
      parent: tree.parent[node]!,
      size: tree.size[node]!,
    })),
  };
}
