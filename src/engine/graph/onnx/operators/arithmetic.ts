import { InputError } from '../../../../shared/inputError';
import type { Graph } from '../../graph';
import type { Node } from '../../operations';
import { say } from '../../../../shared/words/message';
import { logSoftmax, softmax } from '../../softmax';
import { stableDifference, stableLog, stableQuotient, stableSum } from '../../stableForms';
import {
  broadcastOnto,
  elementType,
  knownValues,
  type ElementType,
  type Operator,
  type OperatorCall,
  type Result,
} from './operatorCall';

type Unary = (g: Graph, x: Node, c: OperatorCall) => Node;

/** Operators of one argument, element by element. */
const unary: Readonly<Record<string, Unary>> = {
  Neg: (g, x) => g.neg(x),
  Exp: (g, x) => g.exp(x),
  Log: stableLog,
  Sqrt: (g, x) => g.sqrt(x),
  Reciprocal: (g, x) => g.reciprocal(x),
  Abs: (g, x) => g.abs(x),
  Sign: (g, x) => g.sign(x),
  Floor: (g, x) => g.floor(x),
  Ceil: (g, x) => g.neg(g.floor(g.neg(x))),
  Round: (g, x) => g.round(x),
  Erf: (g, x) => g.erf(x),
  Sin: (g, x) => g.sin(x),
  Cos: (g, x) => g.cos(x),
  Tan: (g, x) => g.div(g.sin(x), g.cos(x)),
  Atan: (g, x) => g.atan(x),
  Asin: (g, x) => g.asin(x),
  Acos: (g, x) => g.acos(x),
  Sinh: (g, x) => g.sinh(x),
  Cosh: (g, x) => g.cosh(x),
  Asinh: (g, x) => g.asinh(x),
  Acosh: (g, x) => g.acosh(x),
  Atanh: (g, x) => g.atanh(x),

  Tanh: (g, x) => g.tanh(x),
  Sigmoid: (g, x) => g.sigmoid(x),
  Softplus: (g, x) => g.softplus(x),
  Softsign: (g, x) => g.div(x, g.add(g.scalar(1), g.abs(x))),
  Relu: (g, x) => g.relu(x),
  LeakyRelu: (g, x, c) => rectified(g, x, g.mul(g.scalar(c.float('alpha', 0.01)), x)),
  Elu: (g, x, c) => exponential(g, x, c.float('alpha', 1), 1),
  Celu: (g, x, c) => {
    const alpha = c.float('alpha', 1);
    return exponential(g, x, alpha, 1 / alpha);
  },
  Selu: (g, x, c) =>
    g.mul(
      g.scalar(unrounded(c, 'gamma', 1.0507009873554805)),
      exponential(g, x, unrounded(c, 'alpha', 1.6732632423543772), 1),
    ),
  ThresholdedRelu: (g, x, c) => {
    const above = g.where(g.less(g.scalar(c.float('alpha', 1)), x), x, g.scalar(0));
    return orNaN(g, x, above);
  },
  HardSigmoid: (g, x, c) => hardSigmoid(g, x, c.float('alpha', 0.2), c.float('beta', 0.5)),
  HardSwish: (g, x) => g.mul(x, hardSigmoid(g, x, 1 / 6, 0.5)),
  Mish: (g, x) => g.mul(x, g.tanh(g.softplus(x))),
  Swish: (g, x, c) => g.mul(x, g.sigmoid(g.mul(g.scalar(c.float('alpha', 1)), x))),
  Gelu: (g, x, c) => (c.text('approximate', 'none') === 'tanh' ? geluByTanh(g, x) : gelu(g, x)),
  Shrink: (g, x, c) => {
    const [bias, limit] = [g.scalar(c.float('bias', 0)), g.scalar(c.float('lambd', 0.5))];
    const below = g.where(g.less(x, g.neg(limit)), g.add(x, bias), g.scalar(0));
    return g.where(g.less(limit, x), g.sub(x, bias), below);
  },
  Not: (g, x) => g.sub(g.scalar(1), x),
};

/** A constant of Klambauer et al. 2017, which ONNX's default, too, states in float32. */
function unrounded(c: OperatorCall, name: string, exact: number): number {
  const given = c.float(name, exact);
  return Math.abs(given - exact) < 1e-6 ? exact : given;
}

