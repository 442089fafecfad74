import type { FloatArray } from '../../tensor';

/** A place in parameter space, in memory that is written again for every other place. */
export interface Point {
  readonly values: FloatArray;
  /** Whether it is θ. */
  isCenter: boolean;
}

/**
 * Moves to θ + Σ αᵢδᵢ, summed in float64 and then rounded.
 *
 * @param theta in the precision of the point. @param at α.
 */
export function moveTo(
  point: Point,
  theta: FloatArray,
  at: readonly number[],
  directions: readonly FloatArray[],
): void {
  point.isCenter = false;
  const moving = at.flatMap((share, axis) =>
    share === 0 ? [] : [{ share, direction: directions[axis]! }],
  );
  const [first, second, ...more] = moving;
  if (first === undefined) {
    point.values.set(theta);
  } else if (second === undefined) {
    alongOne(point.values, theta, first.share, first.direction);
  } else if (more.length === 0) {
    alongTwo(point.values, theta, first.share, first.direction, second.share, second.direction);
  } else {
    alongAll(point.values, theta, moving);
  }
}

function alongOne(to: FloatArray, theta: FloatArray, a: number, d: FloatArray): void {
  for (let i = 0; i < to.length; i += 1) to[i] = theta[i]! + a * d[i]!;
}

function alongTwo(
  to: FloatArray,
  theta: FloatArray,
  a: number,
  d: FloatArray,
  b: number,
  e: FloatArray,
): void {
  for (let i = 0; i < to.length; i += 1) to[i] = theta[i]! + a * d[i]! + b * e[i]!;
}

function alongAll(
  to: FloatArray,
  theta: FloatArray,
  moving: readonly { readonly share: number; readonly direction: FloatArray }[],
): void {
  for (let i = 0; i < to.length; i += 1) {
    let sum = theta[i]!;
    for (const { share, direction } of moving) sum += share * direction[i]!;
    to[i] = sum;
  }
}
