import type { Graph } from '../../../src/engine/graph/graph';
import type { ConvAttributes, Node } from '../../../src/engine/graph/operations';
import { logSoftmax, softmax } from '../../../src/engine/graph/softmax';

/** An operation applied to arguments of given shapes, as the derivative laws are tested on it. */
export interface OperationCase {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly build: (g: Graph, args: readonly Node[]) => Node;
  /** Where the operation is smooth: values are drawn from there. */
  readonly domain?: 'positive' | 'inside' | 'awayFromZero' | 'distinct';
}

const conv = (more: Partial<ConvAttributes> = {}): ConvAttributes => ({
  strides: [1, 1],
  dilations: [1, 1],
  padsBefore: [1, 1],
  padsAfter: [1, 1],
  groups: 1,
  ...more,
});

const strided = conv({ strides: [2, 2], padsBefore: [1, 0], padsAfter: [1, 2] });
const dilated = conv({ dilations: [2, 1], padsBefore: [2, 1], padsAfter: [0, 1] });

/** @param n a small extent, so that shapes vary. */
export function operationCases(n: number): readonly OperationCase[] {
  const one = (
    name: string,
    build: (g: Graph, x: Node) => Node,
    domain?: OperationCase['domain'],
  ): OperationCase => ({
    name,
    shapes: [[n, 3]],
    build: (g, [x]) => build(g, x!),
    ...(domain === undefined ? {} : { domain }),
  });
  const two = (
    name: string,
    a: readonly number[],
    b: readonly number[],
    build: (g: Graph, a: Node, b: Node) => Node,
    domain?: OperationCase['domain'],
  ): OperationCase => ({
    name,
    shapes: [a, b],
    build: (g, [x, y]) => build(g, x!, y!),
    ...(domain === undefined ? {} : { domain }),
  });
  const convolution = (name: string, attributes: ConvAttributes, groups = 1): OperationCase =>
    two(name, [2, 2 * groups, 6, 5 + n], [2 * groups, 2, 3, 3], (g, x, w) =>
      g.conv(x, w, { ...attributes, groups }),
    );
  return [
    one('neg', (g, x) => g.neg(x)),
    one('exp', (g, x) => g.exp(x)),
    one('log', (g, x) => g.log(x), 'positive'),
    one('sqrt', (g, x) => g.sqrt(x), 'positive'),
    one('reciprocal', (g, x) => g.reciprocal(x), 'positive'),
    one('tanh', (g, x) => g.tanh(x)),
    one('sigmoid', (g, x) => g.sigmoid(x)),
    one('erf', (g, x) => g.erf(x)),
    one('sin', (g, x) => g.sin(x)),
    one('cos', (g, x) => g.cos(x)),
    one('atan', (g, x) => g.atan(x)),
    one('softplus', (g, x) => g.softplus(x)),
    one('log1p', (g, x) => g.log1p(x), 'inside'),
    one('expm1', (g, x) => g.expm1(x)),
    one('asin', (g, x) => g.asin(x), 'inside'),
    one('acos', (g, x) => g.acos(x), 'inside'),
    one('sinh', (g, x) => g.sinh(x)),
    one('cosh', (g, x) => g.cosh(x)),
    one('asinh', (g, x) => g.asinh(x)),
    one('acosh', (g, x) => g.acosh(g.add(x, g.scalar(1))), 'positive'),
    one('atanh', (g, x) => g.atanh(x), 'inside'),
    one('round', (g, x) => g.mul(g.round(g.mul(x, g.scalar(3.3))), x), 'distinct'),
    one('floor', (g, x) => g.mul(g.floor(x), x), 'awayFromZero'),
    one(
      'where and comparisons',
      (g, x) => g.where(g.less(x, g.scalar(0)), g.sin(x), g.mul(g.equal(x, x), g.exp(x))),
      'awayFromZero',
    ),
    one(
      'argmax and take',
      (g, x) => g.take(g.reshape(g.mul(x, x), [n, 3, 1]), g.reshape(g.argmax(x, 1), [n, 1])),
      'distinct',
    ),
    one('take of the same rows', (g, x) =>
      g.take(g.reshape(g.sin(x), [1, n, 3]), g.constant(Float64Array.of(1, 0, 1, -1), [1, 4])),
    ),
    one('take of the same columns', (g, x) =>
      g.take(g.reshape(g.sin(x), [n, 3, 1]), g.constant(Float64Array.of(2, 0, 2), [1, 3])),
    ),
    one(
      'put',
      (g, x) =>
        g.put(
          g.reshape(g.sin(x), [n, 3, 1]),
          g.concat([g.argmax(x, 1), g.argmax(g.neg(x), 1), g.argmax(x, 1)], 1),
          4,
        ),
      'distinct',
    ),
    one('put of rows', (g, x) =>
      g.put(
        g.reshape(g.sin(x), [1, n, 3]),
        g.constant(
          Float64Array.from({ length: n }, (_, i) => i % 2),
          [1, n],
        ),
        5,
      ),
    ),
    one('abs', (g, x) => g.mul(g.abs(x), x), 'awayFromZero'),
    one('relu', (g, x) => g.mul(g.relu(x), x), 'awayFromZero'),
    one('power', (g, x) => g.power(x, 2.5), 'positive'),
    one('mean', (g, x) => g.mean(g.mul(x, x), [0])),
    one('sum', (g, x) => g.sum(g.sin(x), [1], true)),
    one('reshape', (g, x) => g.reshape(g.sin(x), [3, n])),
    one('transpose', (g, x) => g.transpose(g.sin(x), [1, 0])),
    one('expand', (g, x) => g.expand(g.reshape(g.sin(x), [n, 1, 3]), [n, 2, 3])),
    one('slice', (g, x) =>
      g.slice(g.sin(x), { starts: [n - 1, 0], steps: [-1, 2], counts: [n, 2] }),
    ),
    one('place', (g, x) => g.place(g.sin(x), [2 * n, 7], [1, 6], [2, -3])),
    one('concat', (g, x) => g.concat([g.sin(x), x, g.mul(x, x)], 1)),
    one('softmax', (g, x) => softmax(g, x, 1)),
    one('logSoftmax', (g, x) => logSoftmax(g, x, 1)),
    two('add', [n, 3], [3], (g, a, b) => g.sin(g.add(a, b))),
    two('sub', [n, 1], [1, 3], (g, a, b) => g.sin(g.sub(a, b))),
    two('mul', [n, 3], [n, 1], (g, a, b) => g.mul(a, b)),
    two('div', [n, 3], [3], (g, a, b) => g.div(a, b), 'positive'),
    two('pow', [n, 3], [n, 1], (g, a, b) => g.pow(a, b), 'positive'),
    one('pow by whole numbers', (g, x) =>
      g.pow(
        g.reshape(g.sub(x, g.scalar(0.2)), [n, 3, 1]),
        g.constant(Float64Array.of(0, 1, 2, 3, 5), [5]),
      ),
    ),
    two('fmod', [n, 3], [3], (g, a, b) => g.fmod(g.mul(a, g.scalar(3.7)), b), 'positive'),
    two('matmul', [n, 3], [3, 2], (g, a, b) => g.matmul(a, b)),
    two('matmul of a batch with a matrix', [2, n, 3], [3, 2], (g, a, b) => g.matmul(a, b)),
    two('matmul, broadcasting', [2, 1, n, 3], [2, 3, 2], (g, a, b) => g.matmul(a, b)),
    convolution('conv', conv()),
    convolution('conv, strided, uneven padding', strided),
    convolution('conv, dilated', dilated),
    convolution('conv in groups', conv(), 2),
    two('convInput', [3, 2, 3, 3], [2, 3, 3, 4], (g, w, y) =>
      g.convInput(w, y, conv({ strides: [2, 2] }), [2, 2, 6, 8]),
    ),
    two('convWeight', [2, 2, 6, 7], [2, 3, 3, 4], (g, x, y) =>
      g.convWeight(x, y, conv({ strides: [2, 2] }), [3, 2, 3, 3]),
    ),
    two(
      'conv with bias, rectified',
      [2, 2, 5, 5],
      [3, 2, 3, 3],
      (g, x, w) =>
        g.relu(g.add(g.conv(x, w, conv()), g.reshape(g.sum(w, [1, 2, 3]), [1, 3, 1, 1]))),
      'awayFromZero',
    ),
  ];
}
