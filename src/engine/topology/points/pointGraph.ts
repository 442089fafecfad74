import { smallest } from '../../../shared/extremes';
import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import { KdTree } from './kdTree';
import type { Adjacency } from '../adjacency';
import { checked, squaredDistance, type Points } from './points';

/** Points at few places are all neighbours of each other. */
const MAX_EDGES = 2 ** 25;

/**
 * Union graph of the K nearest points: two are neighbours when either is among the K nearest of the
 * other. Distance is Euclidean; of equally distant points those of lower index are taken. Points at
 * one place are at distance 0. O(n log n) where points are not at few places.
 *
 * The graph may fall apart: `requireConnected` says so, `componentLabels` where.
 *
 * @throws InputError when a coordinate is not finite, K is not a positive integer, or the points
 *   are too many.
 */
export function nearestPointGraph(points: Points, nearest: number): Adjacency {
  const count = checked(points);
  if (!(Number.isInteger(nearest) && nearest >= 1)) {
    throw new InputError(say`The number of nearest neighbours must be from 1 up, not ${nearest}.`);
  }
  const wanted = Math.min(nearest, count - 1);
  const edges = new EdgeList();
  const search = new NearestSearch(new KdTree(points), wanted);
  for (let a = 0; a < count; a++) {
    search.around(a);
    for (let k = 0; k < search.size; k++) edges.add(a, search.best[k]!);
  }
  return graphOf(count, edges.pairs());
}

/** The nearest of a point, by distance, then by index. */
class NearestSearch {
  readonly best: Int32Array;
  size = 0;
  private readonly distance: Float64Array;

  constructor(
    private readonly tree: KdTree,
    wanted: number,
  ) {
    this.best = new Int32Array(wanted);
    this.distance = new Float64Array(wanted);
  }

  around(a: number): void {
    this.size = 0;
    if (this.best.length > 0) this.visit(0, a);
  }

  private visit(node: number, a: number): void {
    const { tree } = this;
    if (tree.isLeaf(node)) {
      for (let k = tree.first[node]!; k < tree.last[node]!; k++) this.take(tree.order[k]!, a);
      return;
    }
    const [left, right] = [2 * node + 1, 2 * node + 2];
    const toLeft = boxDistance(tree, left, a);
    const toRight = boxDistance(tree, right, a);
    const [near, far] = toLeft <= toRight ? [left, right] : [right, left];
    if (Math.min(toLeft, toRight) <= this.farthest()) this.visit(near, a);
    // As far as the farthest there may be one of lower index.
    if (Math.max(toLeft, toRight) <= this.farthest()) this.visit(far, a);
  }

  private farthest(): number {
    return this.size < this.best.length ? Infinity : this.distance[this.size - 1]!;
  }

  private take(b: number, a: number): void {
    if (b === a) return;
    const { best, distance } = this;
    const d = squaredDistance(this.tree.points, a, b);
    let at = this.size;
    while (at > 0 && (distance[at - 1]! > d || (distance[at - 1] === d && best[at - 1]! > b))) at--;
    if (at === best.length) return;
    if (this.size < best.length) this.size++;
    best.copyWithin(at + 1, at, this.size - 1);
    distance.copyWithin(at + 1, at, this.size - 1);
    best[at] = b;
    distance[at] = d;
  }
}

/** Rounds no higher than the distance of any point in the box: the same operations in one order. */
function boxDistance({ points, low, high }: KdTree, node: number, a: number): number {
  const { coordinates, dimensions } = points;
  let sum = 0;
  for (let axis = 0; axis < dimensions; axis++) {
    const x = coordinates[a * dimensions + axis]!;
    const below = low[node * dimensions + axis]! - x;
    const above = x - high[node * dimensions + axis]!;
    const d = Math.max(below, above, 0);
    sum += d * d;
  }
  return sum;
}