/** x where it is positive, else `otherwise`: at 0 derivatives are those of `otherwise`. */
function rectified(g: Graph, x: Node, otherwise: Node): Node {
  return g.where(g.step(x), x, otherwise);
}

/** x where positive, else α (e^(κx) − 1), whose exponent never is. */
function exponential(g: Graph, x: Node, alpha: number, kappa: number): Node {
  const negative = g.where(g.step(x), g.scalar(0), g.mul(g.scalar(kappa), x));
  return rectified(g, x, g.mul(g.scalar(alpha), g.expm1(negative)));
}

function hardSigmoid(g: Graph, x: Node, alpha: number, beta: number): Node {
  return clip(g, g.add(g.mul(g.scalar(alpha), x), g.scalar(beta)), g.scalar(0), g.scalar(1));
}

function gelu(g: Graph, x: Node): Node {
  const erf = g.erf(g.mul(x, g.scalar(Math.SQRT1_2)));
  return g.mul(g.mul(g.scalar(0.5), x), g.add(g.scalar(1), erf));
}

function geluByTanh(g: Graph, x: Node): Node {
  const cube = g.mul(g.mul(x, x), x);
  const inner = g.add(x, g.mul(g.scalar(0.044715), cube));
  const tanh = g.tanh(g.mul(g.scalar(Math.sqrt(2 / Math.PI)), inner));
  return g.mul(g.mul(g.scalar(0.5), x), g.add(g.scalar(1), tanh));
}

/** Between two bounds, each of which may be absent; on a bound the derivative is x's. */
function clip(g: Graph, x: Node, low: Node | null, high: Node | null): Node {
  let result = x;
  if (low !== null) result = g.where(g.less(result, low), low, result);
  return high === null ? result : g.where(g.less(high, result), high, result);
}

type Binary = (g: Graph, a: Node, b: Node) => Node;

const not = (g: Graph, x: Node): Node => g.sub(g.scalar(1), x);

const comparisons: Readonly<Record<string, Binary>> = {
  Equal: (g, a, b) => g.equal(a, b),
  Less: (g, a, b) => g.less(a, b),
  Greater: (g, a, b) => g.less(b, a),
  LessOrEqual: (g, a, b) => not(g, g.less(b, a)),
  GreaterOrEqual: (g, a, b) => not(g, g.less(a, b)),
  And: (g, a, b) => g.mul(a, b),
  Or: (g, a, b) => not(g, g.mul(not(g, a), not(g, b))),
  Xor: (g, a, b) => not(g, g.equal(a, b)),
};

/** Operators of any number of arguments, taken two by two. */
const folds: Readonly<Record<string, Binary>> = {
  Add: stableSum,
  Sub: stableDifference,
  Mul: (g, a, b) => g.mul(a, b),
  Sum: (g, a, b) => g.add(a, b),
  Max: (g, a, b) => orNaN(g, b, g.where(g.less(a, b), b, a)),
  Min: (g, a, b) => orNaN(g, b, g.where(g.less(b, a), b, a)),
};

/** A value, or b where that is no number: comparisons with it are false. */
function orNaN(g: Graph, b: Node, value: Node): Node {
  return knownValues(b) === null ? g.where(g.equal(b, b), value, b) : value;
}

/** Towards zero. */
function truncate(g: Graph, x: Node): Node {
  return g.mul(g.sign(x), g.floor(g.abs(x)));
}

function divide(c: OperatorCall): Node {
  return c.value(0).type === 'integer'
    ? truncate(c.g, c.g.div(c.node(0), c.node(1)))
    : stableQuotient(c.g, c.node(0), c.node(1));
}

/** Of the sign of the first, or of the second. */
function remainder(c: OperatorCall): Node {
  const { g } = c;
  const [a, b] = [c.node(0), c.node(1)];
  const rest = g.fmod(a, b);
  if (c.integer('fmod', 0) === 1) return rest;
  const crosses = g.less(g.mul(g.sign(rest), g.sign(b)), g.scalar(0));
  return g.where(crosses, g.add(rest, b), rest);
}

/** By a known number, or element by element. */
function power(c: OperatorCall): Node {
  const { g } = c;
  const exponent = c.known(1);
  if (exponent !== null && exponent.length > 0 && exponent.every((x) => x === exponent[0])) {
    const result = g.power(c.node(0), exponent[0]!);
    return g.add(result, g.expand(g.scalar(0), c.node(1).shape));
  }
  return g.pow(c.node(0), c.node(1));
}

