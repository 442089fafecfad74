import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { norm } from '../../../src/engine/hessian/vectors';
import { cosines } from '../../../src/engine/landscape/directions';
import { centredGrid, coarseToFine, coordinates } from '../../../src/engine/landscape/grid';
import { measureNoise, sampleGrid, type LossAt } from '../../../src/engine/landscape/sampling';
import type { WeightLayout } from '../../../src/engine/objective/weights';
import { Random } from '../../../src/engine/random';
import { randomDirections } from './randomDirections';

const layout: WeightLayout = {
  entries: [
    { name: 'conv.weight', shape: [4, 2, 3, 3], offset: 0, size: 72 },
    { name: 'conv.bias', shape: [4], offset: 72, size: 4 },
    { name: 'fc.weight', shape: [3, 5], offset: 76, size: 15 },
  ],
  size: 91,
};

function theta(seed: number): Float32Array {
  const random = new Random(seed, 'theta');
  return Float32Array.from({ length: layout.size }, () => random.normal());
}

function lengthOf(values: ArrayLike<number>, start: number, end: number): number {
  return norm(Float64Array.from(Array.from(values).slice(start, end)));
}

describe('directions', () => {
  const plain = { dimensions: 2, normalization: 'filter', seed: 3 } as const;

  test('the first has the length of every filter, and none where there is no filter', () => {
    const point = theta(1);
    const [direction] = randomDirections(point, layout, plain);
    for (let filter = 0; filter < 4; filter += 1) {
      const [start, end] = [filter * 18, (filter + 1) * 18];
      expect(lengthOf(direction!, start, end)).toBeCloseTo(lengthOf(point, start, end), 5);
    }
    expect([...direction!.subarray(72, 76)]).toEqual([0, 0, 0, 0]);
    expect(lengthOf(direction!, 76, 81)).toBeCloseTo(lengthOf(point, 76, 81), 5);
  });

  test('layers and unit length', () => {
    const point = theta(1);
    const [byLayer] = randomDirections(point, layout, { ...plain, normalization: 'layer' });
    expect(lengthOf(byLayer!, 0, 72)).toBeCloseTo(lengthOf(point, 0, 72), 5);
    const [free] = randomDirections(point, layout, { ...plain, normalization: 'none' });
    expect(norm(free!)).toBeCloseTo(1, 12);
  });

  test('biases that are kept take the size of θ’s, entry by entry or as a whole', () => {
    const point = theta(1);
    const [byFilter] = randomDirections(point, layout, { ...plain, biases: 'keep' });
    for (let i = 72; i < 76; i += 1) {
      expect(Math.abs(byFilter![i]!)).toBeCloseTo(Math.abs(point[i]!), 5);
    }
    const byLayer = { ...plain, normalization: 'layer', biases: 'keep' } as const;
    const [direction] = randomDirections(point, layout, byLayer);
    expect(lengthOf(direction!, 72, 76)).toBeCloseTo(lengthOf(point, 72, 76), 5);
  });

  test('more directions than weights that move are refused', () => {
    const small: WeightLayout = {
      entries: [
        { name: 'weight', shape: [1, 2], offset: 0, size: 2 },
        { name: 'bias', shape: [3], offset: 2, size: 3 },
      ],
      size: 5,
    };
    const point = Float32Array.of(1, 2, 3, 4, 5);
    const two = randomDirections(point, small, { ...plain, dimensions: 2 });
    expect(Math.abs(cosines(two)[0]!)).toBeLessThan(1e-12);
    expect(() => randomDirections(point, small, { ...plain, dimensions: 3 })).toThrow(
      'lower "dimensions" to 2',
    );
    const only = { entries: [{ name: 'bias', shape: [3], offset: 0, size: 3 }], size: 3 };
    expect(() => randomDirections(Float32Array.of(1, 1, 1), only, plain)).toThrow('biases');
  });

  test('they are orthogonal, and the same for the same seed', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom('filter', 'layer', 'none'), (seed, normalization) => {
        const settings = { dimensions: 1 + (seed % 6), normalization, seed } as const;
        const directions = randomDirections(theta(seed), layout, settings);
        expect(directions).toHaveLength(settings.dimensions);
        for (const cosine of cosines(directions)) expect(Math.abs(cosine)).toBeLessThan(1e-12);
        expect(randomDirections(theta(seed), layout, settings)).toEqual(directions);
      }),
      { numRuns: 50 },
    );
  });
});

