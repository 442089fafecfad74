import { sizeOf } from '../tensor';

/**
 * The differentiable intermediate representation: a directed acyclic graph of pure operations on
 * dense arrays of known shape.
 *
 * The set of operations is closed under reverse and forward differentiation: every derivative
 * rule (reverse.ts, forward.ts) builds its result from these same operations, so derivatives of
 * any order are graphs too. Broadcasting is numpy's. Shapes are concrete: a graph is built for
 * one batch size.
 */
export interface OperationAttributes {
  /** A value given at run time. */
  readonly input: { readonly name: string };
  /** Known values, in float64 whatever the type. */
  readonly constant: { readonly data: Float64Array };

  // Elementwise, one argument.
  readonly neg: None;
  readonly exp: None;
  readonly log: None;
  readonly sqrt: None;
  readonly reciprocal: None;
  readonly tanh: None;
  readonly sigmoid: None;
  readonly erf: None;
  readonly sin: None;
  readonly cos: None;
  readonly abs: None;
  /** max(x, 0). Its derivative at 0 is 0. */
  readonly relu: None;
  /** 1 where x > 0, else 0. */
  readonly step: None;
  /** −1, 0 or 1. */
  readonly sign: None;
  /** x to a constant power. */
  readonly power: { readonly exponent: number };

  // Elementwise, two arguments, broadcasting.
  readonly add: None;
  readonly sub: None;
  readonly mul: None;
  readonly div: None;

  /** Sums over axes, which stay as axes of one. */
  readonly sum: { readonly axes: readonly number[] };
  /** Largest value over axes, which stay as axes of one. Not differentiable: see softmax.ts. */
  readonly max: { readonly axes: readonly number[] };

  readonly reshape: { readonly shape: readonly number[] };
  readonly expand: { readonly shape: readonly number[] };
  readonly transpose: { readonly permutation: readonly number[] };
  /** start, step and number of elements along every axis. Steps may be negative. */
  readonly slice: SliceAttributes;
  /**
   * The adjoint of slice: zeros of `shape` with the argument's elements at start + i·step along
   * every axis.
   */
  readonly place: {
    readonly shape: readonly number[];
    readonly starts: readonly number[];
    readonly steps: readonly number[];
  };
  readonly concat: { readonly axis: number };

  /** Matrix product over the last two axes; the axes before broadcast. */
  readonly matmul: None;

  /** Cross-correlation of x [N, C, …] with w [O, C/groups, …]. */
  readonly conv: ConvAttributes;
  /** The adjoint of conv in x: from w and the cotangent y [N, O, …] to [N, C, …]. */
  readonly convInput: ConvAttributes & { readonly shape: readonly number[] };
  /** The adjoint of conv in w: from x and the cotangent y [N, O, …] to [O, C/groups, …]. */
  readonly convWeight: ConvAttributes & { readonly shape: readonly number[] };
}

type None = Readonly<Record<string, never>>;

export interface SliceAttributes {
  readonly starts: readonly number[];
  readonly steps: readonly number[];
  readonly counts: readonly number[];
}

export interface ConvAttributes {
  /** One entry for each spatial axis. */
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padsBefore: readonly number[];
  readonly padsAfter: readonly number[];
  readonly groups: number;
}

export type Operation = keyof OperationAttributes;

export interface Node<O extends Operation = Operation> {
  /** Position in the order of construction; arguments come before. */
  readonly id: number;
  readonly operation: O;
  readonly inputs: readonly Node[];
  readonly attributes: OperationAttributes[O];
  readonly shape: readonly number[];
}

/** A node whose operation is known when it is looked at: switches over it are exhaustive. */
export type AnyNode = { readonly [O in Operation]: Node<O> }[Operation];

/** What a runtime is asked for: named results of a graph. */
export interface Program {
  readonly outputs: ReadonlyMap<string, Node>;
}

/** A graph that cannot be built: shapes that do not fit. A fault of the model or of Basin. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

/**
 * Builds nodes. Equal nodes are one node, known values are computed at once when they are small,
 * and what is without effect (adding zero, reshaping to the same shape) is not built.
 */
export class Graph {
  #next = 0;
  readonly #known = new Map<string, Node>();

  input(name: string, shape: readonly number[]): Node<'input'> {
    return this.#node('input', [], { name }, shape);
  }

  /** @param data float64 values in C order; not copied. */
  constant(data: Float64Array, shape: readonly number[]): Node<'constant'> {
    if (data.length !== sizeOf(shape)) {
      throw new ShapeError(`A constant of shape [${shape.join(', ')}] has ${data.length} values.`);
    }
    return this.#node('constant', [], { data }, shape);
  }

