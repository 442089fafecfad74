import type * as tfjs from '@tensorflow/tfjs';
import type { Tensor, TensorFlow } from './api';
import type { AnyNode, Node, UnaryOperation } from '../../graph/operations';
import { isUnary } from '../../graph/rules/unary';
import { sizeOf } from '../../tensor';
import { conv, convInput, convWeight } from './convolutions';
import { maxPoolIndex } from './pooling';
import { place, slice } from './places';

/**
 * The value of a node from those of its arguments, by the kernels of TensorFlow.js alone: its
 * differentiation, whose second derivatives are wrong, is never used. All values are float32, as
 * TensorFlow.js has no float64; masks and indices are converted where a kernel wants them so.
 *
 * @param args one tensor for each argument, of its node's shape; they stay the caller's.
 */
export function applyKernels(tf: TensorFlow, node: AnyNode, args: readonly Tensor[]): Tensor {
  const [a, b, c] = args as [Tensor, Tensor, Tensor];
  if (isUnary(node.operation)) return unary[node.operation](tf, a);
  switch (node.operation) {
    case 'input':
      throw new Error(`The value of ${node.attributes.name} is not known.`);
    case 'constant':
      return tf.tensor(Float32Array.from(node.attributes.data), [...node.shape], 'float32');
    case 'power':
      return tf.pow(a, tf.scalar(node.attributes.exponent));
    case 'add':
      return tf.add(a, b);
    case 'sub':
      return tf.sub(a, b);
    case 'mul':
      return tf.mul(a, b);
    case 'div':
      return tf.div(a, b);
    case 'pow':
      return tf.pow(a, b);
    case 'fmod': {
      const quotient = tf.div(a, b);
      const whole = tf.mul(tf.sign(quotient), tf.floor(tf.abs(quotient)));
      return tf.sub(a, tf.mul(b, whole));
    }
    case 'less':
      return tf.cast(tf.less(a, b), 'float32');
    case 'equal':
      return tf.cast(tf.equal(a, b), 'float32');
    case 'where':
      return tf.where(tf.notEqual(a, tf.scalar(0)), b, c);
    case 'sum':
      return tf.sum(a, [...node.attributes.axes], true);
    case 'max':
      return tf.max(a, [...node.attributes.axes], true);
    case 'argmax':
      return tf.reshape(tf.cast(tf.argMax(a, node.attributes.axis), 'float32'), [...node.shape]);
    case 'maxPoolIndex':
      return maxPoolIndex(tf, a, node);
    case 'reshape':
      return tf.reshape(a, [...node.shape]);
    case 'expand':
      return tf.broadcastTo(a, [...node.shape]);
    case 'transpose':
      return tf.transpose(a, [...node.attributes.permutation]);
    case 'slice':
      return slice(tf, a, node.attributes);
    case 'place':
      return place(tf, a, node.attributes);
    case 'concat':
      return tf.concat([...args], node.attributes.axis);
    case 'take':
      return take(tf, a, b, node.shape);
    case 'put':
      return put(tf, a, b, node.attributes.count);
    case 'matmul':
      return matmul(tf, a, b, node);
    case 'conv':
      return conv(tf, a, b, node.attributes);
    case 'convInput':
      return convInput(tf, a, b, node.attributes);
    case 'convWeight':
      return convWeight(tf, a, b, node.attributes);
  }
}

