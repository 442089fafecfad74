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
  const pairs = topology.pairs.filter((pair) => persistenceOf(pair) > threshold);
  const { summaries, inner } = topology;
  const touches = (pair: PersistencePair): boolean => pair.border === true;
  return {
    ...topology,
    threshold,
    thresholdSource: 'given',
    pairs,
    minima: pairs.length + 1,
    saddles: pairs.length,
    ...(inner === undefined ? {} : { inner: innerOf(topology, pairs) }),
    summaries: {
      ...summaries,
      ...(summaries.inner === undefined
        ? {}
        : {
            inner: summaryOf(
              pairs.filter((pair) => !touches(pair)),
              summaries.range,
            ),
          }),
      finite: summaryOf(pairs, summaries.range),
      withEssential: summaryOf([...pairs, topology.essential], summaries.range),
    },
  };
}

export function persistenceOf({ birth, death }: PersistencePair): number {
  return Number(death) - Number(birth);
}

/** The minima and saddles that are not on the border, the global minimum among them. */
function innerOf(
  { essential, shape }: Topology,
  pairs: readonly PersistencePair[],
): NonNullable<Topology['inner']> {
  const extents = shape.filter((extent) => extent > 1);
  const isInside = (vertex: number): boolean => !isOnBorder(vertex, extents);
  return {
    minima: [essential, ...pairs].filter(({ birthVertex }) => isInside(birthVertex)).length,
    saddles: pairs.filter(({ deathVertex }) => isInside(deathVertex)).length,
  };
}

function summaryOf(pairs: readonly PersistencePair[], range: number): PersistenceSummary {
  const count = pairs.length;
  if (count === 0) return { count, total: 0, mean: 0, median: 0, maximum: 0, meanOverRange: 0 };
  const sorted = new Float64Array(count);
  let total = 0;
  let isSorted = true;
  // Pairs come with the most persistent first.
  for (let k = 0; k < count; k++) {
    const value = persistenceOf(pairs[k]!);
    const at = count - 1 - k;
    sorted[at] = value;
    total += value;
    if (k > 0 && !(value <= sorted[at + 1]!)) isSorted = false;
  }
  if (!isSorted) sorted.sort();
  const mean = total / count;
  return {
    count,
    total,
    mean,
    median: (sorted[(count - 1) >> 1]! + sorted[count >> 1]!) / 2,
    maximum: sorted[count - 1]!,
    meanOverRange: range > 0 ? mean / range : 0,
  };
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
