import fc from 'fast-check';
import type { Neighborhood, PersistencePair } from '../../../src/shared/result/topology';

export interface RandomGrid {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

const shapes = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 24 })),
  fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 })),
  fc.tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
  ),
  fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 3 }),
  ),
);

function gridOf(value: fc.Arbitrary<number>): fc.Arbitrary<RandomGrid> {
  return shapes.chain((shape) => {
    const points = shape.reduce((a, b) => a * b, 1);
    return fc
      .array(value, { minLength: points, maxLength: points })
      .map((values) => ({ shape, values: Float64Array.from(values) }));
  });
}

/** Few different values, so that most grids have plateaus. */
export const tiedGrids = gridOf(fc.integer({ min: 0, max: 4 }));

/** Any doubles: infinities, NaN, subnormal numbers and −0 among them. */
export const wildGrids = gridOf(
  fc.oneof(
    { weight: 4, arbitrary: fc.double() },
    { weight: 2, arbitrary: fc.constantFrom(0, -0, 1, -1) },
    { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) },
  ),
);

/** Moderate numbers whose differences are exact. */
export const plainGrids = gridOf(fc.integer({ min: -1000, max: 1000 }));

export const neighborhoods = fc.constantFrom<Neighborhood[]>(
  'freudenthal',
  '4',
  '8',
  'knn:1',
  'knn:3',
  'knn:8',
);

export const stencils = fc.constantFrom('freudenthal', '4', '8');

/** Deterministic pseudo-random numbers in [0, 1): Mulberry32. */
export function randomNumbers(seed: number, count: number): Float64Array {
  const numbers = new Float64Array(count);
  let state = seed >>> 0;
  for (let k = 0; k < count; k++) {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    numbers[k] = ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  return numbers;
}

/** Births and deaths alone: where a comparison is with what knows no border. */
export function withoutBorder({ birth, death, birthVertex, deathVertex }: PersistencePair) {
  return { birth, death, birthVertex, deathVertex };
}
