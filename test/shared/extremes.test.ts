import { expect, test } from 'vitest';
import { largest, smallest } from '../../src/shared/extremes';

test('the largest and the smallest of more values than arguments fit the stack', () => {
  const values = new Float64Array(3_000_000).map((_, i) => Math.sin(i));
  values[1_234_567] = 2;
  values[2_345_678] = -3;
  expect(() => Math.max(...values)).toThrow(RangeError);
  expect([largest(values), smallest(values)]).toEqual([2, -3]);
});

test('of none and of what is no number they are what Math.max and Math.min are', () => {
  expect([largest([]), smallest([])]).toEqual([-Infinity, Infinity]);
  expect([largest([1, NaN, 2]), smallest([1, NaN, 2])]).toEqual([NaN, NaN]);
  expect([largest([-0, 0]), smallest([0, -0])]).toEqual([0, -0]);
});
