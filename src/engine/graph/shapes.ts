import { sameShape, sizeOf } from '../tensor';
import type { ConvAttributes } from './operations';
import { english, say, type Message } from '../../shared/words/message';

/** A graph that cannot be built: shapes that do not fit. A fault of the model or of Basin. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';

  constructor(readonly said: Message) {
    super(english(said));
  }
}

/** Elements of the largest array a runtime can be asked for. */
export const MAX_SIZE = 2 ** 31 - 1;

/** Whole numbers up to here are exact in float32. */
const MAX_INDEX = 2 ** 24;

export function requireSize(shape: readonly number[]): void {
  if (shape.some((extent) => !Number.isInteger(extent) || extent < 0)) {
    throw new ShapeError(say`[${shape.join(', ')}] is no shape.`);
  }
  if (sizeOf(shape) > MAX_SIZE) {
    throw new ShapeError(say`An array [${shape.join(', ')}] is larger than can be computed with.`);
  }
}

export function requireIndexable(count: number): void {
  if (count > MAX_INDEX) {
    throw new ShapeError(say`An axis of ${count} elements is longer than can be indexed.`);
  }
}

/** Numpy's broadcasting of two shapes. @throws ShapeError where they do not. */
export function broadcastShape(a: readonly number[], b: readonly number[]): readonly number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const u = a[axis - rank + a.length] ?? 1;
    const v = b[axis - rank + b.length] ?? 1;
    if (u !== v && u !== 1 && v !== 1) {
      throw new ShapeError(say`[${a.join(', ')}] and [${b.join(', ')}] do not broadcast.`);
    }
    return u === 1 ? v : u;
  });
}

export function normalAxes(axes: readonly number[], rank: number): readonly number[] {
  const normal = axes.map((axis) => (axis < 0 ? axis + rank : axis));
  if (normal.some((axis) => axis < 0 || axis >= rank)) {
    throw new ShapeError(say`Axes [${axes.join(', ')}] are not of an array with ${rank} axes.`);
  }
  return [...new Set(normal)].sort((a, b) => a - b);
}

export function convShape(
  x: readonly number[],
  w: readonly number[],
  { strides, dilations, padsBefore, padsAfter, groups }: ConvAttributes,
  of = say`convolution`,
): readonly number[] {
  if (x.length !== w.length || x[1] !== w[1]! * groups || w[0]! % groups !== 0) {
    throw new ShapeError(
      say`No ${of} of [${x.join(', ')}] with weights [${w.join(', ')}] in ${groups} groups.`,
    );
  }
  const spatial = x.slice(2).map((extent, axis) => {
    const reach = dilations[axis]! * (w[axis + 2]! - 1) + 1;
    return Math.floor((extent + padsBefore[axis]! + padsAfter[axis]! - reach) / strides[axis]!) + 1;
  });
  if (spatial.some((extent) => extent < 1)) {
    throw new ShapeError(
      say`A kernel [${w.join(', ')}] is larger than its input [${x.join(', ')}].`,
    );
  }
  return [x[0]!, w[0]!, ...spatial];
}

/** @throws ShapeError where y is not of the shape of the convolution of x with w. */
export function requireConv(
  x: readonly number[],
  w: readonly number[],
  y: readonly number[],
  attributes: ConvAttributes,
): void {
  if (!sameShape(convShape(x, w, attributes), y)) {
    throw new ShapeError(
      say`No convolution of [${x.join(', ')}] with weights [${w.join(', ')}] gives [${y.join(', ')}].`,
    );
  }
}
