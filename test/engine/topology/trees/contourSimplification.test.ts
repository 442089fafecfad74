import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { simplifyContourTree } from '../../../../src/engine/topology/trees/contourSimplification';
import { contourTree } from '../../../../src/engine/topology/trees/contourTree';
import { naiveNeighbors } from '../floodFill';
import { randomNumbers, tiedGrids, wildGrids } from '../landscapes';
import type { ContourTree } from '../../../../src/engine/topology/trees/contourTree';

const simplicial = fc.constantFrom('freudenthal', '8');

/** Grids of different values. */
const grids = fc
  .tuple(
    fc.oneof(
      fc.tuple(fc.integer({ min: 2, max: 20 })),
      fc.tuple(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 2, max: 9 })),
      fc.tuple(
        fc.integer({ min: 2, max: 4 }),
        fc.integer({ min: 2, max: 4 }),
        fc.integer({ min: 2, max: 4 }),
      ),
    ),
    fc.integer(),
  )
  .map(([shape, seed]) => ({
    shape,
    values: randomNumbers(
      seed,
      shape.reduce((product, extent) => product * extent, 1),
    ),
  }));
const thresholds = fc.integer({ min: 0, max: 110 }).map((percent) => percent / 100);

interface Arc {
  readonly lower: number;
  readonly upper: number;
}

/** The tree of a function with plateaus: what has one value and hangs together is one node. */
function arcsOfValues(tree: ContourTree, values: Float64Array): { arcs: Arc[]; valueOf: number[] } {
  const valueOf = Array.from(tree.vertex, (v) => values[v]!);
  const one = valueOf.map((_, node) => node);
  const find = (node: number): number => (one[node] === node ? node : find(one[node]!));
  const arcs: Arc[] = [];
  tree.lower.forEach((lower, arc) => {
    if (valueOf[lower] === valueOf[tree.upper[arc]!]) one[find(lower)] = find(tree.upper[arc]!);
    else arcs.push({ lower, upper: tree.upper[arc]! });
  });
  let whole = arcs.map(({ lower, upper }) => ({ lower: find(lower), upper: find(upper) }));
  for (const node of valueOf.keys()) {
    const below = whole.filter(({ upper }) => upper === node);
    const above = whole.filter(({ lower }) => lower === node);
    if (below.length !== 1 || above.length !== 1) continue;
    whole = whole.filter((arc) => arc !== below[0] && arc !== above[0]);
    whole.push({ lower: below[0]!.lower, upper: above[0]!.upper });
  }
  return { arcs: whole, valueOf };
}

/**
 * Simplification of the function itself: as long as a leaf of its tree is up to the threshold high and
 * not the only one on its side of its inner node, what hangs together beyond that node is levelled to the
 * node's value, the lowest such leaf first, and the tree of the result is computed anew.
 */
function levelled(
  { shape, values }: { shape: readonly number[]; values: Float64Array },
  neighborhood: 'freudenthal' | '8',
  threshold: number,
): { values: Float64Array; arcs: string[] } {
  const neighbors = naiveNeighbors(shape, neighborhood);
  const level = values.slice();
  for (;;) {
    const { arcs, valueOf } = arcsOfValues(contourTree(level, shape, neighborhood), level);
    const degree = (node: number) =>
      arcs.filter(({ lower, upper }) => lower === node || upper === node).length;
    const leaves = arcs
      .flatMap((arc) => {
        const height = valueOf[arc.upper]! - valueOf[arc.lower]!;
        const more = (end: 'lower' | 'upper') =>
          arcs.some((other) => other !== arc && other[end] === arc[end]);
        return [
          ...(degree(arc.upper) === 1 && more('lower')
            ? [{ height, from: valueOf[arc.upper]!, to: valueOf[arc.lower]! }]
            : []),
          ...(degree(arc.lower) === 1 && more('upper')
            ? [{ height, from: valueOf[arc.lower]!, to: valueOf[arc.upper]! }]
            : []),
        ];
      })
      .filter(({ height }) => height <= threshold)
      .sort((a, b) => a.height - b.height);
    const lowest = leaves[0];
    if (lowest === undefined) {
      const ends = arcs.map(({ lower, upper }) => `${valueOf[lower]!}–${valueOf[upper]!}`);
      return { values: level, arcs: ends.sort() };
    }
    const isBeyond = (v: number) =>
      lowest.from > lowest.to ? level[v]! > lowest.to : level[v]! < lowest.to;
    const region = new Set([level.indexOf(lowest.from)]);
    for (const v of region) for (const u of neighbors[v]!) if (isBeyond(u)) region.add(u);
    for (const v of region) level[v] = lowest.to;
  }
}

