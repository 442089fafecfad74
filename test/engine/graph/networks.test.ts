import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArray } from '../../../src/engine/checkpoint/numpy/npy';
import { dot, norm } from '../../../src/engine/hessian/vectors';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import {
  FIXTURES,
  meanCurvature,
  meanGradient,
  meanProduct,
  openProblem,
  relativeError,
} from '../objective/problems';

// Every expected value was computed by PyTorch in float64 (test/fixtures/networks/make.py).

const FOLDER = join(FIXTURES, 'networks');
const networks = ['resnet18', 'mobilenet_v2', 'vit', 'lstm', 'gpt2', 'unet', 'pinn'];
const exporters = { TorchScript: '.onnx', dynamo: '.dynamo.onnx' };

describe.each(Object.entries(exporters))('exported by %s', (_, suffix) => {
  test.each(networks)('%s: loss, gradient and H·v are PyTorch’s', async (name) => {
    const expected = async (array: string): Promise<Float32Array | Float64Array> =>
      (await readArray(`${name}.npz#${array}`, FOLDER)).data as Float32Array | Float64Array;
    const problem = await openProblem(onnxRuntime(), {
      checkpoint: join(FOLDER, `${name}.pt`),
      model: join(FOLDER, `${name}${suffix}`),
      data: join(FOLDER, `${name}.npz`),
      objective: name === 'unet' || name === 'pinn' ? 'regression' : 'classification',
    });
    const { evaluator, theta } = problem;
    const gradient = await expected('gradient');
    expect(theta.length).toBe(gradient.length);

    const [loss] = await expected('loss');
    expect(Math.abs((await evaluator.loss(theta)) / loss! - 1)).toBeLessThan(1e-5);
    expect(relativeError(await meanGradient(problem), gradient)).toBeLessThan(1e-4);
    const v = Float32Array.from(theta, (_, i) => Math.sin(i + 1));
    const product = await expected('hvp');
    expect(relativeError(await meanProduct(problem, v), product)).toBeLessThan(1e-3);
    const error = (await meanCurvature(problem, v)) - dot(product, v);
    expect(Math.abs(error) / (norm(product) * norm(v))).toBeLessThan(1e-4);
    await evaluator.release();
  });
});

test('every network has both exports', () => {
  for (const name of networks) {
    for (const suffix of Object.values(exporters)) {
      expect(existsSync(join(FOLDER, `${name}${suffix}`)), `${name}${suffix}`).toBe(true);
    }
  }
});
