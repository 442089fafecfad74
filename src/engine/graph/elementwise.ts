import type { Graph } from './graph';
import type { Node, Operation, UnaryOperation } from './operations';

/** dy/dx of y = f(x), elementwise, as a node; null where it is zero almost everywhere. */
export const elementwiseDerivative: Readonly<
  Record<UnaryOperation, (g: Graph, x: Node, y: Node) => Node | null>
> = {
  neg: (g) => g.scalar(-1),
  exp: (_, _x, y) => y,
  log: (g, x) => g.reciprocal(x),
  log1p: (g, x) => g.reciprocal(g.add(x, g.scalar(1))),
  expm1: (g, _, y) => g.add(y, g.scalar(1)),
  sqrt: (g, _, y) => g.mul(g.scalar(0.5), g.reciprocal(y)),
  reciprocal: (g, _, y) => g.neg(g.mul(y, y)),
  tanh: (g, _, y) => g.sub(g.scalar(1), g.mul(y, y)),
  sigmoid: (g, _, y) => g.mul(y, g.sub(g.scalar(1), y)),
  erf: (g, x) => g.mul(g.scalar(2 / Math.sqrt(Math.PI)), g.exp(g.neg(g.mul(x, x)))),
  sin: (g, x) => g.cos(x),
  cos: (g, x) => g.neg(g.sin(x)),
  atan: (g, x) => g.reciprocal(g.add(g.mul(x, x), g.scalar(1))),
  // (1 − x)(1 + x) keeps the digits that 1 − x² loses beside 1.
  asin: (g, x) => g.reciprocal(g.sqrt(oneMinusSquare(g, x))),
  acos: (g, x) => g.neg(g.reciprocal(g.sqrt(oneMinusSquare(g, x)))),
  sinh: (g, x) => g.cosh(x),
  cosh: (g, x) => g.sinh(x),
  asinh: (g, x) => g.reciprocal(g.sqrt(g.add(g.mul(x, x), g.scalar(1)))),
  acosh: (g, x) =>
    g.reciprocal(g.mul(g.sqrt(g.sub(x, g.scalar(1))), g.sqrt(g.add(x, g.scalar(1))))),
  atanh: (g, x) => g.reciprocal(oneMinusSquare(g, x)),
  softplus: (g, x) => g.sigmoid(x),
  abs: (g, x) => g.sign(x),
  // Of the result, not of the argument: the argument may then be fused away.
  relu: (g, _, y) => g.step(y),
  step: () => null,
  sign: () => null,
  floor: () => null,
  round: () => null,
};

function oneMinusSquare(g: Graph, x: Node): Node {
  return g.mul(g.sub(g.scalar(1), x), g.add(g.scalar(1), x));
}

/** The derivatives of y = aᵇ in a and in b, elementwise. */
export const powerDerivatives = {
  /**
   * b·aᵇ⁻¹, and 0 where b is: the exponent stops at 0, so that no derivative of a constant or of a
   * polynomial at a = 0 is 0 · ∞.
   */
  base: (g: Graph, a: Node, b: Node): Node => {
    const lower = g.where(g.equal(b, g.scalar(0)), g.scalar(0), g.sub(b, g.scalar(1)));
    return g.mul(b, g.pow(a, lower));
  },
  /** aᵇ log a, and 0 where a is, as aᵇ then does not depend on b. */
  exponent: (g: Graph, a: Node, y: Node): Node =>
    g.mul(y, g.log(g.where(g.equal(a, g.scalar(0)), g.scalar(1), a))),
};

/** The derivative of y = fmod(a, b) in b: the quotient, negative. */
export function remainderDerivative(g: Graph, a: Node, b: Node, y: Node): Node {
  return g.neg(g.round(g.div(g.sub(a, y), b)));
}

/** Whether each element of the result depends on one element of each argument, and smoothly. */
export function isElementwise(operation: Operation): boolean {
  return (
    isUnary(operation) ||
    ['power', 'add', 'sub', 'mul', 'div', 'pow', 'fmod', 'where'].includes(operation)
  );
}

export function isUnary(operation: string): operation is UnaryOperation {
  return operation in elementwiseDerivative;
}
