import { sizeOf, sameShape } from '../tensor';
import type { Builder } from './builder';
import {
  knownScalar,
  type BinaryOperation,
  type ConvAttributes,
  type Node,
  type Operation,
  type OperationAttributes,
  type Origin,
  type PoolAttributes,
  type SliceAttributes,
  type UnaryOperation,
} from './operations';
import { broadcastShape, normalAxes, requireSize, ShapeError } from './shapes';
import { binaryRules } from './rules/binary';
import { evaluate, ruleOf } from './rules/rules';
import { unaryRules } from './rules/unary';
import { say } from '../../shared/words/message';

/**
 * Builds nodes. Equal nodes are one node, known values are computed at once when they are small,
 * and what is without effect (adding zero, reshaping to the same shape) is not built.
 */
export class Graph implements Builder {
  private next = 0;
  private readonly known = new Map<string, Node>();
  private origin: Origin | null = null;
  private readonly origins = new Map<number, Origin>();

  /** Remembers what new nodes are made for. */
  within<T>(origin: Origin | null, make: () => T): T {
    const before = this.origin;
    this.origin = origin;
    try {
      return make();
    } finally {
      this.origin = before;
    }
  }

  /** What a node was first made for; null where nobody said. */
  originOf(node: Node): Origin | null {
    return this.origins.get(node.id) ?? null;
  }

  /** Remembers new nodes as derivatives of what another node was made for. */
  differentiating<T>(node: Node, make: () => T): T {
    const origin = this.originOf(node);
    return this.within(origin === null ? null : { ...origin, isDerivative: true }, make);
  }

  input(name: string, shape: readonly number[]): Node<'input'> {
    return this.node('input', [], { name, shape });
  }

  /** @param data float64 values in C order; not copied. */
  constant(data: Float64Array, shape: readonly number[]): Node<'constant'> {
    return this.node('constant', [], { data, shape });
  }

  scalar(value: number): Node<'constant'> {
    return this.constant(Float64Array.of(value), []);
  }

  zeros(shape: readonly number[]): Node {
    return this.expand(this.scalar(0), shape);
  }

  neg(x: Node): Node {
    if (x.operation === 'neg') return x.inputs[0]!;
    return this.unary('neg', x);
  }
  exp(x: Node): Node {
    return this.unary('exp', x);
  }
  log(x: Node): Node {
    return this.unary('log', x);
  }
  log1p(x: Node): Node {
    return this.unary('log1p', x);
  }
  expm1(x: Node): Node {
    return this.unary('expm1', x);
  }
  sqrt(x: Node): Node {
    return this.unary('sqrt', x);
  }
  reciprocal(x: Node): Node {
    return this.unary('reciprocal', x);
  }
  tanh(x: Node): Node {
    return this.unary('tanh', x);
  }
  sigmoid(x: Node): Node {
    return this.unary('sigmoid', x);
  }
  erf(x: Node): Node {
    return this.unary('erf', x);
  }
  sin(x: Node): Node {
    return this.unary('sin', x);
  }
  cos(x: Node): Node {
    return this.unary('cos', x);
  }
  atan(x: Node): Node {
    return this.unary('atan', x);
  }
  asin(x: Node): Node {
    return this.unary('asin', x);
  }
  acos(x: Node): Node {
    return this.unary('acos', x);
  }
  sinh(x: Node): Node {
    return this.unary('sinh', x);
  }
  cosh(x: Node): Node {
    return this.unary('cosh', x);
  }
  asinh(x: Node): Node {
    return this.unary('asinh', x);
  }
  acosh(x: Node): Node {
    return this.unary('acosh', x);
  }
  atanh(x: Node): Node {
    return this.unary('atanh', x);
  }
  softplus(x: Node): Node {
    return this.unary('softplus', x);
  }
  abs(x: Node): Node {
    return this.unary('abs', x);
  }
  relu(x: Node): Node {
    return this.unary('relu', x);
  }
  step(x: Node): Node {
    return this.unary('step', x);
  }
  sign(x: Node): Node {
    return this.unary('sign', x);
  }
  floor(x: Node): Node {
    return this.unary('floor', x);
  }
  round(x: Node): Node {
    return this.unary('round', x);
  }
  power(x: Node, exponent: number): Node {
    if (exponent === 0) return this.expand(this.scalar(1), x.shape);
    if (exponent === 1) return x;
    if (exponent === 2) return this.mul(x, x);
    if (exponent === 3) return this.mul(this.mul(x, x), x);
    if (exponent === 0.5) return this.sqrt(x);
    if (exponent === -1) return this.reciprocal(x);
    const value = knownScalar(x);
    if (value !== null) return this.filled(Math.pow(value, exponent), x.shape);
    return this.node('power', [x], { exponent });
  }