const unary: Readonly<Record<UnaryOperation, (tf: TensorFlow, x: Tensor) => Tensor>> = {
  neg: (tf, x) => tf.neg(x),
  exp: (tf, x) => tf.exp(x),
  log: (tf, x) => tf.log(x),
  log1p: (tf, x) => tf.log1p(x),
  expm1: (tf, x) => tf.expm1(x),
  sqrt: (tf, x) => tf.sqrt(x),
  reciprocal: (tf, x) => tf.reciprocal(x),
  tanh: (tf, x) => tf.tanh(x),
  sigmoid: (tf, x) => tf.sigmoid(x),
  erf: (tf, x) => tf.erf(x),
  sin: (tf, x) => tf.sin(x),
  cos: (tf, x) => tf.cos(x),
  atan: (tf, x) => tf.atan(x),
  asin: (tf, x) => tf.asin(x),
  acos: (tf, x) => tf.acos(x),
  sinh: (tf, x) => tf.sinh(x),
  cosh: (tf, x) => tf.cosh(x),
  asinh: (tf, x) => tf.asinh(x),
  acosh: (tf, x) => tf.acosh(x),
  atanh: (tf, x) => tf.atanh(x),
  softplus: (tf, x) => tf.softplus(x),
  abs: (tf, x) => tf.abs(x),
  relu: (tf, x) => tf.relu(x),
  step: (tf, x) => tf.cast(tf.greater(x, tf.scalar(0)), 'float32'),
  sign: (tf, x) => tf.sign(x),
  floor: (tf, x) => tf.floor(x),
  round: (tf, x) => tf.round(x),
};

/** The batch axes of both are made the same first: the kernels do not agree on broadcasting. */
function matmul(tf: TensorFlow, a: Tensor, b: Tensor, { shape, inputs }: Node): Tensor {
  const [left, right] = inputs as [Node, Node];
  const rows = shape.at(-2)!;
  const columns = shape.at(-1)!;
  const depth = left.shape.at(-1)!;
  const lead = shape.slice(0, -2);
  if (sizeOf(right.shape.slice(0, -2)) === 1) {
    // One matrix for all: the batch is more rows.
    const product = tf.matMul(
      tf.reshape(a, [sizeOf(left.shape.slice(0, -1)), depth]),
      tf.reshape(b, [depth, columns]),
    );
    return tf.reshape(product, [...shape]);
  }
  const all = (x: Tensor, own: readonly number[], m: number, n: number): Tensor => {
    const full = [...lead, m, n];
    const same = own.length === full.length && own.every((extent, i) => extent === full[i]);
    return tf.reshape(same ? x : tf.broadcastTo(x, full), [sizeOf(lead), m, n]);
  };
  const product = tf.matMul(all(a, left.shape, rows, depth), all(b, right.shape, depth, columns));
  return tf.reshape(product, [...shape]);
}

/** @param indices [A or 1, M] of x [A, K, B]. */
function take(tf: TensorFlow, x: Tensor, indices: Tensor, shape: readonly number[]): Tensor {
  const [a, k, b] = x.shape as [number, number, number];
  const rows = rowsOf(tf, indices, a, k);
  return tf.reshape(tf.gather(tf.reshape(x, [a * k, b]), rows), [...shape]);
}

/** @param y [A, M, B] added up at indices [A or 1, M] of `count` rows. */
function put(tf: TensorFlow, y: Tensor, indices: Tensor, count: number): Tensor {
  const [a, m, b] = y.shape as [number, number, number];
  const rows = tf.reshape(rowsOf(tf, indices, a, count), [a * m, 1]);
  const sums = tf.scatterND(rows, tf.reshape(y, [a * m, b]), [a * count, b]);
  return tf.reshape(sums, [a, count, b]);
}

/** Where in [A · count] rows the indices [A or 1, M] point to, [A · M]. */
function rowsOf(tf: TensorFlow, indices: Tensor, a: number, count: number): tfjs.Tensor1D {
  const given = tf.cast(indices, 'int32');
  const fromStart = tf.where(
    tf.less(given, tf.scalar(0, 'int32')),
    tf.add(given, tf.scalar(count, 'int32')),
    given,
  );
  if (a === 1) return tf.reshape(fromStart, [fromStart.size]);
  const starts = tf.tensor2d(
    Int32Array.from({ length: a }, (_, i) => i * count),
    [a, 1],
    'int32',
  );
  const rows = tf.add(fromStart, starts);
  return tf.reshape(rows, [rows.size]);
}
