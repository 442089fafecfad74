import type { Topology } from '../../shared/result/topology';
import { persistenceOf, simplified, simplifiedCounts } from './simplification';

/** More branches than this are no tree that one sees, and cost a frame each time. */
export const MAX_BRANCHES = 400;

/** A topology whose tree and profile have the most persistent branches alone; itself where it has few. */
export function drawnTopology(topology: Topology): Topology {
  const last = topology.pairs[MAX_BRANCHES];
  if (last === undefined) return topology;
  let known = drawn.get(topology);
  if (known === undefined) drawn.set(topology, (known = simplified(topology, persistenceOf(last))));
  return known;
}

/** The whole tree is cut down once, whatever threshold is dragged to. */
const drawn = new WeakMap<Topology, Topology>();

/** As `simplified`, with a tree and a profile of the most persistent branches alone. */
export function simplifiedForDrawing(topology: Topology, threshold: number): Topology {
  if (!(threshold > topology.threshold)) return topology;
  const { mergeTree, profile } = simplified(drawnTopology(topology), threshold);
  return {
    ...simplifiedCounts(topology, threshold),
    mergeTree,
    ...(profile === undefined ? {} : { profile }),
  };
}
