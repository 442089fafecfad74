import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzeTopology } from '../../../../src/engine/topology/analyzeTopology';
import { bottleneckDistance } from '../../../../src/shared/diagrams/bottleneck';
import { boundedDiagram } from '../../../../src/shared/diagrams/diagram';
import { wassersteinDistance } from '../../../../src/shared/diagrams/wasserstein';
import { InputError } from '../../../../src/shared/inputError';
import { plainGrids, randomNumbers, stencils } from '../landscapes';
import type { DiagramDistance, DiagramPoint } from '../../../../src/shared/diagrams/diagram';
import type { GroundMetric } from '../../../../src/shared/diagrams/wasserstein';

function points(pairs: readonly (readonly [number, number])[]): DiagramPoint[] {
  return pairs.map(([birth, death]) => ({ birth, death }));
}

const diagrams = fc.array(
  fc
    .tuple(fc.integer({ min: -8, max: 8 }), fc.integer({ min: 0, max: 12 }))
    .map(([birth, persistence]): DiagramPoint => ({ birth, death: birth + persistence })),
  { maxLength: 9 },
);
const metrics = fc.constantFrom<GroundMetric[]>('infinity', 'euclidean');
const orders = fc.constantFrom(1, 1.5, 2, 4);

type Distance = (first: DiagramPoint[], second: DiagramPoint[]) => DiagramDistance;
const distances = fc.oneof(
  fc.constant<Distance>(bottleneckDistance),
  fc.tuple(orders, metrics).map(
    ([order, metric]): Distance =>
      (a, b) =>
        wassersteinDistance(a, b, { order, metric }),
  ),
);

/** Every point once, and each cost that of the points it names. */
function expectMatching(
  { matches }: DiagramDistance,
  first: readonly DiagramPoint[],
  second: readonly DiagramPoint[],
  metric: GroundMetric,
): void {
  const indices = (points: readonly unknown[]) => points.map((_, k) => k);
  const named = (side: 'first' | 'second') =>
    matches.flatMap((match) => (match[side] === null ? [] : [match[side]])).sort((a, b) => a - b);
  expect(named('first')).toEqual(indices(first));
  expect(named('second')).toEqual(indices(second));
  for (const { first: i, second: j, cost } of matches) {
    const a = i === null ? null : first[i]!;
    const b = j === null ? null : second[j]!;
    if (a !== null && b !== null) {
      const [db, dd] = [Math.abs(a.birth - b.birth), Math.abs(a.death - b.death)];
      expect(cost).toBeCloseTo(metric === 'infinity' ? Math.max(db, dd) : Math.hypot(db, dd), 12);
    } else {
      const alone = (a ?? b)!;
      const persistence = alone.death - alone.birth;
      expect(cost).toBeCloseTo(persistence / (metric === 'infinity' ? 2 : Math.SQRT2), 12);
    }
  }
}

