import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatCountOrNumber,
  formatNumber,
  formatShare,
  formatSure,
  formatTick,
  formatUncertain,
  formatWithUncertainty,
  largerError,
} from '../../src/shared/words/numbers';
import { plural } from '../../src/shared/words/text';

describe('numbers for people', () => {
  it.each([
    [0, '0'],
    [0.9571, '0.9571'],
    [1.5, '1.5'],
    [-3.14159, '−3.142'],
    [9.99996, '10'],
    [12_345.6, '12,346'],
    [12_345, '12,345'],
    [1234, '1,234'],
    [0.00123, '0.00123'],
    [0.000123, '1.23×10⁻⁴'],
    [1e-6, '10⁻⁶'],
    [-1e-6, '−10⁻⁶'],
    [163_000, '1.63×10⁵'],
    [99_999.9, '10⁵'],
    [NaN, 'NaN'],
    [Infinity, '∞'],
    [-Infinity, '−∞'],
  ])('%d reads %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it.each([
    [12_345_678, '12,345,678'],
    [-3, '−3'],
    [0.25, '0.25'],
    [1e12, '10¹²'],
  ])('%d is a count where it is whole: %s', (value, text) => {
    expect(formatCountOrNumber(value)).toBe(text);
  });

  it('reads the losses that are not numbers', () => {
    expect(formatNumber('NaN')).toBe('NaN');
    expect(formatNumber('Infinity')).toBe('∞');
  });

  it('groups counts and counts things', () => {
    expect(formatCount(272474)).toBe('272,474');
    expect(plural(1, 'saddle')).toBe('1 saddle');
    expect(plural(0, 'minimum', 'minima')).toBe('0 minima');
    expect(formatShare(0.849)).toBe('84.9 %');
    expect(formatShare(0.9)).toBe('90 %');
  });
});

describe('a value with its uncertainty', () => {
  // The three examples of the Particle Data Group's review, introduction, section 5.3.
  it.each([
    [0.827, 0.119, '0.83', '± 0.12'],
    [0.827, 0.367, '0.8', '± 0.4'],
  ])('%d with %d is rounded as the Particle Data Group does', (value, error, text, errorText) => {
    expect(formatUncertain(value, error)).toEqual({ value: text, error: errorText });
  });

  it('keeps the zeros that the error reaches', () => {
    expect(formatUncertain(190.2, 0.004)).toEqual({ value: '190.200', error: '± 0.004' });
    expect(formatUncertain(1600.3, 44)).toEqual({ value: '1,600', error: '± 40' });
    expect(formatUncertain(-11.4, 0.2)).toEqual({ value: '−11.40', error: '± 0.20' });
  });

  it('does not print digits beyond six however small the error', () => {
    expect(formatUncertain(123.456789012, 1e-11)).toEqual({
      value: '123.457',
      error: '± 10⁻¹¹',
    });
  });

  it('says an error larger than the value', () => {
    expect(formatUncertain(3, 40)).toEqual({ value: '0', error: '± 40' });
    expect(formatUncertain(-3, 40).value).toBe('0');
  });

  it('has no error to round by where it is zero or unknown', () => {
    expect(formatUncertain(2.5, 0)).toEqual({ value: '2.5', error: '± 0' });
    expect(formatUncertain(2.5, NaN).error).toBe('± NaN');
  });
});

describe('more numbers for people', () => {
  it.each([
    [0.03124, '0.03124'],
    [0, '0'],
    [4.2, '4.2'],
    [-12.345, '−12.35'],
    [1234.5, '1,235'],
    [99999, '99,999'],
    [123456, '1.235×10⁵'],
    [1.5e-7, '1.5×10⁻⁷'],
    ['NaN' as const, 'NaN'],
    ['-Infinity' as const, '−∞'],
  ])('%s is %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it.each([
    [31.23, 0.91, '31.2 ± 0.9'],
    [123.4, 12, '123 ± 12'],
    [4.2104, 0.0002, '4.21040 ± 0.00020'],
    [4.2104, 0.002, '4.2104 ± 0.0020'],
    [-0.31, 0.01, '−0.310 ± 0.010'],
    [0, 0, '0 ± 0'],
    [5, Number.NaN, '5 ± NaN'],
  ])('%d with %d is %s', (value, uncertainty, text) => {
    expect(formatWithUncertainty(value, uncertainty)).toBe(text);
  });

  it.each([
    [0.984, '98.4 %'],
    [1, '100 %'],
    [0.9999, '100 %'],
    [-0.031, '−3.1 %'],
    [12.5, '1,250 %'],
    [0, '0 %'],
    [1e-9, '< 0.1 %'],
    [-1e-9, '> −0.1 %'],
    [NaN, 'NaN'],
  ])('a share of %d is %s', (value, text) => {
    expect(formatShare(value)).toBe(text);
  });

  it.each([
    [512, '512 B'],
    [110_923, '108 KiB'],
    [1_572_864, '1.5 MiB'],
    [1023 * 1024, '1,023 KiB'],
    [2 ** 31, '2 GiB'],
  ])('%d bytes are %s', (value, text) => {
    expect(formatBytes(value)).toBe(text);
  });
});

describe('a value without its error beside it', () => {
  it.each([
    // Review of Particle Physics 2024, section 5.3: 0.827 ± 0.119, 0.827 ± 0.367.
    [0.827, 0.119, '0.83'],
    [0.827, 0.367, '0.8'],
    [1977.2, 372.5, '2,000'],
    [1977.2, 62.7, '1,980'],
    [1977.2, 11.8, '1,977'],
    [-0.012345, 0.0004, '−0.0123'],
    [3, 500, '3'],
    // Where no error is known all digits stay, and never more than are wanted.
    [1.23456789, 0, '1.235'],
    [1.23456789, Infinity, '1.235'],
    [1.23456789, 1e-7, '1.235'],
    [0, 1, '0'],
  ])('%d with an error of %d is %s', (value, error, text) => {
    expect(formatSure(value, error)).toBe(text);
  });

  it('has the larger of its two errors', () => {
    expect(largerError(0.1, 0.3)).toBe(0.3);
    expect(largerError(0.1, undefined)).toBe(0.1);
  });

  it('loses less than its error by being rounded', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 9e4, noNaN: true }),
        fc.double({ min: 1e-5, max: 0.9, noNaN: true }),
        (value, share) => {
          const error = share * value;
          const rounded = Number(formatSure(value, error, 12).replaceAll(',', ''));
          expect(Math.abs(rounded - value)).toBeLessThanOrEqual(error);
        },
      ),
    );
  });
});

describe('tick labels', () => {
  it('have the decimals that tell them apart', () => {
    expect(formatTick(0.25, 0.25)).toBe('0.3');
    expect(formatTick(0.25, 0.05)).toBe('0.25');
    expect(formatTick(0.1 + 0.2, 0.1)).toBe('0.3');
    expect(formatTick(1e-17, 0.1)).toBe('0');
    expect(formatTick(-5, 5)).toBe('−5');
  });
});

it('reads the same in the editor and in the panel', () => {
  for (const count of [0, 1, 999, 1234, 12_345, 1_234_567]) {
    expect(plural(count, 'value')).toBe(plural(count, 'value'));
  }
  const { value, error } = formatUncertain(31.23, 0.91);
  expect(formatWithUncertainty(31.23, 0.91)).toBe(`${value} ${error}`);
});
