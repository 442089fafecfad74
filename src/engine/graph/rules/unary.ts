import type { Builder } from '../builder';
import { erf } from '../erf';
import { times } from '../linearForm';
import type { Node, Operation, UnaryOperation } from '../operations';
import { elementwise, type Rule } from './rule';

export interface UnaryRule<O extends UnaryOperation> extends Rule<O> {
  /** On one number. */
  readonly number: (x: number) => number;
}

/** dy/dx of y = f(x) as a node; null where it is zero almost everywhere. */
type Derivative = ((g: Builder, x: Node, y: Node) => Node) | null;

function unary<O extends UnaryOperation>(
  number: (x: number) => number,
  derivative: Derivative,
): UnaryRule<O> {
  return {
    number,
    shape: ([x]) => x!,
    evaluate: (_, [x]) => x!.map(number),
    rebuild: (g, { operation }, [x]) => (g as Pick<Builder, UnaryOperation>)[operation](x!),
    ...elementwise<O>([
      (g, node, form) =>
        derivative === null ? null : times(g, form, derivative(g, node.inputs[0]!, node)),
    ]),
  };
}

export const unaryRules: { readonly [O in UnaryOperation]: UnaryRule<O> } = {
  neg: unary(
    (x) => -x,
    (g) => g.scalar(-1),
  ),
  exp: unary(Math.exp, (_, _x, y) => y),
  log: unary(Math.log, (g, x) => g.reciprocal(x)),
  log1p: unary(Math.log1p, (g, x) => g.reciprocal(g.add(x, g.scalar(1)))),
  expm1: unary(Math.expm1, (g, _, y) => g.add(y, g.scalar(1))),
  sqrt: unary(Math.sqrt, (g, _, y) => g.mul(g.scalar(0.5), g.reciprocal(y))),
  reciprocal: unary(
    (x) => 1 / x,
    (g, _, y) => g.neg(g.mul(y, y)),
  ),
  tanh: unary(Math.tanh, (g, _, y) => g.sub(g.scalar(1), g.mul(y, y))),
  sigmoid: unary(
    (x) => 1 / (1 + Math.exp(-x)),
    (g, _, y) => g.mul(y, g.sub(g.scalar(1), y)),
  ),
  erf: unary(erf, (g, x) => g.mul(g.scalar(2 / Math.sqrt(Math.PI)), g.exp(g.neg(g.mul(x, x))))),
  sin: unary(Math.sin, (g, x) => g.cos(x)),
  cos: unary(Math.cos, (g, x) => g.neg(g.sin(x))),
  atan: unary(Math.atan, (g, x) => g.reciprocal(g.add(g.mul(x, x), g.scalar(1)))),
  asin: unary(Math.asin, (g, x) => g.reciprocal(g.sqrt(oneMinusSquare(g, x)))),
  acos: unary(Math.acos, (g, x) => g.neg(g.reciprocal(g.sqrt(oneMinusSquare(g, x))))),
  sinh: unary(Math.sinh, (g, x) => g.cosh(x)),
  cosh: unary(Math.cosh, (g, x) => g.sinh(x)),
  asinh: unary(Math.asinh, (g, x) => g.reciprocal(g.sqrt(g.add(g.mul(x, x), g.scalar(1))))),
  acosh: unary(Math.acosh, (g, x) =>
    g.reciprocal(g.mul(g.sqrt(g.sub(x, g.scalar(1))), g.sqrt(g.add(x, g.scalar(1))))),
  ),
  atanh: unary(Math.atanh, (g, x) => g.reciprocal(oneMinusSquare(g, x))),
  softplus: unary(
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    (g, x) => g.sigmoid(x),
  ),
  abs: unary(Math.abs, (g, x) => g.sign(x)),
  // The derivative is of the result, not of the argument: the argument may then be fused away.
  relu: unary(
    (x) => (x > 0 || Number.isNaN(x) ? x : 0),
    (g, _, y) => g.step(y),
  ),
  step: unary((x) => (x > 0 ? 1 : 0), null),
  sign: unary(Math.sign, null),
  floor: unary(Math.floor, null),
  round: unary(roundHalfToEven, null),
};

export function isUnary(operation: Operation): operation is UnaryOperation {
  return operation in unaryRules;
}

/** (1 − x)(1 + x) keeps the digits that 1 − x² loses beside 1. */
function oneMinusSquare(g: Builder, x: Node): Node {
  return g.mul(g.sub(g.scalar(1), x), g.add(g.scalar(1), x));
}

function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  const beyond = x - below;
  if (beyond !== 0.5) return beyond < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
