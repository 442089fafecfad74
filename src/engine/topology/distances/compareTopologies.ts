import { largest } from '../../../shared/extremes';
import { fromScalar, toScalar } from '../../../shared/result/scalar';
import { bottleneckDistance } from '../../../shared/diagrams/bottleneck';
import { differenceOf } from './difference';
import { noiseDeviations } from '../noiseFloor';
import { trackMinima } from '../../../shared/diagrams/tracking';
import { wassersteinDistance } from '../../../shared/diagrams/wasserstein';
import type {
  ComparedDistance,
  ComparedMinimum,
  Difference,
  MinimumPlace,
  TopologyComparison,
  Uncertainty,
} from '../../../shared/comparison';
import type { Axis } from '../../../shared/result/landscape';
import type { PersistencePair, Topology } from '../../../shared/result/topology';
import { boundedDiagram, type DiagramDistance } from '../../../shared/diagrams/diagram';
import type { TrackStep } from '../../../shared/diagrams/tracking';
import { say, type Message } from '../../../shared/words/message';

/** A topology, where its grid lies, and how sure its values are. */
export interface PlacedTopology {
  readonly topology: Topology;
  /** `null` where nobody says. */
  readonly axes: readonly Axis[] | null;
  /** Standard deviation of the noise of a value as a share of it. */
  readonly relativeNoise: number;
}

/** Finite pairs of each side that are compared: assignment is cubic in their number. */
const MAX_PAIRS = 500;

/**
 * Distances of two diagrams, differences of their summaries, and minima followed from one to the
 * other.
 *
 * @param samePlane Whether a place in one grid is the same place in the other.
 * @returns The comparison, and sentences on what was left out of it.
 */
export function compareTopologies(
  first: PlacedTopology,
  second: PlacedTopology,
  samePlane: boolean,
): { readonly comparison: TopologyComparison; readonly warnings: readonly Message[] } {
  const sides = [mostPersistent(first), mostPersistent(second)] as const;
  const [a, b] = sides;
  const range = Math.max(a.topology.summaries.range, b.topology.summaries.range);
  const uncertainty: Uncertainty = { kind: 'bound', value: a.uncertainty + b.uncertainty };
  const diagrams = [boundedDiagram(a.topology), boundedDiagram(b.topology)] as const;
  return {
    comparison: {
      differences: summaryDifferences(first.topology, second.topology),
      comparedPairs: { first: a.topology.pairs.length, second: b.topology.pairs.length },
      bottleneck: describe(bottleneckDistance(...diagrams), sides, range, uncertainty),
      wasserstein: describe(wassersteinDistance(...diagrams), sides, range, null),
      minima: comparedMinima(
        { ...first, topology: a.topology },
        { ...second, topology: b.topology },
        samePlane,
      ),
    },
    warnings: sides.flatMap(({ left }, side) =>
      left === 0
        ? []
        : [
            side === 0
              ? say`Of the first landscape the ${MAX_PAIRS} most persistent pairs were compared and ${left} left out, which moves the bottleneck distance by at most ${sides[side].largestLeft / 2}; raise the threshold to leave out what is noise.`
              : say`Of the second landscape the ${MAX_PAIRS} most persistent pairs were compared and ${left} left out, which moves the bottleneck distance by at most ${sides[side]!.largestLeft / 2}; raise the threshold to leave out what is noise.`,
          ],
    ),
  };
}

interface Side {
  readonly topology: Topology;
  /** Finite pairs that are left out, and the persistence of the largest. */
  readonly left: number;
  readonly largestLeft: number;
  /** How far the diagram may be from that of the landscape without noise and with all its pairs. */
  readonly uncertainty: number;
}

/**
 * By stability (Cohen-Steiner, Edelsbrunner, Harer 2007) leaving out pairs of persistence up to t
 * moves a diagram by at most t/2, and noise by at most as much as it moves any value.
 */
function mostPersistent({ topology, relativeNoise }: PlacedTopology): Side {
  const { pairs, essential, summaries, shape, threshold } = topology;
  const left = Math.max(0, pairs.length - MAX_PAIRS);
  const next = pairs[MAX_PAIRS];
  const largestLeft = next === undefined ? 0 : fromScalar(next.death) - fromScalar(next.birth);
  const lowest = fromScalar(essential.birth);
  const least = Number.isFinite(lowest) ? lowest : 0;
  const largest = Math.max(Math.abs(least), Math.abs(least + summaries.range));
  const points = shape.reduce((product, extent) => product * extent, 1);
  return {
    topology: { ...topology, pairs: pairs.slice(0, MAX_PAIRS) },
    left,
    largestLeft,
    uncertainty:
      Math.max(threshold, largestLeft) / 2 + noiseDeviations(points) * relativeNoise * largest,
  };
}

