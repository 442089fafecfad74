import { locateVertices } from './arcs';
import { sortedOrder } from '../order';
import { Stems } from './stems';
import type { Branches } from './branches';

/**
 * The join tree of the branches that are kept: leaves are minima, inner nodes saddles, the last
 * node the root at the global maximum. Nodes are sorted by (value, vertex). A single point is a
 * root alone.
 */
export interface JoinTree {
  readonly vertex: Int32Array;
  /** Node each node merges into; −1 for the root. */
  readonly parent: Int32Array;
  /** Vertices of the grid on the arc from a node up to its parent, the node included. */
  readonly size: Int32Array;
}

/**
 * Join tree of the branches with `kept[b] !== 0`, and the arc of every vertex in it.
 *
 * Branches that are not kept are flooded up to their saddle: their vertices lie on the arc that
 * passes it, as if they had the saddle's value. Arcs partition the grid, so sizes add up to its
 * number of points.
 *
 * @param keys One for each vertex, without NaN (order.ts).
 * @param kept A kept branch's parent must be kept, as every threshold on persistence ensures.
 * @param arcs Where given, receives for each vertex the node its arc starts at. It may be
 *   `branches.basin` itself, which is then consumed.
 */
export function joinTree(
  branches: Branches,
  keys: Float64Array,
  kept: Uint8Array,
  arcs?: Int32Array,
): JoinTree {
  const stems = new Stems(branches, keys, kept);
  const size = new Int32Array(stems.nodes);
  const jointKey = Float64Array.from(stems.jointVertex, (v) => keys[v]!);
  locateVertices(stems, jointKey, branches, keys, kept, size, arcs);
  return sorted(stems, jointKey, keys, size, arcs);
}

/** The tree with its nodes in the order of vertices. */
function sorted(
  stems: Stems,
  jointKey: Float64Array,
  keys: Float64Array,
  size: Int32Array,
  arcs: Int32Array | undefined,
): JoinTree {
  const { minimum, firstJoint, jointVertex, endJoint, nodes } = stems;
  const count = minimum.length;
  const births = new Float64Array(count);
  for (let stem = 0; stem < count; stem++) births[stem] = keys[minimum[stem]!]!;
  // Minima are numbered by their vertices, joints are not.
  const stemOrder = sortedOrder(births);
  const jointOrder = sortedOrder(jointKey);
  breakTies(jointOrder, jointKey, jointVertex);

  const tree = {
    vertex: new Int32Array(nodes),
    parent: new Int32Array(nodes).fill(-1),
    size: new Int32Array(nodes),
  };
  const place = new Int32Array(nodes);
  let nextStem = 0;
  let nextJoint = 0;
  for (let k = 0; k < nodes; k++) {
    let isMinimum = nextJoint === jointOrder.length;
    if (!isMinimum && nextStem < count) {
      const birth = births[stemOrder[nextStem]!]!;
      const height = jointKey[jointOrder[nextJoint]!]!;
      isMinimum =
        birth < height ||
        (birth === height && minimum[stemOrder[nextStem]!]! < jointVertex[jointOrder[nextJoint]!]!);
    }
    const node = isMinimum ? stemOrder[nextStem++]! : count + jointOrder[nextJoint++]!;
    place[node] = k;
    tree.vertex[k] = isMinimum ? minimum[node]! : jointVertex[node - count]!;
    tree.size[k] = size[node]!;
  }
  for (let stem = 0; stem < count; stem++) {
    let node = place[stem]!;
    for (let joint = firstJoint[stem]!; joint < firstJoint[stem + 1]!; joint++) {
      const above = place[count + joint]!;
      tree.parent[node] = above;
      node = above;
    }
    if (endJoint[stem]! >= 0) tree.parent[node] = place[count + endJoint[stem]!]!;
  }
  if (arcs !== undefined) for (let v = 0; v < arcs.length; v++) arcs[v] = place[arcs[v]!]!;
  return tree;
}

/** Puts joints of equal value in the order of their vertices. */
function breakTies(order: Int32Array, jointKey: Float64Array, jointVertex: Int32Array): void {
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    const key = jointKey[order[from]!]!;
    while (to < order.length && jointKey[order[to]!] === key) to++;
    if (to > from + 1) order.subarray(from, to).sort((a, b) => jointVertex[a]! - jointVertex[b]!);
    from = to;
  }
}