/**
 * Gabriel graph (Gabriel and Sokal 1969): two points are neighbours when no other lies inside the
 * ball of which they are the ends of a diameter. Points on its surface do not part them, nor do
 * points at the place of either. It holds the Euclidean minimum spanning tree, so it is connected.
 *
 * A point parts another from everything beyond the plane through it, so that few boxes of a k-d tree
 * are left to look into: about O(n log n) for points that fill their space.
 *
 * On a regular grid it says nothing new: the corners of a rectangle lie on the ball of its diagonal,
 * so that by this definition it is the neighbourhood `8`, and `4` by the one in which points on the
 * surface part. It is no neighbourhood of grids for that reason.
 *
 * @throws InputError when a coordinate is not finite, the points are too many, or so many of them lie
 *   at few places that the graph is too large.
 */
export function gabrielGraph(points: Points): Adjacency {
  const count = checked(points);
  const edges = new EdgeList();
  const tree = new KdTree(points);
  const found: number[] = [];
  for (let a = 0; a < count; a++) {
    found.length = 0;
    collectUnparted(tree, 0, a, found);
    for (const b of found) if (b > a && !isParted(tree, 0, a, b)) edges.add(a, b);
  }
  return graphOf(count, edges.pairs());
}

/** Adds the points that none of those found before parts from a: the neighbours and some more. */
function collectUnparted(tree: KdTree, node: number, a: number, found: number[]): void {
  for (const c of found) if (partsBox(tree, node, c, a)) return;
  if (tree.isLeaf(node)) {
    for (let k = tree.first[node]!; k < tree.last[node]!; k++) {
      const b = tree.order[k]!;
      if (b !== a && !found.some((c) => parts(tree.points, c, a, b))) found.push(b);
    }
    return;
  }
  const [left, right] = [2 * node + 1, 2 * node + 2];
  const leftFirst = boxDistance(tree, left, a) <= boxDistance(tree, right, a);
  collectUnparted(tree, leftFirst ? left : right, a, found);
  collectUnparted(tree, leftFirst ? right : left, a, found);
}

/** Whether c parts a from every point of a box. */
function partsBox({ points, low, high }: KdTree, node: number, c: number, a: number): boolean {
  const { coordinates, dimensions } = points;
  let most = 0;
  let scale = 0;
  for (let axis = 0; axis < dimensions; axis++) {
    const x = coordinates[c * dimensions + axis]!;
    const toward = coordinates[a * dimensions + axis]! - x;
    const one = toward * (low[node * dimensions + axis]! - x);
    const other = toward * (high[node * dimensions + axis]! - x);
    most += Math.max(one, other);
    scale += Math.max(Math.abs(one), Math.abs(other));
  }
  return most < -scale * ROUNDING;
}

/** Whether any point of a node parts a and b: only those in the box around their ball can. */
function isParted(tree: KdTree, node: number, a: number, b: number): boolean {
  const { coordinates, dimensions } = tree.points;
  for (let axis = 0; axis < dimensions; axis++) {
    const x = coordinates[a * dimensions + axis]!;
    const y = coordinates[b * dimensions + axis]!;
    const reach = Math.sqrt(squaredDistance(tree.points, a, b)) / 2;
    const centre = x / 2 + y / 2;
    const slack = 1e-9 * (reach + Math.abs(x) + Math.abs(y));
    if (tree.low[node * dimensions + axis]! > centre + reach + slack) return false;
    if (tree.high[node * dimensions + axis]! < centre - reach - slack) return false;
  }
  if (!tree.isLeaf(node)) {
    return isParted(tree, 2 * node + 1, a, b) || isParted(tree, 2 * node + 2, a, b);
  }
  for (let k = tree.first[node]!; k < tree.last[node]!; k++) {
    if (parts(tree.points, tree.order[k]!, a, b)) return true;
  }
  return false;
}

/** Points on the surface of a ball up to rounding are on it. */
const ROUNDING = 8 * Number.EPSILON;

/** Pairs of vertices, one after the other, in memory that grows. */
class EdgeList {
  private ends = new Int32Array(1024);
  private count = 0;

