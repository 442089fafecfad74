import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spectrum } from '../../../src/engine/hessian/spectrum';
import {
  dot,
  lanczos,
  lanczosTogether,
  norm,
  type SymmetricOperator,
  type SymmetricOperators,
} from '../../../src/engine/hessian/lanczos';
import { Random } from '../../../src/engine/random';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { FIXTURES, meanProduct, openExample, openMlp } from '../objective/problems';

function diagonal(values: readonly number[]): SymmetricOperator {
  return (v) => Promise.resolve(v.map((x, i) => x * values[i]!));
}

function each(apply: SymmetricOperator): SymmetricOperators {
  return (vs) => Promise.all(vs.map(apply));
}

/** Q·D·Qᵀ with Q a product of reflections: a known spectrum in no particular basis. */
function rotated(values: readonly number[], seed: number): SymmetricOperator {
  const random = new Random(seed, 'reflections');
  const mirrors = Array.from({ length: 4 }, () => {
    const mirror = Float64Array.from(values, () => random.normal());
    const length = norm(mirror);
    return mirror.map((x) => x / length);
  });
  const reflect = (v: Float64Array, mirror: Float64Array): Float64Array => {
    const along = 2 * dot(v, mirror);
    return v.map((x, i) => x - along * mirror[i]!);
  };
  return (v) => {
    const inside = mirrors.reduce(reflect, v).map((x, i) => x * values[i]!);
    return Promise.resolve([...mirrors].reverse().reduce(reflect, inside));
  };
}

const settings = { eigenvalues: 5, lanczosSteps: 40, probes: 4, seed: 0 };

describe('Lanczos', () => {
  test('the basis stays orthonormal while Ritz values converge', async () => {
    const values = Array.from({ length: 300 }, (_, i) => (i < 3 ? 1e6 * (i + 1) : i / 300));
    const { basis } = await lanczos(rotated(values, 1), new Float64Array(300).fill(1), 60);
    for (const [i, a] of basis.entries()) {
      for (const [j, b] of basis.entries()) {
        expect(Math.abs(dot(a, b) - (i === j ? 1 : 0))).toBeLessThan(1e-12);
      }
    }
  });

  test('it stops where the space closes', async () => {
    // Two eigenspaces: whatever the start, two steps span all there is.
    const { alphas, betas } = await lanczos(
      diagonal([2, 2, 2, 5, 5]),
      Float64Array.of(1, 2, 3, 4, 5),
      10,
    );
    expect(alphas).toHaveLength(2);
    expect(betas[1]).toBe(0);
  });
});

describe('Lanczos runs in step', () => {
  test('are the runs one by one, though some stop before the others', async () => {
    const values = [2, 2, 2, 5, 5, 7, 7, 9];
    // In the spaces of one, three and two eigenvalues: they end after as many steps.
    const starts = [
      [1, 2, 3, 0, 0, 0, 0, 0],
      [1, 1, 0, 2, 0, 0, -1, 0],
      [0, 0, 0, 0, 0, 0, 3, 1],
    ].map((start) => Float64Array.from(start));
    const sizes: number[] = [];
    const runs = await lanczosTogether(
      (vs) => {
        sizes.push(vs.length);
        return each(diagonal(values))(vs);
      },
      starts,
      6,
    );
    expect(sizes).toEqual([3, 2, 1]);
    for (const [i, start] of starts.entries()) {
      expect(runs[i]).toEqual(await lanczos(diagonal(values), start, 6));
    }
  });

  test('a product that fails ends them all', async () => {
    const starts = [Float64Array.of(1, 0), Float64Array.of(1, 1)];
    const failing = (): Promise<never> => Promise.reject(new Error('no product'));
    await expect(lanczosTogether(failing, starts, 2)).rejects.toThrow('no product');
  });

  test.each([2, 3, 7])('the spectrum with %i together is that with one', async (together) => {
    const values = Array.from({ length: 60 }, (_, i) => Math.cos(i) * i);
    const of = { ...settings, probes: 5, lanczosSteps: 12 };
    const apply = each(rotated(values, 6));
    const joined = await spectrum(apply, 60, { ...of, together });
    expect(joined.hessian).toEqual((await spectrum(apply, 60, of)).hessian);
  });
});