/** Types matter for known values and for rounding: everything computed is a float. */
function convert(g: Graph, x: Node, from: ElementType, to: ElementType): Result {
  if (to === 'boolean' && from !== 'boolean') {
    return { node: not(g, g.equal(x, g.scalar(0))), type: to };
  }
  const rounds = to === 'integer' && from === 'float';
  return { node: rounds ? truncate(g, x) : x, type: to };
}

function batchSoftmax(rule: (g: Graph, x: Node, axis: number) => Node): Operator {
  return (c) => {
    const x = c.node(0);
    const axis = c.integer('axis', -1);
    return rule(c.g, x, axis < 0 ? axis + x.shape.length : axis);
  };
}

/** Arithmetic, activations, comparisons. */
export const arithmeticOperators: readonly (readonly [string, Operator])[] = [
  ...Object.entries(unary).map(
    ([name, rule]) => [name, (c: OperatorCall) => rule(c.g, c.node(0), c)] as const,
  ),
  ...Object.entries(comparisons).map(
    ([name, rule]) =>
      [
        name,
        (c: OperatorCall): Result => ({
          node: rule(c.g, c.node(0), c.node(1)),
          type: 'boolean',
        }),
      ] as const,
  ),
  ...Object.entries(folds).map(
    ([name, rule]) =>
      [
        name,
        (c: OperatorCall) =>
          c.inputs
            .map((_, position) => c.node(position))
            .reduce((joined, next) => rule(c.g, joined, next)),
      ] as const,
  ),
  ['Div', divide],
  ['Mod', remainder],
  ['Pow', power],
  [
    'Mean',
    (c) => {
      const all = c.inputs.map((_, position) => c.node(position));
      return c.g.mul(
        all.reduce((sum, next) => c.g.add(sum, next)),
        c.g.scalar(1 / all.length),
      );
    },
  ],
  [
    'PRelu',
    (c) => {
      const x = c.node(0);
      return rectified(c.g, x, broadcastOnto(x, c.g.mul(c.node(1), x), say`the slope`));
    },
  ],
  [
    'Clip',
    (c) => {
      const low = c.optional(1);
      const isRelu = low !== null && knownValues(low)?.every((x) => x === 0) === true;
      return isRelu
        ? clip(c.g, c.g.relu(c.node(0)), null, c.optional(2))
        : clip(c.g, c.node(0), low, c.optional(2));
    },
  ],
  ['Where', (c) => ({ node: c.g.where(c.node(0), c.node(1), c.node(2)), type: c.value(1).type })],
  ['IsNaN', (c) => ({ node: not(c.g, c.g.equal(c.node(0), c.node(0))), type: 'boolean' })],
  [
    'IsInf',
    (c) => ({ node: c.g.equal(c.g.abs(c.node(0)), c.g.scalar(Infinity)), type: 'boolean' }),
  ],
  ['Identity', (c) => c.inputs[0] ?? c.value(0)],
  [
    'Dropout',
    (c) => {
      const ratio = c.inputs[1] === undefined ? 0.5 : (c.numbers(1)?.[0] ?? 0.5);
      if (c.numbers(2)?.[0] === 1 && ratio > 0) {
        throw new InputError(
          say`drops values at random; call model.eval() before the export, and where the model drops values by itself write F.dropout(…, training=self.training)`,
          'unsupported',
        );
      }
      return [c.node(0), { node: c.g.expand(c.g.scalar(1), c.node(0).shape), type: 'boolean' }];
    },
  ],
  ['Cast', (c) => convert(c.g, c.node(0), c.value(0).type, elementType(c.integer('to', 1)))],
  ['CastLike', (c) => convert(c.g, c.node(0), c.value(0).type, c.value(1).type)],
  ['Softmax', batchSoftmax(softmax)],
  ['LogSoftmax', batchSoftmax(logSoftmax)],
  [
    'Hardmax',
    (c) => {
      const { g } = c;
      const x = c.node(0);
      const axis = c.integer('axis', -1);
      const own = axis < 0 ? axis + x.shape.length : axis;
      const places = Float64Array.from({ length: x.shape[own]! }, (_, i) => i);
      const shape = x.shape.map((extent, i) => (i === own ? extent : 1));
      return g.equal(g.argmax(x, own), g.constant(places, shape));
    },
  ],
];
