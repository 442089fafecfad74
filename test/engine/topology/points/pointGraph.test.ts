import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adjacencyOf, type Adjacency } from '../../../../src/engine/topology/adjacency';
import { analyzeTopology } from '../../../../src/engine/topology/analyzeTopology';
import {
  componentLabels,
  gabrielGraph,
  graphOf,
  nearestPointGraph,
} from '../../../../src/engine/topology/points/pointGraph';
import { graphTopology, pointGraph } from '../../../../src/engine/topology/points/pointTopology';
import { InputError } from '../../../../src/shared/inputError';
import { naivePairs } from '../floodFill';
import { randomNumbers, withoutBorder } from '../landscapes';
import type { Points } from '../../../../src/engine/topology/points/points';

function listed({ starts, targets }: Adjacency): number[][] {
  return Array.from({ length: starts.length - 1 }, (_, v) =>
    [...new Set(targets.subarray(starts[v], starts[v + 1]))].sort((a, b) => a - b),
  );
}

const clouds = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 14 }))
  .chain(([dimensions, count]) =>
    fc
      .array(fc.integer({ min: 0, max: 6 }), {
        minLength: count * dimensions,
        maxLength: count * dimensions,
      })
      .map((numbers): Points => ({ coordinates: Float64Array.from(numbers), dimensions })),
  );

function pointsOf({ coordinates, dimensions }: Points): number[][] {
  return Array.from({ length: coordinates.length / dimensions }, (_, k) => [
    ...coordinates.subarray(k * dimensions, (k + 1) * dimensions),
  ]);
}

const squared = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, x, axis) => sum + (x - b[axis]!) ** 2, 0);

function gridPoints(rows: number, columns: number, dx: number, dy: number): Points {
  const coordinates = Array.from({ length: rows * columns }, (_, v) => [
    dx * Math.floor(v / columns),
    dy * (v % columns),
  ]).flat();
  return { coordinates: Float64Array.from(coordinates), dimensions: 2 };
}

