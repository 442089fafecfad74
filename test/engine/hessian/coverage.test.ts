import { describe, expect, test } from 'vitest';
import { spectrum } from '../../../src/engine/hessian/spectrum';
import { each, rotated } from './operators';

const SEEDS = 100;

/** Known spectra, whose stated intervals are compared with the truth. */
const spectra = {
  indefinite: Array.from({ length: 400 }, (_, i) => Math.sin(1 + 12.9898 * i)),
  decaying: Array.from({ length: 400 }, (_, i) => 100 / (1 + i) ** 1.5 - 0.05),
  steep: Array.from({ length: 400 }, (_, i) => 1000 / (1 + i) ** 2),
  steeper: Array.from({ length: 400 }, (_, i) => 1000 / (1 + i) ** 3),
  clustered: Array.from({ length: 400 }, (_, i) => (i < 10 ? 50 + i / 10 : i < 200 ? 1 : 0.1)),
};

async function covered(
  values: readonly number[],
  lanczosSteps: number,
  probes: number,
  holds: (hessian: Awaited<ReturnType<typeof spectrum>>['hessian']) => boolean,
): Promise<number> {
  const apply = each(rotated(values, 5));
  let count = 0;
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const settings = { eigenvalues: 5, lanczosSteps, probes, seed };
    const { hessian } = await spectrum(apply, values.length, settings);
    if (holds(hessian)) count += 1;
  }
  return count;
}

describe('in 90 to 99 of 100 seeds the 95 % interval holds', () => {
  test.each([
    ['indefinite', 12, 4],
    ['indefinite', 3, 2],
    ['decaying', 12, 4],
    ['decaying', 3, 2],
    ['clustered', 12, 4],
    ['clustered', 3, 2],
    ['steep', 2, 2],
    ['steeper', 2, 2],
  ] as const)('the trace: %s, %i steps from %i starts', async (name, steps, probes) => {
    const values = spectra[name];
    const trace = values.reduce((sum, x) => sum + x, 0);
    const count = await covered(values, steps, probes, ({ trace: { interval } }) => {
      const { low, high } = interval!;
      return low <= trace && trace <= high;
    });
    expect(count).toBeGreaterThanOrEqual(90);
    expect(count).toBeLessThanOrEqual(99);
  });

  test('and of what is a multiple of the identity the trace is exact', async () => {
    const values = Array<number>(50).fill(-1);
    const count = await covered(values, 3, 2, ({ trace: { value, standardError } }) => {
      return Math.abs(value + 50) < 1e-10 && standardError < 1e-10;
    });
    expect(count).toBe(SEEDS);
  });

  test.each([0.2, 0.5, 0.8])('the density of a smooth bulk, at %f', async (at) => {
    const values = Array.from({ length: 400 }, (_, i) => (i + 0.5) / 400);
    const inside = await covered(values, 40, 4, ({ density: { grid, sigma, band } }) => {
      const place = grid.findIndex((x) => x >= at);
      const truth = values.reduce((sum, value) => {
        const z = (grid[place]! - value) / sigma;
        return sum + Math.exp(-0.5 * z * z) / (sigma * Math.sqrt(2 * Math.PI) * values.length);
      }, 0);
      return band!.low[place]! <= truth && truth <= band!.high[place]!;
    });
    expect(inside).toBeGreaterThanOrEqual(90);
  });
});

test('the trace is sampled until its interval is as narrow as was asked', async () => {
  const values = spectra.decaying;
  const trace = values.reduce((sum, x) => sum + x, 0);
  const settings = { eigenvalues: 1, lanczosSteps: 3, probes: 2, seed: 1, traceError: 0.02 };
  const { hessian } = await spectrum(each(rotated(values, 5)), 400, settings);
  const { value, interval, samples } = hessian.trace;
  expect(samples).toBeGreaterThan(8);
  expect(hessian.products).toBe(6 + samples);
  expect((interval!.high - interval!.low) / 2).toBeLessThanOrEqual(0.02 * value);
  expect(Math.abs(value - trace)).toBeLessThan(0.04 * trace);
});
