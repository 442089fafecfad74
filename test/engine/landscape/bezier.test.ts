import { describe, expect, test } from 'vitest';
import { curvePoint, trainCurve, type GradientAt } from '../../../src/engine/landscape/bezier';

/** ½(w₁w₂ − 1)²: its minima are the hyperbola w₁w₂ = 1, two of whose points a line joins badly. */
const loss = ([w1, w2]: ArrayLike<number> & Iterable<number>): number => 0.5 * (w1! * w2! - 1) ** 2;
const gradientAt: GradientAt = (theta) => {
  const [w1, w2] = theta as unknown as [number, number];
  const residual = w1 * w2 - 1;
  return Promise.resolve({
    loss: loss(theta),
    gradient: Float64Array.of(residual * w2, residual * w1),
  });
};
const a = Float32Array.of(4, 0.25);
const b = Float32Array.of(0.25, 4);
const settings = { steps: 400, samples: 4, learningRate: 0.02, seed: 1 };

function highest(control: Float64Array): number {
  const places = Array.from({ length: 101 }, (_, i) => i / 100);
  return Math.max(...places.map((t) => loss(curvePoint(a, control, b, t))));
}

describe('a Bézier curve between two minima', () => {
  test('it starts as the straight line, and training takes it around the barrier', async () => {
    const { control: straight, losses: none } = await trainCurve(a, b, gradientAt, {
      ...settings,
      steps: 0,
    });
    expect(none).toEqual([]);
    // The middle of the line is (17/8, 17/8).
    expect(highest(straight)).toBeCloseTo(0.5 * ((17 / 8) ** 2 - 1) ** 2, 10);
    const { control, losses } = await trainCurve(a, b, gradientAt, settings);
    expect(losses).toHaveLength(400);
    expect(highest(control)).toBeLessThan(0.1 * highest(straight));
    expect(losses.at(-1)!).toBeLessThan(0.1 * losses[0]!);
    // The problem is the same when the weights are exchanged, and so is its best control point.
    expect(control[0]!).toBeCloseTo(control[1]!, 1);
  });

  test('the gradient it descends is that of the mean loss along it', async () => {
    // One step of Adam moves each weight by the rate against the sign of its gradient.
    const { control } = await trainCurve(a, b, gradientAt, { ...settings, steps: 1 });
    expect(17 / 8 - control[0]!).toBeCloseTo(0.02, 6);
    expect(17 / 8 - control[1]!).toBeCloseTo(0.02, 6);
  });

  test('both ends are the checkpoints, bit for bit', async () => {
    const { control } = await trainCurve(a, b, gradientAt, { ...settings, steps: 20 });
    expect([...curvePoint(a, control, b, 0)]).toEqual([...a]);
    expect([...curvePoint(a, control, b, 1)]).toEqual([...b]);
  });

  test('the same seed makes the same curve, another seed another', async () => {
    const few = { ...settings, steps: 30 };
    const one = await trainCurve(a, b, gradientAt, few);
    expect(await trainCurve(a, b, gradientAt, few)).toEqual(one);
    const other = await trainCurve(a, b, gradientAt, { ...few, seed: 2 });
    expect(other.control).not.toEqual(one.control);
  });

  test('a place without a finite gradient is left out', async () => {
    const broken: GradientAt = async (theta, share) =>
      share > 0.5 ? { loss: NaN, gradient: Float64Array.of(NaN, NaN) } : gradientAt(theta, share);
    const { control } = await trainCurve(a, b, broken, { ...settings, steps: 50 });
    expect(control.every(Number.isFinite)).toBe(true);
    expect(highest(control)).toBeLessThan(highest(Float64Array.of(17 / 8, 17 / 8)));
  });
});
