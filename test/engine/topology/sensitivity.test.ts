import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyzeTopology } from '../../../src/engine/topology/analyzeTopology';
import { countPairs, everyNth, withSeeds } from '../../../src/engine/topology/sensitivity';
import type { PairCounts } from '../../../src/shared/result/topology';
import { sampled } from './analyticFunctions';
import { naiveNeighbors, naivePairs } from './floodFill';
import { plainGrids, randomNumbers, stencils } from './landscapes';

const COUNTS = ['saddles', 'minima', 'innerSaddles', 'totalPersistence'] as const;

function random(seed: number, shape: readonly number[]) {
  return {
    shape,
    values: randomNumbers(
      seed,
      shape.reduce((a, b) => a * b, 1),
    ),
  };
}

test('Rosenbrock 41²: 23, 17 and 13 grid minima below their saddles with 4, 6 and 8 neighbours', () => {
  // In hundredths, so that equal values are equal.
  const values = sampled(
    (x, y) => (10 - x) ** 2 + (10 * y - x * x) ** 2,
    [-20, 20, 41],
    [-20, 20, 41],
  );
  const { sensitivity } = analyzeTopology(values, [41, 41], { threshold: 0 });
  const minima = Object.fromEntries(
    sensitivity.byNeighborhood!.map(({ neighborhood, minima: count }) => [neighborhood, count]),
  );
  expect(minima).toMatchObject({ '4': 23, freudenthal: 17, '8': 13 });
  expect(sensitivity.band!.minima.low).toBeLessThanOrEqual(13);
  expect(sensitivity.band!.minima.high).toBeGreaterThanOrEqual(23);
});

describe('bands', () => {
  test('hold the value, and end at counts that were made', () => {
    fc.assert(
      fc.property(fc.nat(), stencils, fc.integer({ min: 5, max: 23 }), (seed, neighborhood, n) => {
        const { values, shape } = random(seed, [n, n + 2]);
        const topology = analyzeTopology(values, shape, { neighborhood, threshold: 0.3 });
        const { byNeighborhood, byResolution, band } = topology.sensitivity;
        const all: readonly PairCounts[] = [...byNeighborhood!, ...byResolution!];
        const own = {
          saddles: topology.saddles,
          minima: topology.minima,
          innerSaddles: topology.inner!.saddles,
          totalPersistence: topology.summaries.finite.total,
        };
        for (const count of COUNTS) {
          const { low, high } = band![count]!;
          expect(low).toBeLessThanOrEqual(own[count]);
          expect(high).toBeGreaterThanOrEqual(own[count]);
          const counts = all.map((each) => each[count]!);
          expect(counts).toContain(low);
          expect(counts).toContain(high);
          for (const each of counts) expect(each >= low && each <= high).toBe(true);
        }
        expect(byNeighborhood![0]).toEqual({ neighborhood, ...own });
        expect(byResolution![0]).toEqual({ stride: 1, shape, ...own });
      }),
      { numRuns: 40 },
    );
  });

  test('seeds widen them', () => {
    const { values, shape } = random(3, [17, 17]);
    const { sensitivity } = analyzeTopology(values, shape, { threshold: 0.3 });
    const more = {
      seed: 9,
      shape: [9, 9],
      saddles: 1000,
      minima: 1001,
      innerSaddles: 900,
      totalPersistence: 0,
    };
    const { band, bySeed, byNeighborhood } = withSeeds(sensitivity, [more]);
    expect(bySeed).toEqual([more]);
    expect(byNeighborhood).toEqual(sensitivity.byNeighborhood);
    expect(band.saddles).toEqual({ low: sensitivity.band!.saddles.low, high: 1000 });
    expect(band.totalPersistence).toEqual({
      low: 0,
      high: sensitivity.band!.totalPersistence.high,
    });
  });
});

describe('coarser grids', () => {
  test('every neighbourhood and stride counts what the whole analysis does', () => {
    const { values, shape } = random(5, [33, 21]);
    const options = { threshold: 0.2, sensitivity: [] };
    const { sensitivity } = analyzeTopology(values, shape, { threshold: 0.2 });
    for (const { neighborhood, saddles, totalPersistence } of sensitivity.byNeighborhood!) {
      const alone = analyzeTopology(values, shape, { ...options, neighborhood });
      expect(saddles).toBe(alone.saddles);
      expect(totalPersistence).toBe(alone.summaries.finite.total);
    }
    expect(sensitivity.byResolution!.map(({ stride }) => stride)).toEqual([1, 2, 4]);
    for (const { stride, shape: coarse, saddles, minima } of sensitivity.byResolution!) {
      // The middle, (16, 10), stays: rows 16 ± stride k, columns 10 ± stride k.
      const rows = [...Array(33).keys()].filter((i) => (i - 16) % stride === 0);
      const columns = [...Array(21).keys()].filter((j) => (j - 10) % stride === 0);
      expect(coarse).toEqual([rows.length, columns.length]);
      const picked = Float64Array.from(
        rows.flatMap((i) => columns.map((j) => values[i * 21 + j]!)),
      );
      const alone = analyzeTopology(picked, coarse, options);
      expect({ saddles, minima }).toEqual({ saddles: alone.saddles, minima: alone.minima });
    }
  });

  test('the middle of an odd grid stays the middle', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 20 }),
        fc.integer({ min: 2, max: 20 }),
        fc.integer({ min: 1, max: 5 }),
        (a, b, stride) => {
          const shape = [2 * a + 1, 2 * b + 1];
          const size = shape[0]! * shape[1]!;
          const coarser = everyNth(
            Float64Array.from({ length: size }, (_, v) => v),
            shape,
            stride,
          );
          const counts = [a, b].map((half) => 2 * Math.floor(half / stride) + 1);
          if (coarser === null) {
            expect(Math.min(...counts)).toBeLessThan(5);
            return;
          }
          expect(coarser.shape).toEqual(counts);
          expect(coarser.values[(coarser.values.length - 1) / 2]).toBe((size - 1) / 2);
        },
      ),
    );
  });

  test('axes of one point are none, and a grid too coarse has no coarser one', () => {
    const line = analyzeTopology(randomNumbers(1, 17), [1, 17]).sensitivity;
    expect(line.byResolution!.map(({ shape }) => shape)).toEqual([[17], [9], [5]]);
    expect(everyNth(new Float64Array(16), [4, 4], 1)).toBeNull();
    expect(analyzeTopology(Float64Array.of(3), [1]).sensitivity.byResolution).toEqual([]);
    const { byResolution, band } = analyzeTopology(randomNumbers(1, 16), [4, 4]).sensitivity;
    expect(byResolution).toEqual([]);
    expect(band).toBeDefined();
  });
});

test('counts are those of flooding by definition', () => {
  fc.assert(
    fc.property(plainGrids, stencils, ({ shape, values }, neighborhood) => {
      const persistences = naivePairs(values, naiveNeighbors(shape, neighborhood)).map(
        ({ birthVertex, deathVertex }) => values[deathVertex]! - values[birthVertex]!,
      );
      const above = persistences.filter((persistence) => persistence > 50);
      const { saddles, totalPersistence } = countPairs(values, shape, neighborhood, 50);
      expect(saddles).toBe(above.length);
      expect(totalPersistence).toBe(above.reduce((sum, persistence) => sum + persistence, 0));
    }),
    { numRuns: 100 },
  );
});
