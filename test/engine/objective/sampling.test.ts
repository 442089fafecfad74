import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  gridPoints,
  latinHypercube,
  samplePoints,
  type Sampling,
} from '../../../src/engine/objective/pde/sampling';
import { SOBOL_DIMENSIONS, sobolPoints } from '../../../src/engine/objective/pde/sobol';
import { Random } from '../../../src/engine/random';

const BOX = [
  { min: -1, max: 3, periodic: false },
  { min: 0, max: 2 * Math.PI, periodic: true },
];

describe('Sobol', () => {
  test('the first points are those of scipy.stats.qmc.Sobol(5, scramble=False)', () => {
    expect([...sobolPoints(8, 5)]).toEqual(
      [
        [0, 0, 0, 0, 0],
        [0.5, 0.5, 0.5, 0.5, 0.5],
        [0.75, 0.25, 0.25, 0.25, 0.75],
        [0.25, 0.75, 0.75, 0.75, 0.25],
        [0.375, 0.375, 0.625, 0.875, 0.375],
        [0.875, 0.875, 0.125, 0.375, 0.875],
        [0.625, 0.125, 0.875, 0.625, 0.625],
        [0.125, 0.625, 0.375, 0.125, 0.125],
      ].flat(),
    );
  });

  test('any 2ᵏ points of a coordinate fill 2ᵏ equal slices, shifted or not', () => {
    const count = 64;
    for (const shift of [[], Array.from({ length: SOBOL_DIMENSIONS }, (_, i) => i * 0x9e3779b9)]) {
      const points = sobolPoints(count, SOBOL_DIMENSIONS, shift);
      for (let dimension = 0; dimension < SOBOL_DIMENSIONS; dimension += 1) {
        const slices = new Set(
          Array.from({ length: count }, (_, i) =>
            Math.floor(points[i * SOBOL_DIMENSIONS + dimension]! * count),
          ),
        );
        expect(slices.size).toBe(count);
      }
    }
  });
});

test('a Latin hypercube has one point in every slice of every axis', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 5 }),
      fc.nat(),
      (n, d, seed) => {
        const points = latinHypercube(n, d, new Random(seed, 'test'));
        for (let axis = 0; axis < d; axis += 1) {
          const slices = Array.from({ length: n }, (_, i) => Math.floor(points[i * d + axis]! * n));
          expect(new Set(slices).size).toBe(n);
        }
      },
    ),
    { numRuns: 50 },
  );
});

describe.each<Sampling>(['uniform', 'latin-hypercube', 'sobol', 'grid'])('%s', (sampling) => {
  test('points lie in the box, and the same seed gives the same', () => {
    const sample = (seed: number) => samplePoints(BOX, sampling, 256, new Random(seed, 'points'));
    const points = sample(1);
    expect(points).toHaveLength(512);
    points.forEach((coordinate, i) => {
      const { min, max } = BOX[i % 2]!;
      expect(coordinate).toBeGreaterThanOrEqual(min);
      expect(coordinate).toBeLessThanOrEqual(max);
    });
    expect(sample(1)).toEqual(points);
    if (sampling !== 'grid') expect(sample(2)).not.toEqual(points);
  });
});

test('a grid holds both ends, but of a periodic axis only the first', () => {
  const points = gridPoints(BOX, [3, 4]);
  const column = (axis: number) => [...new Set(points.filter((_, i) => i % 2 === axis))];
  expect(column(0)).toEqual([-1, 1, 3]);
  expect(column(1)).toEqual([0, Math.PI / 2, Math.PI, (3 * Math.PI) / 2]);
  expect([...points.slice(0, 4)]).toEqual([-1, 0, -1, Math.PI / 2]);
});

test('counts that do not fit are said', () => {
  const random = new Random(0, 'test');
  expect(() => samplePoints(BOX, 'grid', [3], random)).toThrow('1 counts for a grid of 2 axes');
  expect(() => samplePoints(BOX, 'uniform', [3, 3], random)).toThrow('"sampling": "grid"');
  const wide = Array.from({ length: SOBOL_DIMENSIONS + 1 }, () => BOX[0]!);
  expect(() => samplePoints(wide, 'sobol', 4, random)).toThrow('choose "latin-hypercube"');
});
