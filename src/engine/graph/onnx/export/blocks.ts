import { sizeOf } from '../../../tensor';
import { isUnary } from '../../rules/unary';
import type { AnyNode, Node } from '../../operations';
import { BLOCKED_DOMAIN, blockedArgument, blockedConvolution } from './blockedLayout';
import { TensorProto_DataType } from '../onnx_pb';
import { mask } from './indices';
import type { NodeValues } from './nodeValues';
import { maskedProduct, type FusedConvolution } from './plan';
import { flip, pad, slice } from './slices';
import { writeUnary } from './unaryKernels';

const binaryNames = { add: 'Add', sub: 'Sub', mul: 'Mul', div: 'Div', pow: 'Pow' } as const;

export function emitInBlocks(values: NodeValues, node: AnyNode): void {
  const { model } = values;
  const out = values.blockedName(node);
  const [a, b] = node.inputs as [Node, Node];
  const fused = values.plan.fused.get(node.id);
  if (fused !== undefined) {
    convInBlocks(values, fused, out);
    return;
  }
  if (node.operation === 'input') {
    model.input(node.attributes.name, node.shape);
    return;
  }
  const masked = maskedProduct(node);
  if (masked !== null) {
    const step = maskInBlocks(values, masked.step);
    elementwise(values, 'Where', [masked.other, model.scalar(0)], node.shape, step, out);
  } else if (node.operation === 'step') {
    model.add('Cast', [maskInBlocks(values, node)], { to: model.elementType() }, out);
  } else if (node.operation === 'where') {
    const inside = maskInBlocks(values, a);
    elementwise(values, 'Where', [b, node.inputs[2]!], node.shape, inside, out);
  } else if (node.operation === 'power') {
    const exponent = model.scalar(node.attributes.exponent);
    elementwise(values, 'Pow', [a, exponent], node.shape, undefined, out);
  } else {
    const { operation } = node;
    // Of the argument's shape: in the same blocks.
    if (isUnary(operation)) writeUnary(model, operation, values.inBlocks(a), out);
    else {
      const type = binaryNames[operation as keyof typeof binaryNames];
      elementwise(values, type, node.inputs, node.shape, undefined, out);
    }
  }
}

/**
 * An operation on arrays in blocks element by element; arguments that are one value for each
 * channel, or one value, are broadcast.
 *
 * @param inside a mask in blocks, before the other arguments.
 */
function elementwise(
  values: NodeValues,
  type: string,
  args: readonly (Node | string)[],
  shape: readonly number[],
  inside?: string,
  out?: string,
): string {
  const { model } = values;
  const kinds = args.map((arg) =>
    typeof arg === 'string' ? 'scalar' : blockedArgument(arg.shape, shape),
  );
  const apart = values.apart(shape);
  const isApart = kinds.includes('channels');
  const whole = (name: string): string =>
    isApart ? model.add('Reshape', [name, model.ints(apart)]) : name;
  const given = args.map((arg, i) => {
    if (typeof arg === 'string') return arg;
    if (kinds[i] === 'image') return whole(values.inBlocks(arg));
    if (kinds[i] === 'scalar') return values.name(arg);
    return model.add('Reshape', [values.name(arg), model.ints([1, apart[1]!, 1, apart[3]!])]);
  });
  const all = inside === undefined ? given : [whole(inside), ...given];
  if (!isApart) return model.add(type, all, {}, out);
  return model.add('Reshape', [model.add(type, all), model.ints(shape)], {}, out);
}

/** A mask as booleans in blocks. */
function maskInBlocks(values: NodeValues, node: Node): string {
  const { model } = values;
  return values.once(`blocked mask ${node.id}`, () => {
    const { operation, inputs, shape } = node;
    if (operation === 'step') {
      return elementwise(values, 'Greater', [inputs[0]!, model.scalar(0)], shape);
    }
    const fits = inputs.every((input) => blockedArgument(input.shape, shape) !== null);
    if (operation === 'less' && fits) return elementwise(values, 'Less', inputs, shape);
    if (operation === 'equal' && fits) return elementwise(values, 'Equal', inputs, shape);
    if (operation === 'less' || operation === 'equal') {
      const floats = model.add('Cast', [mask(values, node)], { to: model.elementType() });
      const moved = model.add('ReorderInput', [floats], {}, undefined, BLOCKED_DOMAIN);
      return model.add('Cast', [moved], { to: TensorProto_DataType.BOOL });
    }
    return model.add('Cast', [values.inBlocks(node)], { to: TensorProto_DataType.BOOL });
  });
}