  add(a: Node, b: Node): Node {
    if (knownScalar(a) === 0) return this.broadcastTo(b, a);
    if (knownScalar(b) === 0) return this.broadcastTo(a, b);
    return this.binary('add', a, b);
  }
  sub(a: Node, b: Node): Node {
    if (knownScalar(b) === 0) return this.broadcastTo(a, b);
    if (knownScalar(a) === 0) return this.neg(this.broadcastTo(b, a));
    return this.binary('sub', a, b);
  }
  mul(a: Node, b: Node): Node {
    if (knownScalar(a) === 1) return this.broadcastTo(b, a);
    if (knownScalar(b) === 1) return this.broadcastTo(a, b);
    return this.binary('mul', a, b);
  }
  div(a: Node, b: Node): Node {
    if (knownScalar(b) === 1) return this.broadcastTo(a, b);
    return this.binary('div', a, b);
  }
  pow(a: Node, b: Node): Node {
    const exponent = knownScalar(b);
    if (exponent !== null) return this.broadcastTo(this.power(a, exponent), b);
    return this.binary('pow', a, b);
  }
  fmod(a: Node, b: Node): Node {
    return this.binary('fmod', a, b);
  }
  less(a: Node, b: Node): Node {
    return this.binary('less', a, b);
  }
  equal(a: Node, b: Node): Node {
    return this.binary('equal', a, b);
  }

  where(mask: Node, a: Node, b: Node): Node {
    const shape = broadcastShape(mask.shape, broadcastShape(a.shape, b.shape));
    const known = knownScalar(mask);
    if (known !== null) return this.expand(known === 0 ? b : a, shape);
    if (a.id === b.id) return this.expand(a, shape);
    return this.node('where', [mask, a, b], {});
  }

  /** Sums over axes, which are dropped unless `keep`. */
  sum(x: Node, axes: readonly number[], keep = false): Node {
    const sorted = normalAxes(axes, x.shape.length);
    // Summing what was only repeated is multiplying.
    if (x.operation === 'expand') {
      const source = x.inputs[0]!;
      if (sizeOf(source.shape) === 1) {
        const count = sorted.reduce((product, axis) => product * x.shape[axis]!, 1);
        const total = this.mul(this.reshape(source, []), this.scalar(count));
        const shape = x.shape.map((extent, axis) => (sorted.includes(axis) ? 1 : extent));
        const kept = this.expand(total, shape);
        return keep ? kept : this.dropAxes(kept, sorted);
      }
    }
    const wide = sorted.filter((axis) => x.shape[axis] !== 1);
    const kept = wide.length === 0 ? x : this.node('sum', [x], { axes: wide });
    return keep ? kept : this.dropAxes(kept, sorted);
  }

  mean(x: Node, axes: readonly number[], keep = false): Node {
    const count = normalAxes(axes, x.shape.length).reduce((n, axis) => n * x.shape[axis]!, 1);
    return this.mul(this.sum(x, axes, keep), this.scalar(1 / count));
  }

  /** Largest value over axes, which stay. */
  max(x: Node, axes: readonly number[]): Node {
    return this.node('max', [x], { axes: normalAxes(axes, x.shape.length) });
  }

  argmax(x: Node, axis: number): Node {
    const [own] = normalAxes([axis], x.shape.length);
    return this.node('argmax', [x], { axis: own! });
  }

  maxPoolIndex(x: Node, attributes: PoolAttributes): Node {
    return this.node('maxPoolIndex', [x], attributes);
  }

