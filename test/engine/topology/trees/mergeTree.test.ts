import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzeTopology } from '../../../../src/engine/topology/analyzeTopology';
import { branchesOf } from '../../../../src/engine/topology/trees/gridBranches';
import { joinTree } from '../../../../src/engine/topology/trees/joinTree';
import { gridExtents } from '../../../../src/engine/topology/neighborhood';
import { comparableKeys } from '../../../../src/engine/topology/order';
import { branchesAbove, branchPersistences } from '../../../../src/engine/topology/persistence';
import { componentOf, naiveNeighbors, precedes } from '../floodFill';
import { neighborhoods, plainGrids, randomNumbers, tiedGrids, wildGrids } from '../landscapes';
import type { MergeTree, MergeTreeNode } from '../../../../src/shared/result/topology';

const thresholds = fc.constantFrom(0, 1, 2, 50, 700);

function children(tree: MergeTree, node: number): number[] {
  return tree.nodes.flatMap(({ parent }, k) => (parent === node ? [k] : []));
}

/** Pairs by the elder rule on the tree alone. */
function pairsOfTree(tree: MergeTree, values: ArrayLike<number>): string[] {
  const pairs: string[] = [];
  const elderOf = (node: number): number => {
    const below = children(tree, node).map(elderOf);
    if (below.length === 0) return tree.nodes[node]!.vertex;
    below.sort((a, b) => (precedes(values, a, b) ? -1 : 1));
    for (const younger of below.slice(1)) pairs.push(`${younger}–${tree.nodes[node]!.vertex}`);
    return below[0]!;
  };
  elderOf(tree.nodes.length - 1);
  return pairs.sort();
}

