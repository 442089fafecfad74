import { isOnBorder } from '../../shared/gridBorder';
import type {
  LandscapeProfile,
  MergeTree,
  MergeTreeNode,
  PersistencePair,
  PersistenceSummary,
  ProfileBasin,
  Topology,
} from '../../shared/result/topology';

/**
 * A topology at a higher threshold: pairs of persistence up to it are cancelled, in the order of the
 * elder rule, and what is drawn of them with them. Linear in the number of pairs.
 *
 * @param threshold in units of the loss; at most the topology's own changes nothing.
 */
export function simplified(topology: Topology, threshold: number): Topology {
  if (!(threshold > topology.threshold)) return topology;
  const counts = simplifiedCounts(topology, threshold);
  const kept = new Set([counts.essential, ...counts.pairs].map(({ birthVertex }) => birthVertex));
  const { mergeTree, profile } = topology;
  return {
    ...counts,
    mergeTree: simplifiedTree(mergeTree, kept),
    ...(profile === undefined
      ? {}
      : { profile: { ...simplifiedProfile(profile, kept), threshold } }),
  };
}

/** The same for pairs, counts and summaries; tree and profile stay those of the topology. */
export function simplifiedCounts(topology: Topology, threshold: number): Topology {
  if (!(threshold > topology.threshold)) return topology;
  const known = counted.get(topology);
  if (known?.threshold === threshold) return known;
  const counts = countsAbove(topology, threshold);
  counted.set(topology, counts);
  return counts;
}

/** The last of each: several views ask for the same threshold. */
const counted = new WeakMap<Topology, Topology>();

function countsAbove(topology: Topology, threshold: number): Topology {
  const { summaries, inner } = topology;
  let ranked = rankings.get(topology);
  if (ranked === undefined) rankings.set(topology, (ranked = rankingOf(topology)));
  const { all, inside, innerMinima, innerSaddles } = ranked;
  const count = all.above(threshold);
  const pairs = ranked.pairs.slice(0, count);
  return {
    ...topology,
    threshold,
    thresholdSource: 'given',
    pairs,
    minima: count + 1,
    saddles: count,
    ...(inner === undefined
      ? {}
      : { inner: { minima: innerMinima[count]!, saddles: innerSaddles[count]! } }),
    summaries: {
      ...summaries,
      ...(summaries.inner === undefined
        ? {}
        : { inner: inside.summary(inside.above(threshold), summaries.range) }),
      finite: all.summary(count, summaries.range),
      withEssential: all.summary(count, summaries.range, persistenceOf(topology.essential)),
    },
  };
}

export function persistenceOf({ birth, death }: PersistencePair): number {
  return Number(death) - Number(birth);
}

/** What counts at any threshold are read from, made once: a step of a slider then costs its pairs. */
interface Ranking {
  /** Most persistent first. */
  readonly pairs: readonly PersistencePair[];
  readonly all: Persistences;
  /** Those that do not touch the border. */
  readonly inside: Persistences;
  /** Of the first so many pairs, and the global minimum: those that are not on the border. */
  readonly innerMinima: Uint32Array;
  readonly innerSaddles: Uint32Array;
}

const rankings = new WeakMap<Topology, Ranking>();

function rankingOf({ pairs: given, essential, shape }: Topology): Ranking {
  const isSorted = given.every(
    (pair, k) => k === 0 || persistenceOf(given[k - 1]!) >= persistenceOf(pair),
  );
  const pairs = isSorted
    ? given
    : [...given].sort((a, b) => persistenceOf(b) - persistenceOf(a) || 0);
  const extents = shape.filter((extent) => extent > 1);
  const innerMinima = new Uint32Array(pairs.length + 1);
  const innerSaddles = new Uint32Array(pairs.length + 1);
  innerMinima[0] = isOnBorder(essential.birthVertex, extents) ? 0 : 1;
  pairs.forEach(({ birthVertex, deathVertex }, k) => {
    innerMinima[k + 1] = innerMinima[k]! + (isOnBorder(birthVertex, extents) ? 0 : 1);
    innerSaddles[k + 1] = innerSaddles[k]! + (isOnBorder(deathVertex, extents) ? 0 : 1);
  });
  return {
    pairs,
    all: new Persistences(pairs),
    inside: new Persistences(pairs.filter(({ border }) => border !== true)),
    innerMinima,
    innerSaddles,
  };
}

/** Persistences, largest first, and the sums of the first so many. */
class Persistences {
  private readonly values: Float64Array;
  private readonly sums: Float64Array;

  constructor(pairs: readonly PersistencePair[]) {
    this.values = Float64Array.from(pairs, persistenceOf);
    this.sums = new Float64Array(pairs.length + 1);
    this.values.forEach((value, k) => (this.sums[k + 1] = this.sums[k]! + value));
  }

