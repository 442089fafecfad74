import { describe, expect, it } from 'vitest';
import { linearTicks, logTicks, roundStep } from '../../../src/webview/plots/ticks';

describe('ticks', () => {
  it('fall on multiples of 1, 2 or 5 times a power of ten', () => {
    expect(linearTicks(-1, 1, 5).values).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(linearTicks(0.3, 2.7, 5).values).toEqual([0.5, 1, 1.5, 2, 2.5]);
    expect(roundStep(0.21)).toBeCloseTo(0.5, 12);
    expect(roundStep(6)).toBe(10);
  });

  it('stay within the range', () => {
    for (const value of linearTicks(-0.97, 12.3, 6).values) {
      expect(value).toBeGreaterThanOrEqual(-0.97);
      expect(value).toBeLessThanOrEqual(12.3);
    }
  });

  it('are powers of ten on a logarithmic scale of many decades', () => {
    expect(logTicks(0.5, 2e4, 6).values).toEqual([1, 10, 100, 1000, 10000]);
    expect(logTicks(1e-12, 1, 4).values.every((value) => Number.isInteger(Math.log10(value)))).toBe(
      true,
    );
  });

  it('are linear on a logarithmic scale of less than a decade', () => {
    expect(logTicks(1, 3, 4).values).toEqual([1, 1.5, 2, 2.5, 3]);
  });

  it('name the only value of an empty range', () => {
    expect(linearTicks(3, 3, 5).values).toEqual([3]);
  });
});
