import { describe, expect, it } from 'vitest';
import { formatWithUncertainty } from '../../../src/extension/words/numbers';
import { formatBytes, formatNumber, formatShare } from '../../../src/shared/words/numbers';

describe('numbers for people', () => {
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
  ])('a share of %d is %s', (value, text) => {
    expect(formatShare(value)).toBe(text);
  });

  it.each([
    [512, '512 B'],
    [110_923, '108 KiB'],
    [1_572_864, '1.5 MiB'],
  ])('%d bytes are %s', (value, text) => {
    expect(formatBytes(value)).toBe(text);
  });
});
