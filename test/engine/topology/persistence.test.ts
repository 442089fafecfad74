import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adjacencyOf } from '../../../src/engine/topology/adjacency';
import { analyzeTopology } from '../../../src/engine/topology/analyzeTopology';
import { basinBranches, hasBasinPath } from '../../../src/engine/topology/trees/basins';
import { branchesOf } from '../../../src/engine/topology/trees/gridBranches';
import { joinTree } from '../../../src/engine/topology/trees/joinTree';
import { gridExtents } from '../../../src/engine/topology/neighborhood';
import { comparableKeys } from '../../../src/engine/topology/order';
import { persistenceOf } from '../../../src/engine/topology/persistence';
import { sweepBranches } from '../../../src/engine/topology/trees/sweep';
import { fromScalar } from '../../../src/shared/result/scalar';
import { naiveNeighbors, naivePairs, type NaivePair } from './floodFill';
import {
  neighborhoods,
  plainGrids,
  randomNumbers,
  stencils,
  tiedGrids,
  wildGrids,
  type RandomGrid,
} from './landscapes';
import type { Branches } from '../../../src/engine/topology/trees/branches';
import type { Neighborhood, PersistencePair, Topology } from '../../../src/shared/result/topology';

const byDeath = (a: NaivePair, b: NaivePair) =>
  a.deathVertex - b.deathVertex || a.birthVertex - b.birthVertex;

function vertexPairs(branches: Branches): NaivePair[] {
  return Array.from(branches.minimum, (birthVertex, b) => ({
    birthVertex,
    deathVertex: branches.saddle[b]!,
  })).filter(({ deathVertex }) => deathVertex >= 0);
}

function analyze(
  grid: RandomGrid,
  neighborhood: Neighborhood = 'freudenthal',
  threshold = 0,
): Topology {
  return analyzeTopology(grid.values, grid.shape, { neighborhood, threshold });
}

const vertices = ({ birthVertex, deathVertex }: PersistencePair) => ({ birthVertex, deathVertex });

