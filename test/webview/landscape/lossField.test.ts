import { describe, expect, it } from 'vitest';
import type { Landscape } from '../../../src/shared/result/landscape';
import {
  fieldAt,
  lossField,
  nearestEvaluated,
  vertexCoordinates,
} from '../../../src/webview/landscape/lossField';
import { sampleLandscape } from '../sampleSnapshot';

function withValues(landscape: Landscape, values: Landscape['values']): Landscape {
  return { ...landscape, values };
}

describe('a landscape to draw', () => {
  it('does not swap its axes', () => {
    const field = lossField(sampleLandscape((x, y) => 10 * x + y, 11))!;
    // Right is the first axis, up the second.
    expect(fieldAt(field, field.values, 1, 0)).toBeCloseTo(9, 12);
    expect(fieldAt(field, field.values, 0, 1)).toBeCloseTo(-9, 12);
    const { axes } = field;
    expect(vertexCoordinates(3, axes)).toEqual([-1, expect.closeTo(-0.4, 12)]);
    expect(vertexCoordinates(11, axes)).toEqual([expect.closeTo(-0.8, 12), -1]);
  });

  it('is linear between its points', () => {
    const plane = (x: number, y: number) => 2 - 3 * x + 0.5 * y;
    const field = lossField(sampleLandscape(plane, 7))!;
    for (const [u, v] of [
      [0.13, 0.77],
      [0.5, 0.5],
      [0.99, 0.02],
    ] as const) {
      expect(fieldAt(field, field.values, u, v)).toBeCloseTo(plane(2 * u - 1, 2 * v - 1), 10);
    }
  });

  it('splits its cells along the diagonal that persistence goes by', () => {
    // 2×2 with 1 at (1, 0) and (0, 1): the diagonal between them is a ridge at 1.
    const values = [0, 1, 1, 0];
    expect(fieldAt({ rows: 2, columns: 2 }, values, 0.5, 0.5)).toBe(1);
    expect(fieldAt({ rows: 2, columns: 2 }, values, 0.25, 0.25)).toBe(0.5);
  });

  it('has no value outside and next to a point without a finite one', () => {
    const values = [0, 1, NaN, 0];
    expect(fieldAt({ rows: 2, columns: 2 }, values, 1.1, 0)).toBeNaN();
    expect(fieldAt({ rows: 2, columns: 2 }, values, 0.5, 0.4)).toBeNaN();
    // On the edge between two finite points there is one.
    expect(fieldAt({ rows: 2, columns: 2 }, values, 0, 0.5)).toBe(0.5);
  });

  it('counts and keeps what is not finite, and ranges over what is', () => {
    const landscape = sampleLandscape((x) => x, 3);
    const field = lossField(
      withValues(landscape, [1, 2, 'NaN', 'Infinity', 5, 6, 7, 8, '-Infinity']),
    )!;
    expect(field.counts).toEqual({ points: 9, pending: 0, nan: 1, infinite: 2 });
    expect([field.minimum, field.maximum]).toEqual([1, 8]);
    expect([...field.kinds]).toEqual([0, 0, 1, 2, 0, 0, 0, 0, 3]);
  });

  it('fills points not evaluated yet from the nearest one that is', () => {
    const landscape = sampleLandscape((x) => x, 3);
    const field = lossField(
      withValues(landscape, [1, null, null, null, null, null, null, null, 9]),
    )!;
    expect(field.counts.pending).toBe(7);
    expect(field.values[1]).toBe(1);
    expect(field.values[7]).toBe(9);
    expect(field.maximum).toBe(9);
  });

  it('is not drawn while nothing is evaluated, nor in other than two dimensions', () => {
    const landscape = sampleLandscape((x) => x, 3);
    expect(lossField(withValues(landscape, new Array<null>(9).fill(null)))).toBeNull();
    expect(lossField({ ...landscape, axes: landscape.axes.slice(1), shape: [9] })).toBeNull();
  });

  it('is thinned to what can be seen, ends and middle included', () => {
    const field = lossField(sampleLandscape((x, y) => x + 2 * y, 601))!;
    expect(field.rows).toBe(301);
    expect(field.values[0]).toBeCloseTo(-3, 12);
    expect(field.values.at(-1)).toBeCloseTo(3, 12);
    expect(field.values[150 * 301 + 150]).toBeCloseTo(0, 12);
    expect(field.counts.points).toBe(601 * 601);
  });
});

describe('nearest evaluated point', () => {
  it('is within rounding of the nearest by distance', () => {
    const rows = 17;
    const columns = 13;
    const evaluated = new Uint8Array(rows * columns);
    const known = [0, 40, 95, 150, 220];
    for (const v of known) evaluated[v] = 1;
    const source = nearestEvaluated(evaluated, rows, columns);
    const distance = (v: number, w: number) =>
      Math.hypot(Math.floor(v / columns) - Math.floor(w / columns), (v % columns) - (w % columns));
    for (let v = 0; v < rows * columns; v++) {
      const best = Math.min(...known.map((w) => distance(v, w)));
      expect(distance(v, source[v]!)).toBeLessThanOrEqual(best * 1.42 + 1e-9);
    }
  });
});
