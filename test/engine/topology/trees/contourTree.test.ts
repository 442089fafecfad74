import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzeTopology } from '../../../../src/engine/topology/analyzeTopology';
import { contourTree } from '../../../../src/engine/topology/trees/contourTree';
import { splitTree } from '../../../../src/engine/topology/trees/splitTree';
import { InputError } from '../../../../src/shared/inputError';
import { componentOf, naiveNeighbors, precedes } from '../floodFill';
import { neighborhoods, plainGrids, randomNumbers, tiedGrids, wildGrids } from '../landscapes';
import type { ContourTree } from '../../../../src/engine/topology/trees/contourTree';

const simplicial = fc.constantFrom('freudenthal', '8');

function sortedVertices(values: ArrayLike<number>): number[] {
  return Array.from({ length: values.length }, (_, v) => v).sort((a, b) =>
    precedes(values, a, b) ? -1 : 1,
  );
}

/**
 * Contours by definition: between two vertices that follow each other in the order, the level set
 * crosses the edges that join what is up to the first with what is from the second on; edges of a
 * common triangle are crossed by the same component. A component lasts until a vertex it leads to
 * or begins anew at one.
 *
 * @returns Arcs with every vertex in the tree, as "lower–upper".
 */
function naiveArcs(values: ArrayLike<number>, neighbors: readonly (readonly number[])[]): string[] {
  const order = sortedVertices(values);
  const rank = new Map(order.map((v, k) => [v, k]));
  const arcs: string[] = [];
  let contours: { edges: Set<string>; start: number }[] = [];
  for (const [k, v] of order.entries()) {
    for (const { edges, start } of contours) {
      if ([...edges].some((edge) => edge.endsWith(`–${v}`))) arcs.push(`${start}–${v}`);
    }
    const crossed = new Map<string, readonly [number, number]>();
    for (const a of order.slice(0, k + 1)) {
      for (const b of neighbors[a]!) if (rank.get(b)! > k) crossed.set(`${a}–${b}`, [a, b]);
    }
    const next: typeof contours = [];
    const seen = new Set<string>();
    for (const seed of crossed.keys()) {
      if (seen.has(seed)) continue;
      const edges = new Set([seed]);
      for (const edge of edges) {
        const [a, b] = crossed.get(edge)!;
        for (const c of neighbors[a]!) {
          if (!neighbors[b]!.includes(c)) continue;
          edges.add(rank.get(c)! > k ? `${a}–${c}` : `${c}–${b}`);
        }
      }
      edges.forEach((edge) => seen.add(edge));
      const before = contours.find((contour) => contour.edges.has(seed));
      const begins = [...edges].some((edge) => edge.startsWith(`${v}–`));
      next.push({ edges, start: begins ? v : before!.start });
    }
    contours = next;
  }
  return arcs.sort();
}

/** The arcs with every vertex in the tree. */
function arcsOf(tree: ContourTree, values: ArrayLike<number>): string[] {
  const inside = Array.from(tree.lower, (): number[] => []);
  for (const v of sortedVertices(values)) {
    const place = tree.place[v]!;
    if (place >= 0) inside[place]!.push(v);
  }
  return inside
    .flatMap((between, arc) => {
      const way = [tree.vertex[tree.lower[arc]!]!, ...between, tree.vertex[tree.upper[arc]!]!];
      return way.slice(1).map((v, k) => `${way[k]!}–${v}`);
    })
    .sort();
}

