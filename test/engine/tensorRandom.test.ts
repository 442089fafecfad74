import { describe, expect, test } from 'vitest';
import { fillNormal, fillSigns } from '../../src/engine/tensorRandom';

const COUNT = 200_000;

function filled(fill: typeof fillNormal, tensor: string, seed = 0, size = COUNT): Float64Array {
  const vector = new Float64Array(size);
  fill(vector, [{ tensor, offset: 0, size }], seed, 'test');
  return vector;
}

function correlation(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i]! * b[i]!;
  return sum / a.length;
}

/** Five standard errors of a mean of COUNT numbers of variance 1. */
const FIVE = 5 / Math.sqrt(COUNT);

describe('random numbers of a tensor', () => {
  test('normal: the moments of the normal distribution', () => {
    const x = filled(fillNormal, 'fc.weight');
    const moment = (k: number) => x.reduce((sum, v) => sum + v ** k, 0) / COUNT;
    expect(Math.abs(moment(1))).toBeLessThan(FIVE);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(Math.SQRT2 * FIVE);
    expect(Math.abs(moment(3))).toBeLessThan(Math.sqrt(15) * FIVE);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(Math.sqrt(96) * FIVE);
    // P(|x| > 3) = 0.0026998
    const tail = x.filter((v) => Math.abs(v) > 3).length / COUNT;
    expect(Math.abs(tail - 0.0026998)).toBeLessThan(5 * Math.sqrt(0.0027 / COUNT));
  });

  test('signs: −1 and 1, as often, one not following from the other', () => {
    const x = filled(fillSigns, 'fc.weight');
    expect(new Set(x)).toEqual(new Set([-1, 1]));
    expect(Math.abs(x.reduce((sum, v) => sum + v, 0) / COUNT)).toBeLessThan(FIVE);
    for (const lag of [1, 2, 31, 32, 33]) {
      expect(Math.abs(correlation(x.subarray(lag), x.subarray(0, -lag)))).toBeLessThan(FIVE);
    }
  });

  test.each([
    ['tensors', 'a.weight', 'b.weight', 0],
    ['tensors of like names', 'layers.1.weight', 'layers.11.weight', 0],
    ['seeds', 'a.weight', 'a.weight', 1],
  ])('those of different %s are independent', (_, first, second, seed) => {
    const [a, b] = [filled(fillNormal, first), filled(fillNormal, second, seed)];
    expect(Math.abs(correlation(a, b))).toBeLessThan(FIVE);
  });

  test('they do not depend on what else is in the vector, nor on where', () => {
    const alone = filled(fillNormal, 'fc.bias', 3, 7);
    const vector = new Float64Array(20);
    fillNormal(
      vector,
      [
        { tensor: 'fc.weight', offset: 7, size: 13 },
        { tensor: 'fc.bias', offset: 0, size: 7 },
      ],
      3,
      'test',
    );
    expect(vector.subarray(0, 7)).toEqual(alone);
    const signs = new Float64Array(40);
    fillSigns(signs, [{ tensor: 'x', offset: 1, size: 39 }], 3, 'test');
    expect(signs[0]).toBe(0);
    expect(signs.subarray(1)).toEqual(filled(fillSigns, 'x', 3, 39));
  });

  test('no two of many tensors begin alike', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 20_000; i += 1) {
      seen.add([...filled(fillNormal, `layers.${i}.weight`, 0, 2)].join());
    }
    expect(seen.size).toBe(20_000);
  });
});
