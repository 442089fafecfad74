import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seenPoints } from '../../../src/webview/training/seenPoints';

const heights = fc.array(fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 9 }), {
  maxLength: 300,
});
const placesOf = (count: number) =>
  Array.from({ length: count }, (_, k) => k / Math.max(1, count - 1));

describe('what is to be seen of a line with more points than pixels', () => {
  it('keeps every extreme of every column, in order, and few points', () => {
    fc.assert(
      fc.property(heights, fc.integer({ min: 1, max: 40 }), (y, columns) => {
        const x = placesOf(y.length);
        const seen = seenPoints(x, y, columns);
        expect([...seen].sort((a, b) => a - b)).toEqual(seen);
        expect(new Set(seen).size).toBe(seen.length);
        const gaps = y.filter((height) => height === null).length;
        expect(seen.length).toBeLessThanOrEqual(4 * (columns + 1 + gaps) + gaps);
        const shown = new Set(seen);
        for (let column = 0; column <= columns; column++) {
          const own = [...x.keys()].filter((k) => Math.floor(x[k]! * columns) === column);
          const known = own.flatMap((k) => y[k] ?? []);
          const drawn = own.filter((k) => shown.has(k)).flatMap((k) => y[k] ?? []);
          expect(Math.min(...drawn)).toBe(Math.min(...known));
          expect(Math.max(...drawn)).toBe(Math.max(...known));
        }
      }),
    );
  });

  it('leaves a line of few points as it is, with its gaps', () => {
    const y = [null, 0.5, 0.25, null, null, 1, 0];
    expect(seenPoints(placesOf(7), y, 100)).toEqual([1, 2, 3, 5, 6]);
  });

  it('joins no two points that have a gap between them', () => {
    fc.assert(
      fc.property(heights, (y) => {
        const seen = seenPoints(placesOf(y.length), y, 10);
        for (let k = 1; k < seen.length; k++) {
          const [from, to] = [seen[k - 1]!, seen[k]!];
          if (y[from] === null || y[to] === null) continue;
          expect(y.slice(from, to).every((height) => height !== null)).toBe(true);
        }
      }),
    );
  });
});
