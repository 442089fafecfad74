import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzeTopology } from '../../../src/engine/topology/analyzeTopology';
import { landscapeProfile } from '../../../src/engine/topology/profile';
import { simplified } from '../../../src/webview/topology/simplification';
import { plainGrids } from '../../engine/topology/landscapes';

describe('a topology at a higher threshold', () => {
  it('is that of the values at this threshold: pairs, counts, summaries and tree', () => {
    fc.assert(
      fc.property(plainGrids, fc.double({ min: 0, max: 1, noNaN: true }), (grid, share) => {
        const { values, shape } = grid;
        const whole = analyzeTopology(values, shape, { threshold: 0, sensitivity: [] });
        const threshold = share * whole.summaries.range;
        const wanted = analyzeTopology(values, shape, { threshold, sensitivity: [] });
        const { pairs, minima, saddles, inner, summaries, mergeTree } = simplified(
          whole,
          threshold,
        );
        expect(pairs.map(({ birthVertex }) => birthVertex)).toEqual(
          wanted.pairs.map(({ birthVertex }) => birthVertex),
        );
        expect({ minima, saddles, inner }).toEqual({
          minima: wanted.minima,
          saddles: wanted.saddles,
          inner: wanted.inner,
        });
        for (const name of ['inner', 'finite', 'withEssential'] as const) {
          for (const part of ['count', 'total', 'median', 'maximum', 'meanOverRange'] as const) {
            expect(summaries[name]![part]).toBeCloseTo(wanted.summaries[name]![part], 9);
          }
        }
        expect(mergeTree).toEqual(wanted.mergeTree);
      }),
    );
  });

  it('has the profile of this threshold', () => {
    fc.assert(
      fc.property(plainGrids, fc.double({ min: 0, max: 1, noNaN: true }), (grid, share) => {
        const { values, shape } = grid;
        const steps = 4096;
        const whole = {
          ...analyzeTopology(values, shape, { threshold: 0, sensitivity: [] }),
          profile: landscapeProfile(values, shape, { threshold: 0, steps }),
        };
        const threshold = share * whole.summaries.range;
        const wanted = landscapeProfile(values, shape, { threshold, steps });
        const { profile } = simplified(whole, threshold);
        const told = ({
          kind,
          vertex,
          parent,
          top,
          centre,
          to,
        }: (typeof wanted.basins)[number]) => ({
          kind,
          vertex,
          parent,
          top,
          centre,
          to,
        });
        expect(profile!.basins.map(told)).toEqual(wanted.basins.map(told));
      }),
    );
  });

  it('is the same for pairs in any order', () => {
    fc.assert(
      fc.property(plainGrids, fc.double({ min: 0, max: 1, noNaN: true }), (grid, share) => {
        const whole = analyzeTopology(grid.values, grid.shape, { threshold: 0, sensitivity: [] });
        const threshold = share * whole.summaries.range;
        const turned = { ...whole, pairs: whole.pairs.toReversed() };
        const [one, other] = [whole, turned].map((each) => simplified(each, threshold));
        expect(other!.minima).toBe(one!.minima);
        expect(other!.inner).toEqual(one!.inner);
        expect(other!.pairs.length).toBe(one!.pairs.length);
        for (const name of ['inner', 'finite', 'withEssential'] as const) {
          expect(other!.summaries[name]!.median).toBeCloseTo(one!.summaries[name]!.median, 12);
          expect(other!.summaries[name]!.total).toBeCloseTo(one!.summaries[name]!.total, 9);
        }
      }),
    );
  });

  it('is itself where the threshold is not higher', () => {
    const topology = analyzeTopology(Float64Array.of(0, 3, 1, 4), [4], { threshold: 0.5 });
    expect(simplified(topology, 0.5)).toBe(topology);
    expect(simplified(topology, NaN)).toBe(topology);
  });
});
