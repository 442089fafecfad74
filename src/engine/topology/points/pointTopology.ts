import { InputError } from '../../../shared/inputError';
import { toScalar } from '../../../shared/result/scalar';
import { comparableKeys } from '../order';
import { branchesAbove, branchPersistences, byPersistence } from '../persistence';
import { gabrielGraph, nearestPointGraph, requireConnected } from './pointGraph';
import type { Points } from './points';
import { sweepBranches } from '../trees/sweep';
import type { PersistencePair } from '../../../shared/result/topology';
import { say } from '../../../shared/words/message';
import type { Adjacency } from '../adjacency';

/** Sublevel-set persistence of dimension 0 on a graph. */
export interface GraphTopology {
  /** Finite pairs above the threshold, most persistent first. */
  readonly pairs: readonly PersistencePair[];
  /** Global minimum and global maximum. */
  readonly essential: PersistencePair;
}

/**
 * The graph of a neighbourhood of points.
 *
 * @throws InputError when the name is none, or the graph falls apart.
 */
export function pointGraph(points: Points, neighborhood: string): Adjacency {
  if (neighborhood === 'gabriel') return gabrielGraph(points);
  const match = /^knn:([0-9]+)$/.exec(neighborhood);
  if (match === null) {
    throw new InputError(
      say`The neighbourhood "${neighborhood}" is none of scattered points: use gabriel or knn:K.`,
    );
  }
  const graph = nearestPointGraph(points, Number(match[1]));
  requireConnected(graph, neighborhood);
  return graph;
}

/**
 * @param values One for each vertex; NaN and infinities as on grids (order.ts).
 * @param graph Every edge in both directions.
 * @param threshold Pairs of persistence up to this are left out.
 * @throws InputError when the numbers of values and vertices differ, or the graph falls apart.
 */
export function graphTopology(
  values: Float64Array | Float32Array,
  graph: Adjacency,
  threshold = 0,
): GraphTopology {
  if (graph.starts.length - 1 !== values.length || values.length === 0) {
    throw new InputError(
      say`There are ${values.length} values on ${graph.starts.length - 1} points; give one for each.`,
      'mismatch',
    );
  }
  requireConnected(graph, 'given');
  const keys = comparableKeys(values);
  const branches = sweepBranches(keys, graph);
  const persistences = branchPersistences(branches, values);
  const kept = branchesAbove(branches, persistences, threshold);
  const pair = (birthVertex: number, deathVertex: number): PersistencePair => ({
    birth: toScalar(values[birthVertex]!),
    death: toScalar(values[deathVertex]!),
    birthVertex,
    deathVertex,
  });
  return {
    pairs: Array.from(byPersistence(branches, persistences, kept, keys), (b) =>
      pair(branches.minimum[b]!, branches.saddle[b]!),
    ),
    essential: pair(branches.minimum[branches.root]!, branches.maximum),
  };
}
