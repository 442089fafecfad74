import fc from 'fast-check';
import { expect, test } from 'vitest';
import { largerError, uncertainFigure } from '../../src/shared/uncertainFigure';

test.each([
  // Review of Particle Physics 2024, section 5.3: 0.827 ± 0.119, 0.827 ± 0.367.
  [0.827, 0.119, 0.83, 2],
  [0.827, 0.367, 0.8, 1],
  [1977.2, 372.5, 2000, 2],
  [1977.2, 62.7, 1980, 3],
  [1977.2, 11.8, 1977, 4],
  [-0.012345, 0.0004, -0.0123, 3],
  [3, 500, 3, 1],
])('%f ± %f is %f, of %i digits', (value, error, rounded, digits) => {
  expect(uncertainFigure(value, error, 6)).toEqual({ value: rounded, digits });
});

test('where no error is known all digits stay, and never more than are wanted', () => {
  expect(uncertainFigure(1.23456789, 0, 4)).toEqual({ value: 1.23456789, digits: 4 });
  expect(uncertainFigure(1.23456789, Infinity, 4)).toEqual({ value: 1.23456789, digits: 4 });
  expect(uncertainFigure(1.23456789, 1e-7, 4)).toEqual({ value: 1.235, digits: 4 });
  expect(uncertainFigure(0, 1, 4).value).toBe(0);
  expect(largerError(0.1, 0.3)).toBe(0.3);
  expect(largerError(0.1, undefined)).toBe(0.1);
});

test('what is rounded off is less than the error', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      fc.double({ min: 1e-5, max: 0.9, noNaN: true }),
      (value, share) => {
        const error = share * value;
        const rounded = uncertainFigure(value, error, 12).value;
        expect(Math.abs(rounded - value)).toBeLessThanOrEqual(error);
      },
    ),
  );
});
