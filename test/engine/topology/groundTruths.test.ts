import { describe, expect, it } from 'vitest';
import { analyzeTopology } from '../../../src/engine/topology/analyzeTopology';
import { branchesOf } from '../../../src/engine/topology/trees/gridBranches';
import {
  himmelblau,
  hyperbola,
  mullerBrown,
  rastrigin,
  rosenbrock,
  sampled,
  sixHumpCamel,
  type PlaneFunction,
} from './analyticFunctions';
import { withoutBorder } from './landscapes';
import type { Neighborhood } from '../../../src/shared/result/topology';

type Interval = readonly [number, number];

interface Truth {
  readonly f: PlaneFunction;
  readonly x: Interval;
  readonly y: Interval;
  /** Global minimum. */
  readonly lowest: number;
  readonly pairs: readonly (readonly [birth: number, death: number])[];
  /** Largest second derivative in any direction near a critical point. */
  readonly curvature: number;
}

/**
 * A grid of step h has a point within h/√2 of every minimum, so a birth lies above the true one by
 * at most ½·curvature·h²/2. A saddle is crossed between grid points: its death lies within the same
 * distance, above or below. Twice that is allowed for, since the curvature is taken at the point.
 */
function tolerance(truth: Truth, steps: number): number {
  const h = Math.max(truth.x[1] - truth.x[0], truth.y[1] - truth.y[0]) / (steps - 1);
  return (truth.curvature * h * h) / 2;
}

const truths: Readonly<Record<string, Truth>> = {
  Himmelblau: {
    f: himmelblau,
    x: [-5, 5],
    y: [-5, 5],
    lowest: 0,
    pairs: [
      [0, 104.015163],
      [0, 67.71915],
      [0, 13.311926],
    ],
    curvature: 134,
  },
  'Müller–Brown': {
    f: mullerBrown,
    x: [-1.5, 1.2],
    y: [-0.5, 2],
    lowest: -146.699517,
    pairs: [
      [-108.166724, -40.664844],
      [-80.767818, -72.24894],
    ],
    curvature: 4000,
  },
  'the six-hump camel': {
    f: sixHumpCamel,
    x: [-2, 2],
    y: [-1, 1],
    lowest: -1.031628,
    pairs: [
      [-1.031628, 0],
      [-0.215464, 0.543719],
      [-0.215464, 0.543719],
      [2.10425, 2.229357],
      [2.10425, 2.229357],
    ],
    curvature: 24,
  },
};

describe.each(Object.entries(truths))('finite pairs of %s', (_, truth) => {
  it.each([101, 301, 801])('on %i points a side', (steps) => {
    const values = sampled(truth.f, [...truth.x, steps], [...truth.y, steps]);
    const within = tolerance(truth, steps);
    // Aliasing of a slanted valley floor makes shallow minima, no deeper than the tolerance.
    const topology = analyzeTopology(values, [steps, steps], { threshold: within });
    const found = topology.pairs.map(({ birth, death }) => [Number(birth), Number(death)] as const);
    expect(found.length).toBe(truth.pairs.length);
    for (const [k, [birth, death]] of truth.pairs.entries()) {
      expect(Math.abs(found[k]![0] - birth)).toBeLessThan(within);
      expect(Math.abs(found[k]![1] - death)).toBeLessThan(within);
    }
    expect(Number(topology.essential.birth) - truth.lowest).toBeGreaterThan(-1e-6);
    expect(Number(topology.essential.birth) - truth.lowest).toBeLessThan(within);
  });
});

describe('Müller–Brown on 101²', () => {
  it('has six minima, three of them aliasing of persistence up to 0.22', () => {
    const values = sampled(mullerBrown, [-1.5, 1.2, 101], [-0.5, 2, 101]);
    const { minima, pairs } = analyzeTopology(values, [101, 101], { threshold: 0 });
    expect(minima).toBe(6);
    const shallow = pairs.filter(({ birth, death }) => Number(death) - Number(birth) <= 0.22);
    expect(shallow.length).toBe(3);
  });
});