function convInBlocks(
  values: NodeValues,
  { conv, bias, sum, relu }: FusedConvolution,
  out: string,
): void {
  const { model } = values;
  const { image, kernel, turned, plain, strides, dilations, pads } = blockedConvolution(
    conv,
    values.plan.block,
  )!;
  const args = [
    plain ? values.name(image) : values.inBlocks(image),
    kernelInBlocks(values, kernel, turned, plain),
  ];
  if (bias !== null || sum !== null) args.push(bias === null ? '' : values.name(bias));
  if (sum !== null) args.push(values.inBlocks(sum));
  const attributes = { kernel_shape: kernel.shape.slice(2), strides, dilations, pads, group: 1 };
  const activation = relu ? { activation: 'Relu' } : {};
  model.add('Conv', args, { ...attributes, ...activation }, out, BLOCKED_DOMAIN);
}

/**
 * Weights [O, I, …] stored as [O / block, I / block, …, inputs of a block, outputs of one]. In steps
 * that each move one axis, for which there is fast code: four times as fast as in one.
 */
function kernelInBlocks(values: NodeValues, node: Node, turned: boolean, plain: boolean): string {
  const { model } = values;
  return values.once(`kernel ${node.id} ${String(turned)}`, () => {
    const { shape } = node;
    const [outputs, inputs, height, width] = shape as [number, number, number, number];
    const taps = height * width;
    const b = values.plan.block;
    const reshaped = (name: string, extents: readonly number[]): string =>
      model.add('Reshape', [name, model.ints(extents)]);
    const moved = (name: string, perm: readonly number[]): string =>
      model.add('Transpose', [name], { perm });
    const w = values.name(node);
    if (plain) {
      const split = reshaped(w, [outputs / b, b, inputs * taps]);
      return reshaped(moved(split, [0, 2, 1]), shape);
    }
    const inner = moved(reshaped(w, [outputs, inputs / b, b, taps]), [0, 1, 3, 2]);
    const split = reshaped(inner, [outputs / b, b, inputs / b, taps, b]);
    if (!turned) return reshaped(moved(split, [0, 2, 3, 4, 1]), shape);
    const extents = [inputs / b, outputs / b, taps, b, b];
    const back = flip(model, moved(split, [2, 0, 3, 1, 4]), extents, [2]);
    return reshaped(back, [inputs, outputs, height, width]);
  });
}

/** A sum over places, or over samples and places, of an array in blocks. */
export function sumInBlocks(values: NodeValues, node: Node<'sum'>, x: Node, out: string): boolean {
  const { model } = values;
  const { axes } = node.attributes;
  const places = axes.filter((axis) => axis > 1);
  if (
    axes.includes(1) ||
    sizeOf(places.map((axis) => x.shape[axis]!)) !== sizeOf(x.shape.slice(2))
  ) {
    return false;
  }
  const apart = model.add('Reshape', [values.inBlocks(x), model.ints(values.apart(x.shape))]);
  // Axis by axis, for which there is fast code.
  let sum = model.add('ReduceSum', [apart, model.ints([2])], { keepdims: 1 });
  if (axes.includes(0)) sum = model.add('ReduceSum', [sum, model.ints([0])], { keepdims: 1 });
  model.add('Reshape', [sum, model.ints(node.shape)], {}, out);
  return true;
}

/** Bytes of a convolution's kernel that stay in a core's own cache while it reads the images. */
const KERNEL_BYTES = 2 ** 20;

/**
 * A weight gradient, or the sum of several of one shape, as convolutions that each add to the one
 * before: inputs are the samples, samples the channels, and the cotangent is the kernel.
 */
