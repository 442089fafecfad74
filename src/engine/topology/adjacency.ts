import { nearestOf, neighborOffsets, stridesOf, type StencilNeighborhood } from './neighborhood';
import type { Neighborhood } from '../../shared/result/topology';

/** A graph on the vertices of a grid: the neighbours of `v` are `targets[starts[v] … starts[v+1]]`. */
export interface Adjacency {
  readonly starts: Int32Array;
  readonly targets: Int32Array;
}

/**
 * The graph of a neighbourhood, written out: for neighbourhoods that are no stencil and for checks.
 *
 * @param extents Points along each axis, each at least 2.
 */
export function adjacencyOf(neighborhood: Neighborhood, extents: readonly number[]): Adjacency {
  const nearest = nearestOf(neighborhood);
  return nearest === null
    ? stencilGraph(neighborhood as StencilNeighborhood, extents)
    : nearestGraph(nearest, extents);
}

function stencilGraph(neighborhood: StencilNeighborhood, extents: readonly number[]): Adjacency {
  const offsets = neighborOffsets(neighborhood, extents.length);
  return graphOf(extents, offsets, offsets.length);
}

/**
 * Union graph of the K nearest grid points: two points are neighbours when either is among the K
 * nearest of the other. Distance is Euclidean with one step along any axis being 1; of equally
 * distant points the ones of lower index are taken, which also keeps the graph connected for every
 * K (each point but the first has a lower neighbour at distance 1). At least K points lie in the
 * ball in which the corner of the grid has K, whichever the point.
 */
function nearestGraph(nearest: number, extents: readonly number[]): Adjacency {
  const points = extents.reduce((product, extent) => product * extent, 1);
  const wanted = Math.min(nearest, points - 1);
  const offsets = nearestOffsets(wanted, extents);
  return symmetric(graphOf(extents, offsets, wanted));
}

/** For each point its first `limit` offsets that stay inside. */
function graphOf(
  extents: readonly number[],
  offsets: readonly (readonly number[])[],
  limit: number,
): Adjacency {
  const dimensions = extents.length;
  const strides = stridesOf(extents);
  const points = extents.reduce((product, extent) => product * extent, 1);
  const steps = Int32Array.from(offsets.flat());
  const linear = Int32Array.from(offsets, (offset) =>
    offset.reduce((sum, step, axis) => sum + step * strides[axis]!, 0),
  );
  const starts = new Int32Array(points + 1);
  const targets = new Int32Array(points * limit);
  const position = new Int32Array(dimensions);
  let count = 0;
  for (let v = 0; v < points; v++) {
    const end = count + limit;
    for (let k = 0; k < linear.length && count < end; k++) {
      let inside = true;
      for (let axis = 0; axis < dimensions; axis++) {
        const coordinate = position[axis]! + steps[k * dimensions + axis]!;
        if (coordinate < 0 || coordinate >= extents[axis]!) {
          inside = false;
          break;
        }
      }
      if (inside) targets[count++] = v + linear[k]!;
    }
    starts[v + 1] = count;
    for (let axis = dimensions - 1; axis >= 0; axis--) {
      if (++position[axis]! < extents[axis]!) break;
      position[axis] = 0;
    }
  }
  return { starts, targets: targets.subarray(0, count) };
}

/** Offsets in a ball large enough for the corner's `wanted`, nearest first, then by index. */
function nearestOffsets(
  wanted: number,
  extents: readonly number[],
): readonly (readonly number[])[] {
  const strides = stridesOf(extents);
  const linear = (offset: readonly number[]) =>
    offset.reduce((sum, step, axis) => sum + step * strides[axis]!, 0);
  for (let radius = 1; ; radius++) {
    const ball = ballOffsets(radius, extents);
    const corner = ball.filter((offset) => offset.every((step) => step >= 0));
    if (corner.length < wanted) continue;
    return ball.sort((a, b) => squared(a) - squared(b) || linear(a) - linear(b));
  }
}

function ballOffsets(radius: number, extents: readonly number[]): (readonly number[])[] {
  let offsets: (readonly number[])[] = [[]];
  for (const extent of extents) {
    const reach = Math.min(radius, extent - 1);
    offsets = offsets.flatMap((offset) =>
      Array.from({ length: 2 * reach + 1 }, (_, k) => [...offset, k - reach]).filter(
        (longer) => squared(longer) <= radius * radius,
      ),
    );
  }
  return offsets.filter((offset) => squared(offset) > 0);
}

function squared(offset: readonly number[]): number {
  return offset.reduce((sum, step) => sum + step * step, 0);
}

/** Every edge in both directions; an edge given in both appears twice, which does no harm. */
function symmetric(graph: Adjacency): Adjacency {
  const points = graph.starts.length - 1;
  const starts = new Int32Array(points + 1);
  for (let v = 0; v < points; v++) {
    starts[v + 1]! += graph.starts[v + 1]! - graph.starts[v]!;
    for (let k = graph.starts[v]!; k < graph.starts[v + 1]!; k++) starts[graph.targets[k]! + 1]!++;
  }
  for (let v = 0; v < points; v++) starts[v + 1]! += starts[v]!;
  const next = starts.slice();
  const targets = new Int32Array(starts[points]!);
  for (let v = 0; v < points; v++) {
    for (let k = graph.starts[v]!; k < graph.starts[v + 1]!; k++) {
      const u = graph.targets[k]!;
      targets[next[v]!++] = u;
      targets[next[u]!++] = v;
    }
  }
  return { starts, targets };
}
