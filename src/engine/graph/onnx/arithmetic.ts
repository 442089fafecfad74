import { InputError } from '../../../shared/inputError';
import type { Graph, Node } from '../graph';
import { logSoftmax, softmax } from '../softmax';
import {
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
  Log: (g, x) => g.log(x),
  Sqrt: (g, x) => g.sqrt(x),
  Reciprocal: (g, x) => g.reciprocal(x),
  Abs: (g, x) => g.abs(x),
  Sign: (g, x) => g.sign(x),
  Floor: (g, x) => g.floor(x),
  Ceil: (g, x) => g.neg(g.floor(g.neg(x))),
  Round: round,
  Erf: (g, x) => g.erf(x),
  Sin: (g, x) => g.sin(x),
  Cos: (g, x) => g.cos(x),
  Tan: (g, x) => g.div(g.sin(x), g.cos(x)),
  Atan: (g, x) => g.atan(x),
  // asin x = atan(x / √(1 − x²))
  Asin: (g, x) => arcSine(g, x),
  Acos: (g, x) => g.sub(g.scalar(Math.PI / 2), arcSine(g, x)),
  Sinh: (g, x) => g.mul(g.scalar(0.5), g.sub(g.exp(x), g.exp(g.neg(x)))),
  Cosh: (g, x) => g.mul(g.scalar(0.5), g.add(g.exp(x), g.exp(g.neg(x)))),
  Asinh: (g, x) => g.log(g.add(x, g.sqrt(g.add(g.mul(x, x), g.scalar(1))))),
  Acosh: (g, x) => g.log(g.add(x, g.sqrt(g.sub(g.mul(x, x), g.scalar(1))))),
  Atanh: (g, x) => g.mul(g.scalar(0.5), g.log(g.div(g.add(g.scalar(1), x), g.sub(g.scalar(1), x)))),

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
  // The constants of Klambauer et al. 2017 as ONNX states them.
  Selu: (g, x, c) =>
    g.mul(
      g.scalar(c.float('gamma', 1.05070102214813232421875)),
      exponential(g, x, c.float('alpha', 1.67326319217681884765625), 1),
    ),
  ThresholdedRelu: (g, x, c) => g.where(g.less(g.scalar(c.float('alpha', 1)), x), x, g.scalar(0)),
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

function arcSine(g: Graph, x: Node): Node {
  return g.atan(g.div(x, g.sqrt(g.sub(g.scalar(1), g.mul(x, x)))));
}

/** To the nearest whole number, halves to the even one. */
function round(g: Graph, x: Node): Node {
  const up = g.floor(g.add(x, g.scalar(0.5)));
  const half = g.equal(g.sub(up, x), g.scalar(0.5));
  const odd = g.sub(up, g.mul(g.scalar(2), g.floor(g.mul(up, g.scalar(0.5)))));
  return g.sub(up, g.mul(half, odd));
}

/** x where it is positive, else `otherwise`: at 0 derivatives are those of `otherwise`. */
function rectified(g: Graph, x: Node, otherwise: Node): Node {
  return g.where(g.step(x), x, otherwise);
}

/** x where positive, else α (e^(κx) − 1), whose exponent never is. */
function exponential(g: Graph, x: Node, alpha: number, kappa: number): Node {
  const negative = g.where(g.step(x), g.scalar(0), g.mul(g.scalar(kappa), x));
  return rectified(g, x, g.mul(g.scalar(alpha), g.sub(g.exp(negative), g.scalar(1))));
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
  Add: (g, a, b) => g.add(a, b),
  Sub: (g, a, b) => g.sub(a, b),
  Mul: (g, a, b) => g.mul(a, b),
  Sum: (g, a, b) => g.add(a, b),
  Max: (g, a, b) => g.where(g.less(a, b), b, a),
  Min: (g, a, b) => g.where(g.less(b, a), b, a),
};

/** Towards zero. */
function truncate(g: Graph, x: Node): Node {
  return g.mul(g.sign(x), g.floor(g.abs(x)));
}

function divide(c: OperatorCall): Node {
  const quotient = c.g.div(c.node(0), c.node(1));
  return c.value(0).type === 'integer' ? truncate(c.g, quotient) : quotient;
}

function remainder(c: OperatorCall): Node {
  const { g } = c;
  const [a, b] = [c.node(0), c.node(1)];
  const quotient = g.div(a, b);
  const whole = c.integer('fmod', 0) === 1 ? truncate(g, quotient) : g.floor(quotient);
  return g.sub(a, g.mul(b, whole));
}

/** By a known number, else e^(b log a), which is right for positive a. */
function power(c: OperatorCall): Node {
  const { g } = c;
  const exponent = c.known(1);
  if (exponent !== null && exponent.length > 0 && exponent.every((x) => x === exponent[0])) {
    const result = g.power(c.node(0), exponent[0]!);
    return g.add(result, g.expand(g.scalar(0), c.node(1).shape));
  }
  return g.exp(g.mul(c.node(1), g.log(c.node(0))));
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
  ['PRelu', (c) => rectified(c.g, c.node(0), c.g.mul(c.node(1), c.node(0)))],
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
          'drops values at random; call model.eval() before the export',
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
