import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dot, norm } from '../../../src/engine/hessian/vectors';
import { cosines, orthogonal } from '../../../src/engine/landscape/directions';
import {
  difference,
  principalDirections,
  project,
  projectRun,
  type RunPoints,
} from '../../../src/engine/landscape/trajectory';

/** Gradient descent with momentum, and what NumPy's SVD says of it. */
const expected = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/landscape/quadratic.json'), 'utf8'),
) as {
  readonly run: readonly (readonly number[])[];
  readonly directions: readonly (readonly number[])[];
  readonly explained: readonly number[];
};
const run = runOf(expected.run.map((weights) => Float32Array.from(weights)));
const last = Float32Array.from(expected.run.at(-1)!);

function runOf(points: readonly Float32Array[]): RunPoints {
  return {
    count: points.length,
    names: points.map((_, index) => `epoch-${index}.pt`),
    read: (index) => Promise.resolve(points[index]!),
  };
}

describe('principal components of a run', () => {
  test('they and what they explain are those of NumPy’s SVD', async () => {
    const { directions, explained } = await principalDirections(run, last, 3);
    for (const [i, direction] of directions.entries()) {
      expect(explained[i]).toBeCloseTo(expected.explained[i]!, 12);
      const cosine = dot(direction, Float64Array.from(expected.directions[i]!));
      expect(Math.abs(cosine)).toBeGreaterThan(1 - 1e-12);
      expect(norm(direction)).toBeCloseTo(1, 14);
    }
    for (const cosine of cosines(directions)) expect(Math.abs(cosine)).toBeLessThan(1e-12);
  });

  test('the farthest checkpoint is on the positive side, so that a picture keeps its sides', async () => {
    const { directions } = await principalDirections(run, last, 2);
    const projected = await projectRun(run, last, directions);
    for (const axis of [0, 1]) {
      const along = projected.map(({ coordinates }) => coordinates[axis]!);
      expect(Math.max(...along)).toBeGreaterThan(-Math.min(...along));
    }
  });

  test('no other plane through the centre is nearer to the run', async () => {
    const { directions } = await principalDirections(run, last, 2);
    const missed = (found: Awaited<ReturnType<typeof projectRun>>): number =>
      found.reduce((sum, { residual }) => sum + residual ** 2, 0);
    const best = missed(await projectRun(run, last, directions));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 16, maxLength: 16 }),
        async (numbers) => {
          const [a, b] = [numbers.slice(0, 8), numbers.slice(8)].map((x) => Float64Array.from(x));
          if (Math.hypot(...a!) < 0.1 || Math.abs(cosines([a!, b!])[0]!) > 0.99) return;
          if (Math.hypot(...b!) < 0.1) return;
          const other = await projectRun(run, last, orthogonal([a!, b!]));
          expect(missed(other)).toBeGreaterThanOrEqual(best * (1 - 1e-12));
        },
      ),
      { numRuns: 100 },
    );
  });

  test('more dimensions than a run spans are refused', async () => {
    const few = runOf([0, 1, 2].map((k) => Float32Array.from(last, (x, i) => x + k * (i + 1))));
    await expect(principalDirections(few, last, 2)).rejects.toThrow('span 1 dimensions');
    await expect(principalDirections(runOf([last]), last, 1)).rejects.toThrow('span 0 dimensions');
  });
});

test('a projection and its residual are the legs of a right triangle', () => {
  const vector = fc.array(fc.float({ min: -10, max: 10, noNaN: true }), {
    minLength: 12,
    maxLength: 12,
  });
  fc.assert(
    fc.property(vector, vector, vector, vector, (a, b, c, d) => {
      const [first, second] = [Float64Array.from(a), Float64Array.from(b)];
      if (norm(first) < 0.1 || norm(second) < 0.1) return;
      if (Math.abs(cosines([first, second])[0]!) > 0.999) return;
      const directions = orthogonal([first, second]);
      const [theta, center] = [Float32Array.from(c), Float32Array.from(d)];
      const { coordinates, residual, norm: whole } = project(theta, center, directions);
      expect(whole).toBeCloseTo(norm(difference(theta, center)), 9);
      const inside = coordinates.reduce(
        (sum, at, i) => sum + at ** 2 * dot(directions[i]!, directions[i]!),
        0,
      );
      expect(inside + residual ** 2).toBeCloseTo(whole ** 2, 8);
    }),
    { numRuns: 200 },
  );
});
