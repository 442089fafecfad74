import { sizeOf } from '../../../tensor';
import type { ConvAttributes } from '../../operations';
import { turnedPads } from './blockedLayout';
import type { ModelWriter } from './modelWriter';
import { flip, pad, place, slice } from './slices';

/** Bytes of shifted inputs a product reads at once in a weight gradient: they fit a core's cache. */
const STACK_BYTES = 3 * 2 ** 19;

/** Places of one sample from which its product alone is long enough. */
const LONG_ROW = 512;

export function conv(
  model: ModelWriter,
  args: readonly string[],
  w: readonly number[],
  attributes: ConvAttributes,
  out: string,
): void {
  model.add(
    'Conv',
    args,
    {
      kernel_shape: w.slice(2),
      strides: attributes.strides,
      dilations: attributes.dilations,
      pads: [...attributes.padsBefore, ...attributes.padsAfter],
      group: attributes.groups,
    },
    out,
  );
}

export function convInput(
  model: ModelWriter,
  [w, y]: readonly string[],
  wShape: readonly number[],
  yShape: readonly number[],
  conv: ConvAttributes & { readonly shape: readonly number[] },
  out: string,
): void {
  const kernel = wShape.slice(2);
  const reach = kernel.map((extent, axis) => conv.dilations[axis]! * (extent - 1));
  if (conv.groups === 1 && conv.strides.every((stride) => stride === 1)) {
    // A convolution with the kernel turned round, which has the faster code.
    const turned = model.add('Transpose', [flip(model, w!, wShape)], {
      perm: wShape.map((_, axis) => (axis === 0 ? 1 : axis === 1 ? 0 : axis)),
    });
    const pads = turnedPads(wShape, conv);
    if (pads.every((pad) => pad >= 0)) {
      model.add(
        'Conv',
        [y!, turned],
        {
          kernel_shape: kernel,
          strides: kernel.map(() => 1),
          dilations: conv.dilations,
          pads,
          group: 1,
        },
        out,
      );
      return;
    }
  }
  const outputPadding = kernel.map(
    (_, axis) =>
      conv.shape[axis + 2]! -
      ((yShape[axis + 2]! - 1) * conv.strides[axis]! +
        reach[axis]! +
        1 -
        conv.padsBefore[axis]! -
        conv.padsAfter[axis]!),
  );
  model.add(
    'ConvTranspose',
    [y!, w!],
    {
      kernel_shape: kernel,
      strides: conv.strides,
      dilations: conv.dilations,
      pads: [...conv.padsBefore, ...conv.padsAfter],
      output_padding: outputPadding,
      group: conv.groups,
    },
    out,
  );
}

/**
 * The weight gradient as matrix products. Its taps along the last axis are shifts of x, those
 * along the others are shifts of y: both are stacked as channels, and one product of the two
 * stacks over all places has every tap. Samples are taken in portions whose stacks stay in the
 * processor's cache; a device takes all of them. Measured in docs/derivatives.md.
 */
export function convWeight(
  model: ModelWriter,
  [x, y]: readonly string[],
  xShape: readonly number[],
  yShape: readonly number[],
  conv: ConvAttributes & { readonly shape: readonly number[] },
  out: string,
): void {
  const samples = xShape[0]!;
  const stacked = xShape[1]! * conv.shape.at(-1)! * sizeOf(xShape.slice(2)) * 4;
  const portion = model.device !== null ? samples : Math.max(1, Math.floor(STACK_BYTES / stacked));
  const count = Math.ceil(samples / portion);
  const parts = Array.from({ length: count }, (_, i) => {
    const start = Math.floor((i * samples) / count);
    const size = Math.floor(((i + 1) * samples) / count) - start;
    const some = (name: string, shape: readonly number[]): string =>
      count === 1
        ? name
        : slice(
            model,
            name,
            shape,
            shape.map((_, axis) => (axis === 0 ? start : 0)),
            shape.map(() => 1),
            [size, ...shape.slice(1)],
          );
    return convWeightOf(
      model,
      some(x!, xShape),
      some(y!, yShape),
      [size, ...xShape.slice(1)],
      [size, ...yShape.slice(1)],
      conv,
    );
  });
  const sum = count === 1 ? parts[0]! : model.add('Sum', parts);
  const { groups, shape } = conv;
  const kernel = shape.slice(2);
  const split = model.add('Reshape', [
    sum,
    model.ints([
      groups,
      sizeOf(kernel.slice(0, -1)),
      shape[0]! / groups,
      kernel.at(-1)!,
      shape[1]!,
    ]),
  ]);
  const moved = model.add('Transpose', [split], { perm: [0, 2, 4, 1, 3] });
  model.add('Reshape', [moved, model.ints(shape)], {}, out);
}

