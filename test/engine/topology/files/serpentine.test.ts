import { describe, expect, it } from 'vitest';
import { english } from '../../../../src/shared/words/message';
import { analyzeTopology } from '../../../../src/engine/topology/analyzeTopology';
import {
  repairedAxes,
  repairSerpentine,
  serpentineWarnings,
} from '../../../../src/engine/topology/files/serpentine';
import { himmelblau, mullerBrown, rastrigin, sampled } from '../analyticFunctions';
import { randomNumbers } from '../landscapes';
import type { PlaneFunction } from '../analyticFunctions';

const steps = 20;

/**
 * A walk that steps along a line before it evaluates, every other line backwards: lines it walks
 * forwards hold points 1 … n, those it walks backwards n − 1 … 0.
 */
function serpentine(f: PlaneFunction, scale: number): Float64Array {
  const values = new Float64Array(steps * steps);
  for (let i = 0; i < steps; i++) {
    for (let j = 0; j < steps; j++) {
      const at = i % 2 === 0 ? j + 1 : j;
      values[i * steps + j] = f(scale * (i / steps - 0.5), scale * (at / steps - 0.5));
    }
  }
  return values;
}

function transposed(values: Float64Array): Float64Array {
  return values.map((_, v) => values[(v % steps) * steps + Math.floor(v / steps)]!);
}

const shape = [steps, steps];
const functions: [string, PlaneFunction, number][] = [
  ['a tilted plane', (x, y) => x + 2 * y + 10, 1],
  ['Himmelblau', (x, y) => himmelblau(x, y) + 1, 8],
  ['a bowl', (x, y) => 0.1 + x * x + 3 * y * y, 2],
  ['Müller–Brown', mullerBrown, 2],
];

describe('serpentine sampling', () => {
  it('gives a plane twenty minima', () => {
    const values = serpentine((x, y) => x + 2 * y, 1);
    expect(analyzeTopology(values, shape, { neighborhood: '4', threshold: 0 }).minima).toBe(
      steps / 2,
    );
  });

  it.each(functions)('is noticed along either axis: %s', (_, f, scale) => {
    const values = serpentine(f, scale);
    expect(serpentineWarnings(values, shape).map(english)).toEqual([
      expect.stringContaining('across axis 0') as string,
    ]);
    expect(serpentineWarnings(transposed(values), shape).map(english)).toEqual([
      expect.stringContaining('across axis 1') as string,
    ]);
  });

  it.each([...functions, ['Rastrigin', rastrigin, 4] as const])(
    'is not seen where it is not: %s',
    (_, f, scale) => {
      const half = scale / 2;
      const values = sampled(f, [-half, half, steps], [-half, half, steps]);
      expect(serpentineWarnings(values, shape).map(english)).toEqual([]);
    },
  );

  it('is not seen in noise, constants, small grids, other dimensions and NaN', () => {
    for (let seed = 0; seed < 20; seed++) {
      expect(serpentineWarnings(randomNumbers(seed, steps * steps), shape)).toEqual([]);
    }
    expect(serpentineWarnings(new Float64Array(400).fill(2), shape)).toEqual([]);
    expect(serpentineWarnings(new Float64Array(400).fill(NaN), shape)).toEqual([]);
    expect(serpentineWarnings(randomNumbers(1, 400), [20, 4, 5])).toEqual([]);
    expect(
      serpentineWarnings(
        serpentine((x, y) => x + 2 * y, 1),
        [400],
      ),
    ).toEqual([]);
    expect(serpentineWarnings(randomNumbers(1, 25), [5, 5])).toEqual([]);
  });
});

describe('repairing serpentine sampling', () => {
  const plane: PlaneFunction = (x, y) => x + 2 * y;
  /** What lines of every other kind have in common: points 1 … n − 1 along each. */
  const expected = (f: PlaneFunction, scale: number) =>
    Float64Array.from({ length: steps * (steps - 1) }, (_, v) =>
      f(
        scale * (Math.floor(v / (steps - 1)) / steps - 0.5),
        scale * (((v % (steps - 1)) + 1) / steps - 0.5),
      ),
    );

  it('puts an exact plane α + 2β back, point for point', () => {
    const repaired = repairSerpentine(serpentine(plane, 1), shape);
    expect(repaired).toMatchObject({ shape: [steps, steps - 1], axis: 0, shift: 1 });
    expect(repaired!.values).toEqual(expected(plane, 1));
    const { minima } = analyzeTopology(repaired!.values, repaired!.shape, {
      neighborhood: '4',
      threshold: 0,
    });
    expect(minima).toBe(1);
    const axes = ['α', 'β'].map((name) => ({ name, min: -0.5, max: 0.45, steps }));
    const [alpha, beta] = repairedAxes(axes, repaired!);
    expect(alpha).toEqual(axes[0]);
    expect(beta).toMatchObject({ max: 0.45, steps: steps - 1 });
    expect(beta!.min).toBeCloseTo(-0.45, 12);
  });

  it.each(functions)('along either axis, whichever lines are ahead: %s', (_, f, scale) => {
    const along = serpentine(f, scale);
    const wanted = expected(f, scale);
    expect(repairSerpentine(along, shape)!.values).toEqual(wanted);
    const across = repairSerpentine(transposed(along), shape)!;
    expect(across).toMatchObject({ shape: [steps - 1, steps], axis: 1 });
    expect(across.values).toEqual(
      wanted.map((_, v) => wanted[(v % steps) * (steps - 1) + Math.floor(v / steps)]!),
    );
    // The first line walked backwards: the others are ahead.
    const turned = repairSerpentine(along.subarray(steps), [steps - 1, steps])!;
    expect(turned.shift).toBe(-1);
    expect(turned.values).toEqual(wanted.subarray(steps - 1));
    expect(repairSerpentine(across.values, across.shape)).toBeNull();
  });

  it('leaves clean landscapes alone', () => {
    for (const [, f, scale] of [...functions, ['', plane, 1], ['', rastrigin, 4]] as const) {
      const half = scale / 2;
      expect(
        repairSerpentine(sampled(f, [-half, half, steps], [-half, half, steps]), shape),
      ).toBeNull();
    }
    expect(repairSerpentine(randomNumbers(2, 400), shape)).toBeNull();
    expect(repairSerpentine(serpentine(plane, 1), [400])).toBeNull();
  });
});
