import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planSpectrum } from '../../../src/engine/study/spectrumPlan';

const GB = 1e9;
/** GPT-2’s shape. */
const GPT2 = { length: 162_349_056, precision: 'float32', worker: 4 * GB } as const;

test('what fits stays as it was asked for', () => {
  const small = { length: 272_474, precision: 'float32', worker: 0.3 * GB } as const;
  const plan = planSpectrum({ probes: 4, lanczosSteps: 80 }, { ...small, room: 8 * GB });
  expect(plan).toMatchObject({ probes: 4, lanczosSteps: 80 });
});

test('a large network has one probe and the steps that fit, down to two, and then none', () => {
  const asked = { probes: 2, lanczosSteps: 50 };
  const wide = planSpectrum(asked, { ...GPT2, room: 19 * GB })!;
  // 15 GB for 4-byte vectors of 0.65 GB, of which one probe takes 7 beside its steps, two 14.
  expect(wide.probes).toBe(1);
  expect(wide.lanczosSteps).toBeGreaterThan(10);
  const narrow = planSpectrum(asked, { ...GPT2, room: 11 * GB })!;
  expect(narrow.probes).toBe(1);
  expect(narrow.lanczosSteps).toBeGreaterThanOrEqual(2);
  expect(narrow.lanczosSteps).toBeLessThan(wide.lanczosSteps);
  expect(planSpectrum(asked, { ...GPT2, room: 9 * GB })).toBeNull();
});

test('never takes more than there is', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e8 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 0, max: 64 }),
      (length, probes, lanczosSteps, gigabytes) => {
        const room = { room: gigabytes * GB, worker: GB, length, precision: 'float64' } as const;
        const plan = planSpectrum({ probes, lanczosSteps }, room);
        if (plan === null) return;
        expect(plan.bytes + room.worker).toBeLessThanOrEqual(room.room);
        expect(plan.probes).toBeLessThanOrEqual(probes);
        expect(plan.lanczosSteps).toBeLessThanOrEqual(lanczosSteps);
      },
    ),
  );
});