describe('grid', () => {
  test('it holds both ends and θ itself, and an even resolution is raised', () => {
    for (const resolution of [3, 4, 25, 40, 41]) {
      const grid = centredGrid(2, resolution, 0.7);
      expect(grid.shape[0]! % 2).toBe(1);
      expect(coordinates(grid, 0)).toEqual([-0.7, -0.7]);
      expect(coordinates(grid, grid.size - 1)).toEqual([0.7, 0.7]);
      expect(coordinates(grid, (grid.size - 1) / 2).map((x) => x + 0)).toEqual([0, 0]);
    }
  });

  test('the last axis is the fastest: an asymmetric quadratic lies the right way round', async () => {
    const grid = centredGrid(2, 5, 2);
    const f: LossAt = (points) =>
      Promise.resolve(points.map(([a, b]) => a! ** 2 + 10 * (b! - 1) ** 2));
    const values = await sampleGrid(grid, f, { lanes: 2, known: [] });
    // α along rows, β along columns: at (α, β) = (2, −1) = row 4, column 1.
    expect(values[4 * 5 + 1]).toBe(4 + 40);
    expect(values[1 * 5 + 4]).toBe(1 + 10);
    // Its smallest value is at α = 0, β = 1: row 2, column 3.
    expect(values.indexOf(Math.min(...values))).toBe(2 * 5 + 3);
  });

  test.each([1, 2, 3, 4])('in %i dimensions values lie in the order of the axes', async (n) => {
    // Every axis has its own length, its own range and its own coefficient.
    const steps = [5, 3, 7, 4].slice(0, n);
    const ranges = [2, 0.5, 3, 1].slice(0, n);
    const f = (at: readonly number[]): number =>
      at.reduce((sum, x, i) => sum + (i + 1) * (x - 0.25 * (i + 1)) ** 2, 0) + at[0]! * at.at(-1)!;
    const grid = centredGrid(n, steps, ranges);
    expect(grid.shape).toEqual([5, 3, 7, 5].slice(0, n));
    const lossAt: LossAt = (points) => Promise.resolve(points.map(f));
    const values = await sampleGrid(grid, lossAt, { lanes: 3, known: [] });
    for (let index = 0; index < grid.size; index += 1) {
      // The index in mixed radix, the last digit the fastest.
      const digits: number[] = [];
      let rest = index;
      for (const extent of [...grid.shape].reverse()) {
        digits.unshift(rest % extent);
        rest = Math.floor(rest / extent);
      }
      const at = digits.map((d, i) => -ranges[i]! + (d * 2 * ranges[i]!) / (grid.shape[i]! - 1));
      expect(values[index]).toBeCloseTo(f(at), 12);
    }
    expect(coordinates(grid, (grid.size - 1) / 2).every((x) => x === 0)).toBe(true);
  });

  test('coarse to fine visits every point once, the corners first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 3 }), (n, axes) => {
        const grid = centredGrid(axes, 2 * n + 1, 1);
        const levels = coarseToFine(grid);
        const all = levels.flatMap((level) => [...level]);
        expect(new Set(all).size).toBe(grid.size);
        expect(all).toHaveLength(grid.size);
        expect(levels[0]).toContain(0);
      }),
      { numRuns: 30 },
    );
  });
});

describe('sampling', () => {
  const grid = centredGrid(2, 9, 1);
  const f: LossAt = (points) => Promise.resolve(points.map(([a, b]) => Math.sin(3 * a!) + b!));

  test('values do not depend on how many work', async () => {
    const one = await sampleGrid(grid, f, { lanes: 1, known: [] });
    const many = await sampleGrid(grid, f, { lanes: 7, known: [] });
    expect(many).toEqual(one);
  });

  test('what is known is not computed again', async () => {
    const whole = await sampleGrid(grid, f, { lanes: 1, known: [] });
    let asked = 0;
    const known = Array.from({ length: 50 }, (_, i) => [i, whole[i]!] as const);
    const counted: LossAt = (points, kind) => {
      asked += points.length;
      return f(points, kind);
    };
    expect(await sampleGrid(grid, counted, { lanes: 2, known })).toEqual(whole);
    expect(asked).toBe(grid.size - 50);
  });

  test('the noise is the standard deviation of one value, relative to it', async () => {
    const random = new Random(5, 'noise');
    const wide = centredGrid(2, 41, 1);
    const noisy: LossAt = (points) =>
      Promise.resolve(points.map(() => 3 * (1 + 1e-3 * random.normal())));
    const estimates: number[] = [];
    for (let i = 0; i < 40; i += 1) {
      const values = await sampleGrid(wide, noisy, { lanes: 1, known: [] });
      estimates.push(await measureNoise(wide, values, noisy));
    }
    const meanSquare = estimates.reduce((sum, x) => sum + x * x, 0) / estimates.length;
    // 640 differences: the standard error of the root is 3 %.
    expect(Math.sqrt(meanSquare) / 1e-3).toBeGreaterThan(0.9);
    expect(Math.sqrt(meanSquare) / 1e-3).toBeLessThan(1.1);
  });
});