describe('the simplified contour tree', () => {
  it('is that of the simplified function', () => {
    let pruned = 0;
    fc.assert(
      fc.property(grids, simplicial, thresholds, (grid, neighborhood, threshold) => {
        const { shape, values } = grid;
        const whole = contourTree(values, shape, neighborhood);
        const tree = simplifyContourTree(whole, values, threshold);
        const naive = levelled(grid, neighborhood, threshold);
        expect(arcsOfValues(tree, values).arcs.length).toBe(tree.lower.length);
        expect(
          Array.from(
            tree.lower,
            (lower, arc) =>
              `${values[tree.vertex[lower]!]!}–${values[tree.vertex[tree.upper[arc]!]!]!}`,
          ).sort(),
        ).toEqual(naive.arcs);
        // A vertex is where its level leads it: at a node of that value, or on an arc around it.
        for (const [v, place] of tree.place.entries()) {
          const level = naive.values[v]!;
          if (place < 0) expect(values[tree.vertex[~place]!]).toBe(level);
          else {
            expect(values[tree.vertex[tree.lower[place]!]!]).toBeLessThan(level);
            expect(values[tree.vertex[tree.upper[place]!]!]).toBeGreaterThan(level);
          }
        }
        pruned += whole.lower.length - tree.lower.length;
      }),
      { numRuns: 200 },
    );
    expect(pruned).toBeGreaterThan(500);
  });

  it('counts every vertex, and each of its nodes is where something happens', () => {
    fc.assert(
      fc.property(
        fc.oneof(tiedGrids, wildGrids, grids),
        simplicial,
        fc.constantFrom(-1, 0, 0.3, 1, 2, Infinity),
        ({ shape, values }, neighborhood, threshold) => {
          const tree = simplifyContourTree(
            contourTree(values, shape, neighborhood),
            values,
            threshold,
          );
          const nodes = tree.vertex.length;
          expect(tree.lower.length).toBe(nodes - 1);
          const up = new Int32Array(nodes);
          const down = new Int32Array(nodes);
          const size = new Int32Array(nodes - 1);
          tree.lower.forEach((lower) => up[lower]!++);
          tree.upper.forEach((upper) => down[upper]!++);
          tree.place.forEach((place) => place >= 0 && size[place]!++);
          expect([tree.up, tree.down, tree.size]).toEqual([up, down, size]);
          for (let k = 0; k < nodes; k++) expect([up[k], down[k]]).not.toEqual([1, 1]);
          for (const [k, v] of tree.vertex.entries()) expect(tree.place[v]).toBe(~k);
          if (threshold === Infinity) expect(nodes).toBeLessThan(3);
        },
      ),
    );
  });

  it('is simpler, the higher the threshold, and the same on the way', () => {
    fc.assert(
      fc.property(
        fc.oneof(tiedGrids, wildGrids, grids),
        simplicial,
        thresholds,
        thresholds,
        ({ shape, values }, neighborhood, one, other) => {
          const whole = contourTree(values, shape, neighborhood);
          const low = simplifyContourTree(whole, values, Math.min(one, other));
          const high = simplifyContourTree(whole, values, Math.max(one, other));
          const nodes = new Set(low.vertex);
          expect(high.vertex.every((v) => nodes.has(v))).toBe(true);
          expect(simplifyContourTree(low, values, Math.max(one, other))).toEqual(high);
        },
      ),
    );
  });

  it('stays as it is at a negative threshold', () => {
    fc.assert(
      fc.property(tiedGrids, simplicial, ({ shape, values }, neighborhood) => {
        const tree = contourTree(values, shape, neighborhood);
        expect(simplifyContourTree(tree, values, -1)).toEqual(tree);
      }),
    );
  });

  it('has one pit and one peak less after another on a plain with two of each', () => {
    // Depths 5 and 2, heights 6 and 3, apart from each other on 9 × 9 points at 0 with a slope.
    const values = Float64Array.from({ length: 81 }, (_, v) => v / 1000);
    values[20] = -5;
    values[24] = -2;
    values[56] = 6;
    values[60] = 3;
    const tree = contourTree(values, [9, 9]);
    const leavesAt = (threshold: number) => {
      const { vertex, up, down } = simplifyContourTree(tree, values, threshold);
      return Array.from(vertex).filter((_, k) => Number(up[k]) + Number(down[k]) === 1);
    };
    expect(leavesAt(-1)).toEqual([20, 24, 0, 80, 60, 56]);
    expect(leavesAt(1)).toEqual([20, 24, 60, 56]);
    expect(leavesAt(2.5)).toEqual([20, 60, 56]);
    expect(leavesAt(3.5)).toEqual([20, 56]);
    expect(leavesAt(100)).toEqual([20, 56]);
  });
});
