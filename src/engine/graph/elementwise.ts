import type { Graph, Node, Operation, UnaryOperation } from './graph';

/** dy/dx of y = f(x), elementwise, as a node; null where it is zero almost everywhere. */
export const elementwiseDerivative: Readonly<
  Record<UnaryOperation, (g: Graph, x: Node, y: Node) => Node | null>
> = {
  neg: (g) => g.scalar(-1),
  exp: (_, _x, y) => y,
  log: (g, x) => g.reciprocal(x),
  sqrt: (g, _, y) => g.mul(g.scalar(0.5), g.reciprocal(y)),
  reciprocal: (g, _, y) => g.neg(g.mul(y, y)),
  tanh: (g, _, y) => g.sub(g.scalar(1), g.mul(y, y)),
  sigmoid: (g, _, y) => g.mul(y, g.sub(g.scalar(1), y)),
  erf: (g, x) => g.mul(g.scalar(2 / Math.sqrt(Math.PI)), g.exp(g.neg(g.mul(x, x)))),
  sin: (g, x) => g.cos(x),
  cos: (g, x) => g.neg(g.sin(x)),
  atan: (g, x) => g.reciprocal(g.add(g.mul(x, x), g.scalar(1))),
  softplus: (g, x) => g.sigmoid(x),
  abs: (g, x) => g.sign(x),
  // Of the result, not of the argument: the argument may then be fused away.
  relu: (g, _, y) => g.step(y),
  step: () => null,
  sign: () => null,
  floor: () => null,
};

/** Whether each element of the result depends on one element of each argument, and smoothly. */
export function isElementwise(operation: Operation): boolean {
  return isUnary(operation) || ['power', 'add', 'sub', 'mul', 'div', 'where'].includes(operation);
}

export function isUnary(operation: string): operation is UnaryOperation {
  return operation in elementwiseDerivative;
}
