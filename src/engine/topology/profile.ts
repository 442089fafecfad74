import { toScalar } from '../../shared/result/scalar';
import { branchesOf } from './trees/gridBranches';
import { joinTree, type JoinTree } from './trees/joinTree';
import { gridExtents } from './neighborhood';
import { comparableKeys } from './order';
import { branchesAbove, branchPersistences } from './persistence';
import { finiteRange } from './summaries';
import type { LandscapeProfile, Neighborhood } from '../../shared/result/topology';
import type { Branches } from './trees/branches';

export interface ProfileOptions {
  /** `freudenthal` unless given. */
  readonly neighborhood?: Neighborhood;
  /** Pairs of persistence up to this are left out; 0 unless given. */
  readonly threshold?: number;
  /** Most steps of a stack; those between are left out evenly. 64 unless given. */
  readonly steps?: number;
}

/**
 * The topological landscape profile (Geniesse et al. 2024, arXiv 2411.12136).
 *
 * Children stand next to each other under their parent, the widest on the left, their widths adding
 * up to the parent's base; every stack is centred on its own place. A pair that is left out is
 * flooded: its vertices count from the saddle at which they spill over into what is kept.
 *
 * @param values In C order: the last axis is the fastest.
 * @param shape Points along each axis.
 * @throws InputError when the shape is not that of the values.
 */
export function landscapeProfile(
  values: Float64Array | Float32Array,
  shape: readonly number[],
  { neighborhood = 'freudenthal', threshold = 0, steps = 64 }: ProfileOptions = {},
): LandscapeProfile {
  const extents = gridExtents(shape, values.length);
  const keys = comparableKeys(values);
  const branches = branchesOf(keys, extents, neighborhood);
  const kept = branchesAbove(branches, branchPersistences(branches, values), threshold);
  const flooded = floodedTo(branches, keys, kept);
  const arcs = new Int32Array(values.length);
  const tree = joinTree(branches, keys, kept, arcs);
  const onArc = verticesByArc(tree, arcs);
  const nodes = tree.vertex.length;

  // Sums of huge losses would overflow; by a power of two nothing is rounded.
  const { minimum: lowest, maximum: highest } = finiteRange(values);
  const scale = Math.max(-lowest, highest) > HUGE ? 2 ** -64 : 1;
  const base = new Int32Array(nodes);
  const top = new Int32Array(nodes);
  const sums = new Float64Array(nodes);
  const finite = new Int32Array(nodes);
  const children = Array.from(tree.vertex, (): number[] => []);
  for (let node = 0; node < nodes; node++) {
    for (const v of onArc[node]!) {
      if (!Number.isFinite(values[v]!)) continue;
      sums[node]! += scale * values[v]!;
      finite[node]!++;
    }
    top[node] = base[node]! + tree.size[node]!;
    const parent = tree.parent[node]!;
    if (parent < 0) continue;
    children[parent]!.push(node);
    base[parent]! += top[node]!;
    sums[parent]! += sums[node]!;
    finite[parent]! += finite[node]!;
  }
  const centre = centres(children, base, top);
  return {
    threshold,
    width: values.length,
    basins: Array.from(tree.vertex, (vertex, node) => {
      const stack = stackOf(onArc[node]!, flooded, keys, base[node]!, steps);
      const parent = tree.parent[node]!;
      const losses = stack.map(({ vertex: at }) => toScalar(values[at]!));
      return {
        kind: parent < 0 ? 'root' : children[node]!.length === 0 ? 'minimum' : 'saddle',
        vertex,
        from: toScalar(values[vertex]!),
        to: parent < 0 ? losses.at(-1)! : toScalar(values[tree.vertex[parent]!]!),
        parent,
        centre: centre[node]!,
        base: base[node]!,
        top: top[node]!,
        losses,
        widths: stack.map(({ width }) => width),
        meanLoss: finite[node] === 0 ? null : sums[node]! / finite[node]! / scale,
      };
    }),
  };
}

/** Losses from here on are summed in other units. */
const HUGE = 2 ** 960;

/**
 * For each vertex the one whose value it counts at: itself, or the saddle over which the dent it is
 * in spills into a branch that is kept.
 */
function floodedTo(branches: Branches, keys: Float64Array, kept: Uint8Array): Int32Array {
  const all = new Uint8Array(kept.length).fill(1);
  const arcs = new Int32Array(keys.length);
  const tree = joinTree(branches, keys, all, arcs);
  const isKept = new Uint8Array(keys.length);
  branches.minimum.forEach((vertex, b) => (isKept[vertex] = kept[b]!));
  // The oldest minimum below each node; of the nodes, the first in the order is the oldest.
  const nodes = tree.vertex.length;
  const eldest = new Int32Array(nodes).fill(-1);
  for (let node = 0; node < nodes; node++) {
    if (eldest[node]! < 0) eldest[node] = node;
    const parent = tree.parent[node]!;
    if (parent >= 0 && (eldest[parent]! < 0 || eldest[node]! < eldest[parent]!)) {
      eldest[parent] = eldest[node]!;
    }
  }
  // From the root down. A single point is a root and a minimum at once.
  const spill = new Int32Array(nodes).fill(-1);
  for (let node = nodes - 1; node >= 0; node--) {
    const parent = tree.parent[node]!;
    if (parent < 0 || isKept[tree.vertex[eldest[node]!]!]) continue;
    spill[node] = spill[parent]! < 0 ? tree.vertex[parent]! : spill[parent]!;
  }
  return arcs.map((node, v) => (spill[node]! < 0 ? v : spill[node]!));
}

function verticesByArc(tree: JoinTree, arcs: Int32Array): readonly Int32Array[] {
  const lists = Array.from(tree.size, (size) => new Int32Array(size));
  const filled = new Int32Array(lists.length);
  for (let v = 0; v < arcs.length; v++) lists[arcs[v]!]![filled[arcs[v]!]!++] = v;
  return lists;
}

/** The places of the root's descendants: parents come after their children in the order. */
function centres(
  children: readonly (readonly number[])[],
  base: Int32Array,
  top: Int32Array,
): Float64Array {
  const centre = new Float64Array(children.length);
  const root = children.length - 1;
  centre[root] = top[root]! / 2;
  for (let node = root; node >= 0; node--) {
    let left = centre[node]! - base[node]! / 2;
    for (const child of children[node]!.toSorted((a, b) => top[b]! - top[a]! || a - b)) {
      centre[child] = left + top[child]! / 2;
      left += top[child]!;
    }
  }
  return centre;
}

interface Step {
  readonly vertex: number;
  readonly width: number;
}

/** The widths of one stack: one step for each loss, and of too many the first, the last and some. */
function stackOf(
  vertices: Int32Array,
  flooded: Int32Array,
  keys: Float64Array,
  base: number,
  limit: number,
): Step[] {
  const order = vertices
    .map((v) => flooded[v]!)
    .sort((a, b) => compare(keys[a]!, keys[b]!) || a - b);
  const all: Step[] = [];
  order.forEach((vertex, k) => {
    const next = order[k + 1];
    if (next === undefined || keys[next] !== keys[vertex])
      all.push({ vertex, width: base + k + 1 });
  });
  if (all.length <= limit) return all;
  const count = Math.max(limit, 2);
  return Array.from(
    { length: count },
    (_, k) => all[Math.round((k * (all.length - 1)) / (count - 1))]!,
  );
}

/** Two infinities of one sign differ by NaN. */
function compare(a: number, b: number): number {
  return Number(a > b) - Number(a < b);
}