describe('the merge tree', () => {
  it.each([
    ['plain', plainGrids],
    ['tied', tiedGrids],
    ['wild', wildGrids],
  ])('agrees with the pairs at every threshold: %s grids', (_, grids) => {
    fc.assert(
      fc.property(
        grids,
        neighborhoods,
        thresholds,
        ({ shape, values }, neighborhood, threshold) => {
          const { mergeTree, pairs } = analyzeTopology(values, shape, {
            neighborhood,
            threshold,
            sensitivity: [],
          });
          expect(pairsOfTree(mergeTree, values)).toEqual(
            pairs.map(({ birthVertex, deathVertex }) => `${birthVertex}–${deathVertex}`).sort(),
          );
        },
      ),
    );
  });

  it('takes the way up past any number of stems that end too early', () => {
    // Minimum v, the older the lower, has its elder at v − 1. Ends rise towards the older, so that each
    // elder goes on; but the last 300 end above nearly all of them.
    const count = 3000;
    const high = (v: number) => v >= count - 300;
    const keys = Float64Array.from({ length: 2 * count }, (_, v) =>
      v < count ? v : high(v - count) ? 9 * count - (v % 7) : 4 * count - v,
    );
    const minimum = Int32Array.from({ length: count }, (_, v) => v);
    const branches = {
      minimum,
      saddle: minimum.map((v) => (v === 0 ? -1 : count + v)),
      toward: minimum.map((v) => v - 1),
      root: 0,
      maximum: count,
      basin: minimum.map((v) => ~v),
    };
    keys[count] = 10 * count;
    const kept = new Uint8Array(count).fill(1);
    const { vertex, parent } = joinTree(branches, keys, kept);
    // What goes on where v ends: the first elder of it or of its elder … that ends above.
    const joined = (v: number) => {
      let at = v - 1;
      while (at > 0 && (keys[count + at]! - keys[count + v]! || at - v) <= 0) at--;
      return at;
    };
    const joining = new Map<number, number[]>();
    for (let v = 1; v < count; v++) {
      const onto = joined(v);
      joining.set(onto, [...(joining.get(onto) ?? []), count + v]);
    }
    const expected: string[] = [];
    for (let v = 0; v < count; v++) {
      const ends = (joining.get(v) ?? []).sort((a, b) => keys[a]! - keys[b]! || a - b);
      const way = [v, ...ends, count + v];
      for (let k = 1; k < way.length; k++) expected.push(`${way[k - 1]!}–${way[k]!}`);
    }
    const found = Array.from(vertex, (v, k) => [v, parent[k]!] as const).filter(
      ([, above]) => above >= 0,
    );
    expect(found.map(([v, above]) => `${v}–${vertex[above]!}`).sort()).toEqual(expected.sort());
    expect(joining.get(0)!.length).toBeGreaterThan(10);
  });

  it('has minima as leaves, saddles inside, the maximum as root, in the order of vertices', () => {
    fc.assert(
      fc.property(
        wildGrids,
        neighborhoods,
        thresholds,
        ({ shape, values }, neighborhood, threshold) => {
          const { mergeTree, minima } = analyzeTopology(values, shape, { neighborhood, threshold });
          const { nodes } = mergeTree;
          const kinds = (kind: MergeTreeNode['kind']) => nodes.filter((node) => node.kind === kind);
          expect(kinds('root')).toEqual([nodes.at(-1)]);
          if (values.length > 1) expect(kinds('minimum').length).toBe(minima);
          nodes.forEach((node, k) => {
            if (k > 0) expect(precedes(values, nodes[k - 1]!.vertex, node.vertex)).toBe(true);
            const below = children(mergeTree, k).length;
            if (node.kind === 'minimum') expect(below).toBe(0);
            if (node.kind === 'saddle') expect(below).toBeGreaterThan(1);
            if (node.kind === 'root') expect(node.parent).toBe(-1);
            else expect(node.parent).toBeGreaterThan(k);
          });
          const sizes = nodes.reduce((sum, { size }) => sum + size, 0);
          expect(sizes).toBe(values.length);
        },
      ),
    );
  });

  it('labels each vertex with the arc of its component, as flooding finds it', () => {
    fc.assert(
      fc.property(
        fc.oneof(tiedGrids, wildGrids),
        neighborhoods,
        ({ shape, values }, neighborhood) => {
          const extents = gridExtents(shape, values.length);
          const keys = comparableKeys(values);
          const branches = branchesOf(keys, extents, neighborhood);
          const all = new Uint8Array(branches.minimum.length).fill(1);
          const arcs = new Int32Array(values.length);
          const tree = joinTree(branches, keys, all, arcs);
          const neighbors = naiveNeighbors(shape, neighborhood);
          const isNode = new Set(tree.vertex);
          for (let v = 0; v < values.length; v++) {
            const below = neighbors.map((_, u) => u).filter((u) => !precedes(values, v, u));
            const component = componentOf(v, neighbors, new Set(below));
            // The arc starts at the highest node of v's component of the sublevel set at v.
            const start = component
              .filter((u) => isNode.has(u))
              .reduce((a, b) => (precedes(values, a, b) ? b : a));
            expect(tree.vertex[arcs[v]!]).toBe(start);
          }
        },
      ),
    );
  });

  it('counts on each arc the vertices labelled with it, also where branches are left out', () => {
    fc.assert(
      fc.property(
        tiedGrids,
        neighborhoods,
        thresholds,
        ({ shape, values }, neighborhood, threshold) => {
          const keys = comparableKeys(values);
          const branches = branchesOf(keys, gridExtents(shape, values.length), neighborhood);
          const persistences = branchPersistences(branches, values);
          const kept = branchesAbove(branches, persistences, threshold);
          const separate = new Int32Array(values.length);
          const tree = joinTree(branches, keys, kept, separate);
          const counted = new Int32Array(tree.size.length);
          for (const arc of separate) counted[arc]!++;
          expect(tree.size).toEqual(counted);
          // Labels may take the place of the basins.
          joinTree(branches, keys, kept, branches.basin);
          expect(branches.basin).toEqual(separate);
        },
      ),
    );
  });

  it('gives a branch that is left out to the arc that passes its saddle', () => {
    // Minima 0 and 3 meet at 5 and are kept; the dent at 4, index 5, ends at 6 on the way up.
    const values = Float64Array.of(0, 5, 3, 5.5, 6, 4, 9);
    const whole = analyzeTopology(values, [7], { threshold: 0 }).mergeTree;
    expect(whole.nodes.map(({ vertex, parent, size }) => [vertex, parent, size])).toEqual([
      [0, 3, 1],
      [2, 3, 1],
      [5, 4, 1],
      [1, 4, 2],
      [4, 5, 1],
      [6, -1, 1],
    ]);
    const simple = analyzeTopology(values, [7], { threshold: 2 }).mergeTree;
    expect(simple.nodes.map(({ vertex, parent, size }) => [vertex, parent, size])).toEqual([
      [0, 1, 6],
      [6, -1, 1],
    ]);
    const middle = analyzeTopology(values, [7], { threshold: 1.9 }).mergeTree;
    expect(middle.nodes.length).toBe(6);
  });

  it('is deep without being slow', () => {
    // A staircase of 20,000 dents: each branch dies into the next older one, a little higher.
    const steps = 20_000;
    const values = new Float64Array(2 * steps);
    for (let k = 0; k < steps; k++) {
      values[2 * k] = k;
      values[2 * k + 1] = k + 2.5;
    }
    const started = performance.now();
    const { mergeTree } = analyzeTopology(values, [2 * steps], { threshold: 0 });
    expect(mergeTree.nodes.length).toBe(2 * steps);
    expect(performance.now() - started).toBeLessThan(5000);
    const noise = randomNumbers(1, 40_000);
    const { nodes } = analyzeTopology(noise, [200, 200], { threshold: 0 }).mergeTree;
    expect(nodes.reduce((sum, { size }) => sum + size, 0)).toBe(40_000);
  });
});