  reshape(x: Node, shape: readonly number[]): Node {
    ruleOf('reshape').shape([x.shape], { shape });
    if (sameShape(x.shape, shape)) return x;
    if (x.operation === 'constant')
      return this.constant((x as Node<'constant'>).attributes.data, shape);
    if (x.operation === 'reshape') return this.reshape(x.inputs[0]!, shape);
    if (x.operation === 'expand' && sizeOf(x.inputs[0]!.shape) === 1) {
      return this.expand(this.reshape(x.inputs[0]!, []), shape);
    }
    return this.node('reshape', [x], { shape });
  }

  expand(x: Node, shape: readonly number[]): Node {
    if (sameShape(x.shape, shape)) return x;
    ruleOf('expand').shape([x.shape], { shape });
    if (x.operation === 'expand') return this.expand(x.inputs[0]!, shape);
    return this.node('expand', [x], { shape });
  }

  transpose(x: Node, permutation: readonly number[]): Node {
    if (permutation.every((axis, position) => axis === position)) return x;
    if (x.operation === 'transpose') {
      const inner = (x as Node<'transpose'>).attributes.permutation;
      return this.transpose(
        x.inputs[0]!,
        permutation.map((axis) => inner[axis]!),
      );
    }
    const shape = permutation.map((axis) => x.shape[axis]!);
    if (x.operation === 'expand' && sizeOf(x.inputs[0]!.shape) === 1) {
      return this.expand(this.reshape(x.inputs[0]!, []), shape);
    }
    // Moving axes of one is reshaping.
    const wide = permutation.filter((axis) => x.shape[axis] !== 1);
    if (wide.every((axis, position) => position === 0 || wide[position - 1]! < axis)) {
      return this.reshape(x, shape);
    }
    return this.node('transpose', [x], { permutation });
  }

  /** The transpose of the last two axes. */
  matrixTranspose(x: Node): Node {
    const rank = x.shape.length;
    const permutation = x.shape.map((_, axis) => axis);
    permutation[rank - 2] = rank - 1;
    permutation[rank - 1] = rank - 2;
    return this.transpose(x, permutation);
  }

  slice(x: Node, attributes: SliceAttributes): Node {
    const { starts, steps, counts } = attributes;
    ruleOf('slice').shape([x.shape], attributes);
    const whole = x.shape.every(
      (extent, axis) => starts[axis] === 0 && steps[axis] === 1 && counts[axis] === extent,
    );
    if (whole) return x;
    if (x.operation === 'expand' && sizeOf(x.inputs[0]!.shape) === 1) {
      return this.expand(this.reshape(x.inputs[0]!, []), counts);
    }
    return this.node('slice', [x], attributes);
  }

  place(
    x: Node,
    shape: readonly number[],
    starts: readonly number[],
    steps: readonly number[],
  ): Node {
    if (sameShape(x.shape, shape)) {
      if (starts.every((start) => start === 0) && steps.every((step) => step === 1)) return x;
    }
    if (knownScalar(x) === 0) return this.zeros(shape);
    return this.node('place', [x], { shape, starts, steps });
  }

  concat(parts: readonly Node[], axis: number): Node {
    const first = parts[0];
    if (first === undefined) throw new ShapeError(say`Nothing to concatenate.`);
    if (parts.length === 1) return first;
    return this.node('concat', parts, { axis });
  }

  take(x: Node, indices: Node): Node {
    const shape = ruleOf('take').shape([x.shape, indices.shape], {});
    const known = knownScalar(x);
    return known === null ? this.node('take', [x, indices], {}) : this.filled(known, shape);
  }

  put(y: Node, indices: Node, count: number): Node {
    const shape = ruleOf('put').shape([y.shape, indices.shape], { count });
    return knownScalar(y) === 0 ? this.zeros(shape) : this.node('put', [y, indices], { count });
  }

  matmul(a: Node, b: Node): Node {
    return this.node('matmul', [a, b], {});
  }

  conv(x: Node, w: Node, attributes: ConvAttributes): Node {
    return this.node('conv', [x, w], attributes);
  }

  convInput(w: Node, y: Node, attributes: ConvAttributes, shape: readonly number[]): Node {
    return this.node('convInput', [w, y], { ...attributes, shape });
  }

  convWeight(x: Node, y: Node, attributes: ConvAttributes, shape: readonly number[]): Node {
    return this.node('convWeight', [x, y], { ...attributes, shape });
  }