describe('distances of persistence diagrams', () => {
  const path = new URL('../../../fixtures/topology/diagram-distances.json', import.meta.url);
  const cases = JSON.parse(readFileSync(path, 'utf8')) as {
    first: [number, number][];
    second: [number, number][];
    bottleneck: number;
    wasserstein: { order: number; metric: GroundMetric; distance: number }[];
  }[];

  it('are GUDHI’s bottleneck and SciPy’s assignment on random diagrams', () => {
    expect(cases.length).toBe(60);
    for (const { first, second, bottleneck, wasserstein } of cases) {
      const [a, b] = [points(first), points(second)];
      const ours = bottleneckDistance(a, b);
      expect(ours.distance).toBe(bottleneck);
      expectMatching(ours, a, b, 'infinity');
      for (const { order, metric, distance } of wasserstein) {
        const result = wassersteinDistance(a, b, { order, metric });
        expect(result.distance).toBeCloseTo(distance, 9);
        expectMatching(result, a, b, metric);
      }
    }
  });

  it('are those of GUDHI’s documentation', () => {
    const first = points([
      [2.7, 3.7],
      [9.6, 14],
      [34.2, 34.974],
      [3, Infinity],
    ]);
    const second = points([
      [2.8, 4.45],
      [9.5, 14.1],
      [3.2, Infinity],
    ]);
    const { distance, matches } = bottleneckDistance(first, second);
    expect(distance).toBeCloseTo(0.75, 12);
    expect(matches.find((match) => match.first === 3)).toMatchObject({ second: 2 });
    const crossed = bottleneckDistance(
      points([
        [6, 9],
        [6, 8],
      ]),
      points([
        [4, 10],
        [9, 10],
      ]),
    );
    expect(crossed.distance).toBe(2);
    expect(bottleneckDistance(points([[1, 2]]), []).distance).toBe(0.5);
    const euclidean = wassersteinDistance(points([[1, 2]]), [], { metric: 'euclidean' });
    expect(euclidean.distance).toBeCloseTo(Math.SQRT2 / 2, 15);
  });

  it('are metrics', () => {
    fc.assert(
      fc.property(distances, diagrams, diagrams, diagrams, (distance, a, b, c) => {
        const d = (x: DiagramPoint[], y: DiagramPoint[]) => distance(x, y).distance;
        expect(d(a, a)).toBe(0);
        expect(d(a, b)).toBeCloseTo(d(b, a), 9);
        expect(d(a, c)).toBeLessThanOrEqual(d(a, b) + d(b, c) + 1e-9);
        const off = (points: DiagramPoint[]) =>
          points
            .filter(({ birth, death }) => death > birth)
            .map(({ birth, death }) => `${birth},${death}`)
            .sort();
        if (d(a, b) === 0) expect(off(a)).toEqual(off(b));
        else expect(off(a)).not.toEqual(off(b));
      }),
    );
  });

  it('do not lose small costs beside the power of a large persistence', () => {
    const a = [
      { birth: -5, death: 7 },
      { birth: -2, death: 2 },
    ];
    const b = [
      { birth: -4, death: 4 },
      { birth: -5, death: 5 },
    ];
    // (−5, 7) with (−5, 5) and (−2, 2) with (−4, 4): twice a cost of 2.
    for (const order of [1, 2, 8, 60, 300]) {
      expect(wassersteinDistance(a, b, { order }).distance).toBeCloseTo(2 * 2 ** (1 / order), 9);
    }
  });

  it('fall as the order rises, down to the bottleneck', () => {
    fc.assert(
      fc.property(diagrams, diagrams, (a, b) => {
        const of = (order: number) => wassersteinDistance(a, b, { order }).distance;
        const bottleneck = bottleneckDistance(a, b).distance;
        expect(of(1)).toBeGreaterThanOrEqual(of(2) - 1e-9);
        expect(of(2)).toBeGreaterThanOrEqual(of(60) - 1e-9);
        expect(of(60)).toBeGreaterThanOrEqual(bottleneck - 1e-9);
        expect(of(60)).toBeLessThanOrEqual(
          bottleneck * (a.length + b.length + 1) ** (1 / 60) + 1e-9,
        );
      }),
    );
  });

  it('are stable: the bottleneck is at most the largest change of a value', () => {
    fc.assert(
      fc.property(plainGrids, stencils, fc.nat(), ({ shape, values }, neighborhood, seed) => {
        const noise = randomNumbers(seed, values.length).map((x) => Math.round(200 * x - 100));
        const moved = values.map((x, v) => x + noise[v]!);
        const largest = noise.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        const options = { neighborhood, threshold: 0, sensitivity: [] };
        const before = boundedDiagram(analyzeTopology(values, shape, options));
        const after = boundedDiagram(analyzeTopology(moved, shape, options));
        expect(bottleneckDistance(before, after).distance).toBeLessThanOrEqual(largest);
      }),
    );
  });

  it('of a landscape and the same a little higher are that little', () => {
    fc.assert(
      fc.property(plainGrids, fc.integer({ min: 1, max: 9 }), ({ shape, values }, lift) => {
        const options = { threshold: 0, sensitivity: [] };
        const before = boundedDiagram(analyzeTopology(values, shape, options));
        const lifted = values.map((x) => x + lift);
        const after = boundedDiagram(analyzeTopology(lifted, shape, options));
        expect(bottleneckDistance(before, after).distance).toBe(lift);
        expect(wassersteinDistance(before, after, { order: 1 }).distance).toBeLessThanOrEqual(
          lift * before.length + 1e-9,
        );
      }),
    );
  });

  it('are infinite where one has more points that never die', () => {
    const one = points([
      [0, Infinity],
      [1, 8],
    ]);
    const { distance, matches } = bottleneckDistance(one, points([[1, 9]]));
    expect(distance).toBe(Infinity);
    expect(matches).toEqual([{ first: 1, second: 0, cost: 1 }]);
    expect(wassersteinDistance(one, []).distance).toBe(Infinity);
    expect(bottleneckDistance(points([[-Infinity, 3]]), points([[-Infinity, 5]])).distance).toBe(2);
    expect(bottleneckDistance(points([[Infinity, Infinity]]), []).distance).toBe(0);
    expect(bottleneckDistance([], []).distance).toBe(0);
  });

  it('take the essential pair as one that never dies', () => {
    const topology = analyzeTopology(Float64Array.of(0, 5, 3, NaN), [4], { threshold: 0 });
    expect(boundedDiagram(topology)).toEqual(
      points([
        [3, 5],
        [0, Infinity],
      ]),
    );
  });

  it('keep to many points and to any scale', () => {
    const cloud = (seed: number, scale: number) => {
      const x = randomNumbers(seed, 1200);
      return points(
        Array.from({ length: 600 }, (_, k) => [
          scale * x[2 * k]!,
          scale * (x[2 * k]! + x[2 * k + 1]! ** 4),
        ]),
      );
    };
    const started = performance.now();
    const near = bottleneckDistance(cloud(1, 1), cloud(2, 1)).distance;
    expect(bottleneckDistance(cloud(1, 2 ** 900), cloud(2, 2 ** 900)).distance).toBe(
      near * 2 ** 900,
    );
    const two = wassersteinDistance(cloud(1, 1), cloud(2, 1)).distance;
    expect(
      wassersteinDistance(cloud(1, 2 ** 900), cloud(2, 2 ** 900)).distance / 2 ** 900,
    ).toBeCloseTo(two, 9);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('refuse what is no diagram', () => {
    expect(() => bottleneckDistance(points([[2, 1]]), [])).toThrow(InputError);
    expect(() => wassersteinDistance(points([[NaN, 1]]), [])).toThrow(InputError);
    expect(() => wassersteinDistance([], [], { order: 0.5 })).toThrow(InputError);
    expect(() => wassersteinDistance([], [], { order: Infinity })).toThrow(InputError);
  });
});
