import { describe, expect, it } from 'vitest';
import { contourLines, type Polyline } from '../../../src/webview/landscape/contour';

function grid(steps: number, surface: (x: number, y: number) => number): Float64Array {
  const values = new Float64Array(steps * steps);
  for (let i = 0; i < steps; i++) {
    for (let j = 0; j < steps; j++) {
      values[i * steps + j] = surface((2 * i) / (steps - 1) - 1, (2 * j) / (steps - 1) - 1);
    }
  }
  return values;
}

function length(line: Polyline): number {
  let sum = 0;
  for (let k = 1; k < line.length; k++) {
    sum += Math.hypot(line[k]![0] - line[k - 1]![0], line[k]![1] - line[k - 1]![1]);
  }
  return sum;
}

describe('lines of equal loss', () => {
  it('are circles around a bowl, closed and as long as the formula says', () => {
    const lines = contourLines(
      grid(101, (x, y) => x * x + y * y),
      101,
      101,
      0.25,
    );
    expect(lines).toHaveLength(1);
    const [circle] = lines;
    expect(circle!.at(-1)).toEqual(circle![0]);
    // Radius ½ in coordinates is 25 steps of the grid.
    expect(length(circle!)).toBeCloseTo(2 * Math.PI * 25, 0);
    for (const [i, j] of circle!) expect(Math.hypot(i - 50, j - 50)).toBeCloseTo(25, 1);
  });

  it('are straight on a plane and end at the border', () => {
    const lines = contourLines(
      grid(21, (x) => x),
      21,
      21,
      0.33,
    );
    expect(lines).toHaveLength(1);
    expect(length(lines[0]!)).toBeCloseTo(20, 9);
    for (const [i] of lines[0]!) expect(i).toBeCloseTo(10 * 1.33, 9);
  });

  it('are two around two minima and one above their saddle', () => {
    const camel = (x: number, y: number) => (4 * x * x - 1) ** 2 + 2 * y * y;
    const values = grid(81, camel);
    expect(contourLines(values, 81, 81, 0.5)).toHaveLength(2);
    expect(contourLines(values, 81, 81, 1.02)).toHaveLength(1);
  });

  it('leave out triangles without a finite loss', () => {
    const values = grid(21, (x, y) => x * x + y * y);
    values.fill(NaN, 10 * 21, 11 * 21);
    const lines = contourLines(values, 21, 21, 0.5);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) for (const [i] of line) expect(i > 9 && i < 11).toBe(false);
  });

  it('are none outside the range', () => {
    expect(
      contourLines(
        grid(5, (x) => x),
        5,
        5,
        2,
      ),
    ).toEqual([]);
  });
});