describe('Rastrigin', () => {
  it.each([
    [41, 1692.896],
    [101, 1958.254],
    [201, 1996.805],
    [401, 2002.619],
    [801, 2005.544],
  ])('on %i² has 121 minima and a total finite persistence of %f', (steps, total) => {
    const values = sampled(rastrigin, [-5.12, 5.12, steps], [-5.12, 5.12, steps]);
    const { minima, summaries } = analyzeTopology(values, [steps, steps], { threshold: 1e-9 });
    expect(minima).toBe(121);
    expect(summaries.finite.total).toBeCloseTo(total, 3);
    // From below: a grid misses the minima by more than it misses the saddles.
    expect(summaries.finite.total).toBeLessThan(2006.1753);
  });
});

describe('Rosenbrock on 41², whose one minimum the grid tears apart', () => {
  it.each<[Neighborhood, number, number]>([
    ['4', 23, 23],
    ['freudenthal', 17, 17],
    // One of the fourteen is level with its saddle.
    ['8', 14, 13],
  ])(
    'has with %s neighbours %i minima in the order, %i of positive persistence',
    (n, inOrder, positive) => {
      // In hundredths, so that equal values are equal.
      const values = sampled(
        (x, y) => (10 - x) ** 2 + (10 * y - x * x) ** 2,
        [-20, 20, 41],
        [-20, 20, 41],
      );
      expect(branchesOf(values, [41, 41], n).minimum.length).toBe(inOrder);
      expect(analyzeTopology(values, [41, 41], { neighborhood: n, threshold: 0 }).minima).toBe(
        positive,
      );
      const inUnits = sampled(rosenbrock, [-2, 2, 41], [-2, 2, 41]);
      expect(analyzeTopology(inUnits, [41, 41], { neighborhood: n }).minima).toBe(positive);
    },
  );
});

describe('½(w₁w₂ − 1)²', () => {
  it('has two valleys of minima that meet at the origin, at ½', () => {
    const values = sampled(hyperbola, [-2, 2, 401], [-2, 2, 401]);
    const { pairs, essential } = analyzeTopology(values, [401, 401], { threshold: 1e-3 });
    expect(pairs.map(({ death }) => death)).toEqual([0.5]);
    expect(pairs[0]!.birth).toBe(0);
    // Both axes are level at ½: the valleys meet at the origin or at the point after it.
    expect([200 * 401 + 200, 200 * 401 + 201]).toContain(pairs[0]!.deathVertex);
    expect(essential.birth).toBe(0);
  });
});

describe('the 3 × 4 grid of GUDHI’s documentation', () => {
  it('has (1, ∞), (3, 6) and (4, 5)', () => {
    const values = Float64Array.of(2, 1, 6, 8, 5, 9, 4, 7, 4, 7, 3, 9);
    const { pairs, essential } = analyzeTopology(values, [3, 4], {
      neighborhood: '4',
      threshold: 0,
    });
    expect(pairs.map(withoutBorder)).toEqual([
      { birth: 3, death: 6, birthVertex: 10, deathVertex: 2 },
      { birth: 4, death: 5, birthVertex: 8, deathVertex: 4 },
    ]);
    expect(withoutBorder(essential)).toEqual({
      birth: 1,
      death: 9,
      birthVertex: 1,
      deathVertex: 11,
    });
  });
});

describe('an asymmetric function', () => {
  it('keeps its axes: the first is the slow one', () => {
    const values = sampled((x, y) => (x - 3) ** 2 + (y - 7) ** 2, [0, 4, 5], [0, 10, 11]);
    const { essential } = analyzeTopology(values, [5, 11], { threshold: 0 });
    expect(essential.birthVertex).toBe(3 * 11 + 7);
    expect(essential.deathVertex).toBe(0);
  });
});
