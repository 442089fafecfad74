import { rootOf } from '../../../shared/unionFind';
import { InputError } from '../../../shared/inputError';
import { adjacencyOf, type Adjacency } from '../adjacency';
import { gridExtents } from '../neighborhood';
import { comparableKeys, sortedOrder } from '../order';
import type { Neighborhood } from '../../../shared/result/topology';
import { say } from '../../../shared/words/message';

/**
 * The contour tree: one point for each component of a level set. Nodes are where components begin,
 * end, meet or part; on the arcs between them nothing happens.
 */
export interface ContourTree {
  /** Vertex of each node, by (value, vertex). */
  readonly vertex: Int32Array;
  /** Arcs that lead down from each node, and up: 0 and 1 for a minimum, 1 and 0 for a maximum. */
  readonly down: Int32Array;
  readonly up: Int32Array;
  /** Lower and upper node of each arc, by lower node, then by upper. */
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  /** Vertices strictly between the nodes of each arc, by (value, vertex). */
  readonly size: Int32Array;
  /** For each vertex its arc, or ~k for the node k. */
  readonly place: Int32Array;
}

/**
 * Contour tree from join and split tree (Carr, Snoeyink and Axen, Computational Geometry 24, 2003):
 * both with every vertex in them, then leaf after leaf of either is taken off both.
 *
 * The function is the linear one on the simplices of the neighbourhood, `freudenthal` (the
 * triangulation) or `8` (every clique a simplex); both fill the grid without a hole, so that level
 * sets form a tree. O(N log N) with about 60 bytes a vertex.
 *
 * @param values In C order: the last axis is the fastest.
 * @param shape Points along each axis.
 * @throws InputError when the shape is not that of the values or the neighbourhood is another.
 */
export function contourTree(
  values: Float64Array | Float32Array,
  shape: readonly number[],
  neighborhood: Neighborhood = 'freudenthal',
): ContourTree {
  const extents = gridExtents(shape, values.length);
  if (neighborhood !== 'freudenthal' && neighborhood !== '8') {
    throw new InputError(
      say`Contours need a grid filled by simplices, which ${neighborhood} does not do; use freudenthal or 8.`,
      'unsupported',
    );
  }
  const keys = comparableKeys(values);
  const order = sortedOrder(keys);
  const rank = new Int32Array(order.length);
  for (let k = 0; k < order.length; k++) rank[order[k]!] = k;
  const { from, to } = merged(order, rank, adjacencyOf(neighborhood, extents));
  return reduced(order, from, to);
}

/**
 * The tree of a sweep with every vertex in it: for each the next one of its component on the way,
 * −1 for the last.
 */
function augmented(
  order: Int32Array,
  rank: Int32Array,
  graph: Adjacency,
  upwards: boolean,
): Int32Array {
  const n = order.length;
  const next = new Int32Array(n).fill(-1);
  /** Union-find; the root of a component is the vertex that came to it last. */
  const latest = new Int32Array(n);
  for (let k = 0; k < n; k++) {
    const v = order[upwards ? k : n - 1 - k]!;
    latest[v] = v;
    for (let e = graph.starts[v]!; e < graph.starts[v + 1]!; e++) {
      const u = graph.targets[e]!;
      if (upwards ? rank[u]! > rank[v]! : rank[u]! < rank[v]!) continue;
      const at = rootOf(latest, u);
      if (at === v) continue;
      next[at] = v;
      latest[at] = v;
    }
  }
  return next;
}

/** Arcs of the contour tree with every vertex in it, from the lower to the upper. */
function merged(
  order: Int32Array,
  rank: Int32Array,
  graph: Adjacency,
): { from: Int32Array; to: Int32Array } {
  const n = order.length;
  const join = augmented(order, rank, graph, true);
  const split = augmented(order, rank, graph, false);
  // What is left below each vertex in the join tree, and above it in the split tree.
  const below = new Int32Array(n);
  const above = new Int32Array(n);
  for (let v = 0; v < n; v++) {
    if (join[v]! >= 0) below[join[v]!]!++;
    if (split[v]! >= 0) above[split[v]!]!++;
  }
  const gone = new Uint8Array(n);
  const queue = new Int32Array(n);
  let tail = 0;
  for (let v = 0; v < n; v++) if (1 === below[v]! + above[v]!) queue[tail++] = v;
  const from = new Int32Array(Math.max(n - 1, 0));
  const to = new Int32Array(from.length);
  for (let arc = 0; arc < from.length; arc++) {
    const v = queue[arc]!;
    const isLower = below[v] === 0;
    const parent = onward(isLower ? join : split, gone, v);
    gone[v] = 1;
    from[arc] = isLower ? v : parent;
    to[arc] = isLower ? parent : v;
    // In the other tree v has one child, which its parent there takes over.
    const children = isLower ? below : above;
    children[parent]!--;
    if (1 === below[parent]! + above[parent]!) queue[tail++] = parent;
  }
  return { from, to };
}

/** The next vertex on the way that is still there. */
function onward(next: Int32Array, gone: Uint8Array, vertex: number): number {
  let end = next[vertex]!;
  while (end >= 0 && gone[end]) end = next[end]!;
  for (let at = vertex, on = next[at]!; on !== end; on = next[at]!) {
    next[at] = end;
    at = on;
  }
  return end;
}

/** Leaves out the vertices with one arc up and one down. */
function reduced(order: Int32Array, from: Int32Array, to: Int32Array): ContourTree {
  const n = order.length;
  const ups = new Int32Array(n);
  const downs = new Int32Array(n);
  // The last arc up of each vertex: the only one of those that are no nodes.
  const lastUp = new Int32Array(n).fill(-1);
  for (let arc = 0; arc < from.length; arc++) {
    ups[from[arc]!]!++;
    downs[to[arc]!]!++;
    lastUp[from[arc]!] = to[arc]!;
  }
  const nodes: number[] = [];
  const place = new Int32Array(n);
  for (let k = 0; k < n; k++) {
    const v = order[k]!;
    if (ups[v] === 1 && downs[v] === 1) continue;
    place[v] = ~nodes.length;
    nodes.push(v);
  }
  const chains: { lower: number; upper: number; inside: number[] }[] = [];
  for (let arc = 0; arc < from.length; arc++) {
    const start = from[arc]!;
    if (place[start]! >= 0) continue;
    const inside: number[] = [];
    let v = to[arc]!;
    for (; place[v]! >= 0; v = lastUp[v]!) inside.push(v);
    chains.push({ lower: ~place[start]!, upper: ~place[v]!, inside });
  }
  // Two nodes have one arc between them at most: it is a tree.
  chains.sort((a, b) => a.lower - b.lower || a.upper - b.upper);
  chains.forEach(({ inside }, arc) => {
    for (const v of inside) place[v] = arc;
  });
  const vertex = Int32Array.from(nodes);
  return {
    vertex,
    down: vertex.map((v) => downs[v]!),
    up: vertex.map((v) => ups[v]!),
    lower: Int32Array.from(chains, ({ lower }) => lower),
    upper: Int32Array.from(chains, ({ upper }) => upper),
    size: Int32Array.from(chains, ({ inside }) => inside.length),
    place,
  };
}
