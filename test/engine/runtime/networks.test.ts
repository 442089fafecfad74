import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readArray } from '../../../src/engine/checkpoint/numpy/npy';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { onnxRuntimeWeb } from '../../../src/engine/runtime/onnxruntimeWeb';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { tensorFlowRuntime } from '../../../src/engine/runtime/tensorflow/tensorflow';
import type { TensorFlow } from '../../../src/engine/runtime/tensorflow/api';
import {
  FIXTURES,
  meanGradient,
  meanProduct,
  openExample,
  openProblem,
  relativeError,
  type Problem,
} from '../objective/problems';
import { plainTensorFlow } from './plainTensorFlow';

// Every expected value of the fixtures was computed by PyTorch in float64
// (test/fixtures/networks/make.py).

const FOLDER = join(FIXTURES, 'networks');

let tf: TensorFlow;
beforeAll(async () => {
  tf = await plainTensorFlow();
});

const TOLERANCE = {
  float32: { loss: 1e-5, gradient: 1e-4, product: 1e-3 },
  // PyTorch's own sums of float64 are in another order, and the files keep float32 of some.
  float64: { loss: 1e-7, gradient: 1e-7, product: 1e-7 },
};

const native64 = (): Runtime => onnxRuntime({ precision: 'float64' });
const web32 = (): Runtime => onnxRuntimeWeb();
const web64 = (): Runtime => onnxRuntimeWeb({ precision: 'float64' });
const plain = (): Runtime => tensorFlowRuntime(tf);

describe('loss, gradient and H·v are PyTorch’s', () => {
  test.each([
    ['pinn', 'onnxruntime-node in float64', native64],
    ['lstm', 'onnxruntime-node in float64', native64],
    ['pinn', 'onnxruntime-web', web32],
    ['pinn', 'onnxruntime-web in float64', web64],
    ['pinn', 'tensorflow', plain],
    ['lstm', 'tensorflow', plain],
  ] as const)('%s: %s', async (name, _, open) => {
    const runtime = open();
    const within = TOLERANCE[runtime.precision];
    const expected = async (array: string): Promise<Float32Array | Float64Array> =>
      (await readArray(`${name}.npz#${array}`, FOLDER)).data as Float32Array | Float64Array;
    const problem = await openProblem(runtime, {
      checkpoint: join(FOLDER, `${name}.pt`),
      model: join(FOLDER, `${name}.onnx`),
      data: join(FOLDER, `${name}.npz`),
      objective: name === 'pinn' ? 'regression' : 'classification',
    });
    const { evaluator, theta } = problem;
    const [loss] = await expected('loss');
    expect(Math.abs((await evaluator.loss(theta)) / loss! - 1)).toBeLessThan(within.loss);
    expect(relativeError(await meanGradient(problem), await expected('gradient'))).toBeLessThan(
      within.gradient,
    );
    const v = Float64Array.from(theta, (__, i) => Math.sin(i + 1));
    expect(relativeError(await meanProduct(problem, v), await expected('hvp'))).toBeLessThan(
      within.product,
    );
    await evaluator.release();
  });
});

test('a residual network: the runtimes agree', async () => {
  const native = await openExample(onnxRuntime(), 'resnet', '008', 8);
  const web = await openExample(onnxRuntimeWeb(), 'resnet', '008', 8);
  const plain = await openExample(tensorFlowRuntime(tf), 'resnet', '008', 8);
  const v = Float64Array.from(native.theta, (_, i) => Math.sin(i + 1));
  const of = async (problem: Problem) => ({
    loss: await problem.evaluator.loss(problem.theta),
    gradient: await meanGradient(problem),
    product: await meanProduct(problem, v),
  });
  const expected = await of(native);
  for (const problem of [web, plain]) {
    const { loss, gradient, product } = await of(problem);
    expect(Math.abs(loss / expected.loss - 1)).toBeLessThan(1e-5);
    expect(relativeError(gradient, expected.gradient)).toBeLessThan(1e-4);
    expect(relativeError(product, expected.product)).toBeLessThan(1e-3);
  }
  const before = tf.memory().numTensors;
  await plain.evaluator.loss(plain.theta);
  expect(tf.memory().numTensors).toBe(before);
}, 180_000);