  add(a: number, b: number): void {
    if (this.count === this.ends.length) {
      if (this.count >= 2 * MAX_EDGES) {
        throw new InputError(
          say`The points have more than ${MAX_EDGES} pairs of neighbours, as where many lie at one place; leave repeated points out.`,
          'unsupported',
        );
      }
      const larger = new Int32Array(2 * this.count);
      larger.set(this.ends);
      this.ends = larger;
    }
    this.ends[this.count++] = a;
    this.ends[this.count++] = b;
  }

  pairs(): Int32Array {
    return this.ends.subarray(0, this.count);
  }
}

/** Whether c sees a and b under an obtuse angle, which is to lie inside the ball between them. */
function parts({ coordinates, dimensions }: Points, c: number, a: number, b: number): boolean {
  if (c === a || c === b) return false;
  let product = 0;
  let scale = 0;
  for (let axis = 0; axis < dimensions; axis++) {
    const x = coordinates[c * dimensions + axis]!;
    const term =
      (coordinates[a * dimensions + axis]! - x) * (coordinates[b * dimensions + axis]! - x);
    product += term;
    scale += Math.abs(term);
  }
  return product < -scale * ROUNDING;
}

/**
 * The graph of edges given as pairs of vertices, in any order and any number of times.
 *
 * @param edges Flat: edge e joins `edges[2e]` and `edges[2e + 1]`.
 */
export function graphOf(count: number, edges: ArrayLike<number>): Adjacency {
  const starts = new Int32Array(count + 1);
  for (let e = 0; e + 1 < edges.length; e += 2) {
    if (edges[e] === edges[e + 1]) continue;
    starts[edges[e]! + 1]!++;
    starts[edges[e + 1]! + 1]!++;
  }
  for (let v = 0; v < count; v++) starts[v + 1]! += starts[v]!;
  const next = starts.slice(0, count);
  const targets = new Int32Array(starts[count]!);
  for (let e = 0; e + 1 < edges.length; e += 2) {
    const [a, b] = [edges[e]!, edges[e + 1]!];
    if (a === b) continue;
    targets[next[a]!++] = b;
    targets[next[b]!++] = a;
  }
  // Each vertex's in order, and each once.
  let kept = 0;
  for (let v = 0; v < count; v++) {
    const around = targets.subarray(starts[v], starts[v + 1]).sort();
    starts[v] = kept;
    for (let k = 0; k < around.length; k++) {
      const u = around[k]!;
      if (k === 0 || targets[kept - 1] !== u) targets[kept++] = u;
    }
  }
  starts[count] = kept;
  return { starts, targets: targets.subarray(0, kept) };
}

/** For each vertex the number of its component; components are numbered by their first vertices. */
export function componentLabels({ starts, targets }: Adjacency): {
  readonly labels: Int32Array;
  readonly count: number;
} {
  const labels = new Int32Array(starts.length - 1).fill(-1);
  let count = 0;
  for (let seed = 0; seed < labels.length; seed++) {
    if (labels[seed]! >= 0) continue;
    labels[seed] = count;
    const front = [seed];
    for (let v = front.pop(); v !== undefined; v = front.pop()) {
      for (let e = starts[v]!; e < starts[v + 1]!; e++) {
        const u = targets[e]!;
        if (labels[u]! >= 0) continue;
        labels[u] = count;
        front.push(u);
      }
    }
    count++;
  }
  return { labels, count };
}

/**
 * @throws InputError when the graph falls apart: its parts would have no saddles between them.
 */
export function requireConnected(graph: Adjacency, name: string): void {
  const { labels, count } = componentLabels(graph);
  if (count === 1) return;
  const sizes = new Int32Array(count);
  for (const label of labels) sizes[label]!++;
  throw new InputError(
    say`The graph ${name} of ${labels.length} points falls into ${count} parts, the smallest of ${smallest(sizes)}; take more nearest neighbours, or gabriel, which is always connected.`,
  );
}
