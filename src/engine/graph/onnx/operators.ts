import { InputError } from '../../../shared/inputError';
import { sizeOf } from '../../tensor';
import { logSoftmax, softmax } from '../softmax';
import { broadcastShape, type ConvAttributes, type Graph, type Node } from '../graph';
import type { AttributeProto } from './onnx_pb';
import { readTensorProto } from './tensorProto';

/** Values known when the graph is built: the shape arithmetic of exports. */
export interface Known {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export type Value = Node | Known;

export interface OperatorContext {
  readonly g: Graph;
  /** null where an optional input is left out. */
  readonly inputs: readonly (Value | null)[];
  readonly attributes: readonly AttributeProto[];
}

type Operator = (context: OperatorContext) => readonly Value[];

/** ONNX operators by name, each in terms of Basin's own operations. */
export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['Identity', (c) => [required(c, 0)]],
  ['Dropout', (c) => [required(c, 0)]],
  ['Constant', (c) => [constant(c)]],
  ['Cast', (c) => [cast(c)]],

  ['Neg', unary((g, x) => g.neg(x))],
  ['Exp', unary((g, x) => g.exp(x))],
  ['Log', unary((g, x) => g.log(x))],
  ['Sqrt', unary((g, x) => g.sqrt(x))],
  ['Reciprocal', unary((g, x) => g.reciprocal(x))],
  ['Tanh', unary((g, x) => g.tanh(x))],
  ['Sigmoid', unary((g, x) => g.sigmoid(x))],
  ['Erf', unary((g, x) => g.erf(x))],
  ['Sin', unary((g, x) => g.sin(x))],
  ['Cos', unary((g, x) => g.cos(x))],
  ['Abs', unary((g, x) => g.abs(x))],
  ['Relu', unary((g, x) => g.relu(x))],
  // log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|)
  [
    'Softplus',
    unary((g, x) => g.add(g.relu(x), g.log(g.add(g.scalar(1), g.exp(g.neg(g.abs(x))))))),
  ],
  [
    'LeakyRelu',
    (c) => {
      const x = node(c, 0);
      const slope = float(c, 'alpha', 0.01);
      const { g } = c;
      return [g.sub(g.relu(x), g.mul(g.scalar(slope), g.relu(g.neg(x))))];
    },
  ],

  [
    'Add',
    binary(
      (g, a, b) => g.add(a, b),
      (u, v) => u + v,
    ),
  ],
  [
    'Sub',
    binary(
      (g, a, b) => g.sub(a, b),
      (u, v) => u - v,
    ),
  ],
  [
    'Mul',
    binary(
      (g, a, b) => g.mul(a, b),
      (u, v) => u * v,
    ),
  ],
  [
    'Div',
    binary(
      (g, a, b) => g.div(a, b),
      (u, v) => u / v,
    ),
  ],
  ['Pow', (c) => [power(c)]],

  ['Softmax', (c) => [softmax(c.g, node(c, 0), integer(c, 'axis', -1))]],
  ['LogSoftmax', (c) => [logSoftmax(c.g, node(c, 0), integer(c, 'axis', -1))]],
  ['ReduceMean', (c) => [reduce(c, (g, x, axes, keep) => g.mean(x, axes, keep))]],
  ['ReduceSum', (c) => [reduce(c, (g, x, axes, keep) => g.sum(x, axes, keep))]],
  [
    'GlobalAveragePool',
    (c) => {
      const x = node(c, 0);
      return [c.g.mean(x, x.shape.map((_, axis) => axis).slice(2), true)];
    },
  ],

  ['Shape', (c) => [shapeOf(c)]],
  ['Reshape', (c) => [reshape(c)]],
  ['Flatten', (c) => [flatten(c)]],
  ['Squeeze', (c) => [squeeze(c)]],
  ['Unsqueeze', (c) => [unsqueeze(c)]],
  ['Expand', (c) => [expand(c)]],
  ['Transpose', (c) => [transpose(c)]],
  ['Concat', (c) => [concat(c)]],
  ['Slice', (c) => [slice(c)]],
  ['Gather', (c) => [gather(c)]],
  ['Pad', (c) => [pad(c)]],

  ['MatMul', (c) => [c.g.matmul(node(c, 0), node(c, 1))]],
  ['Gemm', (c) => [gemm(c)]],
  ['Conv', (c) => [conv(c)]],
  ['BatchNormalization', (c) => [batchNormalization(c)]],
]);

function isNode(value: Value): value is Node {
  return 'operation' in value;
}

function required({ inputs }: OperatorContext, position: number): Value {
  const value = inputs[position];
  if (value === null || value === undefined)
    throw new InputError(`input ${position} is missing`, 'damaged');
  return value;
}

function node(c: OperatorContext, position: number): Node {
  return asNode(c.g, required(c, position));
}

