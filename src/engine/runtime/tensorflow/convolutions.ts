import type * as tfjs from '@tensorflow/tfjs';
import type { ConvAttributes } from '../../graph/operations';
import { sizeOf } from '../../tensor';
import type { Tensor, TensorFlow } from './api';
import { pad, place, slice } from './places';
import { taps } from './pooling';

type Shaped = ConvAttributes & { readonly shape: readonly number[] };

/**
 * Convolutions and their two adjoints. Those of two axes or one, in one group and without
 * dilation, are TensorFlow's own; it has no kernels, or none for all three, of the others, which
 * are a sum of matrix products over the taps of the kernel.
 *
 * Padding is added before, so that every kernel is a `valid` one: TensorFlow.js for Node refuses
 * uneven padding in the adjoints.
 */
export function conv(tf: TensorFlow, x: Tensor, w: Tensor, attributes: ConvAttributes): Tensor {
  const { kernel, places } = extents(x.shape, w.shape, attributes);
  const padded = padded4(tf, x, attributes, kernel, places);
  if (hasKernel(attributes)) {
    const result = tf.conv2d(
      lastChannels(tf, padded),
      kernelLast(tf, w) as tfjs.Tensor4D,
      strides2(attributes),
      'valid',
    );
    return firstChannels(tf, result, [x.shape[0], w.shape[0], ...places]);
  }
  const { groups } = attributes;
  const [samples, inputs] = x.shape as [number, number];
  const outputs = w.shape[0];
  const count = sizeOf(places);
  let sum: Tensor | undefined;
  for (const tap of taps(kernel)) {
    // [groups, outputs of one, inputs of one] · [samples, groups, inputs of one, places]
    const left = tf.reshape(tapOf(tf, w, tap), [1, groups, outputs / groups, inputs / groups]);
    const right = tf.reshape(shifted(tf, padded, tap, attributes, places), [
      samples,
      groups,
      inputs / groups,
      count,
    ]);
    const product = tf.matMul(repeat(tf, left, samples), right);
    sum = sum === undefined ? product : tf.add(sum, product);
  }
  return tf.reshape(sum!, [samples, outputs, ...places]);
}

/** From w and the cotangent y to the cotangent of x. */
export function convInput(tf: TensorFlow, w: Tensor, y: Tensor, attributes: Shaped): Tensor {
  const { shape, groups, padsBefore } = attributes;
  const { kernel, places } = extents(shape, w.shape, attributes);
  const [samples, inputs] = shape as [number, number];
  const reached = reach(attributes, kernel, places);
  let sum: Tensor | undefined;
  if (hasKernel(attributes)) {
    const inputShape = [samples, ...two(reached), inputs];
    const result = tf
      .engine()
      .runKernel<Tensor>(
        'Conv2DBackpropInput',
        { dy: lastChannels(tf, y), filter: kernelLast(tf, w) },
        { strides: strides2(attributes), pad: 'valid', dataFormat: 'NHWC', inputShape },
      );
    sum = firstChannels(tf, result, [samples, inputs, ...reached]);
  } else {
    const outputs = w.shape[0];
    const count = sizeOf(places);
    const right = tf.reshape(y, [samples, groups, outputs / groups, count]);
    for (const tap of taps(kernel)) {
      const left = tf.reshape(tapOf(tf, w, tap), [1, groups, outputs / groups, inputs / groups]);
      const product = tf.matMul(repeat(tf, left, samples), right, true);
      const placed = place(tf, tf.reshape(product, [samples, inputs, ...places]), {
        shape: [samples, inputs, ...reached],
        starts: [0, 0, ...tap.map((at, axis) => at * attributes.dilations[axis]!)],
        steps: [1, 1, ...attributes.strides],
      });
      sum = sum === undefined ? placed : tf.add(sum, placed);
    }
  }
  // Without the padding, and with zeros where no window reached.
  const before = padsBefore.map((amount) => -amount);
  const after = reached.map((extent, axis) => shape[axis + 2]! - extent + padsBefore[axis]!);
  return pad(tf, sum!, [0, 0, ...before], [0, 0, ...after]);
}

