import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArray } from '../../../src/engine/checkpoint/numpy/npy';
import type { CurvatureMatrix } from '../../../src/engine/graph/gaussNewton';
import { largestEigenvalue } from '../../../src/engine/hessian/largestEigenvalue';
import { offDiagonalShare } from '../../../src/engine/hessian/offDiagonal';
import { spectrum } from '../../../src/engine/hessian/spectrum';
import { symmetricEigen } from '../../../src/engine/hessian/symmetricEigen';
import { lossBatches } from '../../../src/engine/objective/batches';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import type { FloatArray } from '../../../src/engine/tensor';
import { FIXTURES, openConfigured, relativeError, type Problem } from '../objective/problems';
import { wholeConfiguration } from '../../wholeConfiguration';
import { gaussian } from './operators';

// z = W·x + b on 40 samples. With x̃ = (x, 1) the second derivatives of the loss in (W, b) are the mean
// of M ⊗ x̃x̃ᵀ with an M of each sample, which each test states.

const FOLDER = join(FIXTURES, 'matrices');

type Row = Float64Array;

/** M of one sample from its outputs and target. */
type OutputMatrix = (z: Row, y: number) => readonly (readonly number[])[];

function softmax(z: Row): Row {
  const powers = z.map((x) => Math.exp(x - Math.max(...z)));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / sum);
}

const outer = (a: Row): number[][] => Array.from(a, (x) => Array.from(a, (y) => x * y));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const cases: Readonly<
  Record<
    string,
    { outputs: number; curvature: OutputMatrix; scores: OutputMatrix; own: OutputMatrix }
  >
> = {
  // ℓ = (z − y)², a Gaussian whose variance is ½.
  regression: {
    outputs: 1,
    curvature: () => [[2]],
    scores: (z, y) => [[4 * (z[0]! - y) ** 2]],
    own: () => [[4 * 0.5]],
  },
  binary: {
    outputs: 1,
    curvature: ([z]) => [[sigmoid(z!) * (1 - sigmoid(z!))]],
    scores: ([z], y) => [[(sigmoid(z!) - y) ** 2]],
    own: ([z]) => {
      const p = sigmoid(z!);
      return [[p * (1 - p) ** 2 + (1 - p) * p ** 2]];
    },
  },
  classification: {
    outputs: 3,
    curvature: (z) => {
      const p = softmax(z);
      return outer(p).map((row, i) => row.map((x, j) => (i === j ? p[i]! : 0) - x));
    },
    scores: (z, y) => outer(softmax(z).map((x, i) => x - (i === y ? 1 : 0))),
    own: (z) => {
      const p = softmax(z);
      const sum = outer(p).map((row) => row.map(() => 0));
      for (let y = 0; y < p.length; y += 1) {
        const score = outer(p.map((x, i) => x - (i === y ? 1 : 0)));
        score.forEach((row, i) => {
          row.forEach((x, j) => (sum[i]![j]! += p[y]! * x));
        });
      }
      return sum;
    },
  },
};

function open(kind: string): Promise<Problem> {
  const { outputs } = cases[kind]!;
  const configuration = wholeConfiguration({
    checkpoints: [`linear${outputs}.safetensors`],
    model: `linear${outputs}.onnx`,
    data: { inputs: 'linear.npz#x', targets: `linear.npz#${kind}` },
    objective: { kind },
  });
  const study = { ...configuration, model: `linear${outputs}.onnx` };
  return openConfigured(referenceRuntime, study, FOLDER, {
    checkpoint: join(FOLDER, `linear${outputs}.safetensors`),
    model: join(FOLDER, `linear${outputs}.onnx`),
  });
}