export function convWeightInBlocks(
  values: NodeValues,
  gradients: readonly Node<'convWeight'>[],
  out: string,
): void {
  const { model } = values;
  const { block } = values.plan;
  const { shape } = gradients[0]!.attributes;
  const [outputs, inputs, ...kernel] = shape as [number, number, ...number[]];
  let taps: string | undefined;
  for (const node of gradients) {
    for (const { image, weights, extents } of partsOfGradient(values, node)) {
      const { strides, dilations } = node.attributes;
      taps = model.add(
        'Conv',
        [image, weights, ...(taps === undefined ? [] : ['', taps])],
        {
          kernel_shape: extents,
          strides: dilations,
          dilations: strides,
          pads: [0, 0, 0, 0],
          group: 1,
        },
        undefined,
        BLOCKED_DOMAIN,
      );
    }
  }
  // In two steps, as in `kernelInBlocks`.
  const count = sizeOf(kernel);
  const split = model.add('Reshape', [taps!, model.ints([inputs, outputs / block, count * block])]);
  const moved = model.add('Transpose', [split], { perm: [1, 0, 2] });
  const apart = model.add('Reshape', [moved, model.ints([outputs / block, inputs * count, block])]);
  const turned = model.add('Transpose', [apart], { perm: [0, 2, 1] });
  model.add('Reshape', [turned, model.ints(shape)], {}, out);
}

/** Images and kernels of the convolutions that a weight gradient is the sum of. */
function partsOfGradient(
  values: NodeValues,
  node: Node<'convWeight'>,
): { readonly image: string; readonly weights: string; readonly extents: readonly number[] }[] {
  const { model } = values;
  const [x, y] = node.inputs as [Node, Node];
  const { strides, dilations, padsBefore, shape } = node.attributes;
  const [samples, inputs] = x.shape as [number, number];
  const outputs = y.shape[1]!;
  const kernel = shape.slice(2);
  const places = y.shape.slice(2) as [number, number];
  const block = values.plan.block;
  const all = Math.ceil(samples / block) * block;
  // With padding, cut to what the windows reach, so that nothing but the taps comes out.
  const reached = kernel.map(
    (extent, axis) => strides[axis]! * (places[axis]! - 1) + dilations[axis]! * (extent - 1) + 1,
  ) as [number, number];
  const after = reached.map((extent, axis) => extent - x.shape[axis + 2]! - padsBefore[axis]!);
  const key = `${padsBefore.join(',')} ${after.join(',')}`;
  const image = values.once(`turned ${x.id} ${key}`, () => {
    const swapped = model.add('Transpose', [values.name(x)], { perm: [1, 0, 2, 3] });
    const padded = pad(model, swapped, [0, 0, ...padsBefore], [0, all - samples, ...after]);
    return model.add('ReorderInput', [padded], {}, undefined, BLOCKED_DOMAIN);
  });
  const weights = values.once(`weights ${y.id}`, () => {
    const padded = pad(model, values.inBlocks(y), [0, 0, 0, 0], [all - samples, 0, 0, 0]);
    const split = model.add('Reshape', [
      padded,
      model.ints([all / block, block, outputs / block, sizeOf(places), block]),
    ]);
    const moved = model.add('Transpose', [split], { perm: [2, 0, 3, 1, 4] });
    return model.add('Reshape', [moved, model.ints([outputs, all, ...places])]);
  });
  // A kernel that does not stay in the cache is read again for every row of every image: in strips of
  // rows it does. One block of outputs has as much to do for each reading as there is to be saved.
  const bytes = outputs * all * sizeOf(places) * Float32Array.BYTES_PER_ELEMENT;
  const strips = outputs === block ? 1 : Math.min(places[0], Math.ceil(bytes / KERNEL_BYTES));
  if (strips === 1) return [{ image, weights, extents: places }];
  const rowsOf = (name: string, extents: readonly number[], start: number, end: number): string => {
    const split = model.add('Reshape', [name, model.ints(extents)]);
    const counts = [extents[0]!, end - start, extents[2]!];
    return slice(model, split, extents, [0, start, 0], [1, 1, 1], counts);
  };
  return Array.from({ length: strips }, (_, strip) => {
    const start = Math.floor((strip * places[0]) / strips);
    const end = Math.floor(((strip + 1) * places[0]) / strips);
    const first = strides[0]! * start;
    const last = strides[0]! * (end - 1) + dilations[0]! * (kernel[0]! - 1) + 1;
    const ofImage = [inputs * (all / block), reached[0], reached[1] * block];
    const ofWeights = [(outputs / block) * (all / block), places[0], places[1] * block * block];
    return {
      image: model.add('Reshape', [
        rowsOf(image, ofImage, first, last),
        model.ints([inputs, all, last - first, reached[1]]),
      ]),
      weights: model.add('Reshape', [
        rowsOf(weights, ofWeights, start, end),
        model.ints([outputs, all, end - start, places[1]]),
      ]),
      extents: [end - start, places[1]],
    };
  });
}