/** From x and the cotangent y to the cotangent of w. */
export function convWeight(tf: TensorFlow, x: Tensor, y: Tensor, attributes: Shaped): Tensor {
  const { shape, groups } = attributes;
  const { kernel, places } = extents(x.shape, shape, attributes);
  const padded = padded4(tf, x, attributes, kernel, places);
  const [samples, inputs] = x.shape as [number, number];
  const outputs = shape[0]!;
  if (hasKernel(attributes)) {
    const filterShape = [...two(kernel), inputs, outputs];
    const result = tf
      .engine()
      .runKernel<Tensor>(
        'Conv2DBackpropFilter',
        { x: lastChannels(tf, padded), dy: lastChannels(tf, y) },
        { strides: strides2(attributes), pad: 'valid', dataFormat: 'NHWC', filterShape },
      );
    return tf.reshape(tf.transpose(result, [3, 2, 0, 1]), [...shape]);
  }
  const count = sizeOf(places);
  const left = tf.reshape(y, [samples, groups, outputs / groups, count]);
  const parts = taps(kernel).map((tap) => {
    const right = tf.reshape(shifted(tf, padded, tap, attributes, places), [
      samples,
      groups,
      inputs / groups,
      count,
    ]);
    return tf.reshape(tf.sum(tf.matMul(left, right, false, true), 0), [
      outputs,
      inputs / groups,
      1,
    ]);
  });
  return tf.reshape(tf.concat(parts, 2), [...shape]);
}

function hasKernel({ groups, dilations }: ConvAttributes): boolean {
  return groups === 1 && dilations.length <= 2 && dilations.every((dilation) => dilation === 1);
}

/** Extents of the kernel and of the places it is put at. */
function extents(
  x: readonly number[],
  w: readonly number[],
  { strides, dilations, padsBefore, padsAfter }: ConvAttributes,
): { readonly kernel: readonly number[]; readonly places: readonly number[] } {
  const kernel = w.slice(2);
  const places = kernel.map((extent, axis) => {
    const whole = x[axis + 2]! + padsBefore[axis]! + padsAfter[axis]!;
    return Math.floor((whole - dilations[axis]! * (extent - 1) - 1) / strides[axis]!) + 1;
  });
  return { kernel, places };
}

/** How far from the first element of the padding the windows reach. */
function reach(
  { strides, dilations }: ConvAttributes,
  kernel: readonly number[],
  places: readonly number[],
): readonly number[] {
  return kernel.map(
    (extent, axis) => strides[axis]! * (places[axis]! - 1) + dilations[axis]! * (extent - 1) + 1,
  );
}

/** x with its padding, cut to what the windows reach. */
function padded4(
  tf: TensorFlow,
  x: Tensor,
  attributes: ConvAttributes,
  kernel: readonly number[],
  places: readonly number[],
): Tensor {
  const before = attributes.padsBefore;
  const after = reach(attributes, kernel, places).map(
    (extent, axis) => extent - x.shape[axis + 2]! - before[axis]!,
  );
  return pad(tf, x, [0, 0, ...before], [0, 0, ...after]);
}

/** What one tap of the kernel meets, at every place. */
function shifted(
  tf: TensorFlow,
  padded: Tensor,
  tap: readonly number[],
  { strides, dilations }: ConvAttributes,
  places: readonly number[],
): Tensor {
  return slice(tf, padded, {
    starts: [0, 0, ...tap.map((at, axis) => at * dilations[axis]!)],
    steps: [1, 1, ...strides],
    counts: [padded.shape[0], padded.shape[1]!, ...places],
  });
}

/** [O, C] of one tap. */
function tapOf(tf: TensorFlow, w: Tensor, tap: readonly number[]): Tensor {
  return slice(tf, w, {
    starts: [0, 0, ...tap],
    steps: w.shape.map(() => 1),
    counts: [w.shape[0], w.shape[1]!, ...tap.map(() => 1)],
  });
}

function repeat(tf: TensorFlow, x: Tensor, samples: number): Tensor {
  return samples === 1 ? x : tf.tile(x, [samples, ...x.shape.slice(1).map(() => 1)]);
}

/** One axis is two, of which the first is one long. */
function two(spatial: readonly number[]): [number, number] {
  return spatial.length === 1 ? [1, spatial[0]!] : [spatial[0]!, spatial[1]!];
}

function strides2({ strides }: ConvAttributes): [number, number] {
  return two(strides);
}

/** [N, C, …] as [N, H, W, C]. */
function lastChannels(tf: TensorFlow, x: Tensor): tfjs.Tensor4D {
  const wide = tf.reshape(x, [x.shape[0], x.shape[1]!, ...two(x.shape.slice(2))]);
  return tf.transpose(wide, [0, 2, 3, 1]) as tfjs.Tensor4D;
}

function firstChannels(tf: TensorFlow, x: Tensor, shape: readonly number[]): Tensor {
  return tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [...shape]);
}

/** [O, C, …] as [H, W, C, O]. */
function kernelLast(tf: TensorFlow, w: Tensor): Tensor {
  const wide = tf.reshape(w, [w.shape[0], w.shape[1]!, ...two(w.shape.slice(2))]);
  return tf.transpose(wide, [2, 3, 1, 0]);
}