/** The mean over the samples of M ⊗ x̃x̃ᵀ in the order of θ, row by row. */
async function closedForm({ theta, loss }: Problem, kind: string, of: OutputMatrix) {
  const { outputs } = cases[kind]!;
  const inputs = (await readArray('linear.npz#x', FOLDER)).data as FloatArray;
  const targets = Array.from((await readArray(`linear.npz#${kind}`, FOLDER)).data, Number);
  const offset = (name: string): number =>
    loss.parameters.entries.find((entry) => entry.name === name)!.offset;
  const width = inputs.length / targets.length;
  const at = (k: number, j: number): number =>
    j < width ? offset('weight') + k * width + j : offset('bias') + k;
  const n = theta.length;
  const matrix = new Float64Array(n * n);
  targets.forEach((y, sample) => {
    const x = [...inputs.subarray(sample * width, (sample + 1) * width), 1];
    const z = Float64Array.from({ length: outputs }, (_, k) =>
      x.reduce((sum, value, j) => sum + theta[at(k, j)]! * value, 0),
    );
    const m = of(z, y);
    for (let k = 0; k < outputs; k += 1) {
      for (let l = 0; l < outputs; l += 1) {
        for (let i = 0; i <= width; i += 1) {
          for (let j = 0; j <= width; j += 1) {
            matrix[at(k, i) * n + at(l, j)]! += (m[k]![l]! * x[i]! * x[j]!) / targets.length;
          }
        }
      }
    }
  });
  return matrix;
}

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

async function dense(problem: Problem, matrix: CurvatureMatrix): Promise<Float64Array> {
  const n = problem.theta.length;
  const columns = await operator(
    problem,
    matrix,
  )(Array.from({ length: n }, (_, i) => Float64Array.from({ length: n }, (__, j) => +(i === j))));
  return Float64Array.from({ length: n * n }, (_, at) => columns[at % n]![Math.floor(at / n)]!);
}

describe.each(Object.keys(cases))('a linear model, %s', (kind) => {
  const { curvature, scores, own } = cases[kind]!;

  test('its Hessian and its Gauss–Newton matrix are the closed form', async () => {
    const problem = await open(kind);
    const expected = await closedForm(problem, kind, curvature);
    expect(relativeError(await dense(problem, 'hessian'), expected)).toBeLessThan(1e-12);
    expect(relativeError(await dense(problem, 'gaussNewton'), expected)).toBeLessThan(1e-12);
  });

  test('the Fisher of its own distribution and the empirical one', async () => {
    const problem = await open(kind);
    const expected = await closedForm(problem, kind, own);
    expect(relativeError(await dense(problem, 'gaussNewton'), expected)).toBeLessThan(1e-12);
    const empirical = await closedForm(problem, kind, scores);
    expect(relativeError(await dense(problem, 'fisher'), empirical)).toBeLessThan(1e-12);
  });

  test('spectrum, trace, blocks and what lies between them', async () => {
    const problem = await open(kind);
    const n = problem.theta.length;
    const expected = await closedForm(problem, kind, curvature);
    const apply = operator(problem, 'hessian');
    const { entries } = problem.loss.parameters;
    const layers = {
      tensors: entries,
      layers: entries.map(({ name }, member) => ({ name, members: [member] })),
    };
    const settings = { eigenvalues: n, lanczosSteps: n, probes: 2, seed: 0, layers };
    const { hessian } = await spectrum(apply, n, settings);
    const exact = [...symmetricEigen(expected).values].reverse();
    hessian.eigenvalues.forEach(({ value }, i) => {
      expect(value).toBeCloseTo(exact[i]!, 6);
    });
    let inside = 0;
    for (const [at, { offset, size }] of entries.entries()) {
      const block = Float64Array.from(
        { length: size * size },
        (_, i) => expected[(offset + Math.floor(i / size)) * n + offset + (i % size)]!,
      );
      inside += block.reduce((sum, x) => sum + x * x, 0);
      const trace = block.reduce((sum, x, i) => (i % (size + 1) === 0 ? sum + x : sum), 0);
      expect(hessian.layers![at]!.trace.value).toBeCloseTo(trace, 9);
      const { value } = await largestEigenvalue(
        async (v) => {
          const whole = new Float64Array(n);
          whole.set(v, offset);
          return (await apply([whole]))[0]!.subarray(offset, offset + size);
        },
        gaussian(size, 'block'),
        { steps: size, precision: 'float64' },
      );
      expect(value).toBeCloseTo(symmetricEigen(block).values.at(-1)!, 9);
    }
    const square = expected.reduce((sum, x) => sum + x * x, 0);
    const spans = entries.map(({ name, offset, size }) => ({ tensor: name, offset, size }));
    const found = await offDiagonalShare(apply, n, spans, 0);
    expect(Math.abs(found.share - (1 - inside / square))).toBeLessThan(
      3.5 * found.standardError + 1e-9,
    );
  });
});

