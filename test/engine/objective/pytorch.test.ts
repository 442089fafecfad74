import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArray } from '../../../src/engine/checkpoint/numpy/npy';
import { splitBatches } from '../../../src/engine/objective/batches';
import { measuredMetrics } from '../../../src/engine/objective/metrics';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import {
  EXAMPLE,
  FIXTURES,
  meanGradient,
  meanProduct,
  openExample,
  openMlp,
  relativeError,
} from './problems';

// Every expected value was computed by PyTorch in float64 (examples/digits-resnet/train.py,
// test/fixtures/derivatives/make.py, test/fixtures/mlp/make.py).

interface ExampleReference {
  readonly loss: number;
  readonly accuracy: number;
  readonly parameters: number;
}

const references = JSON.parse(readFileSync(join(EXAMPLE, 'reference.json'), 'utf8')) as Readonly<
  Record<string, ExampleReference>
>;

describe('loss and accuracy of every example checkpoint are PyTorch’s', () => {
  expect(Object.keys(references)).toHaveLength(18);
  test.each(Object.entries(references))('%s', async (path, reference) => {
    const [, run, epoch] = /runs\/(\w+)\/epoch-(\d+)\.pt/.exec(path)!;
    const { evaluator, theta, data } = await openExample(onnxRuntime(), run!, epoch!);
    const batches = splitBatches(data.sets);
    const measured = await Promise.all(batches.map((batch) => evaluator.metrics(theta, batch)));
    const { loss, accuracy, samples } = measuredMetrics(data, batches, measured);
    expect(theta.length).toBe(reference.parameters);
    expect(samples).toBe(data.samples);
    expect(Math.abs(Number(loss) - reference.loss)).toBeLessThan(1e-5);
    expect(Math.abs(accuracy! - reference.accuracy)).toBeLessThan(1e-5);
    expect(Math.abs((await evaluator.loss(theta)) - reference.loss)).toBeLessThan(1e-5);
  });
});

describe('gradient and H·v of the example are PyTorch’s in float64', () => {
  test.each([
    ['resnet', '008'],
    ['resnet', '030'],
    ['plain', '008'],
    ['plain', '030'],
  ])('%s, epoch %s', async (run, epoch) => {
    const folder = join(FIXTURES, 'derivatives');
    const expected = async (name: string) =>
      (await readArray(`${run}-epoch-${epoch}.npz#${name}`, folder)).data as Float32Array;
    const problem = await openExample(onnxRuntime(), run, epoch);
    const v = Float32Array.from(problem.theta, (_, i) => Math.sin(i + 1));
    expect(relativeError(await meanGradient(problem), await expected('gradient'))).toBeLessThan(
      1e-4,
    );
    expect(relativeError(await meanProduct(problem, v), await expected('hvp'))).toBeLessThan(1e-4);
  });
});

interface MlpReference {
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly loss: number;
  readonly gradient: readonly number[];
  readonly hvp: readonly number[];
}

describe('loss, gradient and H·v of small networks are PyTorch’s in float64', () => {
  test.each([
    ['classification', 'reference.json'],
    ['regression', 'regression.json'],
  ] as const)('%s', async (kind, file) => {
    const reference = JSON.parse(readFileSync(join(FIXTURES, 'mlp', file), 'utf8')) as MlpReference;
    for (const runtime of [
      onnxRuntime(),
      onnxRuntime({ precision: 'float64' }),
      referenceRuntime,
    ]) {
      const tolerance = runtime.precision === 'float64' ? 1e-9 : 2e-6;
      const problem = await openMlp(runtime, kind);
      const { evaluator, theta, names } = problem;
      expect(names).toEqual(Object.keys(reference.parameters));
      const v = Float64Array.from(theta, (_, i) => Math.sin(i + 1));
      const loss = await evaluator.loss(theta);
      expect(Math.abs(loss / reference.loss - 1)).toBeLessThan(tolerance);
      // Data is float32, so that its sums are the same numbers; what differs is rounding.
      expect(relativeError(await meanGradient(problem), reference.gradient)).toBeLessThan(
        tolerance * 50,
      );
      expect(relativeError(await meanProduct(problem, v), reference.hvp)).toBeLessThan(
        tolerance * 50,
      );
    }
  });
});