describe('minimum–saddle pairs', () => {
  it.each([
    ['with plateaus', tiedGrids],
    ['of any doubles', wildGrids],
  ])('are those of flooding by definition, vertex for vertex, on grids %s', (_, grids) => {
    fc.assert(
      fc.property(grids, neighborhoods, ({ shape, values }, neighborhood) => {
        const extents = gridExtents(shape, values.length);
        const branches = branchesOf(comparableKeys(values), extents, neighborhood);
        const naive = naivePairs(values, naiveNeighbors(shape, neighborhood));
        expect(vertexPairs(branches).sort(byDeath)).toEqual(naive.sort(byDeath));
      }),
      { numRuns: 400 },
    );
  });

  it('are reported where their persistence is positive, most persistent first', () => {
    fc.assert(
      fc.property(wildGrids, stencils, (grid, neighborhood) => {
        const { shape, values } = grid;
        const persistence = (pair: NaivePair) =>
          persistenceOf(values[pair.birthVertex]!, values[pair.deathVertex]!);
        const naive = naivePairs(values, naiveNeighbors(shape, neighborhood));
        const { pairs } = analyze(grid, neighborhood);
        expect(pairs.map(vertices).sort(byDeath)).toEqual(
          naive.filter((pair) => persistence(pair) > 0).sort(byDeath),
        );
        const persistences = pairs.map(persistence);
        expect(persistences).toEqual(persistences.toSorted((a, b) => b - a));
        for (const pair of pairs) {
          expect(fromScalar(pair.birth)).toEqual(values[pair.birthVertex]!);
          expect(fromScalar(pair.death)).toEqual(values[pair.deathVertex]!);
        }
      }),
    );
  });

  it('are the same by basins as by sorting every vertex', () => {
    // Larger grids than flooding can check, with plateaus and without.
    for (const shape of [[61], [40, 53], [2, 300], [173, 180], [11, 12, 13], [5, 6, 4, 7]]) {
      const points = shape.reduce((a, b) => a * b, 1);
      const noise = randomNumbers(points, points);
      const coarse = noise.map((x) => Math.floor(8 * x));
      const smooth = noise.map((x, v) => Math.sin(v / 7) + Math.cos(v / 211) + x / 50);
      // Of both signs, zeros among them; and so near to each other that half of each float is the same.
      const signed = noise.map((x, v) => (v % 3 === 0 ? (v % 2 === 0 ? -0 : 0) : x - 0.5));
      const near = noise.map((x) => -1 - x * 2 ** -30);
      const infinite = noise.map((x) => (x < 0.2 ? -Infinity : x > 0.8 ? Infinity : x));
      for (const values of [noise, coarse, smooth, signed, near, infinite]) {
        for (const neighborhood of ['freudenthal', '4', '8'] as const) {
          if (!hasBasinPath(neighborhood, shape.length)) continue;
          const fast = basinBranches(values, shape, neighborhood);
          const plain = sweepBranches(values, adjacencyOf(neighborhood, shape));
          expect(fast.minimum).toEqual(plain.minimum);
          expect(fast.saddle).toEqual(plain.saddle);
          const all = new Uint8Array(fast.minimum.length).fill(1);
          expect(joinTree(fast, values, all)).toEqual(joinTree(plain, values, all));
          expect(fast.root).toBe(plain.root);
          expect(fast.maximum).toBe(plain.maximum);
        }
      }
    }
  });

  it('are GUDHI’s on random grids with 4 neighbours and their n-D like', () => {
    const path = new URL('../../fixtures/topology/gudhi-cubical.json', import.meta.url);
    const { grids } = JSON.parse(readFileSync(path, 'utf8')) as {
      grids: { shape: number[]; values: number[]; pairs: [number, number][]; essential: number }[];
    };
    expect(grids.length).toBeGreaterThan(5);
    for (const { shape, values, pairs, essential } of grids) {
      const topology = analyze({ shape, values: Float64Array.from(values) }, '4');
      const ours = topology.pairs.map(({ birth, death }) => [Number(birth), Number(death)]);
      const sorted = (list: number[][]) => list.sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!);
      expect(sorted(ours)).toEqual(sorted(pairs));
      expect(topology.essential.birth).toBe(essential);
    }
  });

  it('keep their vertices when values go through a strictly rising function', () => {
    fc.assert(
      fc.property(plainGrids, stencils, ({ shape, values }, neighborhood) => {
        const risen = values.map((x) => Math.atan(x / 100) * 7 - 3);
        const before = analyze({ shape, values }, neighborhood);
        const after = analyze({ shape, values: risen }, neighborhood);
        expect(after.pairs.map(vertices).sort(byDeath)).toEqual(
          before.pairs.map(vertices).sort(byDeath),
        );
        expect(vertices(after.essential)).toEqual(vertices(before.essential));
      }),
    );
  });

  it('move by no more than the values do', () => {
    fc.assert(
      fc.property(plainGrids, stencils, fc.nat(), ({ shape, values }, neighborhood, seed) => {
        const amplitude = 5;
        const noise = randomNumbers(seed, values.length);
        const noisy = values.map((x, v) => x + amplitude * (2 * noise[v]! - 1));
        // Stability: a pair above twice the change has a partner, so its count cannot fall below
        // what is above four times, nor exceed what is above zero.
        const count = (grid: Float64Array, threshold: number) =>
          analyze({ shape, values: grid }, neighborhood, threshold).saddles;
        expect(count(noisy, 2 * amplitude)).toBeLessThanOrEqual(count(values, 0));
        expect(count(noisy, 2 * amplitude)).toBeGreaterThanOrEqual(count(values, 4 * amplitude));
      }),
    );
  });

  it('are the same in float32 where float32 holds the values', () => {
    fc.assert(
      fc.property(plainGrids, ({ shape, values }) => {
        const single = analyzeTopology(Float32Array.from(values), shape, { threshold: 0 });
        expect(single).toEqual(analyzeTopology(values, shape, { threshold: 0 }));
      }),
    );
  });
});

describe('persistence', () => {
  it('is death − birth, and counts a loss that is none as infinite', () => {
    expect(persistenceOf(1, 3)).toBe(2);
    expect(persistenceOf(1, Infinity)).toBe(Infinity);
    expect(persistenceOf(1, NaN)).toBe(Infinity);
    expect(persistenceOf(-Infinity, 1)).toBe(Infinity);
    expect(persistenceOf(Infinity, NaN)).toBe(0);
    expect(persistenceOf(NaN, NaN)).toBe(0);
    expect(persistenceOf(-Infinity, -Infinity)).toBe(0);
  });
});
