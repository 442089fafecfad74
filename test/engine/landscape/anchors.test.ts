import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { norm } from '../../../src/engine/hessian/vectors';
import {
  lineThrough,
  planeThrough,
  type AnchoredSpan,
} from '../../../src/engine/landscape/anchors';
import { cosines } from '../../../src/engine/landscape/directions';
import { axisThrough, coordinate, coordinates } from '../../../src/engine/landscape/grid';
import { sampleGrid, type LossAt } from '../../../src/engine/landscape/sampling';
import { difference } from '../../../src/engine/landscape/trajectory';

const { a, c, run } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/landscape/quadratic.json'), 'utf8'),
) as {
  readonly a: readonly (readonly number[])[];
  readonly c: readonly number[];
  readonly run: readonly (readonly number[])[];
};
const points = run.map((weights) => Float32Array.from(weights));
const [first, second] = [points[8]!, points[0]!];
/** Away from the run, which is nearly a line. */
const third = points[3]!.map((x, i) => x + (i % 3));

/** ½(w − c)ᵀA(w − c) */
function loss(w: ArrayLike<number>): number {
  const d = Array.from(w, (x, i) => x - c[i]!);
  return 0.5 * d.reduce((sum, x, i) => sum + x * d.reduce((s, y, j) => s + a[i]![j]! * y, 0), 0);
}

function at(span: AnchoredSpan, origin: Float32Array, place: readonly number[]): Float64Array {
  return Float64Array.from(origin, (x, i) =>
    place.reduce((sum, alpha, k) => sum + alpha * span.directions[k]![i]!, x),
  );
}

function lossOn(span: AnchoredSpan, origin: Float32Array): LossAt {
  return (places) => Promise.resolve(places.map((place) => loss(at(span, origin, place))));
}

function pointOf(span: AnchoredSpan, place: readonly number[]): number {
  const all = Array.from({ length: span.grid.size }, (_, i) => coordinates(span.grid, i));
  return all.findIndex((candidate) => candidate.every((x, i) => x === place[i]));
}

describe('a line through two checkpoints', () => {
  test('it reaches half their distance beyond both; both are points of it, exactly', async () => {
    for (const resolution of [5, 9, 20, 41, 101]) {
      const span = lineThrough(first, second, resolution);
      expect(span.grid.axes[0]).toMatchObject({ min: -0.5, max: 1.5 });
      expect(span.grid.size).toBeGreaterThanOrEqual(resolution);
      expect(span.grid.size).toBeLessThanOrEqual(1.25 * resolution + 8);
      const values = await sampleGrid(span.grid, lossOn(span, first), { lanes: 1, known: [] });
      expect(values[pointOf(span, [0])]).toBe(loss(first));
      expect(values[pointOf(span, [1])]).toBeCloseTo(loss(second), 12);
    }
  });

  test('what is between lies between: the quadratic along the line is its parabola', async () => {
    const span = lineThrough(first, second, 9, 0);
    const values = await sampleGrid(span.grid, lossOn(span, first), { lanes: 2, known: [] });
    expect(span.grid.axes[0]).toMatchObject({ min: 0, max: 1, steps: 9 });
    const d = difference(second, first);
    const curvature = 2 * loss(Array.from(d, (x, i) => c[i]! + x));
    for (let step = 0; step < 9; step += 1) {
      const t = step / 8;
      const chord = (1 - t) * loss(first) + t * loss(second);
      expect(values[step]).toBeCloseTo(chord - 0.5 * curvature * t * (1 - t), 10);
    }
  });

  test('equal checkpoints have nothing between them', () => {
    expect(() => lineThrough(first, first.slice(), 9)).toThrow('same weights');
  });

  test('a line too long for its points is refused', () => {
    expect(lineThrough(first, second, 5, 1.5).grid.axes[0]).toMatchObject({ min: -1.5, max: 2.5 });
    expect(() => lineThrough(first, second, 5, 100)).toThrow('"resolution"');
  });
});

