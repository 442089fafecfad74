import { InputError } from '../inputError';
import { fromScalar } from '../result/scalar';
import type { Topology } from '../result/topology';
import { say } from '../words/message';

/** A point of a persistence diagram, in units of the values; `death` is +Infinity where none is. */
export interface DiagramPoint {
  readonly birth: number;
  readonly death: number;
}

/** Two matched points, or a point and the diagonal: indices in the diagrams, null the diagonal. */
export interface DiagramMatch {
  readonly first: number | null;
  readonly second: number | null;
  /** Distance of the two in the ground metric. */
  readonly cost: number;
}

export interface DiagramDistance {
  readonly distance: number;
  /** Every point of both diagrams once; not those of kinds that differ in number. */
  readonly matches: readonly DiagramMatch[];
}

/**
 * Finite pairs in their order, then the essential one, which never dies. What is NaN or infinite
 * counts as the nearest finite value of the landscape, as in its summaries.
 */
export function boundedDiagram({
  pairs,
  essential,
  summaries,
}: Pick<Topology, 'pairs' | 'essential' | 'summaries'>): DiagramPoint[] {
  const lowest = fromScalar(essential.birth);
  const least = Number.isFinite(lowest) ? lowest : 0;
  const most = least + summaries.range;
  const bounded = (value: number) =>
    Number.isNaN(value) ? most : Math.min(Math.max(value, least), most);
  return [
    ...pairs.map(({ birth, death }) => ({
      birth: bounded(fromScalar(birth)),
      death: bounded(fromScalar(death)),
    })),
    { birth: least, death: Infinity },
  ];
}

/** Finite points as coordinates, beside their indices in the diagram. */
export interface FinitePoints {
  readonly index: Int32Array;
  readonly birth: Float64Array;
  readonly death: Float64Array;
}

/** Two diagrams taken apart. */
export interface SplitDiagrams {
  readonly first: FinitePoints;
  readonly second: FinitePoints;
  /** Points with an infinite end, matched to those of the same kind. */
  readonly infinite: readonly DiagramMatch[];
  /** Whether each kind has the same number of points in both diagrams. */
  readonly comparable: boolean;
}

/**
 * Points with an infinite birth or death are at an infinite distance from all that are not infinite
 * in the same way, so they are matched among themselves. On a line, matching in order is optimal
 * for the largest distance and for every sum of powers from 1 up. A point from an infinity to the
 * same one lies on the diagonal.
 *
 * @throws InputError when a point is NaN or dies before it is born.
 */
export function splitDiagrams(
  first: readonly DiagramPoint[],
  second: readonly DiagramPoint[],
): SplitDiagrams {
  const [a, b] = [kindsOf(first), kindsOf(second)];
  const diagonal = [
    ...a.onDiagonal.map((index) => ({ first: index, second: null, cost: 0 })),
    ...b.onDiagonal.map((index) => ({ first: null, second: index, cost: 0 })),
  ];
  const kinds = ['up', 'down', 'through'] as const;
  const comparable = kinds.every((kind) => a[kind].length === b[kind].length);
  const infinite = kinds.flatMap((kind) => {
    const others = b[kind];
    return a[kind].length === others.length
      ? a[kind].map((index, k) => ({
          first: index,
          second: others[k]!,
          cost: lineDistance(first[index]!, second[others[k]!]!),
        }))
      : [];
  });
  return {
    first: finitePoints(first, a.finite),
    second: finitePoints(second, b.finite),
    infinite: [...infinite, ...diagonal],
    comparable,
  };
}

/** Distance of two points with the same infinite ends: that of their finite ones. */
function lineDistance(a: DiagramPoint, b: DiagramPoint): number {
  if (Number.isFinite(a.birth)) return Math.abs(a.birth - b.birth);
  return Number.isFinite(a.death) ? Math.abs(a.death - b.death) : 0;
}

function kindsOf(points: readonly DiagramPoint[]): {
  finite: number[];
  /** Finite birth, infinite death, by birth. */
  up: number[];
  /** Infinite birth, finite death, by death. */
  down: number[];
  through: number[];
  onDiagonal: number[];
} {
  const kinds = {
    finite: [] as number[],
    up: [] as number[],
    down: [] as number[],
    through: [] as number[],
    onDiagonal: [] as number[],
  };
  for (const [index, { birth, death }] of points.entries()) {
    if (!(birth <= death)) {
      throw new InputError(
        say`A persistence diagram holds the pair (${birth}, ${death}), but a death must not be below its birth; give it as births and deaths of one sweep.`,
      );
    }
    const bornInfinite = !Number.isFinite(birth);
    const diesInfinite = !Number.isFinite(death);
    if (birth === death && bornInfinite) kinds.onDiagonal.push(index);
    else if (bornInfinite && diesInfinite) kinds.through.push(index);
    else if (diesInfinite) kinds.up.push(index);
    else if (bornInfinite) kinds.down.push(index);
    else kinds.finite.push(index);
  }
  kinds.up.sort((a, b) => points[a]!.birth - points[b]!.birth || a - b);
  kinds.down.sort((a, b) => points[a]!.death - points[b]!.death || a - b);
  return kinds;
}

function finitePoints(points: readonly DiagramPoint[], which: readonly number[]): FinitePoints {
  return {
    index: Int32Array.from(which),
    birth: Float64Array.from(which, (index) => points[index]!.birth),
    death: Float64Array.from(which, (index) => points[index]!.death),
  };
}