describe('the contour tree', () => {
  it.each([
    ['plain', plainGrids],
    ['tied', tiedGrids],
    ['wild', wildGrids],
  ])('is that of the components of level sets: %s grids', (_, grids) => {
    fc.assert(
      fc.property(grids, simplicial, ({ shape, values }, neighborhood) => {
        const tree = contourTree(values, shape, neighborhood);
        expect(arcsOf(tree, values)).toEqual(
          naiveArcs(values, naiveNeighbors(shape, neighborhood)),
        );
      }),
      { numRuns: 150 },
    );
  });

  it('is a tree that counts every vertex, and its nodes are where something happens', () => {
    fc.assert(
      fc.property(wildGrids, simplicial, ({ shape, values }, neighborhood) => {
        const tree = contourTree(values, shape, neighborhood);
        const nodes = tree.vertex.length;
        expect(tree.lower.length).toBe(nodes - 1);
        expect(nodes + tree.size.reduce((sum, size) => sum + size, 0)).toBe(values.length);
        for (let k = 0; k < nodes; k++) {
          expect([tree.up[k], tree.down[k]]).not.toEqual([1, 1]);
          expect(tree.place[tree.vertex[k]!]).toBe(~k);
          if (k > 0) expect(precedes(values, tree.vertex[k - 1]!, tree.vertex[k]!)).toBe(true);
        }
        for (let arc = 0; arc < nodes - 1; arc++) {
          expect(tree.lower[arc]).toBeLessThan(tree.upper[arc]!);
        }
      }),
    );
  });

  it('has the minima of the join tree as its lower leaves, the maxima of the split tree as upper', () => {
    fc.assert(
      fc.property(plainGrids, simplicial, ({ shape, values }, neighborhood) => {
        fc.pre(values.length > 1);
        const tree = contourTree(values, shape, neighborhood);
        const leaves = (degree: Int32Array) =>
          [...tree.vertex].filter((_, k) => degree[k] === 0).sort((a, b) => a - b);
        const neighbors = naiveNeighbors(shape, neighborhood);
        const extremal = (lowest: boolean) =>
          neighbors.flatMap((around, v) =>
            around.every((u) => precedes(values, v, u) === lowest) ? [v] : [],
          );
        expect(leaves(tree.down)).toEqual(extremal(true));
        expect(leaves(tree.up)).toEqual(extremal(false));
      }),
    );
  });

  it('of two pits on a slope, by hand', () => {
    // Minima at 1 and 3, maxima at 0, 2 and 4.
    const tree = contourTree(Float64Array.of(5, 0, 3, 1, 6), [5]);
    expect([...tree.vertex]).toEqual([1, 3, 2, 0, 4]);
    // In a row the contours lie as the points do: 0 – 1 – 2 – 3 – 4.
    expect([...tree.lower]).toEqual([0, 0, 1, 1]);
    expect([...tree.upper]).toEqual([2, 3, 2, 4]);
  });

  it('stays quick on many vertices', () => {
    const started = performance.now();
    const noise = randomNumbers(5, 90_000);
    const tree = contourTree(noise, [300, 300]);
    expect(tree.lower.length).toBe(tree.vertex.length - 1);
    const ramp = Float64Array.from({ length: 90_000 }, (_, v) => v);
    expect(contourTree(ramp, [300, 300]).vertex.length).toBe(2);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('refuses neighbourhoods that leave holes', () => {
    expect(() => contourTree(new Float64Array(4), [2, 2], '4')).toThrow(InputError);
    expect(() => contourTree(new Float64Array(4), [2, 2], 'knn:2')).toThrow(InputError);
  });
});

describe('the split tree', () => {
  it('labels each vertex with the arc of its superlevel component, as flooding finds it', () => {
    fc.assert(
      fc.property(
        fc.oneof(tiedGrids, wildGrids),
        neighborhoods,
        ({ shape, values }, neighborhood) => {
          const tree = splitTree(values, shape, neighborhood, -1);
          const neighbors = naiveNeighbors(shape, neighborhood);
          const nodes = new Set(tree.vertex);
          for (let v = 0; v < values.length; v++) {
            const above = neighbors.map((_, u) => u).filter((u) => !precedes(values, u, v));
            const start = componentOf(v, neighbors, new Set(above))
              .filter((u) => nodes.has(u))
              .reduce((a, b) => (precedes(values, a, b) ? a : b));
            expect(tree.vertex[tree.arcs[v]!]).toBe(start);
          }
        },
      ),
    );
  });

  it('is the merge tree of the negated values where none are equal', () => {
    fc.assert(
      fc.property(
        plainGrids.filter(({ values }) => new Set(values).size === values.length),
        neighborhoods.filter((name) => !name.startsWith('knn')),
        fc.constantFrom(0, 50, 400),
        ({ shape, values }, neighborhood, threshold) => {
          const tree = splitTree(values, shape, neighborhood, threshold);
          const { nodes } = analyzeTopology(
            values.map((x) => -x),
            shape,
            { neighborhood, threshold },
          ).mergeTree;
          expect([...tree.vertex]).toEqual(nodes.map(({ vertex }) => vertex));
          expect([...tree.parent]).toEqual(nodes.map(({ parent }) => parent));
          expect([...tree.size]).toEqual(nodes.map(({ size }) => size));
        },
      ),
    );
  });
});