describe('the share between blocks', () => {
  /** A symmetric matrix of blocks of 4 whose share between them is known. */
  const n = 40;
  const blocks = Array.from({ length: n / 4 }, (_, i) => ({
    tensor: `t${i}`,
    offset: 4 * i,
    size: 4,
  }));
  const entry = (i: number, j: number): number => {
    const [a, b] = i < j ? [i, j] : [j, i];
    const isInside = Math.floor(a / 4) === Math.floor(b / 4);
    return Math.sin(7.3 * a + 3.1 * b) * (isInside ? 3 : 1);
  };
  const apply = (vs: readonly FloatArray[]) =>
    Promise.resolve(
      vs.map((v) =>
        Float64Array.from({ length: n }, (_, i) => {
          let sum = 0;
          for (let j = 0; j < n; j += 1) sum += entry(i, j) * v[j]!;
          return sum;
        }),
      ),
    );
  let [inside, all] = [0, 0];
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < n; j += 1) {
      all += entry(i, j) ** 2;
      if (Math.floor(i / 4) === Math.floor(j / 4)) inside += entry(i, j) ** 2;
    }
  }

  test('lies in its 95 % interval in 90 to 99 of 100 seeds', async () => {
    let held = 0;
    for (let seed = 0; seed < 100; seed += 1) {
      const { low, high } = (await offDiagonalShare(apply, n, blocks, seed)).interval;
      if (low <= 1 - inside / all && 1 - inside / all <= high) held += 1;
    }
    expect(held).toBeGreaterThanOrEqual(90);
    expect(held).toBeLessThanOrEqual(99);
  });

  test('is none of a matrix of zeros, and none of a matrix of blocks', async () => {
    const zero = (vs: readonly FloatArray[]) => Promise.resolve(vs.map((v) => v.map(() => 0)));
    expect((await offDiagonalShare(zero, n, blocks, 0)).share).toBe(0);
    const diagonal = (vs: readonly FloatArray[]) =>
      Promise.resolve(vs.map((v) => v.map((x, i) => x * (1 + i))));
    const found = await offDiagonalShare(diagonal, n, blocks, 0);
    expect(found.standardError).toBeLessThan(0.02);
    expect(Math.abs(found.share)).toBeLessThan(3.5 * found.standardError);
  });
});

describe('the largest eigenvalue of one block', () => {
  const of = (values: readonly number[]) => {
    const apply = (v: FloatArray) => Promise.resolve(v.map((x, i) => x * values[i]!));
    const options = { steps: 40, precision: 'float64' } as const;
    return largestEigenvalue(apply, gaussian(values.length, 'start'), options);
  };

  test.each([
    ['one number', [-7], -7],
    ['zeros', [0, 0, 0], 0],
    ['where the smallest is the larger in size', [1, -5, 2, -3], 2],
    ['all the same', [3, 3, 3, 3, 3], 3],
    ['all negative', [-4, -1, -2], -1],
  ] as const)('%s', async (_, values, largest) => {
    const { value, residual } = await of(values);
    expect(value).toBeCloseTo(largest, 12);
    expect(residual).toBeLessThan(1e-12);
  });

  test('of a cluster at the top of many', async () => {
    const values = Array.from({ length: 500 }, (_, i) => (i < 3 ? 10 + i * 1e-3 : Math.sin(i)));
    const { value, residual } = await of(values);
    expect(Math.abs(value - 10.002)).toBeLessThan(Math.max(residual, 1e-3 * 10));
  });
});
