import { sortedOrder } from './order';
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
 * number of points. A vertex is on the arc whose lower node is the last one on its way down the
 * tree; it is found by jump pointers (Myers 1983), so that no tree is too deep.
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
  const { minimum, saddle, parent, deaths, root, maximum } = branches;

  // Nodes in an order of their own: leaves by branch, saddles upwards, the root. Neighbours in the
  // grid are then neighbours in memory.
  const start = new Int32Array(minimum.length);
  let count = 0;
  for (let b = 0; b < minimum.length; b++) start[b] = kept[b] ? count++ : -1;
  const leaves = count;
  const vertex = new Int32Array(2 * leaves);
  const up = new Int32Array(2 * leaves).fill(-1);
  const top = start.slice();
  for (let b = 0; b < minimum.length; b++) if (kept[b]) vertex[start[b]!] = minimum[b]!;
  for (let k = 0; k < deaths.length; k++) {
    const b = deaths[k]!;
    if (!kept[b]) continue;
    const elder = parent[b]!;
    let node = top[elder]!;
    if (vertex[node] !== saddle[b]) {
      vertex[count] = saddle[b]!;
      up[node] = count;
      top[elder] = count;
      node = count++;
    }
    up[top[b]!] = node;
  }
  if (vertex[top[root]!] !== maximum) {
    vertex[count] = maximum;
    up[top[root]!] = count++;
  }

  const jump = jumpPointers(up, count);
  const upKey = new Float64Array(count);
  const upVertex = new Int32Array(count);
  for (let node = 0; node < count; node++) {
    const above = up[node]!;
    upKey[node] = above < 0 ? Infinity : keys[vertex[above]!]!;
    upVertex[node] = above < 0 ? keys.length : vertex[above]!;
  }

  // A branch that is not kept starts on the arc that passes its saddle.
  for (let k = deaths.length - 1; k >= 0; k--) {
    const b = deaths[k]!;
    if (kept[b]) continue;
    const s = saddle[b]!;
    start[b] = climb(start[parent[b]!]!, keys[s]!, s, up, jump, upKey, upVertex, keys, vertex);
  }

  const size = new Int32Array(count);
  locate(branches.basin, start, up, jump, upKey, upVertex, keys, vertex, size, arcs);
  return sorted(vertex, up, size, leaves, count, keys, arcs);
}

/** An ancestor for each node, so chosen that any is reached in O(log depth) steps. */
function jumpPointers(up: Int32Array, count: number): Int32Array {
  const jump = new Int32Array(count);
  const depth = new Int32Array(count);
  // Parents have larger numbers than their children.
  for (let node = count - 1; node >= 0; node--) {
    const above = up[node]!;
    if (above < 0) {
      jump[node] = node;
      continue;
    }
    depth[node] = depth[above]! + 1;
    const far = jump[above]!;
    const farther = jump[far]!;
    const step = depth[above]! - depth[far]!;
    const farStep = depth[far]! - depth[farther]!;
    jump[node] = step === farStep ? farther : above;
  }
  return jump;
}

/** The highest ancestor of `node` not above (key, v). */
function climb(
  from: number,
  key: number,
  v: number,
  up: Int32Array,
  jump: Int32Array,
  upKey: Float64Array,
  upVertex: Int32Array,
  keys: Float64Array,
  vertex: Int32Array,
): number {
  let node = from;
  while (upKey[node]! < key || (upKey[node] === key && upVertex[node]! <= v)) {
    const far = jump[node]!;
    const farVertex = vertex[far]!;
    const farKey = keys[farVertex]!;
    node = farKey < key || (farKey === key && farVertex <= v) ? far : up[node]!;
  }
  return node;
}

function locate(
  basin: Int32Array,
  start: Int32Array,
  up: Int32Array,
  jump: Int32Array,
  upKey: Float64Array,
  upVertex: Int32Array,
  keys: Float64Array,
  vertex: Int32Array,
  size: Int32Array,
  arcs: Int32Array | undefined,
): void {
  for (let v = 0; v < basin.length; v++) {
    const key = keys[v]!;
    let node = start[~basin[v]!]!;
    if (upKey[node]! <= key) node = climb(node, key, v, up, jump, upKey, upVertex, keys, vertex);
    size[node]!++;
    if (arcs !== undefined) arcs[v] = node;
  }
}

/** Merges leaves, once sorted, with the saddles and the root, which are. */
function sorted(
  vertex: Int32Array,
  up: Int32Array,
  size: Int32Array,
  leaves: number,
  count: number,
  keys: Float64Array,
  arcs: Int32Array | undefined,
): JoinTree {
  const leafKeys = new Float64Array(leaves);
  for (let leaf = 0; leaf < leaves; leaf++) leafKeys[leaf] = keys[vertex[leaf]!]!;
  const leafOrder = sortedOrder(leafKeys);

  const from = new Int32Array(count);
  const to = new Int32Array(count);
  let leaf = 0;
  let inner = leaves;
  for (let k = 0; k < count; k++) {
    let takeLeaf = leaf < leaves;
    if (takeLeaf && inner < count) {
      const l = vertex[leafOrder[leaf]!]!;
      const s = vertex[inner]!;
      takeLeaf = keys[l]! < keys[s]! || (keys[l] === keys[s] && l < s);
    }
    const node = takeLeaf ? leafOrder[leaf++]! : inner++;
    from[k] = node;
    to[node] = k;
  }

  const tree = {
    vertex: new Int32Array(count),
    parent: new Int32Array(count),
    size: new Int32Array(count),
  };
  for (let k = 0; k < count; k++) {
    const node = from[k]!;
    tree.vertex[k] = vertex[node]!;
    tree.parent[k] = up[node]! < 0 ? -1 : to[up[node]!]!;
    tree.size[k] = size[node]!;
  }
  if (arcs !== undefined) for (let v = 0; v < arcs.length; v++) arcs[v] = to[arcs[v]!]!;
  return tree;
}
