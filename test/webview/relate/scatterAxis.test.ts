import { describe, expect, it } from 'vitest';
import { scatterAxis } from '../../../src/webview/relate/scatterAxis';

describe('an axis of a scatter plot', () => {
  it('holds all values with a margin', () => {
    const axis = scatterAxis([3, -1, 7]);
    expect(axis.logarithmic).toBe(false);
    expect(axis.low).toBeCloseTo(-1.4, 12);
    expect(axis.high).toBeCloseTo(7.4, 12);
  });

  it('is logarithmic over two decades of positive values, and not with a zero', () => {
    const axis = scatterAxis([0.1, 10, 100]);
    expect(axis.logarithmic).toBe(true);
    expect(axis.place(10)).toBe(1);
    for (const { at, text } of axis.ticks(4)) expect(10 ** at).toBeCloseTo(Number(text), 9);
    expect(scatterAxis([0, 100]).logarithmic).toBe(false);
  });

  it('has no ticks between counts', () => {
    expect(
      scatterAxis([0, 1, 5])
        .ticks(14)
        .map(({ text }) => text),
    ).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(scatterAxis([0, 0.5, 5]).ticks(14).length).toBeGreaterThan(6);
  });

  it('has a width where all values are equal', () => {
    for (const value of [0, 5, -3]) {
      const { low, high } = scatterAxis([value, value]);
      expect(low).toBeLessThan(value);
      expect(high).toBeGreaterThan(value);
    }
  });
});
