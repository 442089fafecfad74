import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzeTopology } from '../../../src/engine/topology/analyzeTopology';
import { parseNeighborhood } from '../../../src/engine/topology/neighborhood';
import { InputError } from '../../../src/shared/inputError';
import { neighborhoods, randomNumbers, wildGrids, withoutBorder } from './landscapes';

describe('the topology of special grids', () => {
  it('of one point: one minimum, one root, nothing else', () => {
    const topology = analyzeTopology(Float64Array.of(3), [1, 1]);
    expect(topology.minima).toBe(1);
    expect(topology.pairs).toEqual([]);
    expect(topology.essential).toEqual({ birth: 3, death: 3, birthVertex: 0, deathVertex: 0 });
    expect(topology.mergeTree.nodes).toEqual([
      { vertex: 0, value: 3, kind: 'root', parent: -1, size: 1 },
    ]);
    expect(topology.summaries.persistenceEntropy).toBe(0);
  });

  it('of a constant: one minimum, at the first vertex', () => {
    const topology = analyzeTopology(new Float64Array(12).fill(7), [3, 4], { threshold: 0 });
    expect(topology.minima).toBe(1);
    expect(withoutBorder(topology.essential)).toEqual({
      birth: 7,
      death: 7,
      birthVertex: 0,
      deathVertex: 11,
    });
    expect(topology.summaries.range).toBe(0);
    expect(topology.summaries.withEssential.meanOverRange).toBe(0);
  });

  it('of one row: the same whichever axis it lies along', () => {
    const values = Float64Array.of(2, 0, 3, 1, 4, 4, 0, 5);
    const alone = analyzeTopology(values, [8], { threshold: 0 });
    expect(alone.pairs.map(({ birthVertex, deathVertex }) => [birthVertex, deathVertex])).toEqual([
      [6, 5],
      [3, 2],
    ]);
    for (const shape of [
      [1, 8],
      [8, 1],
      [1, 8, 1],
    ]) {
      expect({ ...analyzeTopology(values, shape, { threshold: 0 }), shape: [8] }).toEqual(alone);
    }
  });

  it('of a plateau: one minimum, not one a vertex', () => {
    // prettier-ignore
    const values = Float64Array.of(
      2, 2, 2, 2,
      2, 1, 1, 2,
      2, 1, 1, 2,
      2, 2, 2, 2,
    );
    for (const neighborhood of ['freudenthal', '4', '8', 'knn:8'] as const) {
      const topology = analyzeTopology(values, [4, 4], { neighborhood, threshold: 0 });
      expect(topology.minima).toBe(1);
      expect(topology.essential).toMatchObject({ birthVertex: 5, deathVertex: 15 });
    }
  });

  it('with losses that are none: ordered above all others, counted, and never a minimum', () => {
    const values = Float64Array.of(0, 1, NaN, 2, 0.5, Infinity, NaN, Infinity, NaN);
    const topology = analyzeTopology(values, [9], { threshold: 0 });
    expect(topology.nonFinite).toBe(5);
    // Between the two finite stretches lies a loss that is none: they meet there.
    expect(topology.pairs.map(withoutBorder)).toEqual([
      { birth: 0.5, death: 'NaN', birthVertex: 4, deathVertex: 2 },
    ]);
    expect(withoutBorder(topology.essential)).toEqual({
      birth: 0,
      death: 'NaN',
      birthVertex: 0,
      deathVertex: 8,
    });
    // In the summaries it counts as the largest finite value.
    expect(topology.summaries.range).toBe(2);
    expect(topology.summaries.finite.total).toBe(1.5);
    expect(topology.summaries.withEssential.total).toBe(3.5);
  });

  it('of nothing but NaN: one minimum of no range', () => {
    const topology = analyzeTopology(new Float64Array(6).fill(NaN), [2, 3]);
    expect(topology.minima).toBe(1);
    expect(topology.nonFinite).toBe(6);
    expect(topology.summaries.range).toBe(0);
    expect(topology.threshold).toBe(0);
  });

  it('is plain JSON whatever the values', () => {
    fc.assert(
      fc.property(wildGrids, neighborhoods, ({ shape, values }, neighborhood) => {
        const topology = analyzeTopology(values, shape, { neighborhood });
        const numbers: number[] = [];
        JSON.stringify(topology, (_, value: unknown) => {
          if (typeof value === 'number') numbers.push(value);
          return value;
        });
        expect(numbers.every(Number.isFinite)).toBe(true);
      }),
    );
  });
});

