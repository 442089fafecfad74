import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { basinsOfGrid } from '../../../src/webview/topology/basinOfPoint';
import { himmelblau, sampleLandscape, sampleTopology } from '../sampleSnapshot';

describe('the basin of a point', () => {
  it('is that of one of Himmelblau’s four minima', () => {
    const landscape = sampleLandscape(himmelblau, 41, 5);
    const values = Float64Array.from(landscape.values, Number);
    const basins = basinsOfGrid(values, 41, 41, 1);
    const at = (x: number, y: number) =>
      basins[Math.round((x + 5) * 4) * 41 + Math.round((y + 5) * 4)]!;
    // The minima of Himmelblau's function (Himmelblau 1972).
    const minima = [
      [3, 2],
      [-2.805118, 3.131312],
      [-3.77931, -3.283186],
      [3.584428, -1.848126],
    ] as const;
    const found = minima.map(([x, y]) => at(x, y));
    expect(new Set(found).size).toBe(4);
    found.forEach((vertex, k) => {
      expect(Math.floor(vertex / 41) / 4 - 5).toBeCloseTo(minima[k]![0], 0);
      expect((vertex % 41) / 4 - 5).toBeCloseTo(minima[k]![1], 0);
    });
    expect(at(4.5, 4.5)).toBe(found[0]);
  });

  it('spills over into one where all but the deepest are cancelled', () => {
    const values = Float64Array.from(sampleLandscape(himmelblau, 21, 5).values, Number);
    expect(new Set(basinsOfGrid(values, 21, 21, Infinity)).size).toBe(1);
  });

  it('has as many as there are minima above the threshold', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 36, maxLength: 36 }),
        fc.integer({ min: 0, max: 12 }),
        (values, threshold) => {
          const surface = (x: number, y: number) =>
            values[Math.round((x + 1) * 2.5) * 6 + Math.round((y + 1) * 2.5)]!;
          const landscape = sampleLandscape(surface, 6);
          const topology = sampleTopology(landscape, 0);
          const minima = topology.pairs
            .filter(({ birth, death }) => Number(death) - Number(birth) > threshold)
            .map(({ birthVertex }) => birthVertex);
          const basins = basinsOfGrid(Float64Array.from(values), 6, 6, threshold);
          expect([...new Set(basins)].sort((a, b) => a - b)).toEqual(
            [topology.essential.birthVertex, ...minima].sort((a, b) => a - b),
          );
        },
      ),
    );
  });
});