  scalar(value: number): Node<'constant'> {
    return this.constant(Float64Array.of(value), []);
  }

  zeros(shape: readonly number[]): Node {
    return this.expand(this.scalar(0), shape);
  }

  neg(x: Node): Node {
    if (x.operation === 'neg') return x.inputs[0]!;
    return this.#unary('neg', x, (v) => -v);
  }
  exp(x: Node): Node {
    return this.#unary('exp', x, Math.exp);
  }
  log(x: Node): Node {
    return this.#unary('log', x, Math.log);
  }
  sqrt(x: Node): Node {
    return this.#unary('sqrt', x, Math.sqrt);
  }
  reciprocal(x: Node): Node {
    return this.#unary('reciprocal', x, (v) => 1 / v);
  }
  tanh(x: Node): Node {
    return this.#unary('tanh', x, Math.tanh);
  }
  sigmoid(x: Node): Node {
    return this.#unary('sigmoid', x, (v) => 1 / (1 + Math.exp(-v)));
  }
  erf(x: Node): Node {
    return this.#node('erf', [x], {}, x.shape);
  }
  sin(x: Node): Node {
    return this.#unary('sin', x, Math.sin);
  }
  cos(x: Node): Node {
    return this.#unary('cos', x, Math.cos);
  }
  abs(x: Node): Node {
    return this.#unary('abs', x, Math.abs);
  }
  relu(x: Node): Node {
    return this.#unary('relu', x, (v) => (v > 0 ? v : Number.isNaN(v) ? v : 0));
  }
  step(x: Node): Node {
    return this.#unary('step', x, (v) => (v > 0 ? 1 : 0));
  }
  sign(x: Node): Node {
    return this.#unary('sign', x, Math.sign);
  }
  power(x: Node, exponent: number): Node {
    if (exponent === 0) return this.expand(this.scalar(1), x.shape);
    if (exponent === 1) return x;
    if (exponent === 2) return this.mul(x, x);
    if (exponent === 0.5) return this.sqrt(x);
    if (exponent === -1) return this.reciprocal(x);
    const value = knownScalar(x);
    if (value !== null) return this.#filled(Math.pow(value, exponent), x.shape);
    return this.#node('power', [x], { exponent }, x.shape);
  }

