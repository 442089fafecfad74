import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CurvatureMatrix } from '../../../src/engine/graph/gaussNewton';
import { largestEigenvalue } from '../../../src/engine/hessian/largestEigenvalue';
import { offDiagonalShare } from '../../../src/engine/hessian/offDiagonal';
import { spectrum } from '../../../src/engine/hessian/spectrum';
import { lossBatches } from '../../../src/engine/objective/batches';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import type { FloatArray } from '../../../src/engine/tensor';
import {
  FIXTURES,
  meanGradient,
  openMlp,
  openProblem,
  relativeError,
  type Problem,
} from '../objective/problems';
import { gaussian } from './operators';

// Every expected value is of the dense matrix in PyTorch, float64 (test/fixtures/matrices/make.py).

interface DenseMatrix {
  readonly product: readonly number[];
  readonly largest: readonly number[];
  readonly trace: number;
  readonly blocks: Readonly<Record<string, { readonly trace: number; readonly largest: number }>>;
  readonly offDiagonal: number;
  readonly norm: number;
}

type Reference = Readonly<Record<'hessian' | 'gaussNewton' | 'own' | 'fisher', DenseMatrix>> & {
  readonly gradient: number;
  readonly parameters: Readonly<Record<string, readonly number[]>>;
};

const references = JSON.parse(
  readFileSync(join(FIXTURES, 'matrices/references.json'), 'utf8'),
) as Readonly<Record<string, Reference>>;

function open(name: string): Promise<Problem> {
  if (name !== 'resnet') return openMlp(referenceRuntime, name as 'classification' | 'regression');
  const file = (end: string): string => join(FIXTURES, 'matrices', `resnet.${end}`);
  return openProblem(referenceRuntime, {
    checkpoint: file('pt'),
    model: file('onnx'),
    data: file('npz'),
    objective: 'classification',
  });
}

/** v ↦ A·v of the mean loss. */
function operator({ evaluator, theta, data }: Problem, matrix: CurvatureMatrix) {
  return async (vs: readonly FloatArray[]): Promise<readonly Float64Array[]> => {
    evaluator.setPoint(theta, matrix);
    const sums = vs.map(() => new Float64Array(theta.length));
    for (const batch of lossBatches(data.sets)) {
      const products = await evaluator.hessianProducts(vs, batch);
      products.forEach((product, k) => {
        product.forEach((x, i) => (sums[k]![i]! += x * batch.share));
      });
    }
    return sums;
  };
}

describe.each(['classification', 'regression', 'resnet'])('%s', (name) => {
  const reference = references[name]!;

  test.each(['hessian', 'gaussNewton', 'fisher'] as const)('%s: products', async (matrix) => {
    const problem = await open(name);
    const v = Float64Array.from(problem.theta, (_, i) => Math.sin(i + 1));
    const [product] = await operator(problem, matrix)([v]);
    expect(relativeError(product!, reference[matrix].product)).toBeLessThan(1e-10);
  });

  test('the Gauss–Newton matrix is the Fisher of the model’s own distribution', async () => {
    const problem = await open(name);
    const v = Float64Array.from(problem.theta, (_, i) => Math.sin(i + 1));
    const [product] = await operator(problem, 'gaussNewton')([v]);
    expect(relativeError(product!, reference.own.product)).toBeLessThan(1e-10);
  });

  test.each(['gaussNewton', 'fisher'] as const)('%s: spectrum and trace', async (matrix) => {
    const problem = await open(name);
    const { hessian } = await spectrum(operator(problem, matrix), problem.theta.length, {
      eigenvalues: 5,
      lanczosSteps: 20,
      probes: 4,
      seed: 0,
    });
    const { largest, trace } = reference[matrix];
    hessian.eigenvalues.forEach(({ value, residual }, i) => {
      expect(Math.abs(value - largest[i]!)).toBeLessThan(residual + 1e-6 * largest[0]!);
    });
    expect(Math.abs(hessian.trace.value - trace)).toBeLessThan(
      4 * hessian.trace.standardError + 1e-6 * trace,
    );
  });

  test('the gradient’s length', async () => {
    const gradient = await meanGradient(await open(name));
    expect(Math.hypot(...gradient) / reference.gradient).toBeCloseTo(1, 9);
  });

  test('the largest eigenvalue of the block of each tensor', async () => {
    const problem = await open(name);
    const apply = operator(problem, 'hessian');
    for (const { name: tensor, offset, size } of problem.loss.parameters.entries) {
      const { value, residual, converged } = await largestEigenvalue(
        async (v) => {
          const whole = new Float64Array(problem.theta.length);
          whole.set(v, offset);
          return (await apply([whole]))[0]!.subarray(offset, offset + size);
        },
        gaussian(size, tensor),
        { steps: 40, precision: 'float64' },
      );
      const { largest } = reference.hessian.blocks[tensor]!;
      expect(converged || residual < 1e-10).toBe(true);
      expect(Math.abs(value - largest)).toBeLessThan(1e-3 * Math.abs(largest) + 1e-9);
    }
  });

  test('the share between tensors is within its interval, or next to it', async () => {
    const problem = await open(name);
    const { entries } = problem.loss.parameters;
    const spans = entries.map(({ name: tensor, offset, size }) => ({ tensor, offset, size }));
    const found = await offDiagonalShare(
      operator(problem, 'hessian'),
      problem.theta.length,
      spans,
      0,
    );
    expect(found.standardError).toBeLessThan(0.03);
    expect(Math.abs(found.share - reference.hessian.offDiagonal)).toBeLessThan(
      3.5 * found.standardError + 1e-9,
    );
    expect(found.norm / reference.hessian.norm).toBeGreaterThan(0.97);
    expect(found.norm / reference.hessian.norm).toBeLessThan(1.03);
  });
});
