import { superlevelBranches, turnedKeys } from './gridBranches';
import { joinTree, type JoinTree } from './joinTree';
import { gridExtents } from '../neighborhood';
import { comparableKeys } from '../order';
import { branchesAbove, persistenceOf } from '../persistence';
import type { Neighborhood } from '../../../shared/result/topology';

export interface SplitTree extends JoinTree {
  /** For each vertex the node its arc starts at, the highest node of its superlevel component. */
  readonly arcs: Int32Array;
}

/**
 * The split tree: how components of superlevel sets meet on the way down. It is the join tree of the
 * order turned round, so its leaves are maxima, its inner nodes saddles, and the last node the root
 * at the global minimum; nodes are sorted from the highest (value, vertex) down.
 *
 * @param values In C order: the last axis is the fastest.
 * @param shape Points along each axis.
 * @param threshold Maxima whose height above the saddle where they meet a higher one is up to this
 *   are left out; with −1 none is, not even where that height is 0.
 * @throws InputError when the shape is not that of the values.
 */
export function splitTree(
  values: Float64Array | Float32Array,
  shape: readonly number[],
  neighborhood: Neighborhood = 'freudenthal',
  threshold = 0,
): SplitTree {
  const extents = gridExtents(shape, values.length);
  const keys = comparableKeys(values);
  const n = keys.length;
  const turned = superlevelBranches(keys, extents, neighborhood);
  const persistences = Float64Array.from(turned.minimum, (maximum, b) => {
    const end = b === turned.root ? turned.maximum : turned.saddle[b]!;
    return persistenceOf(values[n - 1 - end]!, values[n - 1 - maximum]!);
  });
  const kept = branchesAbove(turned, persistences, threshold);
  const arcsTurned = new Int32Array(n);
  const tree = joinTree(turned, turnedKeys(keys), kept, arcsTurned);
  return {
    vertex: tree.vertex.map((vertex) => n - 1 - vertex),
    parent: tree.parent,
    size: tree.size,
    arcs: arcsTurned.reverse(),
  };
}
