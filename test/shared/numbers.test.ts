import { describe, expect, it } from 'vitest';
import {
  formatCount,
  formatNumber,
  formatShare,
  formatTick,
  formatUncertain,
} from '../../src/shared/words/numbers';
import { counted, formatWithUncertainty } from '../../src/extension/words/numbers';
import { plural } from '../../src/webview/text';

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
    expect(counted(count, 'value')).toBe(plural(count, 'value'));
  }
  const { value, error } = formatUncertain(31.23, 0.91);
  expect(formatWithUncertainty(31.23, 0.91)).toBe(`${value} ${error}`);
});
