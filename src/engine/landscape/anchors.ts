import { InputError } from '../../shared/inputError';
import type { Axis } from '../../shared/result/landscape';
import { say, type Message } from '../../shared/words/message';
import { addScaled, dot, norm } from '../hessian/vectors';
import { axisThrough, gridOf, type Grid } from './grid';
import { difference } from './trajectory';
import type { FloatArray } from '../tensor';

/** A line or plane through checkpoints: the first of them is at coordinates 0. */
export interface AnchoredSpan {
  readonly grid: Grid;
  /** Orthogonal, each as long as the first two checkpoints are apart. */
  readonly directions: readonly Float64Array[];
  /** Coordinates of every checkpoint, the first at 0. */
  readonly anchors: readonly (readonly number[])[];
  /**
   * How much of the second and of the third checkpoint there is at a point, in [0, 1] and together
   * at most 1; the rest is of the first. Beyond the checkpoints it is that of a point between them.
   */
  readonly shares: (at: readonly number[]) => readonly number[];
}

/** How far a grid reaches beyond the checkpoints where nothing is said, in their distance. */
const BEYOND = 0.5;

/** What errors call the checkpoints where they have no names. */
const NAMES: readonly (string | Message)[] = [
  say`The first checkpoint`,
  say`the second`,
  say`the third`,
];

/**
 * The straight line θ(α) = (1 − α)a + αb; a and b are points of the grid.
 *
 * @param beyond in distances of the two, to both sides.
 */
export function lineThrough(
  a: FloatArray,
  b: FloatArray,
  resolution: number,
  beyond = BEYOND,
  names = NAMES,
): AnchoredSpan {
  const along = difference(b, a);
  requireApart(norm(along), norm(Float64Array.from(a)), names[0], names[1]);
  if (resolution - 1 < 1 + 2 * beyond) {
    throw new InputError(
      say`${resolution} points are too few for a line that reaches ${beyond} distances beyond both its ends; raise "resolution", or lower "range".`,
    );
  }
  return {
    grid: gridOf([axisThrough('α', 1, -beyond, 1 + beyond, resolution)]),
    directions: [along],
    anchors: [[0], [1]],
    shares: ([alpha]) => [clip(alpha!)],
  };
}

/**
 * The plane through three checkpoints (Garipov et al. 2018, appendix A.1): the first axis from a
 * to b, the second at a right angle to it on the side of c. Its units are the distance of a and
 * b along both axes, so that it is not distorted. a and b are points of the grid, and c is on a
 * line of it.
 */
export function planeThrough(
  a: FloatArray,
  b: FloatArray,
  c: FloatArray,
  resolution: readonly number[],
  beyond: readonly number[] = [BEYOND, BEYOND],
  names = NAMES,
): AnchoredSpan {
  const first = difference(b, a);
  const second = difference(c, a);
  const unit = norm(first);
  const distance = norm(second);
  const scale = norm(Float64Array.from(a));
  requireApart(unit, scale, names[0], names[1]);
  requireApart(distance, scale, names[0], names[2]);
  const x = dot(second, first) / unit ** 2;
  addScaled(second, -x, first);
  addScaled(second, -dot(second, first) / unit ** 2, first);
  const height = norm(second);
  if (!(height > 1e-6 * distance)) {
    throw new InputError(
      say`${names} lie on one line, through which there is no one plane; name another, or use "interpolation".`,
    );
  }
  const y = height / unit;
  const axes: readonly Axis[] = [
    axisThrough('x', 1, Math.min(0, x) - beyond[0]!, Math.max(1, x) + beyond[0]!, resolution[0]!),
    axisThrough('y', y, -beyond[1]!, y + beyond[1]!, resolution[1]!),
  ];
  return {
    grid: gridOf(axes),
    directions: [first, second.map((value) => value / y)],
    anchors: [
      [0, 0],
      [1, 0],
      [x, y],
    ],
    shares: (at) => {
      const ofThird = at[1]! / y;
      const ofSecond = at[0]! - x * ofThird;
      return nearestShares(ofSecond, ofThird);
    },
  };
}

/** Parts below 0 are none, and the others are scaled to make a whole. */
function nearestShares(ofSecond: number, ofThird: number): readonly number[] {
  const parts = [1 - ofSecond - ofThird, ofSecond, ofThird].map((part) => Math.max(0, part));
  const whole = parts[0]! + parts[1]! + parts[2]!;
  return [parts[1]! / whole, parts[2]! / whole];
}

export function clip(share: number): number {
  return Math.min(1, Math.max(0, share));
}

function requireApart(
  distance: number,
  scale: number,
  one: string | Message = '',
  other: string | Message = '',
): void {
  if (distance > 1e-9 * scale) return;
  throw new InputError(
    say`${one} and ${other} have the same weights, so that there is nothing between them; name another checkpoint as "through" or as "center".`,
  );
}
