import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArray } from '../../../src/engine/checkpoint/npy';
import { splitBatches } from '../../../src/engine/objective/batches';
import { measuredMetrics } from '../../../src/engine/objective/metrics';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { configurationSchema } from '../../../src/shared/configuration';
import {
  FIXTURES,
  meanGradient,
  meanProduct,
  openConfigured,
  relativeError,
  type Problem,
} from './problems';

// Every expected value was computed by PyTorch in float64 (test/fixtures/pde/make.py), with the
// losses written out by hand.

const FOLDER = join(FIXTURES, 'pde');
const EQUATIONS = ['convection', 'reaction', 'wave', 'burgers', 'helmholtz', 'navier-stokes'];
const SOLVED = EQUATIONS.filter((name) => name !== 'burgers');

function open(runtime: Runtime, name: string): Promise<Problem> {
  const folder = join(FOLDER, name);
  const text = readFileSync(join(folder, 'basin.json'), 'utf8');
  return openConfigured(runtime, configurationSchema.parse(JSON.parse(text)), folder, {
    checkpoint: join(folder, 'weights.pt'),
    model: join(folder, 'model.onnx'),
  });
}

async function expected(name: string, array: string): Promise<Float64Array> {
  return (await readArray(`reference.npz#${array}`, join(FOLDER, name))).data as Float64Array;
}

describe.each([
  ['float32', () => onnxRuntime(), { loss: 1e-5, gradient: 1e-4, product: 1e-3 }],
  ['float64', () => referenceRuntime, { loss: 1e-8, gradient: 1e-8, product: 1e-8 }],
] as const)('in %s', (_, runtime, tolerance) => {
  test.each(EQUATIONS)('%s: loss, gradient and H·v are PyTorch’s', async (name) => {
    const problem = await open(runtime(), name);
    const { evaluator, theta } = problem;
    const [loss] = await expected(name, 'loss');
    expect(Math.abs((await evaluator.loss(theta)) / loss! - 1)).toBeLessThan(tolerance.loss);
    expect(
      relativeError(await meanGradient(problem), await expected(name, 'gradient')),
    ).toBeLessThan(tolerance.gradient);
    const v = Float64Array.from(theta, (__, i) => Math.sin(i + 1));
    expect(relativeError(await meanProduct(problem, v), await expected(name, 'hvp'))).toBeLessThan(
      tolerance.product,
    );
    await evaluator.release();
  });
});

describe('metrics', () => {
  test.each(SOLVED)('%s: the error is PyTorch’s, and the error of 0', async (name) => {
    const { evaluator, theta, data } = await open(referenceRuntime, name);
    const batches = splitBatches(data.sets);
    const measured = await Promise.all(batches.map((batch) => evaluator.metrics(theta, batch)));
    const { loss, error, zeroError, terms } = measuredMetrics(data, batches, measured);
    const of = async (array: string): Promise<number> => (await expected(name, array))[0]!;
    expect(Number(error)).toBeCloseTo(await of('error'), 9);
    expect(Number(zeroError)).toBeCloseTo(await of('zero_error'), 9);
    const total = terms!.reduce((sum, { weight, value }) => sum + weight * Number(value), 0);
    expect(total / Number(loss)).toBeCloseTo(1, 9);
    expect(Number(loss)).toBeCloseTo(await of('loss'), 6);
  });
});
