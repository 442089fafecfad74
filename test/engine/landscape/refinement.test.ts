import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { centredGrid, coordinates, gridOf } from '../../../src/engine/landscape/grid';
import {
  refineGrid,
  type RefinedGrid,
  type RefinementOptions,
} from '../../../src/engine/landscape/refinement';
import { refinementNotes } from '../../../src/engine/landscape/refinementNotes';
import { encodeRuns } from '../../../src/engine/landscape/refinementRuns';
import { sampleRefined } from '../../../src/engine/landscape/refinementSampling';
import type { LossAt } from '../../../src/engine/landscape/sampling';
import { Random } from '../../../src/engine/random';
import { analyzeTopology } from '../../../src/engine/topology/analyzeTopology';
import type { Neighborhood } from '../../../src/shared/result/topology';
import { english } from '../../../src/shared/words/message';
import {
  himmelblau,
  mullerBrown,
  rastrigin,
  rosenbrock,
  sampled,
  sixHumpCamel,
} from '../topology/analyticFunctions';

interface Grid {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

function refineValues(
  { shape, values }: Grid,
  options: Partial<RefinementOptions> = {},
): Promise<RefinedGrid> {
  const asked = new Uint8Array(values.length);
  return refineGrid(
    shape,
    (points) => {
      for (const point of points) {
        if (asked[point] === 1) throw new Error(`Point ${point} was asked for twice.`);
        asked[point] = 1;
      }
      return Promise.resolve(Array.from(points, (point) => values[point]!));
    },
    { neighborhood: 'freudenthal', seed: 0, ...options },
  );
}

function pairsAbove(
  { shape, values }: Grid,
  threshold: number,
  neighborhood: Neighborhood = 'freudenthal',
) {
  const { pairs, essential } = analyzeTopology(values, shape, {
    neighborhood,
    threshold,
    sensitivity: [],
  });
  return { pairs, essential };
}

/** The diagram of the whole grid, vertex for vertex, from a share of its points. */
async function expectSamePairs(
  grid: Grid,
  most: number,
  options: Partial<RefinementOptions> = {},
): Promise<RefinedGrid> {
  const refined = await refineValues(grid, options);
  const { threshold, evaluations, gridPoints } = refined.refinement;
  const { neighborhood = 'freudenthal' } = options;
  expect(pairsAbove({ ...grid, values: refined.values }, threshold, neighborhood)).toEqual(
    pairsAbove(grid, threshold, neighborhood),
  );
  expect(gridPoints).toBe(grid.values.length);
  expect(evaluations).toBe(refined.measured.reduce((sum, flag) => sum + flag, 0));
  expect(evaluations / gridPoints).toBeLessThanOrEqual(most);
  return refined;
}

function plane(
  f: (x: number, y: number) => number,
  [xMin, xMax]: readonly [number, number],
  [yMin, yMax]: readonly [number, number],
  steps: number,
): Grid {
  return {
    shape: [steps, steps],
    values: sampled(f, [xMin, xMax, steps], [yMin, yMax, steps]),
  };
}

describe('analytic functions: the whole grid’s pairs from less than a third of it', () => {
  test.each([129, 201])('Himmelblau %i²: three saddles', async (steps) => {
    const grid = plane(himmelblau, [-5, 5], [-5, 5], steps);
    const { refinement } = await expectSamePairs(grid, 1 / 10);
    const { pairs } = pairsAbove(grid, refinement.threshold);
    expect(pairs).toHaveLength(3);
  });

  test('Rastrigin 201²: 121 minima', async () => {
    const grid = plane(rastrigin, [-5.12, 5.12], [-5.12, 5.12], 201);
    const { refinement, values } = await expectSamePairs(grid, 1 / 3);
    const { pairs } = pairsAbove({ ...grid, values }, refinement.threshold);
    expect(pairs).toHaveLength(120);
  });

  test.each([101, 201])('Müller–Brown %i²: three minima', async (steps) => {
    const grid = plane(mullerBrown, [-1.5, 1.2], [-0.5, 2], steps);
    const { refinement } = await expectSamePairs(grid, 1 / 3);
    expect(pairsAbove(grid, refinement.threshold).pairs).toHaveLength(2);
  });

  test('six-hump camel 65²', async () => {
    const grid = plane(sixHumpCamel, [-2, 2], [-1, 1], 65);
    const { refinement } = await expectSamePairs(grid, 1 / 3);
    expect(pairsAbove(grid, refinement.threshold).pairs).toHaveLength(5);
  });

  test.each([41, 129])('Rosenbrock %i²', async (steps) => {
    await expectSamePairs(plane(rosenbrock, [-2, 2], [-2, 2], steps), 1 / 3);
  });

  test.each(['4', '8'] as const)('with %s neighbours', async (neighborhood) => {
    await expectSamePairs(plane(himmelblau, [-5, 5], [-5, 5], 101), 1 / 3, { neighborhood });
    await expectSamePairs(plane(sixHumpCamel, [-2, 2], [-1, 1], 65), 1 / 3, { neighborhood });
  });
});

/** A sum of Gaussians of random places, widths and heights on the unit cube. */
function gaussians(seed: number, shape: readonly number[], narrowest: number): Grid {
  const random = new Random(seed, 'gaussians');
  const bumps = Array.from({ length: 12 }, () => ({
    center: shape.map(() => random.uniform()),
    width: narrowest + 0.2 * random.uniform(),
    height: random.normal(),
  }));
  const grid = gridOf(shape.map((steps) => ({ name: 'x', min: 0, max: 1, steps })));
  const values = Float64Array.from({ length: grid.size }, (_, point) => {
    const at = coordinates(grid, point);
    return bumps.reduce((sum, { center, width, height }) => {
      const squared = at.reduce((total, x, axis) => total + (x - center[axis]!) ** 2, 0);
      return sum + height * Math.exp(-squared / (2 * width * width));
    }, 0);
  });
  return { shape, values };
}

describe('random smooth functions', () => {
  test.each([
    { shape: [65, 65], narrowest: 0.1, most: 1 / 3, runs: 6 },
    // No power of two, and unequal axes.
    { shape: [59, 83], narrowest: 0.1, most: 1 / 3, runs: 4 },
    // A line is short: what teaches the error bars is a good part of it.
    { shape: [401], narrowest: 0.03, most: 1 / 2, runs: 12 },
    { shape: [25, 25, 25], narrowest: 0.2, most: 1 / 3, runs: 1 },
  ])(
    '$shape',
    async ({ shape, narrowest, most, runs }) => {
      await fc.assert(
        fc.asyncProperty(fc.nat(), async (seed) => {
          await expectSamePairs(gaussians(seed, shape, narrowest), most);
        }),
        { numRuns: runs },
      );
    },
    120_000,
  );

  test('a small grid is measured whole where its levels teach nothing', async () => {
    await expectSamePairs(gaussians(1, [5, 5], 0.1), 1);
    await expectSamePairs(gaussians(1, [9, 9], 0.1), 1);
    await expectSamePairs(gaussians(1, [3], 0.1), 1);
    await expectSamePairs(gaussians(1, [1, 41], 0.1), 1);
  });
});

describe('losses of networks', () => {
  const fixtures = join(import.meta.dirname, '../../fixtures/landscapes');

  /** A .npy of float64 in C order, as make.mjs writes it. */
  function read(name: string, steps: number): Grid {
    const bytes = readFileSync(join(fixtures, `${name}-${steps}.npy`));
    const start = 10 + bytes.readUInt16LE(8);
    const values = Float64Array.from({ length: steps * steps }, (_, i) =>
      bytes.readDoubleLE(start + 8 * i),
    );
    expect(bytes).toHaveLength(start + 8 * values.length);
    return { shape: [steps, steps], values };
  }

  test.each([
    ['resnet-epoch-030', 65],
    ['plain-epoch-030', 65],
    ['resnet-epoch-000', 65],
    ['resnet-epoch-030', 41],
    ['plain-epoch-030', 41],
  ])('%s, %i²', async (name, steps) => {
    await expectSamePairs(read(name, steps), 1 / 3);
  });
});

describe('what cannot be known is said', () => {
  const steps = 129;
  const bowl = (x: number, y: number) => x * x + y * y;
  const at = [45, 78] as const;
  const spacing = 2 / (steps - 1);
  const [px, py] = [-1 + at[0] * spacing, -1 + at[1] * spacing];
  /** With a pit that its neighbours in the grid just feel. */
  const pitted = plane(
    (x, y) => bowl(x, y) - 5 * Math.exp(-((x - px) ** 2 + (y - py) ** 2) / (0.6 * spacing) ** 2),
    [-1, 1],
    [-1, 1],
    steps,
  );

  test('a pit between measured points is missed, and the notes say what was assumed', async () => {
    const { refinement, measured, values } = await refineValues(pitted);
    const pit = at[0] * steps + at[1];
    expect(pairsAbove(pitted, refinement.threshold).essential.birthVertex).toBe(pit);
    expect(measured[pit]).toBe(0);
    expect(pairsAbove({ ...pitted, values }, refinement.threshold).essential.birthVertex).toBe(
      (steps * steps - 1) / 2,
    );
    expect(refinement.farthest).toBeGreaterThan(1);
    expect(refinementNotes(refinement).map(english).join(' ')).toContain(
      `at most ${refinement.farthest} steps away`,
    );
  });

  test('a point of the pit that is measured brings all of it to light', async () => {
    const { refinement, values } = await refineValues(pitted, {
      always: [at[0] * steps + at[1] + 1],
    });
    expect(pairsAbove({ ...pitted, values }, refinement.threshold)).toEqual(
      pairsAbove(pitted, refinement.threshold),
    );
  });

  test('noise has no levels: all of it is measured', async () => {
    const random = new Random(4, 'noise');
    const values = Float64Array.from({ length: 33 * 33 }, () => random.normal());
    const refined = await refineValues({ shape: [33, 33], values }, { threshold: 0.1 });
    expect(pairsAbove({ shape: [33, 33], values: refined.values }, 0.1)).toEqual(
      pairsAbove({ shape: [33, 33], values }, 0.1),
    );
    expect(refined.refinement.evaluations).toBeGreaterThan(0.9 * values.length);
  });

  test('infinite losses and NaN end what is interpolated', async () => {
    const grid = plane(
      (x, y) => (x > 0.7 ? NaN : x + y > 1.2 ? Infinity : himmelblau(4 * x, 4 * y)),
      [-1, 1],
      [-1, 1],
      65,
    );
    const { values, refinement, measured } = await refineValues(grid);
    const { pairs } = pairsAbove(grid, refinement.threshold);
    expect(pairs.length).toBeGreaterThan(0);
    expect(pairsAbove({ ...grid, values }, refinement.threshold).pairs).toEqual(pairs);
    expect(refinement.evaluations).toBeLessThan(values.length / 2);
    for (const [v, value] of values.entries()) {
      expect(Number.isFinite(value)).toBe(Number.isFinite(grid.values[v]!));
      if (measured[v] === 1) expect(value).toBe(grid.values[v]);
    }
  });

  test('a constant has one minimum, its first point', async () => {
    const grid = { shape: [33, 33], values: new Float64Array(33 * 33).fill(2) };
    const { values, refinement } = await refineValues(grid);
    expect(pairsAbove({ ...grid, values }, refinement.threshold)).toEqual(
      pairsAbove(grid, refinement.threshold),
    );
  });
});

describe('sampling', () => {
  const grid = centredGrid(2, 65, 5);
  const f: LossAt = (points) => Promise.resolve(points.map(([x, y]) => himmelblau(x!, y!)));
  const options = { neighborhood: 'freudenthal', seed: 0, threshold: undefined } as const;

  test('does not depend on how many work, nor on who is first', async () => {
    const one = await sampleRefined(grid, f, { lanes: 1, known: [] }, options);
    const random = new Random(3, 'delay');
    const slow: LossAt = async (points, kind) => {
      await new Promise((resolve) => setTimeout(resolve, 3 * random.uniform()));
      return f(points, kind);
    };
    const many = await sampleRefined(grid, slow, { lanes: 5, known: [] }, options);
    expect(many).toEqual(one);
  });

  test('goes on where it was interrupted', async () => {
    const kept: [number, number][] = [];
    const onLosses = (points: readonly number[], losses: readonly number[]) => {
      points.forEach((point, i) => kept.push([point, losses[i]!]));
      return Promise.resolve();
    };
    const whole = await sampleRefined(grid, f, { lanes: 2, known: [] }, options);
    let left = 300;
    const interrupted: LossAt = (points, kind) => {
      left -= points.length;
      return left > 0 ? f(points, kind) : Promise.reject(new Error('interrupted'));
    };
    await expect(
      sampleRefined(grid, interrupted, { lanes: 2, known: [], onLosses }, options),
    ).rejects.toThrow('interrupted');
    expect(kept.length).toBeGreaterThan(100);
    let asked = 0;
    const counted: LossAt = (points, kind) => {
      asked += points.length;
      return f(points, kind);
    };
    const resumed = await sampleRefined(grid, counted, { lanes: 3, known: kept }, options);
    expect(resumed).toEqual(whole);
    expect(asked).toBe(whole.refinement.evaluations - kept.length);
  });

  test('the checkpoints of a plane are measured', async () => {
    const through = gridOf([
      { name: 't', min: -0.5, max: 1.5, steps: 49 },
      { name: 's', min: -0.25, max: 1.25, steps: 43 },
    ]);
    const { evaluated } = await sampleRefined(through, f, { lanes: 1, known: [] }, options);
    const marks = Array.from({ length: through.size }, (_, point) => point).filter((point) =>
      coordinates(through, point).every((x) => x === 0 || x === 1),
    );
    expect(marks).toHaveLength(4);
    for (const point of marks) expect(evaluated[point]).toBe(1);
  });
});

test('runs of measured points', () => {
  expect(encodeRuns(Uint8Array.of(1, 1, 0, 1))).toEqual([2, 1, 1]);
  expect(encodeRuns(Uint8Array.of(0, 0, 1))).toEqual([0, 2, 1]);
  fc.assert(
    fc.property(fc.uint8Array({ max: 1, maxLength: 60 }), (measured) => {
      const decoded = encodeRuns(measured).flatMap((length, k) =>
        new Array<number>(length).fill(k % 2 === 0 ? 1 : 0),
      );
      expect(decoded).toEqual([...measured]);
    }),
  );
});