function asNode(g: Graph, value: Value): Node {
  return isNode(value) ? value : g.constant(value.data, value.shape);
}

/** An input that must be known when the graph is built: a shape, a list of axes. */
function integers(c: OperatorContext, position: number): readonly number[] | null {
  const value = c.inputs[position];
  if (value === null || value === undefined) return null;
  if (isNode(value)) {
    throw new InputError(
      `input ${position} depends on the data, so that shapes are not known; export the model with fixed shapes but for the batch`,
      'unsupported',
    );
  }
  return [...value.data];
}

function known(values: readonly number[]): Known {
  return { shape: [values.length], data: Float64Array.from(values) };
}

function find(c: OperatorContext, name: string): AttributeProto | undefined {
  return c.attributes.find((attribute) => attribute.name === name);
}

function integer(c: OperatorContext, name: string, absent: number): number {
  const found = find(c, name);
  return found === undefined ? absent : Number(found.i);
}

function float(c: OperatorContext, name: string, absent: number): number {
  const found = find(c, name);
  // Written as float32: the decimal number that was meant is the shortest that rounds to it.
  return found === undefined ? absent : Number(found.f.toPrecision(7));
}

function list(c: OperatorContext, name: string): readonly number[] | null {
  const found = find(c, name);
  return found === undefined ? null : found.ints.map(Number);
}

function text(c: OperatorContext, name: string, absent: string): string {
  const found = find(c, name);
  return found === undefined ? absent : new TextDecoder().decode(found.s);
}

function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

function unary(rule: (g: Graph, x: Node) => Node): Operator {
  return (c) => [rule(c.g, node(c, 0))];
}

function binary(
  rule: (g: Graph, a: Node, b: Node) => Node,
  value: (u: number, v: number) => number,
): Operator {
  return (c) => {
    const [a, b] = [required(c, 0), required(c, 1)];
    if (isNode(a) || isNode(b)) return [rule(c.g, asNode(c.g, a), asNode(c.g, b))];
    const shape = broadcastShape(a.shape, b.shape);
    if (a.data.length !== 1 && b.data.length !== 1 && a.data.length !== b.data.length) {
      return [rule(c.g, asNode(c.g, a), asNode(c.g, b))];
    }
    const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) =>
      value(a.data[a.data.length === 1 ? 0 : i]!, b.data[b.data.length === 1 ? 0 : i]!),
    );
    return [{ shape, data }];
  };
}

function constant(c: OperatorContext): Value {
  const [attribute] = c.attributes;
  switch (attribute?.name) {
    case 'value':
      if (attribute.t !== undefined) return readTensorProto(attribute.t, 'constant');
      break;
    case 'value_float':
      return { shape: [], data: Float64Array.of(attribute.f) };
    case 'value_int':
      return { shape: [], data: Float64Array.of(Number(attribute.i)) };
    case 'value_floats':
      return known(attribute.floats);
    case 'value_ints':
      return known(attribute.ints.map(Number));
    default:
      break;
  }
  throw new InputError('a constant of this kind is not read', 'unsupported');
}

/** Types only matter for known values: everything computed is a float. */
function cast(c: OperatorContext): Value {
  const value = required(c, 0);
  if (isNode(value)) return value;
  const to = integer(c, 'to', 1);
  const INTEGER_TYPES = [2, 3, 4, 5, 6, 7, 12, 13];
  return INTEGER_TYPES.includes(to) ? { ...value, data: value.data.map(Math.trunc) } : value;
}

function power(c: OperatorContext): Node {
  const exponent = required(c, 1);
  if (isNode(exponent) || exponent.data.length !== 1) {
    throw new InputError(
      'an exponent that is not one known number is not supported',
      'unsupported',
    );
  }
  return c.g.power(node(c, 0), exponent.data[0]!);
}

function reduce(
  c: OperatorContext,
  rule: (g: Graph, x: Node, axes: readonly number[], keep: boolean) => Node,
): Node {
  const x = node(c, 0);
  const axes = list(c, 'axes') ?? integers(c, 1);
  if ((axes === null || axes.length === 0) && integer(c, 'noop_with_empty_axes', 0) === 1) return x;
  const all = x.shape.map((_, axis) => axis);
  return rule(
    c.g,
    x,
    axes === null || axes.length === 0 ? all : axes,
    integer(c, 'keepdims', 1) === 1,
  );
}

function shapeOf(c: OperatorContext): Known {
  const { shape } = required(c, 0);
  const start = axisOf(integer(c, 'start', 0), shape.length);
  const end = axisOf(integer(c, 'end', shape.length), shape.length);
  return known(shape.slice(start, end));
}

function withShape(c: OperatorContext, value: Value, shape: readonly number[]): Value {
  return isNode(value) ? c.g.reshape(value, shape) : { shape, data: value.data };
}

