import type { Topology } from '../../shared/result/topology';
import type { Axis } from '../../shared/result/landscape';
import { stepsOf } from '../landscape/gridSteps';
import { coordinateAt, vertexCoordinates } from '../landscape/lossField';

/**
 * A persistence pair as it is drawn everywhere: in the diagram, on the map, on the surface and in
 * the tree. The vertex of its minimum tells it apart from the others.
 */
export interface PairMark {
  readonly id: PairId;
  readonly essential: boolean;
  readonly birth: number;
  readonly death: number;
  readonly persistence: number;
  readonly birthVertex: number;
  readonly deathVertex: number;
  /** Touches the border of the grid: drawn hollow, for it may be of the cut alone. */
  readonly border: boolean;
  /** Whether a wider grid would keep it; null where nobody looked. */
  readonly keptWhenWidened: boolean | null;
  /**
   * Coordinates of the minimum and of the saddle (of the maximum, for the essential pair); on a
   * line the coordinate and the loss. Null in more dimensions than are drawn.
   */
  readonly places: { readonly birth: Place; readonly death: Place } | null;
  /** The same in more dimensions than are drawn, for what is said; null in one or two. */
  readonly coordinates: {
    readonly birth: readonly number[];
    readonly death: readonly number[];
  } | null;
}

export type PairId = number & { readonly brand: unique symbol };
export type Place = readonly [number, number];

/** More marks than this cover what they mark; the most persistent come first. */
export const MAX_MARKS = 300;

/** The essential pair first, then the finite ones, most persistent first. */
export function pairMarks(topology: Topology, axes: readonly Axis[]): readonly PairMark[] {
  const [first, second] = axes;
  const plane =
    axes.length === 2 && first !== undefined && second !== undefined
      ? ([first, second] as const)
      : null;
  const line = axes.length === 1 ? first : undefined;
  const inSpace = (vertex: number): readonly number[] =>
    stepsOf(
      vertex,
      axes.map(({ steps }) => steps),
    ).map((step, k) => coordinateAt(axes[k]!, step));
  const drawn = [topology.essential, ...topology.pairs.slice(0, MAX_MARKS - 1)];
  return drawn.map((pair, index) => {
    const birth = Number(pair.birth);
    const death = Number(pair.death);
    return {
      id: pair.birthVertex as PairId,
      essential: index === 0,
      birth,
      death,
      persistence: death - birth,
      birthVertex: pair.birthVertex,
      deathVertex: pair.deathVertex,
      border: pair.border === true,
      keptWhenWidened: pair.keptWhenWidened ?? null,
      coordinates:
        axes.length > 2
          ? { birth: inSpace(pair.birthVertex), death: inSpace(pair.deathVertex) }
          : null,
      places:
        line !== undefined
          ? {
              birth: [coordinateAt(line, pair.birthVertex), birth],
              death: [coordinateAt(line, pair.deathVertex), death],
            }
          : plane && {
              birth: vertexCoordinates(pair.birthVertex, plane),
              death: vertexCoordinates(pair.deathVertex, plane),
            },
    };
  });
}
