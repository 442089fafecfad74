import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzeTopology } from '../../../src/engine/topology/analyzeTopology';
import { landscapeProfile } from '../../../src/engine/topology/profile';
import { himmelblau, sampled } from './analyticFunctions';
import { componentOf, naiveNeighbors, precedes } from './floodFill';
import { neighborhoods, plainGrids, randomNumbers, tiedGrids, wildGrids } from './landscapes';

const thresholds = fc.constantFrom(0, 1, 50, 700);
const grids = fc.oneof(plainGrids, tiedGrids, wildGrids);

describe('the landscape profile', () => {
  it('is as wide as the grid at its root, and widths add up at every saddle', () => {
    fc.assert(
      fc.property(
        grids,
        neighborhoods,
        thresholds,
        ({ shape, values }, neighborhood, threshold) => {
          const { width, basins } = landscapeProfile(values, shape, { neighborhood, threshold });
          expect(width).toBe(values.length);
          expect(basins.at(-1)!.top).toBe(width);
          basins.forEach((basin, k) => {
            const children = basins.filter(({ parent }) => parent === k);
            expect(basin.base).toBe(children.reduce((sum, { top }) => sum + top, 0));
            expect(basin.widths.at(-1)).toBe(basin.top);
            expect(basin.widths).toEqual(basin.widths.toSorted((a, b) => a - b));
            expect(basin.kind === 'minimum').toBe(children.length === 0 && basin.parent >= 0);
          });
        },
      ),
    );
  });

  it('has children side by side on their parent’s base, the widest on the left', () => {
    fc.assert(
      fc.property(grids, thresholds, ({ shape, values }, threshold) => {
        const { basins } = landscapeProfile(values, shape, { threshold });
        expect(basins.at(-1)!.centre).toBe(values.length / 2);
        basins.forEach((basin, k) => {
          const children = basins
            .filter(({ parent }) => parent === k)
            .sort((a, b) => a.centre - b.centre);
          let edge = basin.centre - basin.base / 2;
          let before = Infinity;
          for (const child of children) {
            expect(child.centre - child.top / 2).toBeCloseTo(edge, 9);
            expect(child.top).toBeLessThanOrEqual(before);
            before = child.top;
            edge += child.top;
          }
        });
      }),
    );
  });

  it('is at every loss as wide as flooding finds the component', () => {
    fc.assert(
      fc.property(grids, neighborhoods, ({ shape, values }, neighborhood) => {
        const { basins } = landscapeProfile(values, shape, { neighborhood, steps: 1e9 });
        const neighbors = naiveNeighbors(shape, neighborhood);
        for (const basin of basins) {
          const end = basin.parent < 0 ? null : basins[basin.parent]!.vertex;
          basin.losses.forEach((loss, k) => {
            const level = Number(loss);
            const upTo = neighbors
              .map((_, v) => v)
              .filter(
                (v) =>
                  (Number.isNaN(level) || values[v]! <= level) &&
                  (end === null || precedes(values, v, end)),
              );
            expect(componentOf(basin.vertex, neighbors, new Set(upTo)).length).toBe(
              basin.widths[k],
            );
          });
        }
      }),
    );
  });

  it('has the basins of the merge tree at the threshold', () => {
    fc.assert(
      fc.property(
        grids,
        neighborhoods,
        thresholds,
        ({ shape, values }, neighborhood, threshold) => {
          const { nodes } = analyzeTopology(values, shape, { neighborhood, threshold }).mergeTree;
          const { basins } = landscapeProfile(values, shape, { neighborhood, threshold });
          expect(
            basins.map(({ vertex, from, kind, parent, base, top }) => ({
              vertex,
              value: from,
              kind,
              parent,
              size: top - base,
            })),
          ).toEqual(nodes);
        },
      ),
    );
  });

  it('floods a dent that is left out from where it spills over', () => {
    // The dent at 4 is below 2, within the basin of 0, and spills at 3.
    const values = Float64Array.of(0, 3, 2, 5, 9, 1, 8);
    const [first, ...others] = landscapeProfile(values, [7], { threshold: 1 }).basins;
    expect(first).toMatchObject({
      vertex: 0,
      from: 0,
      to: 9,
      losses: [0, 3, 5],
      widths: [1, 3, 4],
    });
    expect(first!.meanLoss).toBe(2.5);
    expect(others[0]).toMatchObject({ vertex: 5, losses: [1, 8], widths: [1, 2], centre: 5.5 });
    expect(others[1]).toMatchObject({ kind: 'root', base: 6, top: 7, meanLoss: 4 });
  });

  it('does not depend on the dimension of the grid', () => {
    const row = randomNumbers(3, 60);
    const plain = landscapeProfile(row, [60]);
    for (const shape of [
      [60, 1],
      [1, 60],
      [1, 60, 1],
    ]) {
      expect(landscapeProfile(row, shape)).toEqual(plain);
    }
    // The same graph in a row and in a plane: walls above everything leave one corridor.
    const wall = 2;
    const corridor = new Float64Array(3 * 60).fill(wall);
    corridor.set(row, 60);
    const within = landscapeProfile(corridor, [3, 60], { neighborhood: '4' }).basins;
    const strip = ({ vertex: _, parent: __, centre: ___, ...rest }: (typeof within)[number]) =>
      rest;
    const inner = (list: typeof within) => list.filter(({ kind }) => kind === 'minimum').map(strip);
    expect(inner(within)).toEqual(inner(plain.basins));
  });

  it('of Himmelblau has four basins, and the mean loss of the grid at its root', () => {
    const values = sampled(himmelblau, [-5, 5, 41], [-5, 5, 41]);
    const { basins } = landscapeProfile(values, [41, 41], { threshold: 5, steps: 20 });
    expect(basins.filter(({ kind }) => kind === 'minimum').length).toBe(4);
    expect(basins.every(({ losses }) => losses.length <= 20)).toBe(true);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(basins.at(-1)!.meanLoss).toBeCloseTo(mean, 9);
  });
});