describe('the spectrum of a known matrix', () => {
  test('both ends, clustered and repeated eigenvalues, with residuals', async () => {
    // A clustered top pair in an indefinite matrix, where power iteration is off in the second digit.
    const bulk = Array.from({ length: 194 }, (_, i) => Math.sin(i));
    const values = [10, 9.99, 8, 8, 8, -12, ...bulk];
    const { hessian, leading } = await spectrum(each(rotated(values, 2)), 200, {
      ...settings,
      lanczosSteps: 60,
    });
    const found = hessian.eigenvalues.map(({ value }) => value);
    [10, 9.99, 8, 8, 8].forEach((value, i) => {
      expect(found[i]).toBeCloseTo(value, 6);
    });
    expect(hessian.smallest.value).toBeCloseTo(-12, 6);
    for (const { residual, converged } of hessian.eigenvalues) {
      expect(residual).toBeLessThan(1e-3);
      expect(converged).toBe(true);
    }
    const apply = rotated(values, 2);
    for (const [i, vector] of leading(5, 'value').vectors.entries()) {
      const image = await apply(vector);
      const miss = norm(image.map((x, j) => x - found[i]! * vector[j]!));
      expect(miss).toBeLessThan(1e-3);
      expect(norm(vector)).toBeCloseTo(1, 12);
    }
  });

  test('a residual bounds the distance to an eigenvalue', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 2, max: 12 }), async (seed, lanczosSteps) => {
        const random = new Random(seed, 'spectrum');
        const values = Array.from({ length: 60 }, () => random.normal() ** 3);
        const { hessian } = await spectrum(each(rotated(values, seed)), 60, {
          ...settings,
          lanczosSteps,
          seed,
        });
        for (const { value, residual } of [...hessian.eigenvalues, hessian.smallest]) {
          const nearest = Math.min(...values.map((other) => Math.abs(other - value)));
          expect(nearest).toBeLessThanOrEqual(residual + 1e-9);
        }
      }),
      { numRuns: 15 },
    );
  });

  test('the trace estimate is right within its standard error', async () => {
    const values = Array.from({ length: 400 }, (_, i) => 100 / (1 + i) ** 1.5 - 0.05);
    const trace = values.reduce((sum, x) => sum + x, 0);
    const errors = await Promise.all(
      Array.from({ length: 60 }, async (_, seed) => {
        const { hessian } = await spectrum(each(rotated(values, 3)), 400, {
          ...settings,
          lanczosSteps: 12,
          seed,
        });
        const { value, standardError } = hessian.trace;
        return { error: value - trace, standardError };
      }),
    );
    const mean = errors.reduce((sum, { error }) => sum + error, 0) / errors.length;
    const spread = Math.sqrt(
      errors.reduce((sum, { error }) => sum + error ** 2, 0) / errors.length,
    );
    const stated = Math.sqrt(
      errors.reduce((sum, { standardError }) => sum + standardError ** 2, 0) / errors.length,
    );
    // Without bias, and as uncertain as it says, within what 60 repetitions of 4 runs can tell.
    expect(Math.abs(mean)).toBeLessThan((3 * spread) / Math.sqrt(60));
    expect(stated / spread).toBeGreaterThan(0.5);
    expect(stated / spread).toBeLessThan(2);
    // What plain Hutchinson with 4 samples would have: √(2 Σ offdiagonal²/4) or so, far more.
    expect(spread).toBeLessThan(0.02 * trace);
  });

  test('the density integrates to 1 and its weights sum to 1', async () => {
    const values = Array.from({ length: 150 }, (_, i) => (i < 100 ? 0 : i / 50));
    const { hessian } = await spectrum(each(rotated(values, 4)), 150, settings);
    const { grid, values: density, nodes } = hessian.density;
    const step = grid[1]! - grid[0]!;
    expect(density.reduce((sum, x) => sum + x * step, 0)).toBeCloseTo(1, 4);
    expect(nodes.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
    // Two thirds of the eigenvalues are zero; four Rademacher probes see it within a tenth.
    const atZero = nodes
      .filter(({ value }) => Math.abs(value) < 0.5)
      .reduce((sum, { weight }) => sum + weight, 0);
    expect(Math.abs(atZero - 100 / 150)).toBeLessThan(0.1);
  });
});

interface DenseReference {
  readonly eigenvalues: readonly number[];
  readonly trace: number;
}

describe('networks', () => {
  test.each([
    ['classification', 'reference.json'],
    ['regression', 'regression.json'],
  ] as const)('%s: the ends and the trace are the dense Hessian’s', async (kind, file) => {
    const reference = JSON.parse(
      readFileSync(join(FIXTURES, 'mlp', file), 'utf8'),
    ) as DenseReference;
    const problem = await openMlp(onnxRuntime(), kind);
    const apply: SymmetricOperator = (v) => meanProduct(problem, v);
    const { hessian } = await spectrum(each(apply), problem.theta.length, settings);
    const descending = [...reference.eigenvalues].sort((a, b) => b - a);
    const scale = Math.abs(descending[0]!);
    hessian.eigenvalues.slice(0, 3).forEach(({ value }, i) => {
      expect(Math.abs(value - descending[i]!) / scale).toBeLessThan(1e-5);
    });
    expect(Math.abs(hessian.smallest.value - descending.at(-1)!) / scale).toBeLessThan(1e-5);
    const { value, standardError } = hessian.trace;
    expect(Math.abs(value - reference.trace)).toBeLessThan(5 * standardError);
    expect(Math.abs(value / reference.trace - 1)).toBeLessThan(0.01);
  });

  test('the example’s top eigenvalues are those of ARPACK on PyTorch’s products', async () => {
    const references = JSON.parse(
      readFileSync(join(FIXTURES, 'derivatives/eigenvalues.json'), 'utf8'),
    ) as Record<string, { largest: number[]; smallest: number[] }>;
    const { largest, smallest } = references['resnet-epoch-030']!;
    const problem = await openExample(onnxRuntime(), 'resnet', '030');
    const { hessian } = await spectrum(
      each((v) => meanProduct(problem, v)),
      problem.theta.length,
      {
        eigenvalues: 3,
        lanczosSteps: 20,
        probes: 2,
        seed: 0,
      },
    );
    hessian.eigenvalues.forEach(({ value, residual }, i) => {
      expect(Math.abs(value - largest[i]!)).toBeLessThan(Math.max(residual, 1e-4));
    });
    expect(hessian.eigenvalues[0]!.value).toBeCloseTo(largest[0]!, 3);
    expect(hessian.smallest.value).toBeGreaterThan(smallest[0]! - 1e-3);
    expect(hessian.products).toBe(40);
  });
});