function describe(
  { distance, matches }: DiagramDistance,
  sides: readonly [Side, Side],
  range: number,
  uncertainty: Uncertainty | null,
): ComparedDistance {
  const named = (index: number | null, side: Side) =>
    index === null || index < side.topology.pairs.length ? index : -1;
  return {
    distance: toScalar(distance),
    overRange: toScalar(range > 0 ? distance / range : 0),
    uncertainty,
    matches: matches
      .toSorted((m, n) => n.cost - m.cost)
      .map((match) => ({
        first: named(match.first, sides[0]),
        second: named(match.second, sides[1]),
        cost: toScalar(match.cost),
      })),
  };
}

function summaryDifferences(first: Topology, second: Topology): Difference[] {
  const of = (name: string, quantity: (topology: Topology) => number) =>
    differenceOf(name, quantity(first), quantity(second), null);
  const hasInner = [first, second].every(
    ({ inner, summaries }) => inner !== undefined && summaries.inner !== undefined,
  );
  return [
    ...(hasInner
      ? [
          of('minima inside', ({ inner }) => inner!.minima),
          of('saddles inside', ({ inner }) => inner!.saddles),
        ]
      : []),
    of('minima', ({ minima }) => minima),
    of('saddles', ({ saddles }) => saddles),
    ...(hasInner
      ? [
          of('average persistence, pairs inside', ({ summaries }) => summaries.inner!.mean),
          of('total persistence, pairs inside', ({ summaries }) => summaries.inner!.total),
        ]
      : []),
    of('average persistence, finite pairs', ({ summaries }) => summaries.finite.mean),
    of(
      'average persistence over range, finite pairs',
      ({ summaries }) => summaries.finite.meanOverRange,
    ),
    of(
      'average persistence, with the essential pair',
      ({ summaries }) => summaries.withEssential.mean,
    ),
    of('total persistence, finite pairs', ({ summaries }) => summaries.finite.total),
    of('largest persistence, finite pairs', ({ summaries }) => summaries.finite.maximum),
    of('persistence entropy', ({ summaries }) => summaries.persistenceEntropy),
    of('range of values', ({ summaries }) => summaries.range),
  ];
}

function comparedMinima(
  first: PlacedTopology,
  second: PlacedTopology,
  samePlane: boolean,
): ComparedMinimum[] {
  const sides = [first, second] as const;
  const place = (step: TrackStep | undefined): MinimumPlace | null => {
    if (step === undefined) return null;
    const { topology, axes } = sides[step.checkpoint]!;
    const pair: PersistencePair = step.pair < 0 ? topology.essential : topology.pairs[step.pair]!;
    return {
      pair: step.pair,
      vertex: pair.birthVertex,
      birth: pair.birth,
      death: pair.death,
      position: axes && coordinatesOf(pair.birthVertex, axes),
    };
  };
  return trackMinima([first.topology, second.topology])
    .map(({ steps }) => {
      const [before, after] = [0, 1].map((side) =>
        place(steps.find(({ checkpoint }) => checkpoint === side)),
      ) as [MinimumPlace | null, MinimumPlace | null];
      return {
        first: before,
        second: after,
        moved:
          samePlane && before?.position && after?.position
            ? Math.hypot(...before.position.map((x, axis) => x - after.position![axis]!))
            : null,
        persistence: largest(steps.map(({ birth, death }) => death - birth)),
      };
    })
    .sort((a, b) => b.persistence - a.persistence)
    .map(({ persistence: _, ...minimum }) => minimum);
}

/** In C order: the last axis is the fastest. */
function coordinatesOf(vertex: number, axes: readonly Axis[]): number[] {
  const position: number[] = [];
  let rest = vertex;
  for (let axis = axes.length - 1; axis >= 0; axis--) {
    const { min, max, steps } = axes[axis]!;
    position[axis] = steps > 1 ? min + ((max - min) * (rest % steps)) / (steps - 1) : min;
    rest = Math.floor(rest / steps);
  }
  return position;
}
