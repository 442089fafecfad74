/**
 * The differentiable intermediate representation: a directed acyclic graph of pure operations on
 * dense arrays of known shape.
 *
 * The set of operations is closed under reverse and forward differentiation: every derivative
 * rule (rules/) builds its result from these same operations, so derivatives of any order are
 * graphs too. Broadcasting is numpy's. Shapes are concrete: a graph is built for
 * one batch size.
 */
export interface OperationAttributes {
  /** A value given at run time. */
  readonly input: { readonly name: string; readonly shape: readonly number[] };
  /** Known values, in float64 whatever the type. */
  readonly constant: { readonly data: Float64Array; readonly shape: readonly number[] };

  // Elementwise, one argument.
  readonly neg: None;
  readonly exp: None;
  readonly log: None;
  /** log(1 + x), exact where x is small. */
  readonly log1p: None;
  /** eˣ − 1, exact where x is small. */
  readonly expm1: None;
  readonly sqrt: None;
  readonly reciprocal: None;
  readonly tanh: None;
  readonly sigmoid: None;
  readonly erf: None;
  readonly sin: None;
  readonly cos: None;
  readonly atan: None;
  readonly asin: None;
  readonly acos: None;
  readonly sinh: None;
  readonly cosh: None;
  readonly asinh: None;
  readonly acosh: None;
  readonly atanh: None;
  /** log(1 + eˣ) */
  readonly softplus: None;
  readonly abs: None;
  /** max(x, 0). Its derivative at 0 is 0. */
  readonly relu: None;
  /** 1 where x > 0, else 0. */
  readonly step: None;
  /** −1, 0 or 1. */
  readonly sign: None;
  /** The largest whole number that is not above x. */
  readonly floor: None;
  /** The nearest whole number; the even one of two that are as near. */
  readonly round: None;
  /** x to a constant power. */
  readonly power: { readonly exponent: number };

  // Elementwise, two arguments, broadcasting.
  readonly add: None;
  readonly sub: None;
  readonly mul: None;
  readonly div: None;
  /** a to the power b. Of negative a real for whole b only, else NaN. */
  readonly pow: None;
  /** What a − b·n leaves, n the quotient towards zero: exact, of the sign of a. */
  readonly fmod: None;
  /** 1 where a < b, else 0. */
  readonly less: None;
  /** 1 where a = b, else 0. */
  readonly equal: None;

  /** From a mask m of 0 and 1, a and b, broadcasting: a where m is not 0, else b. */
  readonly where: None;

  /** Sums over axes, which stay as axes of one. */
  readonly sum: { readonly axes: readonly number[] };
  /** Largest value over axes, which stay as axes of one. Not differentiable: see softmax.ts. */
  readonly max: { readonly axes: readonly number[] };
  /** Where the first of the largest values along an axis is, which stays as an axis of one. */
  readonly argmax: { readonly axis: number };
  /**
   * Where the largest value of each window of x [N, C, …] is: its place in the channel's own
   * places in C order, [N, C, …]. With `take` it is max pooling.
   */
  readonly maxPoolIndex: PoolAttributes;

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
  /**
   * From x [A, K, B] and whole numbers i [A or 1, M] the elements x[a, i[a, m], b], [A, M, B].
   * Indices are floats like everything else, and below 2²⁴; negative ones count from the end.
   */
  readonly take: None;
  /** The adjoint of take: y [A, M, B] added up at its indices in zeros [A, count, B]. */
  readonly put: { readonly count: number };

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

/** A window that is moved over the axes after the first two. One entry for each of them. */
export interface PoolAttributes {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padsBefore: readonly number[];
  readonly padsAfter: readonly number[];
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

/** What a node was made for. */
export interface Origin {
  /** An operator of the model, or what else asked for it. */
  readonly operator: string;
  /** The name of the model's node. */
  readonly name: string;
  /** The module the node was exported from, where the exporter says so. */
  readonly scope: string | null;
  /** Whether it is a derivative of what the operator computes. */
  readonly isDerivative: boolean;
}

/** What a runtime is asked for: named results of a graph. */
export interface Program {
  readonly outputs: ReadonlyMap<string, Node>;
  /**
   * Names of outputs, and of inputs, that only go from one program to another on the same runtime:
   * it may order their values as it likes.
   */
  readonly kept?: ReadonlySet<string>;
  /** Whether its results only go to other programs on the same runtime, and may stay where it computes. */
  readonly stays?: boolean;
  /** Whether it is run seldom: its memory is better given back after a run than held. */
  readonly seldom?: boolean;
  /** Whether it is of derivatives, which leave a runtime nothing to fuse. */
  readonly isDerivative?: boolean;
}

export type UnaryOperation =
  | 'neg'
  | 'exp'
  | 'log'
  | 'log1p'
  | 'expm1'
  | 'sqrt'
  | 'reciprocal'
  | 'tanh'
  | 'sigmoid'
  | 'erf'
  | 'sin'
  | 'cos'
  | 'atan'
  | 'asin'
  | 'acos'
  | 'sinh'
  | 'cosh'
  | 'asinh'
  | 'acosh'
  | 'atanh'
  | 'softplus'
  | 'abs'
  | 'relu'
  | 'step'
  | 'sign'
  | 'floor'
  | 'round';

export type BinaryOperation = 'add' | 'sub' | 'mul' | 'div' | 'pow' | 'fmod' | 'less' | 'equal';

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

/** The given nodes and all they depend on, arguments first. */
export function topologicalOrder(roots: Iterable<Node>): readonly AnyNode[] {
  const reached = new Map<number, Node>();
  const stack = [...roots];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (reached.has(node.id)) continue;
    reached.set(node.id, node);
    for (const each of node.inputs) stack.push(each);
  }
  // Arguments are always made before the nodes that use them.
  return [...reached.values()].sort((a, b) => a.id - b.id) as AnyNode[];
}