  /** How many are above a threshold. */
  above(threshold: number): number {
    let low = 0;
    let high = this.values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.values[middle]! > threshold) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Of the first `first`, and of one more where there is one. */
  summary(first: number, range: number, more?: number): PersistenceSummary {
    const count = first + (more === undefined ? 0 : 1);
    if (count === 0) return { count, total: 0, mean: 0, median: 0, maximum: 0, meanOverRange: 0 };
    // The other one stands where it would be among them.
    const before = more === undefined ? first : Math.min(first, this.above(more));
    const at = (k: number): number =>
      k < before
        ? this.values[k]!
        : k === before && more !== undefined
          ? more
          : this.values[k - 1]!;
    const total = this.sums[first]! + (more ?? 0);
    const mean = total / count;
    return {
      count,
      total,
      mean,
      median: (at((count - 1) >> 1) + at(count >> 1)) / 2,
      maximum: at(0),
      meanOverRange: range > 0 ? mean / range : 0,
    };
  }
}

/** What becomes of the nodes of a tree whose leaves are minima, sorted so that children come first. */
interface Contraction {
  /** For each node: the one of the new tree that stands for it, or −1 where it is cancelled. */
  readonly into: readonly number[];
  /** For each node that stays: the nodes that were contracted into it, from below upwards. */
  readonly chain: readonly (readonly number[])[];
  /** Nodes that stay, in their order. */
  readonly stay: readonly number[];
}

/**
 * Cancels the minima that are not kept: a saddle with one kept branch below it is none any more and
 * goes on as that branch.
 */
function contraction(
  parents: readonly number[],
  isKept: (node: number) => boolean,
  isLeaf: (node: number) => boolean,
): Contraction {
  const below: number[][] = parents.map(() => []);
  const standsFor = parents.map(() => -1);
  const chain: number[][] = parents.map((_, node) => [node]);
  const last = parents.length - 1;
  for (let node = 0; node < parents.length; node++) {
    const [only, ...others] = below[node]!;
    if (isLeaf(node)) {
      if (isKept(node)) standsFor[node] = node;
    } else if (only !== undefined && others.length === 0 && node !== last) {
      standsFor[node] = only;
      chain[only]!.push(node);
    } else if (only !== undefined || node === last) standsFor[node] = node;
    const parent = parents[node]!;
    if (parent >= 0 && standsFor[node] !== -1) below[parent]!.push(standsFor[node]!);
  }
  const stay = parents.flatMap((_, node) => (standsFor[node] === node ? [node] : []));
  return { into: standsFor, chain, stay };
}

/** Index among the nodes that stay of what is above a node's chain; −1 for the root. */
function parentAmong(
  { into, chain, stay }: Contraction,
  parents: readonly number[],
): readonly number[] {
  const place = new Map(stay.map((node, index) => [node, index]));
  return stay.map((node) => {
    const above = parents[chain[node]!.at(-1)!]!;
    return above < 0 ? -1 : place.get(into[above]!)!;
  });
}

function simplifiedTree({ nodes }: MergeTree, kept: ReadonlySet<number>): MergeTree {
  const parents = nodes.map(({ parent }) => parent);
  const result = contraction(
    parents,
    (node) => kept.has(nodes[node]!.vertex),
    (node) => nodes[node]!.kind === 'minimum',
  );
  // What is cancelled counts from the saddle at which it spills over.
  const sizes = nodes.map(({ size }) => size);
  for (let node = 0; node < nodes.length; node++) {
    const parent = parents[node]!;
    if (result.into[node] === -1 && parent >= 0) sizes[parent]! += sizes[node]!;
  }
  const above = parentAmong(result, parents);
  return {
    nodes: result.stay.map((node, index): MergeTreeNode => ({
      ...nodes[node]!,
      parent: above[index]!,
      size: result.chain[node]!.reduce((sum, link) => sum + sizes[link]!, 0),
    })),
  };
}

function simplifiedProfile(profile: LandscapeProfile, kept: ReadonlySet<number>): LandscapeProfile {
  const { basins, width } = profile;
  const parents = basins.map(({ parent }) => parent);
  const result = contraction(
    parents,
    (node) => kept.has(basins[node]!.vertex),
    (node) => basins[node]!.kind === 'minimum',
  );
  const above = parentAmong(result, parents);
  const merged = result.stay.map((node, index): ProfileBasin => {
    const links = result.chain[node]!.map((link) => basins[link]!);
    const top = links.at(-1)!;
    return {
      ...links[0]!,
      parent: above[index]!,
      to: top.to,
      top: top.top,
      meanLoss: top.meanLoss,
      losses: links.flatMap(({ losses, from }, k) => (k === 0 ? losses : [from, ...losses])),
      widths: links.flatMap(({ widths, base }, k) => (k === 0 ? widths : [base, ...widths])),
    };
  });
  return { ...profile, basins: centred(merged, width) };
}

/** Children side by side under their parent, the widest on the left, centred together. */
function centred(basins: readonly ProfileBasin[], width: number): readonly ProfileBasin[] {
  const children: number[][] = basins.map(() => []);
  basins.forEach(({ parent }, index) => {
    if (parent >= 0) children[parent]!.push(index);
  });
  const centres = basins.map(() => width / 2);
  for (let node = basins.length - 1; node >= 0; node--) {
    const below = children[node]!.sort((a, b) => basins[b]!.top - basins[a]!.top || a - b);
    const total = below.reduce((sum, child) => sum + basins[child]!.top, 0);
    let left = centres[node]! - total / 2;
    for (const child of below) {
      centres[child] = left + basins[child]!.top / 2;
      left += basins[child]!.top;
    }
  }
  return basins.map((basin, index) => ({ ...basin, centre: centres[index]! }));
}