describe('a plane through three checkpoints', () => {
  const span = planeThrough(first, second, third, [15, 15]);

  test('its axes are orthogonal and as long as the first two are apart', () => {
    expect(Math.abs(cosines(span.directions)[0]!)).toBeLessThan(1e-12);
    const distance = norm(difference(second, first));
    for (const direction of span.directions) {
      expect(norm(direction) / distance).toBeCloseTo(1, 12);
    }
  });

  test('at their coordinates it has the weights and the losses of the three', async () => {
    for (const [i, checkpoint] of [first, second, third].entries()) {
      const place = span.anchors[i]!;
      expect(norm(difference(Float32Array.from(at(span, first, place)), checkpoint))).toBe(0);
      const [value] = await lossOn(span, first)([place], 'plain');
      expect(value).toBeCloseTo(loss(checkpoint), 10);
    }
    const values = await sampleGrid(span.grid, lossOn(span, first), { lanes: 1, known: [] });
    expect(values[pointOf(span, [0, 0])]).toBe(loss(first));
    expect(values[pointOf(span, [1, 0])]).toBeCloseTo(loss(second), 10);
  });

  test('its picture holds all three, and has the third on a line of the grid', () => {
    const [x, y] = span.anchors[2]!;
    const [horizontal, vertical] = span.grid.axes;
    expect(horizontal!.min).toBeLessThan(Math.min(0, x!));
    expect(horizontal!.max).toBeGreaterThan(Math.max(1, x!));
    expect(vertical!.min).toBeLessThan(0);
    expect(vertical!.max).toBeGreaterThan(y!);
    const lines = Array.from({ length: vertical!.steps }, (_, i) => coordinate(vertical!, i));
    expect(Math.min(...lines.map((line) => Math.abs(line - y!)))).toBeLessThan(1e-12);
  });

  test('buffers are each one’s own at the three, and shares of them everywhere', () => {
    for (const [i, place] of span.anchors.entries()) {
      const shares = span.shares(place);
      expect(shares[0]).toBeCloseTo(i === 1 ? 1 : 0, 12);
      expect(shares[1]).toBeCloseTo(i === 2 ? 1 : 0, 12);
    }
    const number = fc.double({ min: -5, max: 5, noNaN: true });
    fc.assert(
      fc.property(number, number, (x, y) => {
        const [s, t] = span.shares([x, y]);
        expect(s).toBeGreaterThanOrEqual(0);
        expect(t).toBeGreaterThanOrEqual(0);
        expect(s! + t!).toBeLessThanOrEqual(1 + 1e-12);
      }),
    );
  });

  test('three in a row are refused, as are two that are one', () => {
    const middle = first.map((x, i) => (x + second[i]!) / 2);
    expect(() => planeThrough(first, second, middle, [9, 9])).toThrow('one line');
    expect(() => planeThrough(first, second, first.slice(), [9, 9])).toThrow('same weights');
  });
});

test('an axis has both places where its points are dense enough, and never many more points', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-9, max: 100, noNaN: true }),
      fc.double({ min: 0, max: 3, noNaN: true }),
      fc.double({ min: 0, max: 3, noNaN: true }),
      fc.integer({ min: 3, max: 300 }),
      (mark, below, above, resolution) => {
        const axis = axisThrough('α', mark, -below, mark + above, resolution);
        const places = Array.from({ length: axis.steps }, (_, i) => coordinate(axis, i));
        const miss = (wanted: number): number =>
          Math.min(...places.map((place) => Math.abs(place - wanted)));
        const length = below + mark + above;
        expect(miss(0)).toBeLessThan(1e-12 * length);
        if (length / mark <= resolution - 1) expect(miss(mark)).toBeLessThan(1e-12 * length);
        expect(axis.steps).toBeLessThanOrEqual(4 * resolution + 2);
        const width = (axis.max - axis.min) / (axis.steps - 1);
        expect(Math.abs(axis.min + below)).toBeLessThanOrEqual(0.51 * width);
        expect(Math.abs(axis.max - mark - above)).toBeLessThanOrEqual(0.51 * width);
      },
    ),
    { numRuns: 300 },
  );
});
