import type { SliceAttributes } from '../../graph/operations';
import type { Tensor, TensorFlow } from './api';

/** Elements at start + i·step along every axis. Steps may be negative. */
export function slice(
  tf: TensorFlow,
  x: Tensor,
  { starts, steps, counts }: SliceAttributes,
): Tensor {
  const back = axesWhere(steps, (step) => step < 0);
  const turned = back.length === 0 ? x : tf.reverse(x, back);
  const from = starts.map((start, axis) => (steps[axis]! < 0 ? x.shape[axis]! - 1 - start : start));
  if (counts.some((count) => count === 0)) return tf.zeros([...counts]);
  if (steps.every((step) => Math.abs(step) === 1)) return tf.slice(turned, from, [...counts]);
  const strides = steps.map(Math.abs);
  const ends = from.map((start, axis) => start + (counts[axis]! - 1) * strides[axis]! + 1);
  return tf.stridedSlice(turned, from, ends, strides);
}

/** Zeros of a shape with the elements of x at start + i·step along every axis. */
export function place(
  tf: TensorFlow,
  x: Tensor,
  to: {
    readonly shape: readonly number[];
    readonly starts: readonly number[];
    readonly steps: readonly number[];
  },
): Tensor {
  const back = axesWhere(to.steps, (step) => step < 0);
  let value = back.length === 0 ? x : tf.reverse(x, back);
  const starts = to.starts.map((start, axis) =>
    to.steps[axis]! < 0 ? start + (x.shape[axis]! - 1) * to.steps[axis]! : start,
  );
  to.steps.forEach((step, axis) => {
    if (Math.abs(step) > 1) value = apart(tf, value, axis, Math.abs(step));
  });
  const after = value.shape.map((extent, axis) => to.shape[axis]! - extent - starts[axis]!);
  return pad(tf, value, starts, after);
}

/** `step − 1` zeros between the elements along an axis. */
function apart(tf: TensorFlow, x: Tensor, axis: number, step: number): Tensor {
  const before = x.shape.slice(0, axis).reduce((product, extent) => product * extent, 1);
  const behind = x.shape.slice(axis + 1).reduce((product, extent) => product * extent, 1);
  const extent = x.shape[axis]!;
  const blocks = tf.pad(tf.reshape(x, [before * extent, 1, behind]), [
    [0, 0],
    [0, step - 1],
    [0, 0],
  ]);
  const shape = x.shape.map((own, i) => (i === axis ? extent * step : own));
  const rows = tf.reshape(blocks, shape);
  // Without the zeros behind the last element.
  const sizes = shape.map((own, i) => (i === axis ? own - step + 1 : own));
  return tf.slice(
    rows,
    shape.map(() => 0),
    sizes,
  );
}

/** A constant around an array; negative amounts cut. */
export function pad(
  tf: TensorFlow,
  x: Tensor,
  before: readonly number[],
  after: readonly number[],
  value = 0,
): Tensor {
  let inner = x;
  if ([...before, ...after].some((amount) => amount < 0)) {
    const start = before.map((amount) => Math.max(0, -amount));
    const sizes = x.shape.map((extent, axis) => extent - start[axis]! - Math.max(0, -after[axis]!));
    inner = tf.slice(x, start, sizes);
  }
  if ([...before, ...after].every((amount) => amount <= 0)) return tf.clone(inner);
  return tf.pad(
    inner,
    before.map((amount, axis): [number, number] => [
      Math.max(0, amount),
      Math.max(0, after[axis]!),
    ]),
    value,
  );
}

function axesWhere(values: readonly number[], test: (value: number) => boolean): number[] {
  return [...values.keys()].filter((axis) => test(values[axis]!));
}
