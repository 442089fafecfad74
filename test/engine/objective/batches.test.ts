import { describe, expect, test } from 'vitest';
import {
  derivativeBatches,
  lossBatches,
  splitBatches,
} from '../../../src/engine/objective/batches';
import { sizedSet } from '../../../src/engine/objective/batchSizes';

/** A convolutional network like ResNet-20 on 3×32×32: 41 million multiplications a sample. */
const RESNET = {
  multiplications: 41e6,
  elements: 1.5e6,
  live: 5e4,
  hasConvolutions: true,
  isCoupled: false,
};
const SET = { role: 'loss', points: 64, largestBatch: 256 } as const;

describe('batches', () => {
  test('hold every point once, in order, whatever their multiple is', () => {
    for (const points of [1, 15, 16, 17, 64, 500, 1000]) {
      for (const [largestBatch, multiple] of [
        [16, 16],
        [40, 16],
        [256, 1],
        [7, 1],
        [7, 16],
      ] as const) {
        const batches = splitBatches([{ role: 'loss', points, largestBatch, multiple }]);
        let next = 0;
        for (const { start, size, share } of batches) {
          expect(start).toBe(next);
          expect(size).toBeGreaterThan(0);
          expect(size).toBeLessThanOrEqual(Math.max(largestBatch, multiple));
          expect(share).toBe(1 / points);
          next += size;
        }
        expect(next).toBe(points);
        for (const { size } of batches.slice(0, -1)) expect(size % multiple).toBe(0);
        const sizes = batches.slice(0, -1).map(({ size }) => size);
        expect(Math.max(0, ...sizes) - Math.min(...sizes, Infinity)).toBeLessThanOrEqual(multiple);
      }
    }
  });

  test('are one where that is allowed, whatever their multiple is', () => {
    const set = { role: 'loss', points: 40, largestBatch: 40, multiple: 16 } as const;
    expect(splitBatches([set])).toHaveLength(1);
  });

  test('of derivatives keep many cores busy with 64 samples of a ResNet, in whole blocks', () => {
    const set = sizedSet(SET, RESNET, 272_474);
    expect(lossBatches([set])).toHaveLength(1);
    // With four probes these are 16 tasks.
    expect(derivativeBatches([set]).map(({ size }) => size)).toEqual([16, 16, 16, 16]);
  });

  test('of derivatives are as large as the work of one is worth a run', () => {
    const tiny = {
      multiplications: 8e3,
      elements: 500,
      live: 100,
      hasConvolutions: false,
      isCoupled: false,
    };
    expect(derivativeBatches([sizedSet({ ...SET, points: 512 }, tiny, 8e3)])).toHaveLength(2);
    // A run gives a derivative for each weight: where those are most of the work, runs are longer.
    const wide = {
      multiplications: 1e7,
      elements: 1e4,
      live: 1e3,
      hasConvolutions: false,
      isCoupled: false,
    };
    expect(sizedSet(SET, wide, 1e7).derivativeBatch).toBe(128);
  });

  test('are no larger than memory allows', () => {
    const large = {
      multiplications: 4e9,
      elements: 6e7,
      live: 2e6,
      hasConvolutions: true,
      isCoupled: false,
    };
    const set = sizedSet(SET, large, 25e6);
    expect(set.derivativeBatch! * large.elements).toBeLessThanOrEqual(2 ** 28);
    expect(set.largestBatch * large.live).toBeLessThanOrEqual(2 ** 28);
    expect(set.largestBatch).toBe(134);
  });
});
