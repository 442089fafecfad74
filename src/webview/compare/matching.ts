import { bottleneckDistance } from '../../shared/diagrams/bottleneck';
import { boundedDiagram, type DiagramMatch } from '../../shared/diagrams/diagram';
import { wassersteinDistance } from '../../shared/diagrams/wasserstein';
import type { Topology } from '../../shared/result/topology';
import type { PairMark } from '../pairs/pairMark';

/** Finite pairs of each side that are matched: the assignment is cubic in their number. */
const MAX_PAIRS = 200;

/** Two diagrams, matched. */
export interface Matching {
  readonly wasserstein: number;
  readonly bottleneck: number;
  /** As indices of marks (0 the essential pair); null the diagonal. */
  readonly matches: readonly DiagramMatch[];
  /** Finite pairs of both sides that were left out. */
  readonly left: number;
}

/**
 * The 2-Wasserstein matching of both diagrams, and their bottleneck distance, with
 * max(|Δbirth|, |Δdeath|); of the essential pairs only births count, as on the command line.
 */
export function matchingOf(first: Topology, second: Topology): Matching {
  const cut = (topology: Topology) => ({
    ...topology,
    pairs: topology.pairs.slice(0, MAX_PAIRS),
  });
  const [a, b] = [cut(first), cut(second)];
  const diagrams = [boundedDiagram(a), boundedDiagram(b)] as const;
  const { distance, matches } = wassersteinDistance(...diagrams);
  const markOf = (index: number | null, { pairs }: Topology) =>
    index === null ? null : index < pairs.length ? index + 1 : 0;
  return {
    wasserstein: distance,
    bottleneck: bottleneckDistance(...diagrams).distance,
    matches: matches.map((match) => ({
      first: markOf(match.first, a),
      second: markOf(match.second, b),
      cost: match.cost,
    })),
    left: first.pairs.length + second.pairs.length - a.pairs.length - b.pairs.length,
  };
}

/** Where a pair goes that has no partner: the nearest point of the diagonal. */
export function onDiagonal({ birth, death }: PairMark): number {
  return birth / 2 + death / 2;
}
