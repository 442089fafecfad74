import type { Node } from '../../graph/operations';
import { sizeOf } from '../../tensor';
import type { Tensor, TensorFlow } from './api';
import { pad, slice } from './places';

/**
 * Where the first of the largest values of each window is. TensorFlow.js for Node has no such
 * kernel: the taps of the window are compared one after the other.
 */
export function maxPoolIndex(
  tf: TensorFlow,
  x: Tensor,
  { attributes, shape }: Node<'maxPoolIndex'>,
): Tensor {
  const { kernel, strides, dilations, padsBefore, padsAfter } = attributes;
  const spatial = x.shape.slice(2);
  // What the windows reach beyond the padding does not exist: −1 is no place.
  const reached = kernel.map(
    (extent, axis) => strides[axis]! * (shape[axis + 2]! - 1) + dilations[axis]! * (extent - 1) + 1,
  );
  const after = reached.map((extent, axis) =>
    Math.max(padsAfter[axis]!, extent - spatial[axis]! - padsBefore[axis]!),
  );
  const around = (y: Tensor, value: number): Tensor =>
    pad(tf, y, [0, 0, ...padsBefore], [0, 0, ...after], value);
  const places = tf.tensor(
    Float32Array.from({ length: sizeOf(spatial) }, (_, i) => i),
    [1, 1, ...spatial],
  );
  const values = around(x, 0);
  const indices = around(places, -1);

  let best: { value: Tensor; index: Tensor } | undefined;
  for (const tap of taps(kernel)) {
    const window = (y: Tensor): Tensor =>
      slice(tf, y, {
        starts: [0, 0, ...tap.map((at, axis) => at * dilations[axis]!)],
        steps: [1, 1, ...strides],
        counts: [y.shape[0], y.shape[1]!, ...shape.slice(2)],
      });
    const value = window(values);
    const index = tf.broadcastTo(window(indices), [...shape]);
    if (best === undefined) {
      best = { value, index };
      continue;
    }
    const none = tf.scalar(0);
    const better = tf.logicalAnd(
      tf.greaterEqual(index, none),
      tf.logicalOr(tf.less(best.index, none), tf.greater(value, best.value)),
    );
    best = {
      value: tf.where(better, value, best.value),
      index: tf.where(better, index, best.index),
    };
  }
  return best!.index;
}

/** Every index of a small shape, in C order. */
export function taps(kernel: readonly number[]): readonly (readonly number[])[] {
  return kernel.reduce<readonly (readonly number[])[]>(
    (all, extent) => all.flatMap((lead) => Array.from({ length: extent }, (_, i) => [...lead, i])),
    [[]],
  );
}
