import { fromScalar } from '../result/scalar';
import { partialAssignment } from './partialAssignment';
import type { PersistencePair, Topology } from '../result/topology';

/** What tracking needs of the topology of each checkpoint. */
export type TrackedTopology = Pick<Topology, 'shape' | 'pairs' | 'essential' | 'summaries'>;

/** One minimum with its pair, through part of a series of checkpoints. */
export interface Track {
  /** One for each checkpoint from the first the minimum is in to the last, without gaps. */
  readonly steps: readonly TrackStep[];
}

export interface TrackStep {
  /** Index of the checkpoint in the series. */
  readonly checkpoint: number;
  /** Index in its `pairs`; −1 for the essential pair. */
  readonly pair: number;
  readonly birth: number;
  readonly death: number;
  readonly birthVertex: number;
  readonly deathVertex: number;
  /** Cost of the match with the step before, in units of the values; 0 for the first step. */
  readonly cost: number;
}

export interface TrackingOptions {
  /**
   * How much places count beside values: what moving a minimum across the whole grid along one axis
   * costs, as a share of the range of values. 0 unless given: diagrams alone are matched. Needs
   * grids of equal shape over one plane.
   */
  readonly positionWeight?: number;
}

/**
 * Follows minima and their pairs through a series by matching each diagram with the next.
 *
 * The matching is that of the 2-Wasserstein distance with max(|Δbirth|, |Δdeath|), lifted by the
 * distance of the minima where `positionWeight` says so (Soler et al. 2019): the cost of a match is
 * √(max(|Δbirth|, |Δdeath|)² + (weight · range · |Δposition|)²), that of appearing or vanishing half
 * the persistence. The essential pair takes part as the pair of global minimum and maximum, so that
 * a minimum keeps its track when another becomes the lowest; but between two essential pairs only
 * births count, as in the theory, since the maximum is where the grid happens to end.
 *
 * A birth or death that is NaN or infinite counts as the nearest finite value of its landscape.
 *
 * @returns By first checkpoint, then by pair, the essential one first.
 */
export function trackMinima(
  series: readonly TrackedTopology[],
  { positionWeight = 0 }: TrackingOptions = {},
): readonly Track[] {
  const tracks: { steps: TrackStep[] }[] = [];
  let before: { points: readonly TrackPoint[]; tracks: readonly { steps: TrackStep[] }[] } = {
    points: [],
    tracks: [],
  };
  series.forEach((topology, checkpoint) => {
    const points = pointsOf(topology);
    const range = Math.max(topology.summaries.range, series[checkpoint - 1]?.summaries.range ?? 0);
    const costOf = (i: number, j: number) =>
      distance(before.points[i]!, points[j]!, positionWeight * range);
    const partner = partialAssignment(
      Float64Array.from(before.points, ({ birth, death }) => ((death - birth) / 2) ** 2),
      Float64Array.from(points, ({ birth, death }) => ((death - birth) / 2) ** 2),
      (i, j) => costOf(i, j) ** 2,
    );
    const continued = new Map<number, number>();
    partner.forEach((j, i) => {
      if (j >= 0) continued.set(j, i);
    });
    const current = points.map(({ position: _, ...point }, j) => {
      const i = continued.get(j);
      const track = i === undefined ? { steps: [] } : before.tracks[i]!;
      if (i === undefined) tracks.push(track);
      track.steps.push({ checkpoint, ...point, cost: i === undefined ? 0 : costOf(i, j) });
      return track;
    });
    before = { points, tracks: current };
  });
  return tracks;
}

interface TrackPoint extends Omit<TrackStep, 'checkpoint' | 'cost'> {
  /** Of the minimum, from 0 to 1 along each axis. */
  readonly position: readonly number[];
}

function pointsOf({ shape, pairs, essential, summaries }: TrackedTopology): TrackPoint[] {
  const lowest = fromScalar(essential.birth);
  const least = Number.isFinite(lowest) ? lowest : 0;
  const bounded = (value: number) =>
    Number.isNaN(value)
      ? least + summaries.range
      : Math.min(Math.max(value, least), least + summaries.range);
  const point = (pair: PersistencePair, index: number): TrackPoint => ({
    pair: index,
    birth: bounded(fromScalar(pair.birth)),
    death: bounded(fromScalar(pair.death)),
    birthVertex: pair.birthVertex,
    deathVertex: pair.deathVertex,
    position: positionOf(pair.birthVertex, shape),
  });
  return [point(essential, -1), ...pairs.map(point)];
}

function positionOf(vertex: number, shape: readonly number[]): number[] {
  const position: number[] = [];
  let rest = vertex;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis]!;
    position[axis] = extent > 1 ? (rest % extent) / (extent - 1) : 0;
    rest = Math.floor(rest / extent);
  }
  return position;
}

function distance(a: TrackPoint, b: TrackPoint, scale: number): number {
  const born = Math.abs(a.birth - b.birth);
  const areEssential = a.pair < 0 && b.pair < 0;
  const values = areEssential ? born : Math.max(born, Math.abs(a.death - b.death));
  if (scale === 0) return values;
  return Math.hypot(values, ...a.position.map((x, axis) => scale * (x - (b.position[axis] ?? x))));
}
