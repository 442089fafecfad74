import type { Axis } from '../../../shared/result/landscape';
import { say, type Message } from '../../../shared/words/message';

/**
 * Serpentine sampling: a walk through the plane back and forth that steps before it evaluates
 * leaves every other column shifted by one point, and the ragged columns make saddles of their own.
 */

/** Clean landscapes give 0.54 to 0.86, shifted ones 2.15 and more; between them, the middle. */
const SHIFTED = 1.36;
/** With fewer points along an axis noise alone comes near. */
const MIN_POINTS = 6;

/** A warning for each axis of a plane along which every other column is shifted. */
export function serpentineWarnings(values: Float64Array, shape: readonly number[]): Message[] {
  return shiftedAxes(values, shape).map(
    ({ axis }) =>
      say`Every other line across axis ${axis} is shifted by one point against its neighbours, as sampling back and forth leaves it; most minima and saddles of such a landscape are not the model's, so sample it again or put the lines back.`,
  );
}

/** A plane whose lines have been put back. */
export interface RepairedPlane {
  readonly values: Float64Array;
  /** One point less along the lines: at either end every other line has none. */
  readonly shape: readonly [number, number];
  /** Axis across which the lines were shifted. */
  readonly axis: 0 | 1;
  /** Points by which lines of odd index were ahead of the others: what was at j + shift is now at j. */
  readonly shift: 1 | -1;
}

/**
 * Puts back every other line of a plane sampled back and forth, where it is one, and leaves out the
 * end points that only half of the lines have. Nothing is interpolated.
 *
 * A walk that steps before it evaluates leaves at index j of the lines it walks forwards the value of
 * point j + 1, and the right one on the others, so index j of the result is point j + 1 of the
 * coordinates either way: `repairedAxes`.
 *
 * @param values In C order. NaN and infinities stay what they are.
 * @param shape Points along each axis.
 * @returns null where no line is shifted, the shape is not a plane's, or an axis is too short to tell.
 */
export function repairSerpentine(
  values: Float64Array,
  shape: readonly number[],
): RepairedPlane | null {
  const [worst] = shiftedAxes(values, shape).sort((a, b) => b.ratio - a.ratio);
  if (worst === undefined) return null;
  const { axis, lines, shift } = worst;
  const { columns, columnStep, points, pointStep } = lines;
  const repairedShape: [number, number] =
    axis === 0 ? [columns, points - 1] : [points - 1, columns];
  const repaired = new Float64Array(columns * (points - 1));
  for (let column = 0; column < columns; column++) {
    const isAhead = (column % 2 === 1) === (shift === 1);
    for (let point = 0; point < points - 1; point++) {
      const to = axis === 0 ? column * (points - 1) + point : point * columns + column;
      repaired[to] = values[column * columnStep + (point + Number(isAhead)) * pointStep]!;
    }
  }
  return { values: repaired, shape: repairedShape, axis, shift };
}

/** The axes of a repaired plane: its first point along the lines is the second there was. */
export function repairedAxes(axes: readonly Axis[], { axis }: RepairedPlane): readonly Axis[] {
  return axes.map((along, k) => {
    if (k === axis) return along;
    const { min, max, steps } = along;
    return { ...along, min: min + (max - min) / (steps - 1), steps: steps - 1 };
  });
}

interface ShiftedAxis {
  readonly axis: 0 | 1;
  readonly lines: Lines;
  readonly ratio: number;
  readonly shift: 1 | -1;
}

function shiftedAxes(values: Float64Array, shape: readonly number[]): ShiftedAxis[] {
  const [first, second] = shape;
  if (shape.length !== 2 || first === undefined || second === undefined) return [];
  if (first < MIN_POINTS || second < MIN_POINTS) return [];
  const heights = logarithms(values);
  const across: readonly [Lines, Lines] = [
    { columns: first, columnStep: second, points: second, pointStep: 1 },
    { columns: second, columnStep: 1, points: first, pointStep: second },
  ];
  return ([0, 1] as const)
    .map((axis) => {
      const lines = across[axis];
      return {
        axis,
        lines,
        ratio: serpentineRatio(heights, lines),
        shift: roughness(heights, lines, 1) <= roughness(heights, lines, -1) ? 1 : -1,
      } as const;
    })
    .filter(({ ratio }) => ratio > SHIFTED);
}

interface Lines {
  readonly columns: number;
  readonly columnStep: number;
  readonly points: number;
  readonly pointStep: number;
}

/**
 * Mean absolute second difference of the heights across columns as given, divided by the same after
 * odd columns are moved by one point, in the direction that makes it smaller. 1 where both vanish.
 */
function serpentineRatio(heights: Float64Array, lines: Lines): number {
  const given = roughness(heights, lines, 0);
  const moved = Math.min(roughness(heights, lines, 1), roughness(heights, lines, -1));
  return given === 0 ? Math.min(moved, 1) : given / moved;
}

function roughness(heights: Float64Array, lines: Lines, shift: number): number {
  const { columns, columnStep, points, pointStep } = lines;
  let sum = 0;
  let count = 0;
  for (let column = 1; column < columns - 1; column++) {
    const odd = column % 2 === 1 ? shift * pointStep : 0;
    const even = column % 2 === 1 ? 0 : shift * pointStep;
    for (let point = 1; point < points - 1; point++) {
      const at = column * columnStep + point * pointStep;
      const difference =
        heights[at - columnStep + even]! -
        2 * heights[at + odd]! +
        heights[at + columnStep + even]!;
      if (difference - difference !== 0) continue;
      sum += Math.abs(difference);
      count++;
    }
  }
  return count === 0 ? 0 : sum / count;
}

/** Logarithms where every finite value is positive, as losses are; else the values. */
function logarithms(values: Float64Array): Float64Array {
  for (let v = 0; v < values.length; v++) if (values[v]! <= 0) return values;
  return values.map((x) => Math.log(x));
}
