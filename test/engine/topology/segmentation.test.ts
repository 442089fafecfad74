import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzeTopology } from '../../../src/engine/topology/analyzeTopology';
import { segmentLandscape } from '../../../src/engine/topology/segmentation';
import { saddleMinimumDistance } from '../../../src/engine/topology/smad';
import { finiteRange } from '../../../src/engine/topology/summaries';
import { himmelblau, rastrigin, sampled } from './analyticFunctions';
import { componentOf, naiveNeighbors, precedes } from './floodFill';
import { neighborhoods, plainGrids, tiedGrids, wildGrids } from './landscapes';

const thresholds = fc.constantFrom(0, 1, 50, 700);

describe('basins and hills', () => {
  it('are those of walking down and up, neighbour by neighbour', () => {
    fc.assert(
      fc.property(
        fc.oneof(plainGrids, tiedGrids, wildGrids),
        neighborhoods,
        ({ shape, values }, neighborhood) => {
          const { minima, basin, maxima, hill } = segmentLandscape(values, shape, {
            neighborhood,
            threshold: -1,
          });
          const neighbors = naiveNeighbors(shape, neighborhood);
          for (let v = 0; v < values.length; v++) {
            for (const down of [true, false]) {
              let at = v;
              for (;;) {
                const next = neighbors[at]!.reduce(
                  (best, u) => (u !== best && precedes(values, u, best) === down ? u : best),
                  at,
                );
                if (next === at) break;
                at = next;
              }
              expect(down ? minima[basin[v]!] : maxima[hill[v]!]).toBe(at);
            }
          }
        },
      ),
    );
  });

  it('that are left out go to the basin they spill into', () => {
    fc.assert(
      fc.property(
        fc.oneof(plainGrids, tiedGrids, wildGrids),
        neighborhoods,
        thresholds,
        ({ shape, values }, neighborhood, threshold) => {
          const options = { neighborhood, threshold };
          const simple = segmentLandscape(values, shape, options);
          const whole = segmentLandscape(values, shape, { neighborhood, threshold: -1 });
          const { pairs, essential } = analyzeTopology(values, shape, options);
          const kept = new Set([essential, ...pairs].map(({ birthVertex }) => birthVertex));
          expect([...simple.minima]).toEqual([...kept].sort((a, b) => a - b));
          // By definition: raise the water over a minimum until a kept one, lower in the order, or
          // itself kept, is in its component; that is the lowest of the kept ones there.
          const neighbors = naiveNeighbors(shape, neighborhood);
          const order = [...values.keys()].sort((a, b) => (precedes(values, a, b) ? -1 : 1));
          for (const [v, b] of whole.basin.entries()) {
            const start = whole.minima[b]!;
            let end = kept.has(start) ? start : -1;
            for (let k = 1; end < 0; k++) {
              const water = componentOf(start, neighbors, new Set([start, ...order.slice(0, k)]));
              end = water
                .filter((u) => kept.has(u))
                .reduce((a, u) => (a < 0 || precedes(values, u, a) ? u : a), -1);
            }
            expect(simple.minima[simple.basin[v]!]).toBe(end);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('cross in cells that cut the grid', () => {
    fc.assert(
      fc.property(wildGrids, thresholds, ({ shape, values }, threshold) => {
        const { basin, hill, cell, cells } = segmentLandscape(values, shape, { threshold });
        expect(cells.reduce((sum, { size }) => sum + size, 0)).toBe(values.length);
        for (const [v, k] of cell.entries()) {
          expect(cells[k]).toMatchObject({ basin: basin[v], hill: hill[v] });
        }
      }),
    );
  });

  it('of Himmelblau are four', () => {
    const values = sampled(himmelblau, [-5, 5, 101], [-5, 5, 101]);
    const { minima, basin } = segmentLandscape(values, [101, 101], { threshold: 1 });
    expect(minima.length).toBe(4);
    // The corners belong to the minimum of their own quadrant.
    expect(new Set([0, 100, 100 * 101, 101 * 101 - 1].map((v) => basin[v])).size).toBe(4);
  });
});

describe('the saddle–minimum average distance', () => {
  it('of three minima in a row, by hand', () => {
    // Minima 0, 3, 2: saddle 5 joins the first two, the maximum 10 the third.
    const values = Float64Array.of(0, 5, 3, 6, 10, 4, 2, 4);
    const { mergeTree } = analyzeTopology(values, [8], { threshold: 0 });
    const smad = saddleMinimumDistance(mergeTree, finiteRange(values));
    expect(smad.edges).toBe(3);
    expect(smad.mean).toBeCloseTo((5 + 2 + 8) / 3, 12);
    // Below their saddles lie 1, 1 and 3 vertices.
    expect(smad.weightedMean).toBeCloseTo((5 + 2 + 3 * 8) / 5, 12);
    expect(smad.meanOverRange).toBeCloseTo(0.5, 12);
    expect(smad.weightedMeanOverRange).toBeCloseTo(0.62, 12);
  });

  it('of one minimum is 0, and of Rastrigin about its barrier of 20 or less', () => {
    const bowl = Float64Array.of(3, 1, 4);
    const { mergeTree } = analyzeTopology(bowl, [3], { threshold: 0 });
    expect(saddleMinimumDistance(mergeTree, finiteRange(bowl))).toMatchObject({
      edges: 0,
      mean: 0,
    });
    const values = sampled(rastrigin, [-5.12, 5.12, 201], [-5.12, 5.12, 201]);
    const tree = analyzeTopology(values, [201, 201], { threshold: 1e-9 }).mergeTree;
    const { edges, mean } = saddleMinimumDistance(tree, finiteRange(values));
    expect(edges).toBe(121);
    expect(mean).toBeGreaterThan(15);
    expect(mean).toBeLessThan(20.5);
  });
});
