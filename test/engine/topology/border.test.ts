import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzeTopology } from '../../../src/engine/topology/analyzeTopology';
import { widened } from '../../../src/engine/topology/border';
import { isOnBorder } from '../../../src/shared/gridBorder';
import { himmelblau, rastrigin, sampled } from './analyticFunctions';
import { plainGrids, stencils } from './landscapes';

/** Himmelblau's saddle between its minima (3, 2) and (−2.805, 3.131). */
const SADDLE_X = 0.086678;

function plane(
  f: (x: number, y: number) => number,
  x: readonly [number, number],
  y: readonly [number, number],
  steps = 101,
) {
  const values = sampled(f, [...x, steps], [...y, steps]);
  return analyzeTopology(values, [steps, steps], { threshold: 0.01 });
}

describe('what lies inside of a plane', () => {
  it('is all of Himmelblau’s four minima and three saddles between them', () => {
    const { inner, pairs, essential, summaries, sensitivity } = plane(himmelblau, [-5, 5], [-5, 5]);
    expect(inner).toEqual({ minima: 4, saddles: 3 });
    for (const pair of [essential, ...pairs]) expect(pair).not.toHaveProperty('border');
    expect(summaries.inner).toEqual(summaries.finite);
    expect(sensitivity.band?.innerSaddles).toEqual({ low: 3, high: 3 });
  });

  it('is half of them where the plane ends at a saddle', () => {
    const { inner, minima, saddles } = plane(himmelblau, [SADDLE_X, 5], [-5, 5]);
    expect([minima, saddles]).toEqual([2, 1]);
    expect(inner).toEqual({ minima: 2, saddles: 1 });
  });

  it('is not the minimum on the slope behind a saddle, which a wider plane loses', () => {
    // Behind the saddle the loss falls towards (−2.805, 3.131), which is outside.
    const { inner, minima, saddles, pairs, summaries } = plane(himmelblau, [-0.05, 5], [-5, 5]);
    expect([minima, saddles]).toEqual([3, 2]);
    expect(inner).toEqual({ minima: 2, saddles: 2 });
    const atBorder = pairs.filter(({ border }) => border);
    expect(atBorder).toHaveLength(1);
    expect(Number(atBorder[0]!.death)).toBeCloseTo(67.71915, 0);
    expect(atBorder[0]!.keptWhenWidened).toBe(false);
    expect(summaries.finite.count).toBe(2);
    expect(summaries.inner!.count).toBe(1);
    expect(summaries.inner!.mean).toBeCloseTo(13.3119, 0);
  });

  it('has none on a tilted plane, nor on waves that run into the edge', () => {
    const tilted = plane((x, y) => x + 2 * y, [-1, 1], [-1, 1], 21);
    expect(tilted.inner).toEqual({ minima: 0, saddles: 0 });
    expect(tilted.essential).toMatchObject({ border: true, keptWhenWidened: false });
    // Valleys along y that fall outwards: every minimum is on the edge.
    const waves = plane((x, y) => Math.cos(9 * x) - y, [-1, 1], [-1, 1]);
    expect(waves.saddles).toBeGreaterThan(1);
    expect(waves.inner!.minima).toBe(0);
    expect(waves.pairs.every(({ border }) => border)).toBe(true);
    expect(waves.pairs.some(({ keptWhenWidened }) => keptWhenWidened)).toBe(false);
  });

  it('keeps a minimum inside whose pass is lowest at the edge', () => {
    // Wells at (±1, ½); the ridge x = 0 between them falls from 1.5 at y = 0 to 0.5 at y = 1.
    const { pairs, inner } = plane(
      (x, y) => (x * x - 1) ** 2 * (1.5 - y) + (y - 0.5) ** 2 * x * x,
      [-1.5, 1.5],
      [0, 1],
    );
    expect(pairs).toHaveLength(1);
    expect(pairs[0]).toMatchObject({ border: true, keptWhenWidened: true });
    expect(Number(pairs[0]!.death)).toBeCloseTo(0.5, 2);
    expect(inner).toEqual({ minima: 2, saddles: 0 });
  });

  it('of Rastrigin’s function: 121 minima, of which a plane that ends before the outermost holds 81', () => {
    expect(plane(rastrigin, [-5.12, 5.12], [-5.12, 5.12], 201).inner!.minima).toBe(121);
    const cut = plane(rastrigin, [-4.9, 4.9], [-4.9, 4.9], 201);
    expect(cut.minima).toBe(121);
    expect(cut.inner!.minima).toBe(81);
  });
});

describe('the border', () => {
  it('is the first and the last of every axis', () => {
    const grid = Array.from({ length: 24 }, (_, v) => isOnBorder(v, [4, 6]));
    expect(grid.filter((on) => !on)).toHaveLength(8);
    expect(isOnBorder(13, [3, 3, 3])).toBe(false);
    expect(isOnBorder(12, [3, 3, 3])).toBe(true);
    expect(isOnBorder(0, [])).toBe(false);
  });

  it('counts and marks agree, whatever the grid', () => {
    fc.assert(
      fc.property(plainGrids, stencils, ({ shape, values }, neighborhood) => {
        const topology = analyzeTopology(values, shape, { neighborhood, threshold: 0 });
        const extents = shape.filter((extent) => extent > 1);
        const on = (vertex: number) => isOnBorder(vertex, extents);
        const { pairs, essential, inner, summaries } = topology;
        for (const pair of pairs) {
          expect(pair.border === true).toBe(on(pair.birthVertex) || on(pair.deathVertex));
        }
        expect(essential.border === true).toBe(on(essential.birthVertex));
        const minima = [essential, ...pairs].filter(({ birthVertex }) => !on(birthVertex));
        expect(inner!.minima).toBe(minima.length);
        expect(inner!.saddles).toBe(pairs.filter(({ deathVertex }) => !on(deathVertex)).length);
        expect(summaries.inner!.count).toBe(pairs.filter(({ border }) => !border).length);
      }),
    );
  });
});

describe('a grid one step wider', () => {
  it('continues quadratic functions exactly, in any number of dimensions', () => {
    const f = (x: number, y: number, z: number) => 2 * x * x - 3 * x * y + y * z + z * z - x + 4;
    const box = (from: number, to: number) => {
      const values: number[] = [];
      for (let x = from; x <= to; x++) {
        for (let y = from; y <= to; y++) for (let z = from; z <= to; z++) values.push(f(x, y, z));
      }
      return values;
    };
    const { values, extents } = widened(Float64Array.from(box(0, 3)), [4, 4, 4]);
    expect(extents).toEqual([6, 6, 6]);
    expect([...values]).toEqual(box(-1, 4));
  });

  it('continues lines of two points straight, and repeats what is not finite', () => {
    expect([...widened(Float64Array.of(1, 3), [2]).values]).toEqual([-1, 1, 3, 5]);
    expect([...widened(Float64Array.of(NaN, 3, Infinity), [3]).values]).toEqual([
      NaN,
      NaN,
      3,
      Infinity,
      Infinity,
    ]);
  });
});