describe('graphs of points', () => {
  it('Gabriel: no third point in the ball between two', () => {
    fc.assert(
      fc.property(clouds, (cloud) => {
        const points = pointsOf(cloud);
        const expected = points.map((a, i) =>
          points.flatMap((b, j) => {
            if (i === j) return [];
            const centre = a.map((x, axis) => (x + b[axis]!) / 2);
            const radius = squared(a, b) / 4;
            const parted = points.some((c, k) => k !== i && k !== j && squared(c, centre) < radius);
            return parted ? [] : [j];
          }),
        );
        const graph = gabrielGraph(cloud);
        expect(listed(graph)).toEqual(expected);
        expect(componentLabels(graph).count).toBe(1);
      }),
    );
  });

  it('Gabriel on a regular grid is the neighbourhood 8, whatever the spacing', () => {
    for (const [dx, dy] of [
      [1, 1],
      [0.1, 0.7],
      [1 / 3, 2],
    ] as const) {
      expect(listed(gabrielGraph(gridPoints(6, 7, dx, dy)))).toEqual(
        listed(adjacencyOf('8', [6, 7])),
      );
    }
  });

  it('nearest neighbours: either is among the K nearest of the other', () => {
    fc.assert(
      fc.property(clouds, fc.integer({ min: 1, max: 16 }), (cloud, nearest) => {
        const points = pointsOf(cloud);
        const near = points.map((a, i) =>
          points
            .map((b, j) => ({ j, distance: squared(a, b) }))
            .filter(({ j }) => j !== i)
            .sort((p, q) => p.distance - q.distance || p.j - q.j)
            .slice(0, nearest)
            .map(({ j }) => j),
        );
        const expected = points.map((_, i) =>
          points.flatMap((__, j) => (near[i]!.includes(j) || near[j]!.includes(i) ? [j] : [])),
        );
        expect(listed(nearestPointGraph(cloud, nearest))).toEqual(expected);
      }),
    );
  });

  it('nearest neighbours on a regular grid are the grid’s own', () => {
    for (const nearest of [1, 3, 4, 8, 11] as const) {
      expect(listed(nearestPointGraph(gridPoints(5, 7, 1, 1), nearest))).toEqual(
        listed(adjacencyOf(`knn:${nearest}`, [5, 7])),
      );
    }
  });

  it('of many points take little time, and are those of every pair', () => {
    const count = 24_000;
    const coordinates = randomNumbers(8, 2 * count);
    const points = { coordinates, dimensions: 2 };
    const [nearest, gabriel] = [nearestPointGraph(points, 4), gabrielGraph(points)];
    expect(componentLabels(gabriel).count).toBe(1);
    // The Gabriel graph of random points of the plane has four neighbours a point.
    expect(gabriel.targets.length / count).toBeCloseTo(4, 1);
    const at = (v: number) => [coordinates[2 * v]!, coordinates[2 * v + 1]!] as const;
    for (let a = 0; a < count; a += 12_007) {
      const distances = Float64Array.from({ length: count }, (_, b) => squared(at(a), at(b)));
      const fifth = distances.toSorted()[5]!;
      const four = [...distances.keys()].filter((b) => b !== a && distances[b]! < fifth);
      expect(listed(nearest)[a]).toEqual(expect.arrayContaining(four));
      const unparted = [...distances.keys()].filter((b) => {
        const centre = [(at(a)[0] + at(b)[0]) / 2, (at(a)[1] + at(b)[1]) / 2];
        const radius = distances[b]! / 4;
        const isNear = distances[b]! < 1e-3;
        if (b === a || !isNear) return false;
        for (let c = 0; c < count; c++) {
          if (c !== a && c !== b && squared(at(c), centre) < radius * (1 - 1e-12)) return false;
        }
        return true;
      });
      expect(listed(gabriel)[a]).toEqual(unparted);
    }
  });

  it('that fall apart are refused with the number of parts', () => {
    // Two clusters far from each other.
    const coordinates = Float64Array.of(0, 1, 2, 100, 101);
    expect(componentLabels(nearestPointGraph({ coordinates, dimensions: 1 }, 1)).count).toBe(2);
    expect(() => pointGraph({ coordinates, dimensions: 1 }, 'knn:1')).toThrow(/2 parts/);
    expect(() => graphTopology(coordinates, graphOf(5, [0, 1]))).toThrow(InputError);
    expect(componentLabels(pointGraph({ coordinates, dimensions: 1 }, 'knn:2')).count).toBe(1);
  });

  it('refuse what are no points', () => {
    expect(() => gabrielGraph({ coordinates: new Float64Array(5), dimensions: 2 })).toThrow(
      InputError,
    );
    expect(() => gabrielGraph({ coordinates: Float64Array.of(NaN), dimensions: 1 })).toThrow(
      InputError,
    );
    expect(() => gabrielGraph({ coordinates: new Float64Array(0), dimensions: 1 })).toThrow(
      InputError,
    );
    expect(() => pointGraph({ coordinates: new Float64Array(2), dimensions: 1 }, '8')).toThrow(
      InputError,
    );
    expect(() => nearestPointGraph({ coordinates: new Float64Array(2), dimensions: 1 }, 0)).toThrow(
      InputError,
    );
  });
});

describe('pairs on scattered points', () => {
  it('are those of flooding by definition', () => {
    fc.assert(
      fc.property(clouds, fc.nat(), (cloud, seed) => {
        const graph = gabrielGraph(cloud);
        const n = graph.starts.length - 1;
        const values = randomNumbers(seed, n).map((x) => Math.floor(5 * x));
        const expected = naivePairs(values, listed(graph)).filter(
          ({ birthVertex, deathVertex }) => values[deathVertex]! > values[birthVertex]!,
        );
        const { pairs } = graphTopology(values, graph);
        const text = (list: readonly { birthVertex: number; deathVertex: number }[]) =>
          list.map(({ birthVertex, deathVertex }) => `${birthVertex}–${deathVertex}`).sort();
        expect(text(pairs)).toEqual(text(expected));
      }),
    );
  });

  it('on the points of a grid are the grid’s', () => {
    const values = randomNumbers(9, 42);
    const ours = graphTopology(values, pointGraph(gridPoints(6, 7, 1, 2), 'gabriel'), 0.1);
    const grid = analyzeTopology(values, [6, 7], { neighborhood: '8', threshold: 0.1 });
    expect(ours).toEqual({
      pairs: grid.pairs.map(withoutBorder),
      essential: withoutBorder(grid.essential),
    });
  });
});
