import { sizeOf } from '../../../tensor';
import { isUnary } from '../../rules/unary';
import type { AnyNode, Node } from '../../operations';
import { BLOCKED_DOMAIN, blockedArgument, blockedConvolution } from './blockedLayout';
import { TensorProto_DataType } from '../onnx_pb';
import { mask } from './indices';
import type { NodeValues } from './nodeValues';
import { maskedProduct, type FusedConvolution } from './plan';
import { flip, pad } from './slices';
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

/** Weights [O, I, …] stored as [O / block, I / block, …, inputs of a block, outputs of one]. */
function kernelInBlocks(values: NodeValues, node: Node, turned: boolean, plain: boolean): string {
  const { model } = values;
  return values.once(`kernel ${node.id} ${String(turned)}`, () => {
    const { shape } = node;
    const [outputs, inputs, height, width] = shape as [number, number, number, number];
    const w = turned ? flip(model, values.name(node), shape) : values.name(node);
    const b = values.plan.block;
    const extents = plain
      ? [outputs / b, b, inputs, 1, height, width]
      : [outputs / b, b, inputs / b, b, height, width];
    const split = model.add('Reshape', [w, model.ints(extents)]);
    const perm = turned ? [2, 0, 4, 5, 1, 3] : [0, 2, 4, 5, 3, 1];
    const moved = model.add('Transpose', [split], { perm });
    const to = turned ? [inputs, outputs, height, width] : shape;
    return model.add('Reshape', [moved, model.ints(to)]);
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

/**
 * The weight gradient as one convolution: inputs are its samples, samples its channels, and the
 * cotangent its kernel.
 */
export function convWeightInBlocks(
  values: NodeValues,
  node: Node<'convWeight'>,
  out: string,
): void {
  const { model } = values;
  const [x, y] = node.inputs as [Node, Node];
  const { strides, dilations, padsBefore, shape } = node.attributes;
  const [samples, inputs] = x.shape as [number, number];
  const outputs = y.shape[1]!;
  const kernel = shape.slice(2);
  const places = y.shape.slice(2);
  const block = values.plan.block;
  const all = Math.ceil(samples / block) * block;
  // With padding, cut to what the windows reach, so that nothing but the taps comes out.
  const after = kernel.map(
    (extent, axis) =>
      strides[axis]! * (places[axis]! - 1) +
      dilations[axis]! * (extent - 1) +
      1 -
      x.shape[axis + 2]! -
      padsBefore[axis]!,
  );
  const image = values.once(`turned ${x.id} ${padsBefore.join(',')} ${after.join(',')}`, () => {
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
  const taps = model.add(
    'Conv',
    [image, weights],
    {
      kernel_shape: places,
      strides: dilations,
      dilations: strides,
      pads: [0, 0, 0, 0],
      group: 1,
    },
    undefined,
    BLOCKED_DOMAIN,
  );
  const split = model.add('Reshape', [
    taps,
    model.ints([inputs, outputs / block, sizeOf(kernel), block]),
  ]);
  const moved = model.add('Transpose', [split], { perm: [1, 3, 0, 2] });
  model.add('Reshape', [moved, model.ints(shape)], {}, out);
}
