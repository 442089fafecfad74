import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lastingPairs, possibleBirths } from '../../../src/engine/landscape/refinementDecision';
import { axisLevels, INTERPOLATION_ORDERS } from '../../../src/engine/landscape/refinementLevels';
import { Prediction } from '../../../src/engine/landscape/refinementPrediction';
import { adjacencyOf } from '../../../src/engine/topology/adjacency';
import { Random } from '../../../src/engine/random';
import { stencils } from '../topology/landscapes';

/** A function on a small grid that is known within bounds, some of its values exactly. */
const bounded = fc
  .record({
    shape: fc.tuple(fc.integer({ min: 2, max: 7 }), fc.integer({ min: 2, max: 7 })),
    share: fc.constantFrom(0.05, 0.2, 0.5),
    threshold: fc.constantFrom(2, 10, 30),
    seed: fc.nat(),
    neighborhood: stencils,
  })
  .map(({ shape, share, threshold, seed, neighborhood }) => {
    const random = new Random(seed, 'bounds');
    const size = shape[0] * shape[1];
    const value = () => Math.round(100 * random.uniform());
    const low = Float64Array.from({ length: size }, value);
    const high = low.map((x) =>
      random.uniform() < share ? x + Math.ceil(6 * random.uniform()) : x,
    );
    const between = () => low.map((x, v) => x + random.uniform() * (high[v]! - x));
    return { shape, low, high, threshold, neighborhood, between };
  });

test('what is born beyond the threshold is born where the bounds allow it', () => {
  let born = 0;
  fc.assert(
    fc.property(bounded, ({ shape, low, high, threshold, neighborhood, between }) => {
      const graph = adjacencyOf(neighborhood, shape);
      const possible = new Set(possibleBirths({ low, high }, graph, threshold));
      for (let k = 0; k < 4; k += 1) {
        const { births } = lastingPairs(between(), shape, neighborhood, threshold);
        for (const birth of births) {
          if (low[birth] === high[birth]) continue;
          born += 1;
          expect(possible.has(birth)).toBe(true);
        }
      }
    }),
    { numRuns: 400 },
  );
  expect(born).toBeGreaterThan(100);
});

test('bounds that agree on the pairs decide them for every function between them', () => {
  let decided = 0;
  fc.assert(
    fc.property(bounded, ({ shape, low, high, threshold, neighborhood, between }) => {
      if (possibleBirths({ low, high }, adjacencyOf(neighborhood, shape), threshold).length > 0) {
        return;
      }
      const pairsOf = (keys: Float64Array) => {
        const { births, deathOf } = lastingPairs(keys, shape, neighborhood, threshold);
        return births.map((birth) => [birth, deathOf(birth)] as const);
      };
      const pairs = pairsOf(low);
      const areMeasured = pairs.every(([, end]) => end < 0 || low[end] === high[end]);
      const agree = JSON.stringify(pairsOf(high)) === JSON.stringify(pairs);
      // Equal values leave open at which of two vertices a component ends.
      const areDistinct = new Set(low).size === low.length && new Set(high).size === high.length;
      if (!areMeasured || !agree || !areDistinct) return;
      if (low.some((x, v) => x < high[v]!)) decided += 1;
      for (let k = 0; k < 4; k += 1) expect(pairsOf(between())).toEqual(pairs);
    }),
    { numRuns: 2000 },
  );
  expect(decided).toBeGreaterThan(50);
});

test('the levels of an axis halve its steps and interpolate polynomials exactly', () => {
  expect([...axisLevels(17).level]).toEqual([0, 2, 1, 2, 0, 2, 1, 2, 0, 2, 1, 2, 0, 2, 1, 2, 0]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), (points) => {
      const { level, depth, stencils: byOrder } = axisLevels(points);
      expect(Math.max(...level)).toBe(depth);
      if (points % 2 === 1) expect(level[(points - 1) / 2]).toBe(0);
      for (const [x, own] of level.entries()) {
        for (const order of INTERPOLATION_ORDERS) {
          const stencil = byOrder[order][x];
          expect(stencil === null).toBe(own === 0);
          if (stencil === null || stencil === undefined) continue;
          const { nodes, weights } = stencil;
          for (const node of nodes) expect(level[node]).toBeLessThan(own);
          // The nearest nodes on both sides, no farther apart than the level's steps.
          const sides = [
            Math.max(...nodes.filter((n) => n < x)),
            Math.min(...nodes.filter((n) => n > x)),
          ];
          expect(sides[1]! - sides[0]!).toBeLessThanOrEqual(2 ** (depth - own + 1));
          for (let power = 0; power < nodes.length; power += 1) {
            const sum = nodes.reduce((s, n, i) => s + weights[i]! * ((n - x) / points) ** power, 0);
            expect(sum).toBeCloseTo(power === 0 ? 1 : 0, 10);
          }
        }
      }
    }),
    { numRuns: 12 },
  );
});

test('a cubic is interpolated exactly, with bars of rounding alone', () => {
  const shape = [33, 41];
  const f = (x: number, y: number) => x ** 3 - 2 * x * y ** 2 + y ** 3 - x * y + 1;
  const prediction = new Prediction(shape);
  const values = Float64Array.from({ length: 33 * 41 }, (_, v) =>
    f(Math.floor(v / 41) / 16 - 1, (v % 41) / 20 - 1),
  );
  for (let level = 0; level <= 2; level += 1) {
    for (const v of prediction.pointsOf(level)) prediction.measure(v, values[v]!);
  }
  prediction.update(2);
  expect(prediction.interpolation).toBeGreaterThanOrEqual(4);
  for (const [v, value] of prediction.values.entries()) {
    expect(value).toBeCloseTo(values[v]!, 11);
    expect(prediction.bars[v]).toBeLessThan(1e-11);
  }
});