  /** Sums over the axes along which `shape` was broadcast to that of `x`: the adjoint of expand. */
  sumTo(x: Node, shape: readonly number[]): Node {
    if (sameShape(x.shape, shape)) return x;
    const lead = x.shape.length - shape.length;
    const axes = x.shape
      .map((_, axis) => axis)
      .filter((axis) => axis < lead || (shape[axis - lead] === 1 && x.shape[axis] !== 1));
    return this.reshape(this.sum(x, axes, true), shape);
  }

  private dropAxes(x: Node, axes: readonly number[]): Node {
    return this.reshape(
      x,
      x.shape.filter((_, axis) => !axes.includes(axis)),
    );
  }

  /** `x` in the shape it gets by broadcasting with `other`. */
  private broadcastTo(x: Node, other: Node): Node {
    return this.expand(x, broadcastShape(x.shape, other.shape));
  }

  private filled(value: number, shape: readonly number[]): Node {
    return this.expand(this.scalar(value), shape);
  }

  private unary(operation: UnaryOperation, x: Node): Node {
    const known = knownScalar(x);
    if (known !== null) return this.filled(unaryRules[operation].number(known), x.shape);
    return this.node(operation, [x], {});
  }

  private binary(operation: BinaryOperation, a: Node, b: Node): Node {
    const [u, v] = [knownScalar(a), knownScalar(b)];
    if (u !== null && v !== null) {
      const shape = broadcastShape(a.shape, b.shape);
      return this.filled(binaryRules[operation].numbers(u, v), shape);
    }
    // In one order, so that equal sums and products are one node.
    const commutes = operation === 'add' || operation === 'mul';
    if (commutes && a.id > b.id) return this.node(operation, [b, a], {});
    return this.node(operation, [a, b], {});
  }

  private node<O extends Operation>(
    operation: O,
    inputs: readonly Node[],
    attributes: OperationAttributes[O],
  ): Node<O> {
    const shape = ruleOf(operation).shape(
      inputs.map((input) => input.shape),
      attributes,
    );
    const key = `${operation} ${inputs.map((input) => input.id).join(',')} ${shape.join(',')} ${attributeKey(attributes)}`;
    const known = this.known.get(key);
    if (known !== undefined) return known as Node<O>;
    requireSize(shape);
    const node: Node<O> = { id: this.next, operation, inputs, attributes, shape };
    this.next += 1;
    if (this.origin !== null) this.origins.set(node.id, this.origin);
    const folded = this.fold(node) as Node<O>;
    this.known.set(key, folded);
    return folded;
  }

  /** The values of a node that is made of known values only, where they are few. */
  private fold(node: Node): Node {
    if (node.inputs.length === 0 || sizeOf(node.shape) > MAX_FOLDED) return node;
    // What is repeated stays short: it is written out when it meets other values.
    if (node.operation === 'expand' && sizeOf(node.inputs[0]!.shape) === 1) return node;
    const args: Float64Array[] = [];
    for (const input of node.inputs) {
      const data = smallConstant(input);
      if (data === null) return node;
      args.push(data);
    }
    return this.constant(evaluate(node, args), node.shape);
  }
}

/** Constants above this are left to the runtime. */
const MAX_FOLDED = 4096;

/** The values of a constant, or of one that is repeated, where they are few; else null. */
function smallConstant(node: Node): Float64Array | null {
  if (sizeOf(node.shape) > MAX_FOLDED) return null;
  if (node.operation === 'constant') return (node as Node<'constant'>).attributes.data;
  const known = knownScalar(node);
  return known === null ? null : new Float64Array(sizeOf(node.shape)).fill(known);
}

function attributeKey(attributes: object): string {
  if ('data' in attributes) {
    const data = attributes.data as Float64Array;
    // Large constants are equal only to themselves: their buffer's identity would be the key.
    return data.length <= MAX_FOLDED
      ? data.map((v) => (Object.is(v, -0) ? 0 : v)).join(',')
      : `#${identity(data)}`;
  }
  return JSON.stringify(attributes);
}

const identities = new WeakMap<object, number>();
let identitiesGiven = 0;

function identity(object: object): number {
  let id = identities.get(object);
  if (id === undefined) {
    identitiesGiven += 1;
    id = identitiesGiven;
    identities.set(object, id);
  }
  return id;
}
