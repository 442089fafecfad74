import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planSpectrum } from '../../../src/engine/study/curvature/spectrumPlan';

const GB = 1e9;
/** GPT-2’s shape. */
const GPT2 = { length: 162_349_056, precision: 'float32', worker: 4 * GB } as const;

test('what fits stays as it was asked for', () => {
  const small = { length: 272_474, precision: 'float32', worker: 0.3 * GB } as const;
  const plan = planSpectrum({ probes: 4, lanczosSteps: 80 }, { ...small, room: 8 * GB });
  expect(plan).toMatchObject({ probes: 4, room: null, together: 4 });
});

test('a basis that does not fit is restarted, with fewer probes where it must, and then there is none', () => {
  const asked = { probes: 2, lanczosSteps: 50 };
  const plans = [20.3, 15.2, 13.3].map((room) => planSpectrum(asked, { ...GPT2, room: room * GB }));
  // Vectors of 0.65 GB beside a worker of 4 GB, 5.2 GB for an eigenvector and the gradient, and two
  // products that come.
  expect(plans[0]).toMatchObject({ probes: 2, room: 15, together: 1 });
  expect(plans[1]).toMatchObject({ probes: 1, room: 7, together: 1 });
  expect(plans[2]).toMatchObject({ probes: 1, room: 4, together: 1 });
  expect(planSpectrum(asked, { ...GPT2, room: 12.3 * GB })).toBeNull();
});

test('products one at a time come before a restart', () => {
  const asked = { probes: 8, lanczosSteps: 2 };
  const plan = planSpectrum(asked, { ...GPT2, room: 4 * GB + 27 * 0.65 * GB + 5.3 * GB });
  expect(plan).toMatchObject({ probes: 8, room: null, together: 1 });
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
        if (plan.room !== null) expect(plan.room).toBeGreaterThanOrEqual(4 * plan.probes);
      },
    ),
  );
});