/** Of some samples: [groups, taps of y · outputs, taps of x · inputs]. */
function convWeightOf(
  model: ModelWriter,
  x: string,
  y: string,
  xShape: readonly number[],
  yShape: readonly number[],
  conv: ConvAttributes & { readonly shape: readonly number[] },
): string {
  const { groups, strides, dilations } = conv;
  const kernel = conv.shape.slice(2);
  const last = kernel.length - 1;
  const [samples, inputs] = xShape as [number, number];
  const outputs = yShape[1]!;

  // x with padding, cut to what the windows reach.
  const reached = kernel.map(
    (extent, axis) =>
      strides[axis]! * (yShape[axis + 2]! - 1) + dilations[axis]! * (extent - 1) + 1,
  );
  // Axes along which there is one tap only are read where y is: nothing is placed there.
  const single = kernel.map((extent, axis) => axis < last && extent === 1);
  const rows = kernel.map((_, axis) =>
    axis === last || single[axis] ? yShape[axis + 2]! : reached[axis]!,
  );
  const count = sizeOf(rows);
  // Short rows are joined over the samples: few long products are faster than many short ones.
  const joined = groups === 1 && samples > 1 && count < LONG_ROW;
  const swap = xShape.map((_, axis) => (axis === 0 ? 1 : axis === 1 ? 0 : axis));
  const [first, second] = joined ? [inputs, samples] : [samples, inputs];
  const source = joined ? model.add('Transpose', [x], { perm: swap }) : x;
  const after = reached.map((extent, axis) => extent - xShape[axis + 2]! - conv.padsBefore[axis]!);
  const padded = pad(model, source, [0, 0, ...conv.padsBefore], [0, 0, ...after]);
  const paddedShape = [first, second, ...reached];
  const shifts = Array.from({ length: kernel[last]! }, (_, tap) =>
    slice(
      model,
      padded,
      paddedShape,
      paddedShape.map((_, axis) => (axis === last + 2 ? tap * dilations[last]! : 0)),
      paddedShape.map((_, axis) =>
        axis === last + 2 || single[axis - 2] === true ? strides[axis - 2]! : 1,
      ),
      [first, second, ...rows],
    ),
  );
  const turned = joined ? model.add('Transpose', [y], { perm: swap }) : y;
  const turnedShape = joined ? [outputs, samples, ...yShape.slice(2)] : yShape;
  let places: { name: string; shape: readonly number[] }[] = [{ name: turned, shape: turnedShape }];
  for (let axis = 0; axis < last; axis += 1) {
    if (single[axis]) continue;
    places = places.flatMap(({ name, shape }) => {
      const to = shape.map((extent, i) => (i === axis + 2 ? reached[axis]! : extent));
      return Array.from({ length: kernel[axis]! }, (_, tap) => ({
        name: place(model, name, shape, {
          shape: to,
          starts: to.map((_, i) => (i === axis + 2 ? tap * dilations[axis]! : 0)),
          steps: to.map((_, i) => (i === axis + 2 ? strides[axis]! : 1)),
        }),
        shape: to,
      }));
    });
  }

  const stack = (names: readonly string[], channels: number): string => {
    const own = channels / groups;
    const apart = names.map((name) =>
      groups === 1 ? name : model.add('Reshape', [name, model.ints([samples, groups, own, count])]),
    );
    const axis = joined ? 0 : groups === 1 ? 1 : 2;
    const all = apart.length === 1 ? apart[0]! : model.add('Concat', apart, { axis });
    return model.add('Reshape', [
      all,
      model.ints(
        joined
          ? [1, names.length * channels, samples * count]
          : [samples, groups, names.length * own, count],
      ),
    ]);
  };
  const left = stack(
    places.map(({ name }) => name),
    outputs,
  );
  const right = stack(shifts, inputs);
  const product = productTransposed(model, left, right, joined ? 3 : 4);
  return joined ? product : model.add('ReduceSum', [product, model.ints([0])], { keepdims: 0 });
}

/** a·bᵀ over the last two of `rank` axes. */
function productTransposed(model: ModelWriter, a: string, b: string, rank: number): string {
  // WebGPU has no kernel for the fused product, and would hand it to the processor.
  if (model.precision === 'float32' && model.device !== 'webgpu') {
    return model.add('FusedMatMul', [a, b], { transB: 1 }, undefined, 'com.microsoft');
  }
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const perm = [...axes.slice(0, -2), rank - 1, rank - 2];
  return model.add('MatMul', [a, model.add('Transpose', [b], { perm })]);
}