describe('what it counts', () => {
  it('summarises pairs with and without the essential one', () => {
    // Minima 0, 3, 2 with saddles 5, 4: pairs (3, 5), (2, 4); maximum 10.
    const values = Float64Array.of(0, 5, 3, 6, 10, 4, 2, 4);
    const { summaries } = analyzeTopology(values, [8], { threshold: 0, neighborhood: '4' });
    // The third minimum meets the first two at 10.
    expect(summaries.finite).toEqual({
      count: 2,
      total: 10,
      mean: 5,
      median: 5,
      maximum: 8,
      meanOverRange: 0.5,
    });
    expect(summaries.withEssential).toEqual({
      count: 3,
      total: 20,
      mean: 20 / 3,
      median: 8,
      maximum: 10,
      meanOverRange: 20 / 3 / 10,
    });
    expect(summaries.range).toBe(10);
    const shares = [0.5, 0.4, 0.1];
    expect(summaries.persistenceEntropy).toBeCloseTo(
      -shares.reduce((sum, p) => sum + p * Math.log(p), 0),
      12,
    );
  });

  it('leaves out what is up to the threshold, everywhere alike', () => {
    const values = Float64Array.of(0, 5, 3, 6, 10, 4, 2, 4);
    const topology = analyzeTopology(values, [8], { threshold: 2 });
    expect(topology.saddles).toBe(1);
    expect(topology.minima).toBe(2);
    expect(topology.pairs.length).toBe(1);
    expect(topology.summaries.finite.count).toBe(1);
    expect(topology.sensitivity.saddlesByNeighborhood.freudenthal).toBe(1);
    expect(topology.thresholdSource).toBe('given');
  });

  it('counts with every neighbourhood at the same threshold', () => {
    const values = randomNumbers(7, 400);
    const shape = [20, 20];
    const { sensitivity } = analyzeTopology(values, shape, { threshold: 0.1 });
    expect(Object.keys(sensitivity.saddlesByNeighborhood).sort()).toEqual([
      '4',
      '8',
      'freudenthal',
      'knn:8',
    ]);
    for (const neighborhood of ['freudenthal', '4', '8', 'knn:8'] as const) {
      const alone = analyzeTopology(values, shape, { neighborhood, threshold: 0.1 });
      expect(sensitivity.saddlesByNeighborhood[neighborhood]).toBe(alone.saddles);
    }
    const asked = analyzeTopology(values, shape, { sensitivity: ['knn:4'] });
    expect(Object.keys(asked.sensitivity.saddlesByNeighborhood)).toEqual(['freudenthal', 'knn:4']);
  });
});

describe('what a document holds for drawing', () => {
  // Loops of the 3 × 4 grid of GUDHI's documentation: (7, 9), with squares on the points.
  const gudhi = Float64Array.of(2, 1, 6, 8, 5, 9, 4, 7, 4, 7, 3, 9);

  it('is the loops above the threshold, where they are defined', () => {
    const options = { neighborhood: '4', threshold: 0 } as const;
    expect(analyzeTopology(gudhi, [3, 4], options).loops).toMatchObject({
      count: 1,
      total: 2,
      mean: 2,
      maximum: 2,
    });
    expect(analyzeTopology(gudhi, [3, 4], { ...options, threshold: 2 }).loops).toMatchObject({
      count: 0,
    });
    expect(analyzeTopology(gudhi, [3, 2, 2], options).loops).toBeUndefined();
    expect(analyzeTopology(gudhi, [3, 4], { neighborhood: 'knn:3' }).loops).toBeUndefined();
  });

  it('is the saddle–minimum distances', () => {
    // Minima 0 and 1 meet at 4: distances 4 and 3, on two and three vertices below it.
    const { smad } = analyzeTopology(Float64Array.of(9, 0, 4, 1, 2, 3, 9), [7], { threshold: 0 });
    expect(smad).toMatchObject({ edges: 2, mean: 3.5, weightedMean: (4 + 3 * 3) / 4 });
    expect(smad!.meanOverRange).toBeCloseTo(3.5 / 9, 15);
  });

  it('is a profile whose widths add up, of few basins and steps however rough the landscape', () => {
    const values = randomNumbers(5, 200 * 200);
    const { profile, saddles } = analyzeTopology(values, [200, 200], { threshold: 0 });
    expect(saddles).toBeGreaterThan(3000);
    expect(profile!.threshold).toBeGreaterThan(0);
    const { basins } = profile!;
    expect(basins.filter(({ kind }) => kind === 'minimum')).toHaveLength(64);
    expect(basins.at(-1)).toMatchObject({ kind: 'root', top: 40_000, parent: -1 });
    basins.forEach(({ base, widths, top }, b) => {
      const children = basins.filter(({ parent }) => parent === b);
      expect(base).toBe(children.reduce((sum, child) => sum + child.top, 0));
      expect(widths.at(-1)).toBe(top);
    });
    expect(JSON.stringify(profile).length).toBeLessThan(100_000);
  });

  it('leaves a profile of too many points out', () => {
    const shape = [2 ** 9, 2 ** 9 + 1];
    const { profile } = analyzeTopology(new Float64Array(shape[0]! * shape[1]!), shape);
    expect(profile).toBeUndefined();
  });
});

describe('what it refuses', () => {
  const values = new Float64Array(6);

  it.each([
    ['a shape of other size', () => analyzeTopology(values, [2, 4])],
    ['no values', () => analyzeTopology(new Float64Array(0), [0])],
    ['half a point', () => analyzeTopology(values, [2.5, 2.4])],
    ['a negative threshold', () => analyzeTopology(values, [6], { threshold: -1 })],
    ['a threshold that is none', () => analyzeTopology(values, [6], { threshold: NaN })],
    ['negative noise', () => analyzeTopology(values, [6], { relativeNoise: -1 })],
    ['knn:0', () => parseNeighborhood('knn:0')],
    ['an unknown neighbourhood', () => parseNeighborhood('6')],
  ])('%s', (_, call) => {
    expect(call).toThrow(InputError);
  });
});
