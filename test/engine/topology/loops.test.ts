import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzeTopology } from '../../../src/engine/topology/analyzeTopology';
import { loopPairs } from '../../../src/engine/topology/loops';
import { InputError } from '../../../src/shared/inputError';
import { naiveNeighbors } from './floodFill';
import { plainGrids, stencils, tiedGrids, wildGrids } from './landscapes';
import type { PersistencePair } from '../../../src/shared/result/topology';

type Intervals = readonly (readonly [number, number])[];

const stencilNames = ['freudenthal', '4', '8'] as const;

function intervals(pairs: readonly PersistencePair[]): [number, number][] {
  return pairs
    .map(({ birth, death }): [number, number] => [Number(birth), Number(death)])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

describe('pairs of dimension 0 and 1 on 200 random grids with ties and plateaus', () => {
  const path = new URL('../../fixtures/topology/gudhi-grids.json', import.meta.url);
  const grids = JSON.parse(readFileSync(path, 'utf8')) as {
    shape: number[];
    values: number[];
    pairs: Record<(typeof stencilNames)[number], readonly [Intervals, Intervals?]>;
  }[];

  it.each(stencilNames)('are GUDHI’s with the complex of %s', (neighborhood) => {
    expect(grids.length).toBe(200);
    let [components, loops, spaces] = [0, 0, 0];
    for (const { shape, values, pairs } of grids) {
      const ours = analyzeTopology(Float64Array.from(values), shape, {
        neighborhood,
        threshold: 0,
        sensitivity: [],
      });
      const [zero, one] = pairs[neighborhood];
      expect(intervals(ours.pairs)).toEqual(zero);
      components += zero.length;
      if (one === undefined) {
        spaces++;
        continue;
      }
      const found = loopPairs(Float64Array.from(values), shape, neighborhood);
      expect(intervals(found)).toEqual(one);
      loops += one.length;
    }
    expect(components).toBeGreaterThan(500);
    expect(loops).toBeGreaterThan(100);
    expect(spaces).toBe(60);
  });
});

describe('loops', () => {
  it('of the 3 × 4 grid of GUDHI’s documentation: (7, 9)', () => {
    const values = Float64Array.of(2, 1, 6, 8, 5, 9, 4, 7, 4, 7, 3, 9);
    expect(intervals(loopPairs(values, [3, 4], '4'))).toEqual([[7, 9]]);
  });

  it('of a crater: from the lowest point of its rim turned round, to its peak', () => {
    // prettier-ignore
    const values = Float64Array.of(
      9, 9, 9, 9, 9,
      9, 1, 2, 1, 9,
      9, 3, 8, 1, 9,
      9, 1, 1, 1, 9,
      9, 9, 9, 9, 9,
    );
    expect(loopPairs(values, [5, 5], '4')).toEqual([
      { birth: 3, death: 8, birthVertex: 11, deathVertex: 12 },
    ]);
    expect(loopPairs(values, [5, 5], '4', 5)).toEqual([]);
    // The far corners are not around the peak: the diagonal passes between them.
    expect(intervals(loopPairs(values, [5, 5], 'freudenthal'))).toEqual([[3, 8]]);
  });

  it('make the Euler characteristic: components less loops is vertices less edges and so on', () => {
    fc.assert(
      fc.property(
        fc
          .oneof(plainGrids, tiedGrids)
          .filter(({ shape }) => shape.filter((n) => n > 1).length <= 2),
        stencils,
        ({ shape, values }, neighborhood) => {
          const { pairs } = analyzeTopology(values, shape, {
            neighborhood,
            threshold: 0,
            sensitivity: [],
          });
          const loops = loopPairs(values, shape, neighborhood);
          const cells = cellsOf(values, shape, neighborhood);
          const alive = (list: readonly PersistencePair[], level: number) =>
            list.filter(({ birth, death }) => Number(birth) <= level && level < Number(death))
              .length;
          for (const level of values) {
            const euler = cells.reduce(
              (sum, { height, dimension }) => (height <= level ? sum + (-1) ** dimension : sum),
              0,
            );
            expect(1 + alive(pairs, level) - alive(loops, level)).toBe(euler);
          }
        },
      ),
    );
  });

  it('do not change when a wall above everything is built around the grid', () => {
    fc.assert(
      fc.property(wildGrids, stencils, ({ shape, values }, neighborhood) => {
        fc.pre(shape.filter((n) => n > 1).length === 2);
        const loops = loopPairs(values, shape, neighborhood);
        const [rows, columns] = shape.filter((n) => n > 1) as [number, number];
        const walled = new Float64Array((rows + 2) * (columns + 2)).fill(NaN);
        for (let v = 0; v < values.length; v++) {
          walled[(Math.floor(v / columns) + 1) * (columns + 2) + 1 + (v % columns)] = values[v]!;
        }
        const within = loopPairs(walled, [rows + 2, columns + 2], neighborhood);
        expect(intervals(within)).toEqual(intervals(loops));
      }),
    );
  });

  it('are none in a row, and refused in space and on graphs without faces', () => {
    expect(loopPairs(Float64Array.of(1, 3, 2, 4), [4, 1])).toEqual([]);
    expect(() => loopPairs(new Float64Array(8), [2, 2, 2])).toThrow(InputError);
    expect(() => loopPairs(new Float64Array(4), [2, 2], 'knn:3')).toThrow(InputError);
    expect(() => loopPairs(new Float64Array(4), [2, 3])).toThrow(InputError);
  });
});

/** Cells of the complex by brute force: squares of `4`, cliques of the others. */
function cellsOf(
  values: Float64Array,
  shape: readonly number[],
  neighborhood: (typeof stencilNames)[number],
): { height: number; dimension: number }[] {
  const neighbors = naiveNeighbors(shape, neighborhood);
  const near = (a: number, b: number) => neighbors[a]!.includes(b);
  const cells: { height: number; dimension: number }[] = [];
  const heightOf = (vertices: readonly number[]) => Math.max(...vertices.map((v) => values[v]!));
  const grow = (clique: readonly number[]) => {
    cells.push({ height: heightOf(clique), dimension: clique.length - 1 });
    for (let v = clique.at(-1)! + 1; v < values.length; v++) {
      if (clique.every((u) => near(u, v))) grow([...clique, v]);
    }
  };
  for (let v = 0; v < values.length; v++) grow([v]);
  if (neighborhood === '4') {
    for (let a = 0; a < values.length; a++) {
      for (let d = a + 1; d < values.length; d++) {
        const corners = neighbors[a]!.filter((b) => near(b, d));
        // Two ways round between opposite corners; each square is met at two pairs of them.
        if (
          corners.length === 2 &&
          Math.abs(corners[0]! - corners[1]!) !== d - a &&
          a < corners[0]!
        ) {
          if (d > corners[1]!) cells.push({ height: heightOf([a, d, ...corners]), dimension: 2 });
        }
      }
    }
  }
  return cells;
}
