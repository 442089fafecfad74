import { describe, expect, it } from 'vitest';
import { analyzeTopology } from '../../../src/engine/topology/analyzeTopology';
import { noiseFloor } from '../../../src/engine/topology/noiseFloor';
import { InputError } from '../../../src/shared/inputError';
import { randomNumbers } from './landscapes';

/** Standard normal numbers by Box and Muller's method. */
function normalNumbers(seed: number, count: number): Float64Array {
  const uniform = randomNumbers(seed, 2 * count);
  return Float64Array.from({ length: count }, (_, k) => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform[2 * k]!));
    return radius * Math.cos(2 * Math.PI * uniform[2 * k + 1]!);
  });
}

const side = 41;
const shape = [side, side];
const bowl = Float64Array.from({ length: side * side }, (_, v) => {
  const x = Math.floor(v / side) / 20 - 1;
  const y = (v % side) / 20 - 1;
  return 0.3 + x ** 4 + y ** 4;
});

describe('the noise floor', () => {
  it('leaves of a noisy bowl its one minimum, in at least 95 of 100 cases', () => {
    let clean = 0;
    let spurious = 0;
    for (let seed = 0; seed < 100; seed++) {
      const noise = normalNumbers(seed, bowl.length);
      const values = bowl.map((x, v) => x * (1 + 1e-4 * noise[v]!));
      const raw = analyzeTopology(values, shape, { threshold: 0, sensitivity: [] });
      if (raw.minima > 1) spurious++;
      const { minima } = analyzeTopology(values, shape, { relativeNoise: 1e-4, sensitivity: [] });
      if (minima === 1) clean++;
    }
    expect(spurious).toBeGreaterThan(50);
    expect(clean).toBeGreaterThanOrEqual(95);
  });

  it('keeps a minimum that noise cannot make', () => {
    const noise = normalNumbers(3, bowl.length);
    const values = bowl.map((x, v) => x * (1 + 1e-6 * noise[v]!));
    values[30 * side + 30]! -= 0.05;
    const { minima } = analyzeTopology(values, shape, { relativeNoise: 1e-6 });
    expect(minima).toBe(2);
  });

  it('clears a landscape that went through float32 of its rounding', () => {
    // A flat floor: neighbouring values differ by less than float32 can hold.
    const flat = bowl.map((x) => 2 + 1e-7 * x);
    const noise = normalNumbers(5, flat.length);
    const single = Float32Array.from(flat, (x, v) => x * (1 + 6e-8 * noise[v]!));
    expect(analyzeTopology(single, shape, { threshold: 0 }).minima).toBeGreaterThan(10);
    const topology = analyzeTopology(single, shape);
    expect(topology.minima).toBe(1);
    expect(topology.thresholdSource).toBe('noise');
    expect(topology.threshold).toBeGreaterThan(0);
    expect(topology.threshold).toBeLessThan(1e-5);
  });

  it('does not let the rim wipe out the bottom', () => {
    // Two minima 1e-4 deep at the bottom, a rim at 1e6 whose rounding is 1e-1.
    const pairs = { births: Float64Array.of(1e-3), deaths: Float64Array.of(1.1e-3) };
    expect(noiseFloor(pairs, 0, 1681)).toBeLessThan(1e-4);
    const values = Float64Array.of(1e6, 1e-3, 1.1e-3, 0, 1e6);
    expect(analyzeTopology(values, [5]).minima).toBe(2);
  });

  it('follows its formula', () => {
    const none = { births: new Float64Array(0), deaths: new Float64Array(0) };
    const deviations = Math.sqrt(2 * Math.log((2 * 1681) / 0.05));
    expect(noiseFloor(none, 0.25, 1681, 1e-7)).toBeCloseTo(2 * deviations * 1e-7 * 0.25, 20);
    expect(noiseFloor(none, 0, 1681, 1e-7)).toBe(0);
    expect(noiseFloor(none, -Infinity, 1681, 1e-7)).toBe(0);
    expect(() => noiseFloor(none, 1, 1681, NaN)).toThrow(InputError);
  });
});
