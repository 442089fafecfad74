import { adjacencyOf, type Adjacency } from '../adjacency';
import { basinBranches, hasBasinPath } from './basins';
import { nearestOf, type StencilNeighborhood } from '../neighborhood';
import { sweepBranches } from './sweep';
import type { Neighborhood } from '../../../shared/result/topology';
import type { Branches } from './branches';

/**
 * Branches of the join tree by the fastest way the neighbourhood allows.
 *
 * @param keys One for each vertex, without NaN (order.ts).
 * @param extents Points along each axis, each at least 2 (`gridExtents`).
 */
export function branchesOf(
  keys: Float64Array,
  extents: readonly number[],
  neighborhood: Neighborhood,
): Branches {
  return nearestOf(neighborhood) === null &&
    hasBasinPath(neighborhood as StencilNeighborhood, extents.length)
    ? basinBranches(keys, extents, neighborhood as StencilNeighborhood)
    : sweepBranches(keys, adjacencyOf(neighborhood, extents));
}

/**
 * Branches of the split tree, which is the join tree of the order turned round: from the highest
 * vertex down, equal values from the highest index down.
 *
 * Turning the indices round as well keeps ties in order, and a stencil is the same stencil seen from
 * the other end, so vertex v is called n − 1 − v throughout the result: `minimum` holds maxima,
 * `maximum` the global minimum.
 *
 * @param keys As the join tree's.
 * @param extents As the join tree's.
 */
export function superlevelBranches(
  keys: Float64Array,
  extents: readonly number[],
  neighborhood: Neighborhood,
): Branches {
  return nearestOf(neighborhood) === null
    ? branchesOf(turnedKeys(keys), extents, neighborhood)
    : sweepBranches(turnedKeys(keys), turnedGraph(adjacencyOf(neighborhood, extents)));
}

/** Keys of the order turned round, vertex v at n − 1 − v. */
export function turnedKeys(keys: Float64Array): Float64Array {
  const n = keys.length;
  const turned = new Float64Array(n);
  for (let v = 0; v < n; v++) turned[n - 1 - v] = -keys[v]!;
  return turned;
}

/** The same graph, vertex v at n − 1 − v. */
function turnedGraph({ starts, targets }: Adjacency): Adjacency {
  const n = starts.length - 1;
  const edges = starts[n]!;
  const turned = { starts: new Int32Array(n + 1), targets: new Int32Array(edges) };
  for (let v = 0; v <= n; v++) turned.starts[v] = edges - starts[n - v]!;
  for (let e = 0; e < edges; e++) turned.targets[e] = n - 1 - targets[edges - 1 - e]!;
  return turned;
}
