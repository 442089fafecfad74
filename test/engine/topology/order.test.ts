import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparableKeys, sortedOrder } from '../../../src/engine/topology/order';
import { precedes } from './floodFill';
import { randomNumbers } from './landscapes';

function naiveOrder(values: ArrayLike<number>): number[] {
  return Array.from({ length: values.length }, (_, v) => v).sort((a, b) =>
    precedes(values, a, b) ? -1 : 1,
  );
}

describe('the order of vertices', () => {
  const extremes = [
    NaN,
    Infinity,
    Number.MAX_VALUE,
    1,
    Number.MIN_VALUE,
    0,
    -0,
    0,
    -Number.MIN_VALUE,
    -1,
    -Number.MAX_VALUE,
    -Infinity,
  ];

  it('is −∞, negative, ±0 by index, positive, +∞, NaN', () => {
    const order = [11, 10, 9, 8, 5, 6, 7, 4, 3, 2, 1, 0];
    expect([...sortedOrder(Float64Array.from(extremes))]).toEqual(order);
    // Enough of them for the radix sort.
    const many = Float64Array.from({ length: 1200 }, (_, v) => extremes[v % 12]!);
    expect([...sortedOrder(many)]).toEqual(naiveOrder(many));
  });

  it('has every NaN equal whatever its bits', () => {
    const values = new Float64Array(100);
    const bits = new BigUint64Array(values.buffer);
    for (let v = 0; v < 100; v++) bits[v] = v % 2 ? 0xfff8000000000000n : 0x7ff0000000000001n;
    expect([...sortedOrder(values)]).toEqual(Array.from({ length: 100 }, (_, v) => v));
  });

  it('is that of a comparison sort on any doubles', () => {
    fc.assert(
      fc.property(fc.array(fc.double(), { maxLength: 300 }), (numbers) => {
        const values = Float64Array.from(numbers);
        expect([...sortedOrder(values)]).toEqual(naiveOrder(values));
      }),
    );
  });

  it('is that of a comparison sort where upper words of the floats are equal', () => {
    // Few upper words with many lower ones each, of either sign, and ties.
    const random = randomNumbers(3, 4000);
    const values = Float64Array.from({ length: 2000 }, (_, v) => {
      const near = [1, -1, 2 ** -1060, -0][Math.floor(4 * random[2 * v]!)]!;
      return near + near * Math.floor(2000 * random[2 * v + 1]!) * 2 ** -50;
    });
    expect([...sortedOrder(values)]).toEqual(naiveOrder(values));
    const few = values.map((x, v) => (v % 50 === 0 ? x : v % 3));
    expect([...sortedOrder(few)]).toEqual(naiveOrder(few));
  });

  it('is kept by keys that have no NaN', () => {
    const value = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, 0, -0));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 60 }), (numbers) => {
        for (const values of [Float64Array.from(numbers), Float32Array.from(numbers)]) {
          const keys = comparableKeys(values);
          expect(keys.some((key) => Number.isNaN(key))).toBe(false);
          expect(naiveOrder(keys)).toEqual(naiveOrder(values));
        }
      }),
    );
  });

  it('does not change the values it is given', () => {
    const values = Float64Array.of(NaN, 1, Infinity);
    comparableKeys(values);
    expect([...values]).toEqual([NaN, 1, Infinity]);
  });
});