function reshape(c: OperatorContext): Value {
  const x = required(c, 0);
  const wanted = integers(c, 1) ?? [];
  const copied = wanted.map((extent, axis) =>
    extent === 0 && integer(c, 'allowzero', 0) === 0 ? x.shape[axis]! : extent,
  );
  const rest = copied.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
  const shape = copied.map((extent) => (extent === -1 ? sizeOf(x.shape) / rest : extent));
  return withShape(c, x, shape);
}

function flatten(c: OperatorContext): Value {
  const x = required(c, 0);
  const axis = axisOf(integer(c, 'axis', 1), x.shape.length);
  return withShape(c, x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
}

function squeeze(c: OperatorContext): Value {
  const x = required(c, 0);
  const axes = (integers(c, 1) ?? list(c, 'axes'))?.map((axis) => axisOf(axis, x.shape.length));
  const shape = x.shape.filter(
    (extent, axis) => axes?.includes(axis) !== true && (axes !== undefined || extent !== 1),
  );
  return withShape(c, x, shape);
}

function unsqueeze(c: OperatorContext): Value {
  const x = required(c, 0);
  const given = integers(c, 1) ?? list(c, 'axes') ?? [];
  const rank = x.shape.length + given.length;
  const axes = given.map((axis) => axisOf(axis, rank));
  const left = [...x.shape];
  const shape = Array.from({ length: rank }, (_, axis) =>
    axes.includes(axis) ? 1 : left.shift()!,
  );
  return withShape(c, x, shape);
}

function expand(c: OperatorContext): Node {
  const x = node(c, 0);
  return c.g.expand(x, broadcastShape(x.shape, integers(c, 1) ?? []));
}

function transpose(c: OperatorContext): Node {
  const x = node(c, 0);
  return c.g.transpose(x, list(c, 'perm') ?? x.shape.map((_, axis) => x.shape.length - 1 - axis));
}

function concat(c: OperatorContext): Value {
  const parts = c.inputs.map((_, position) => required(c, position));
  if (parts.every((part): part is Known => !isNode(part) && part.shape.length === 1)) {
    return known(parts.flatMap((part) => [...part.data]));
  }
  const axis = axisOf(integer(c, 'axis', 0), parts[0]!.shape.length);
  return c.g.concat(
    parts.map((part) => asNode(c.g, part)),
    axis,
  );
}

function slice(c: OperatorContext): Value {
  const x = required(c, 0);
  const rank = x.shape.length;
  const from = integers(c, 1) ?? [];
  const to = integers(c, 2) ?? [];
  const axes = (integers(c, 3) ?? from.map((_, axis) => axis)).map((axis) => axisOf(axis, rank));
  const by = integers(c, 4) ?? axes.map(() => 1);

  const starts = x.shape.map(() => 0);
  const steps = x.shape.map(() => 1);
  const counts = [...x.shape];
  axes.forEach((axis, position) => {
    const extent = x.shape[axis]!;
    const step = by[position]!;
    const clamp = (at: number, low: number, high: number): number =>
      Math.min(Math.max(at < 0 ? at + extent : at, low), high);
    const start =
      step > 0 ? clamp(from[position]!, 0, extent) : clamp(from[position]!, 0, extent - 1);
    const end = step > 0 ? clamp(to[position]!, 0, extent) : clamp(to[position]!, -1, extent - 1);
    starts[axis] = start;
    steps[axis] = step;
    counts[axis] = Math.max(0, Math.ceil((end - start) / step));
  });
  if (!isNode(x) && rank === 1) {
    return known(Array.from({ length: counts[0]! }, (_, i) => x.data[starts[0]! + i * steps[0]!]!));
  }
  return c.g.slice(asNode(c.g, x), { starts, steps, counts });
}

/** Of known values by known indices; of computed values by one known index. */
function gather(c: OperatorContext): Value {
  const x = required(c, 0);
  const indices = required(c, 1);
  const axis = axisOf(integer(c, 'axis', 0), x.shape.length);
  if (isNode(indices)) {
    throw new InputError(
      'gathering by computed indices (an embedding) is not supported yet',
      'unsupported',
    );
  }
  const at = [...indices.data].map((index) => axisOf(index, x.shape[axis]!));
  if (!isNode(x) && x.shape.length === 1) {
    return { shape: indices.shape, data: Float64Array.from(at, (index) => x.data[index]!) };
  }
  const source = asNode(c.g, x);
  const picked = at.map((index) =>
    c.g.slice(source, {
      starts: source.shape.map((_, i) => (i === axis ? index : 0)),
      steps: source.shape.map(() => 1),
      counts: source.shape.map((extent, i) => (i === axis ? 1 : extent)),
    }),
  );
  const shape = [...source.shape.slice(0, axis), ...indices.shape, ...source.shape.slice(axis + 1)];
  return c.g.reshape(c.g.concat(picked, axis), shape);
}

function pad(c: OperatorContext): Node {
  const x = node(c, 0);
  const rank = x.shape.length;
  const amounts = integers(c, 1) ?? [];
  const value = c.inputs[2];
  const isZero = value === null || value === undefined || (!isNode(value) && value.data[0] === 0);
  if (
    text(c, 'mode', 'constant') !== 'constant' ||
    !isZero ||
    amounts.some((amount) => amount < 0)
  ) {
    throw new InputError('only padding with zeros is supported', 'unsupported');
  }
  const axes = integers(c, 3) ?? x.shape.map((_, axis) => axis);
  const before = x.shape.map(() => 0);
  const after = x.shape.map(() => 0);
  axes.forEach((axis, position) => {
    before[axisOf(axis, rank)] = amounts[position]!;
    after[axisOf(axis, rank)] = amounts[position + axes.length]!;
  });
  const shape = x.shape.map((extent, axis) => extent + before[axis]! + after[axis]!);
  return c.g.place(
    x,
    shape,
    before,
    x.shape.map(() => 1),
  );
}

function gemm(c: OperatorContext): Node {
  const { g } = c;
  const a = integer(c, 'transA', 0) === 1 ? g.matrixTranspose(node(c, 0)) : node(c, 0);
  const b = integer(c, 'transB', 0) === 1 ? g.matrixTranspose(node(c, 1)) : node(c, 1);
  const product = g.mul(g.matmul(a, b), g.scalar(float(c, 'alpha', 1)));
  const added = c.inputs[2];
  if (added === null || added === undefined) return product;
  return g.add(product, g.mul(asNode(g, added), g.scalar(float(c, 'beta', 1))));
}

function conv(c: OperatorContext): Node {
  const { g } = c;
  const x = node(c, 0);
  const w = node(c, 1);
  const result = g.conv(x, w, convAttributes(c, x.shape, w.shape));
  return c.inputs[2] === null || c.inputs[2] === undefined
    ? result
    : g.add(result, perChannel(g, node(c, 2), result));
}

function convAttributes(
  c: OperatorContext,
  x: readonly number[],
  w: readonly number[],
): ConvAttributes {
  const kernel = w.slice(2);
  const strides = list(c, 'strides') ?? kernel.map(() => 1);
  const dilations = list(c, 'dilations') ?? kernel.map(() => 1);
  const automatic = text(c, 'auto_pad', 'NOTSET');
  let padsBefore = kernel.map(() => 0);
  let padsAfter = kernel.map(() => 0);
  if (automatic === 'SAME_UPPER' || automatic === 'SAME_LOWER') {
    kernel.forEach((extent, axis) => {
      const places = Math.ceil(x[axis + 2]! / strides[axis]!);
      const reach = dilations[axis]! * (extent - 1) + 1;
      const total = Math.max(0, (places - 1) * strides[axis]! + reach - x[axis + 2]!);
      const less = Math.floor(total / 2);
      padsBefore[axis] = automatic === 'SAME_UPPER' ? less : total - less;
      padsAfter[axis] = total - padsBefore[axis];
    });
  } else {
    const pads = list(c, 'pads');
    if (pads !== null) {
      padsBefore = pads.slice(0, kernel.length);
      padsAfter = pads.slice(kernel.length);
    }
  }
  return { strides, dilations, padsBefore, padsAfter, groups: integer(c, 'group', 1) };
}

/** A vector of one value for each channel, shaped to broadcast over [N, C, …]. */
function perChannel(g: Graph, vector: Node, like: Node): Node {
  return g.reshape(vector, [1, vector.shape[0]!, ...like.shape.slice(2).map(() => 1)]);
}

/**
 * (x − mean) · scale / √(variance + ε) + bias, with the checkpoint's own statistics. Behind a
 * convolution the factor goes into the weights, where it costs nothing.
 */
function batchNormalization(c: OperatorContext): Node {
  const { g } = c;
  const x = node(c, 0);
  const [scale, bias, mean, variance] = [node(c, 1), node(c, 2), node(c, 3), node(c, 4)];
  const deviation = g.sqrt(g.add(variance, g.scalar(float(c, 'epsilon', 1e-5))));
  const factor = g.div(scale, deviation);
  const offset = g.sub(bias, g.mul(mean, factor));
  if (x.operation === 'conv') {
    const [input, w] = x.inputs as [Node, Node];
    const scaled = g.mul(w, g.reshape(factor, [w.shape[0]!, ...w.shape.slice(1).map(() => 1)]));
    const result = g.conv(input, scaled, (x as Node<'conv'>).attributes);
    return g.add(result, perChannel(g, offset, result));
  }
  return g.add(g.mul(x, perChannel(g, factor, x)), perChannel(g, offset, x));
}
