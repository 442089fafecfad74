import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spectrum } from '../../../src/engine/hessian/spectrum';
import { blockLanczos, NonFiniteProduct } from '../../../src/engine/hessian/blockLanczos';
import { addScaled, dot, norm } from '../../../src/engine/hessian/vectors';
import { Random } from '../../../src/engine/random';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { diagonal, each, gaussian, rotated, type SymmetricOperator } from './operators';
import { FIXTURES, meanProduct, openExample, openMlp } from '../objective/problems';

const settings = { eigenvalues: 5, lanczosSteps: 40, probes: 4, seed: 0 };

describe('block Lanczos', () => {
  const options = {
    block: 3,
    start: (index: number, into: Float64Array) => {
      into.set(gaussian(into.length, `start ${index}`));
    },
    fresh: (index: number, into: Float64Array) => {
      into.set(gaussian(into.length, `fresh ${index}`));
    },
  };

  test.each(['float64', 'float32'] as const)(
    'the basis stays orthonormal while Ritz values converge, in %s',
    async (precision) => {
      const values = Array.from({ length: 300 }, (_, i) => (i < 3 ? 1e6 * (i + 1) : i / 300));
      const { basis, size } = await blockLanczos(each(rotated(values, 1)), 300, {
        ...options,
        products: 60,
        precision,
      });
      expect(size).toBe(60);
      for (const [i, a] of basis.entries()) {
        for (const [j, b] of basis.entries()) {
          const miss = Math.abs(dot(a, b) - (i === j ? 1 : 0));
          expect(miss).toBeLessThan(precision === 'float64' ? 1e-12 : 1e-6);
        }
      }
    },
  );

  test.each([
    ['as it grows', {}],
    ['one image at a time', { together: 1 }],
    ['restarted', { room: 12, products: 31 }],
    ['restarted, one image at a time', { room: 13, products: 32, together: 1 }],
  ])('the recurrence A·Q = Q·T + R·B holds, %s', async (_, more) => {
    const values = Array.from({ length: 40 }, (_, i) => Math.tan(i));
    const apply = rotated(values, 3);
    let products = 0;
    const space = await blockLanczos(each(apply), 40, {
      ...options,
      products: 11,
      precision: 'float64',
      onProduct: () => (products += 1),
      ...more,
    });
    expect(products).toBe('products' in more ? more.products : 11);
    for (const [i, a] of space.basis.entries()) {
      for (const [j, b] of space.basis.entries()) {
        expect(Math.abs(dot(a, b) - (i === j ? 1 : 0))).toBeLessThan(1e-12);
      }
    }
    for (let k = 0; k < space.size; k += 1) {
      const image = Float64Array.from(await apply(space.basis[k]!));
      for (let j = 0; j < space.size; j += 1) {
        addScaled(image, -space.projected[j * space.size + k]!, space.basis[j]!);
      }
      space.coupling.forEach((row, j) => {
        addScaled(image, -row[k]!, space.basis[space.size + j]!);
      });
      expect(norm(image)).toBeLessThan(1e-11 * 300);
    }
  });

  test('a restarted space finds what one that is kept whole does, in a fifth of its memory', async () => {
    const values = Array.from({ length: 600 }, (_, i) =>
      i < 4 ? [90, 70, -60, 40][i]! : Math.sin(i),
    );
    const sizes: number[] = [];
    const layers = {
      tensors: [
        { offset: 0, size: 200 },
        { offset: 200, size: 400 },
      ],
      layers: [
        { name: 'a', members: [0] },
        { name: 'b', members: [1] },
        { name: 'all', members: [0, 1] },
      ],
    };
    const run = (room?: number) =>
      spectrum(each(rotated(values, 6)), 600, {
        ...settings,
        probes: 2,
        lanczosSteps: 50,
        room,
        layers,
      });
    const [whole, restarted] = await Promise.all([run(), run(20)]);
    for (const { hessian } of [whole, restarted]) {
      expect(hessian.products).toBe(108);
      [90, 70, 40].forEach((value, i) => {
        expect(hessian.eigenvalues[i]!.value).toBeCloseTo(value, 9);
        expect(hessian.eigenvalues[i]!.residual).toBeLessThan(1e-6);
      });
      expect(hessian.smallest.value).toBeCloseTo(-60, 9);
      const { value, standardError } = hessian.trace;
      const trace = values.reduce((sum, x) => sum + x, 0);
      expect(Math.abs(value - trace)).toBeLessThan(4 * standardError);
      // Those of the layers add up to it: what a restart knows of its vectors is right.
      const [a, b, all] = hessian.layers!.map((layer) => layer.trace.value);
      expect(a! + b!).toBeCloseTo(value, 8);
      expect(all!).toBeCloseTo(value, 8);
      const { grid, values: density } = hessian.density;
      expect(density.reduce((sum, x) => sum + x * (grid[1]! - grid[0]!), 0)).toBeCloseTo(1, 4);
      sizes.push(hessian.density.nodes.length);
    }
    // The density is that of the first space: what was left out has no weights of the starts.
    expect(sizes[1]).toBeLessThanOrEqual(20);
  });

  test('it ends when the space is full', async () => {
    const values = Array.from({ length: 100 }, (_, i) => Math.sin(i));
    const { hessian } = await spectrum(each(rotated(values, 4)), 100, {
      ...settings,
      lanczosSteps: 200,
    });
    expect(hessian.products).toBe(100);
    expect(hessian.trace.samples).toBe(0);
    expect(hessian.trace.standardError).toBeLessThan(1e-13);
    const descending = values.sort((a, b) => b - a);
    hessian.eigenvalues.forEach(({ value }, i) => {
      expect(value).toBeCloseTo(descending[i]!, 12);
    });
  });

  test('where a space closes, it goes on: −I has five eigenvalues', async () => {
    const { hessian } = await spectrum(each(diagonal(Array<number>(50).fill(-1))), 50, {
      ...settings,
      lanczosSteps: 2,
    });
    expect(hessian.products).toBeLessThanOrEqual(16);
    expect(hessian.eigenvalues.map(({ value }) => value)).toEqual(
      Array.from({ length: 5 }, () => expect.closeTo(-1, 12) as number),
    );
    // Exact, though eight of fifty dimensions were seen.
    expect(hessian.trace.value).toBeCloseTo(-50, 10);
    expect(hessian.trace.standardError).toBeLessThan(1e-10);
  });

  test('a zero Hessian, one parameter, and a largest eigenvalue that is negative', async () => {
    const zero = await spectrum(each(diagonal(Array<number>(30).fill(0))), 30, settings);
    expect(zero.hessian.eigenvalues.map(({ value }) => value)).toEqual([0, 0, 0, 0, 0]);
    expect(zero.hessian.trace.value).toBe(0);
    expect(zero.hessian.density.values.every(Number.isFinite)).toBe(true);

    const one = await spectrum(each(diagonal([-7])), 1, settings);
    expect(one.hessian.eigenvalues[0]!.value).toBe(-7);
    expect(one.hessian.eigenvalues[0]!.residual).toBeLessThan(1e-15);
    expect(one.hessian.trace.value).toBe(-7);
    expect(one.hessian.products).toBe(1);

    const { hessian, leading } = await spectrum(each(diagonal([1, -5, 2, -3])), 4, settings);
    expect(hessian.smallest.value).toBeCloseTo(-5, 12);
    expect(hessian.largestMagnitude!.map(({ value }) => Math.round(value))).toEqual([-5, -3, 2, 1]);
    expect(Math.abs(leading(1, 'magnitude').vectors[0]![1]!)).toBeCloseTo(1, 12);
  });

  test('a product that is not finite is named', async () => {
    const broken: SymmetricOperator = (v) => Promise.resolve(Float64Array.from(v, () => NaN));
    await expect(spectrum(each(broken), 9, settings)).rejects.toThrow(NonFiniteProduct);
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
    // Of 139 parameters the space is all; of 193 a sixth is sampled.
    expect(Math.abs(value - reference.trace)).toBeLessThan(
      3 * standardError + 1e-6 * reference.trace,
    );
    expect(standardError).toBeLessThan(1e-3 * reference.trace);
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
    // Two runs of twenty steps, and eight for the trace outside of their space.
    expect(hessian.products).toBe(48);
  });
});