  add(a: Node, b: Node): Node {
    if (knownScalar(a) === 0) return this.#broadcastTo(b, a);
    if (knownScalar(b) === 0) return this.#broadcastTo(a, b);
    return this.#binary('add', a, b, (u, v) => u + v);
  }
  sub(a: Node, b: Node): Node {
    if (knownScalar(b) === 0) return this.#broadcastTo(a, b);
    if (knownScalar(a) === 0) return this.neg(this.#broadcastTo(b, a));
    return this.#binary('sub', a, b, (u, v) => u - v);
  }
  mul(a: Node, b: Node): Node {
    if (knownScalar(a) === 1) return this.#broadcastTo(b, a);
    if (knownScalar(b) === 1) return this.#broadcastTo(a, b);
    return this.#binary('mul', a, b, (u, v) => u * v);
  }
  div(a: Node, b: Node): Node {
    if (knownScalar(b) === 1) return this.#broadcastTo(a, b);
    return this.#binary('div', a, b, (u, v) => u / v);
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
        return keep ? kept : this.#dropAxes(kept, sorted);
      }
    }
    const wide = sorted.filter((axis) => x.shape[axis] !== 1);
    const shape = x.shape.map((extent, axis) => (wide.includes(axis) ? 1 : extent));
    const kept = wide.length === 0 ? x : this.#node('sum', [x], { axes: wide }, shape);
    return keep ? kept : this.#dropAxes(kept, sorted);
  }

  mean(x: Node, axes: readonly number[], keep = false): Node {
    const count = normalAxes(axes, x.shape.length).reduce((n, axis) => n * x.shape[axis]!, 1);
    return this.mul(this.sum(x, axes, keep), this.scalar(1 / count));
  }

  /** Largest value over axes, which stay. */
  max(x: Node, axes: readonly number[]): Node {
    const sorted = normalAxes(axes, x.shape.length);
    const shape = x.shape.map((extent, axis) => (sorted.includes(axis) ? 1 : extent));
    return this.#node('max', [x], { axes: sorted }, shape);
  }

  reshape(x: Node, shape: readonly number[]): Node {
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      throw new ShapeError(`[${x.shape.join(', ')}] cannot be reshaped to [${shape.join(', ')}].`);
    }
    if (sameShape(x.shape, shape)) return x;
    if (x.operation === 'constant')
      return this.constant((x as Node<'constant'>).attributes.data, shape);
    if (x.operation === 'reshape') return this.reshape(x.inputs[0]!, shape);
    if (x.operation === 'expand' && sizeOf(x.inputs[0]!.shape) === 1) {
      return this.expand(this.reshape(x.inputs[0]!, []), shape);
    }
    return this.#node('reshape', [x], { shape }, shape);
  }

  expand(x: Node, shape: readonly number[]): Node {
    if (sameShape(x.shape, shape)) return x;
    if (!sameShape(broadcastShape(x.shape, shape), shape)) {
      throw new ShapeError(`[${x.shape.join(', ')}] does not broadcast to [${shape.join(', ')}].`);
    }
    if (x.operation === 'expand') return this.expand(x.inputs[0]!, shape);
    return this.#node('expand', [x], { shape }, shape);
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
    return this.#node('transpose', [x], { permutation }, shape);
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
    x.shape.forEach((extent, axis) => {
      const last = starts[axis]! + (counts[axis]! - 1) * steps[axis]!;
      if (
        counts[axis]! < 0 ||
        (counts[axis]! > 0 &&
          (Math.min(starts[axis]!, last) < 0 || Math.max(starts[axis]!, last) >= extent))
      ) {
        throw new ShapeError(`A slice of [${x.shape.join(', ')}] reaches outside of axis ${axis}.`);
      }
    });
    const whole = x.shape.every(
      (extent, axis) => starts[axis] === 0 && steps[axis] === 1 && counts[axis] === extent,
    );
    if (whole) return x;
    if (x.operation === 'expand' && sizeOf(x.inputs[0]!.shape) === 1) {
      return this.expand(this.reshape(x.inputs[0]!, []), counts);
    }
    return this.#node('slice', [x], attributes, counts);
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
    return this.#node('place', [x], { shape, starts, steps }, shape);
  }

  concat(parts: readonly Node[], axis: number): Node {
    const first = parts[0];
    if (first === undefined) throw new ShapeError('Nothing to concatenate.');
    if (parts.length === 1) return first;
    for (const part of parts) {
      if (part.shape.some((extent, i) => i !== axis && extent !== first.shape[i])) {
        throw new ShapeError(
          `[${first.shape.join(', ')}] and [${part.shape.join(', ')}] do not concatenate along axis ${axis}.`,
        );
      }
    }
    const total = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
    const shape = first.shape.map((extent, i) => (i === axis ? total : extent));
    return this.#node('concat', parts, { axis }, shape);
  }

  matmul(a: Node, b: Node): Node {
    const [rankA, rankB] = [a.shape.length, b.shape.length];
    if (rankA < 2 || rankB < 2 || a.shape[rankA - 1] !== b.shape[rankB - 2]) {
      throw new ShapeError(
        `No matrix product of [${a.shape.join(', ')}] with [${b.shape.join(', ')}].`,
      );
    }
    const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return this.#node('matmul', [a, b], {}, [...batch, a.shape[rankA - 2]!, b.shape[rankB - 1]!]);
  }

  conv(x: Node, w: Node, attributes: ConvAttributes): Node {
    return this.#node('conv', [x, w], attributes, convShape(x.shape, w.shape, attributes));
  }

  convInput(w: Node, y: Node, attributes: ConvAttributes, shape: readonly number[]): Node {
    return this.#node('convInput', [w, y], { ...attributes, shape }, shape);
  }

  convWeight(x: Node, y: Node, attributes: ConvAttributes, shape: readonly number[]): Node {
    return this.#node('convWeight', [x, y], { ...attributes, shape }, shape);
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

  #dropAxes(x: Node, axes: readonly number[]): Node {
    return this.reshape(
      x,
      x.shape.filter((_, axis) => !axes.includes(axis)),
    );
  }

  /** `x` in the shape it gets by broadcasting with `other`. */
  #broadcastTo(x: Node, other: Node): Node {
    return this.expand(x, broadcastShape(x.shape, other.shape));
  }

  #filled(value: number, shape: readonly number[]): Node {
    return this.expand(this.scalar(value), shape);
  }

  #unary(operation: UnaryOperation, x: Node, value: (v: number) => number): Node {
    const known = knownScalar(x);
    if (known !== null) return this.#filled(value(known), x.shape);
    if (x.operation === 'constant' && sizeOf(x.shape) <= FOLD_LIMIT) {
      return this.constant((x as Node<'constant'>).attributes.data.map(value), x.shape);
    }
    return this.#node(operation, [x], {}, x.shape);
  }

  #binary(
    operation: BinaryOperation,
    a: Node,
    b: Node,
    value: (u: number, v: number) => number,
  ): Node {
    const shape = broadcastShape(a.shape, b.shape);
    const [u, v] = [knownScalar(a), knownScalar(b)];
    if (u !== null && v !== null) return this.#filled(value(u, v), shape);
    return this.#node(operation, [a, b], {}, shape);
  }

  #node<O extends Operation>(
    operation: O,
    inputs: readonly Node[],
    attributes: OperationAttributes[O],
    shape: readonly number[],
  ): Node<O> {
    const key = `${operation} ${inputs.map((input) => input.id).join(',')} ${shape.join(',')} ${attributeKey(attributes)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known as Node<O>;
    const node: Node<O> = { id: this.#next, operation, inputs, attributes, shape };
    this.#next += 1;
    this.#known.set(key, node);
    return node;
  }
}

export type UnaryOperation =
  | 'neg'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'reciprocal'
  | 'tanh'
  | 'sigmoid'
  | 'erf'
  | 'sin'
  | 'cos'
  | 'abs'
  | 'relu'
  | 'step'
  | 'sign';

export type BinaryOperation = 'add' | 'sub' | 'mul' | 'div';

/** Constants above this are left to the runtime. */
const FOLD_LIMIT = 4096;

/** The value of a node that is one known number everywhere, else null. */
export function knownScalar(node: Node): number | null {
  if (node.operation === 'constant') {
    const { data } = (node as Node<'constant'>).attributes;
    return data.length === 1 ? data[0]! : null;
  }
  return node.operation === 'expand' || node.operation === 'reshape'
    ? knownScalar(node.inputs[0]!)
    : null;
}

/** Numpy's broadcasting of two shapes. @throws ShapeError where they do not. */
export function broadcastShape(a: readonly number[], b: readonly number[]): readonly number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const u = a[axis - rank + a.length] ?? 1;
    const v = b[axis - rank + b.length] ?? 1;
    if (u !== v && u !== 1 && v !== 1) {
      throw new ShapeError(`[${a.join(', ')}] and [${b.join(', ')}] do not broadcast.`);
    }
    return u === 1 ? v : u;
  });
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** The given nodes and all they depend on, arguments first. */
export function topologicalOrder(roots: Iterable<Node>): readonly AnyNode[] {
  const reached = new Map<number, Node>();
  const stack = [...roots];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (reached.has(node.id)) continue;
    reached.set(node.id, node);
    stack.push(...node.inputs);
  }
  // Arguments are always made before the nodes that use them.
  return [...reached.values()].sort((a, b) => a.id - b.id) as AnyNode[];
}

function normalAxes(axes: readonly number[], rank: number): readonly number[] {
  const normal = axes.map((axis) => (axis < 0 ? axis + rank : axis));
  if (normal.some((axis) => axis < 0 || axis >= rank)) {
    throw new ShapeError(`Axes [${axes.join(', ')}] are not of an array with ${rank} axes.`);
  }
  return [...new Set(normal)].sort((a, b) => a - b);
}

function convShape(
  x: readonly number[],
  w: readonly number[],
  { strides, dilations, padsBefore, padsAfter, groups }: ConvAttributes,
): readonly number[] {
  if (x.length !== w.length || x[1] !== w[1]! * groups || w[0]! % groups !== 0) {
    throw new ShapeError(
      `No convolution of [${x.join(', ')}] with weights [${w.join(', ')}] in ${groups} groups.`,
    );
  }
  const spatial = x.slice(2).map((extent, axis) => {
    const reach = dilations[axis]! * (w[axis + 2]! - 1) + 1;
    return Math.floor((extent + padsBefore[axis]! + padsAfter[axis]! - reach) / strides[axis]!) + 1;
  });
  if (spatial.some((extent) => extent < 1)) {
    throw new ShapeError(`A kernel [${w.join(', ')}] is larger than its input [${x.join(', ')}].`);
  }
  return [x[0]!, w[0]!, ...spatial];
}

function attributeKey(attributes: object): string {
  if ('data' in attributes) {
    const data = attributes.data as Float64Array;
    // Large constants are equal only to themselves: their buffer's identity would be the key.
    return data.length <= FOLD_LIMIT
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
