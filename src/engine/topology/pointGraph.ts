import { InputError } from '../../shared/inputError';
import type { Adjacency } from './adjacency';

/** Points in space: `count` × `dimensions` coordinates in C order. */
export interface Points {
  readonly coordinates: Float64Array;
  readonly dimensions: number;
}

/** Beyond this many points the pairs that are compared take too long. */
const MOST_POINTS = 20_000;

/**
 * Union graph of the K nearest points: two are neighbours when either is among the K nearest of the
 * other. Distance is Euclidean; of equally distant points those of lower index are taken. Points at
 * one place are at distance 0. O(n²).
 *
 * The graph may fall apart: `requireConnected` says so, `componentLabels` where.
 *
 * @throws InputError when a coordinate is not finite, K is not a positive integer, or the points
 *   are too many.
 */
export function nearestPointGraph(points: Points, nearest: number): Adjacency {
  const count = checked(points);
  if (!(Number.isInteger(nearest) && nearest >= 1)) {
    throw new InputError(`The number of nearest neighbours must be from 1 up, not ${nearest}.`);
  }
  const wanted = Math.min(nearest, count - 1);
  const edges: number[] = [];
  const distances = new Float64Array(count);
  const best = new Int32Array(wanted);
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < count; b++) distances[b] = squaredDistance(points, a, b);
    let size = 0;
    for (let b = 0; b < count; b++) {
      if (b === a) continue;
      // Insertion behind those that are as near: they are of lower index.
      let at = size;
      while (at > 0 && distances[best[at - 1]!]! > distances[b]!) at--;
      if (at === wanted) continue;
      if (size < wanted) size++;
      best.copyWithin(at + 1, at, size - 1);
      best[at] = b;
    }
    for (const b of best) edges.push(Math.min(a, b), Math.max(a, b));
  }
  return graphOf(count, edges);
}

/**
 * Gabriel graph (Gabriel and Sokal 1969): two points are neighbours when no other lies inside the
 * ball of which they are the ends of a diameter. Points on its surface do not part them, nor do
 * points at the place of either. It holds the Euclidean minimum spanning tree, so it is connected.
 * O(n³) at worst, O(n²) in practice.
 *
 * On a regular grid it says nothing new: the corners of a rectangle lie on the ball of its diagonal,
 * so that by this definition it is the neighbourhood `8`, and `4` by the one in which points on the
 * surface part. It is no neighbourhood of grids for that reason.
 *
 * @throws InputError when a coordinate is not finite or the points are too many.
 */
export function gabrielGraph(points: Points): Adjacency {
  const count = checked(points);
  const edges: number[] = [];
  // What parts a pair mostly parts the next one too.
  let last = 0;
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      if (parts(points, last, a, b)) continue;
      let c = 0;
      while (c < count && !parts(points, c, a, b)) c++;
      if (c < count) last = c;
      else edges.push(a, b);
    }
  }
  return graphOf(count, edges);
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
  // Points on the surface up to rounding are on it.
  return product < -scale * 8 * Number.EPSILON;
}

function squaredDistance({ coordinates, dimensions }: Points, a: number, b: number): number {
  let sum = 0;
  for (let axis = 0; axis < dimensions; axis++) {
    const d = coordinates[a * dimensions + axis]! - coordinates[b * dimensions + axis]!;
    sum += d * d;
  }
  return sum;
}

/** The number of points. */
function checked({ coordinates, dimensions }: Points): number {
  const count = coordinates.length / dimensions;
  if (!(Number.isInteger(dimensions) && dimensions >= 1 && Number.isInteger(count) && count >= 1)) {
    throw new InputError(
      `There are ${coordinates.length} coordinates, which are no points of ${dimensions} dimensions; give as many coordinates for each point.`,
    );
  }
  if (!coordinates.every(Number.isFinite)) {
    throw new InputError('A coordinate of a point is not finite; leave that point out.');
  }
  if (count > MOST_POINTS) {
    throw new InputError(
      `There are ${count} points, and Basin compares all pairs of up to ${MOST_POINTS}; take fewer.`,
      'unsupported',
    );
  }
  return count;
}

/**
 * The graph of edges given as pairs of vertices, in any order and any number of times.
 *
 * @param edges Flat: edge e joins `edges[2e]` and `edges[2e + 1]`.
 */
export function graphOf(count: number, edges: ArrayLike<number>): Adjacency {
  const around = Array.from({ length: count }, () => new Set<number>());
  for (let e = 0; e + 1 < edges.length; e += 2) {
    const [a, b] = [edges[e]!, edges[e + 1]!];
    if (a === b) continue;
    around[a]!.add(b);
    around[b]!.add(a);
  }
  const starts = new Int32Array(count + 1);
  for (let v = 0; v < count; v++) starts[v + 1] = starts[v]! + around[v]!.size;
  const targets = new Int32Array(starts[count]!);
  around.forEach((set, v) => {
    targets.set(
      [...set].sort((a, b) => a - b),
      starts[v],
    );
  });
  return { starts, targets };
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
    `The graph ${name} of ${labels.length} points falls into ${count} parts, the smallest of ${Math.min(...sizes)}; take more nearest neighbours, or gabriel, which is always connected.`,
  );
}
