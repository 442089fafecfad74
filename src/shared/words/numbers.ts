import type { Scalar } from '../result/scalar';

/**
 * Numbers for people. Digits stop where the uncertainty starts; a minus is a minus and not a
 * hyphen; powers of ten are written as such.
 */

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** Between these a number is written out; outside, with a power of ten. */
const SMALLEST_PLAIN = 1e-3;
const LARGEST_PLAIN = 1e5;
const MOST_WHOLE_DIGITS = 5;

/** `digits` significant digits, and never fewer than a whole number has; trailing zeros dropped. */
export function formatNumber(scalar: Scalar, digits = 4): string {
  const value = Number(scalar);
  if (!Number.isFinite(value)) return nonFinite(value);
  if (value === 0) return '0';
  const exponent = exponentAfterRounding(value, digits);
  const whole = Math.min(Math.floor(Math.log10(Math.abs(value))) + 1, MOST_WHOLE_DIGITS);
  const rounded = Number(value.toPrecision(Math.max(digits, whole)));
  if (isPlain(rounded)) {
    const decimals = Math.max(0, digits - 1 - exponent);
    return group(trimZeros(Math.abs(rounded).toFixed(Math.min(decimals, 20))), rounded < 0);
  }
  const mantissa = trimZeros((Math.abs(rounded) / 10 ** exponent).toFixed(digits - 1));
  const power = `10${superscript(exponent)}`;
  return `${rounded < 0 ? '−' : ''}${mantissa === '1' ? '' : `${mantissa}×`}${power}`;
}

/** Whole numbers, in groups of three. */
export function formatCount(value: number): string {
  return group(Math.abs(value).toFixed(0), value < 0);
}

/** A share in [0, 1] as per cent. */
export function formatShare(share: number, decimals = 1): string {
  return `${trimZeros((share * 100).toFixed(decimals))} %`;
}

export interface UncertainText {
  readonly value: string;
  /** With its sign: `± 0.3`. */
  readonly error: string;
}

/**
 * A value to the digit its error reaches. The error is rounded as the Particle Data Group does: two
 * digits where the first three are below 355, one from there on, and 10 where they reach 950. Never
 * more than `mostDigits` digits of the value: an error at the edge of float64 would print sixteen.
 */
export function formatUncertain(value: number, error: number, mostDigits = 6): UncertainText {
  if (!Number.isFinite(value) || !Number.isFinite(error) || error <= 0) {
    return { value: formatNumber(value, mostDigits), error: `± ${formatNumber(error, 2)}` };
  }
  const errorDigits = firstThreeDigits(error) < 355 ? 2 : 1;
  const lastPlace = exponentAfterRounding(error, errorDigits) - errorDigits + 1;
  const exponent = value === 0 ? lastPlace : Math.floor(Math.log10(Math.abs(value)));
  const digits = exponent - lastPlace + 1;
  if (digits > mostDigits && isPlain(value)) {
    return {
      value: toPlace(value, exponent - mostDigits + 1),
      error: `± ${isPlain(error) ? toPlace(error, lastPlace) : formatNumber(error, errorDigits)}`,
    };
  }
  if (Math.abs(value) >= LARGEST_PLAIN || (Math.abs(value) < SMALLEST_PLAIN && !isPlain(error))) {
    return {
      value: formatNumber(value, Math.min(mostDigits, Math.max(1, digits))),
      error: `± ${formatNumber(error, errorDigits)}`,
    };
  }
  return { value: toPlace(value, lastPlace), error: `± ${toPlace(error, lastPlace)}` };
}

function firstThreeDigits(value: number): number {
  return Math.round(value / 10 ** (Math.floor(Math.log10(value)) - 2));
}

/** Rounded to a multiple of 10 to the `place`, with the zeros that say so. */
function toPlace(value: number, place: number): string {
  const decimals = Math.min(20, Math.max(0, -place));
  const rounded = place > 0 ? Math.round(value / 10 ** place) * 10 ** place : value;
  const text = Math.abs(rounded).toFixed(decimals);
  return group(text, rounded < 0 && Number(text) !== 0);
}

/** For tick labels: shortest text that tells the ticks apart. */
export function formatTick(value: number, step: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  if (Math.abs(value) < Math.abs(step) * 1e-9) return '0';
  if (!isPlain(value)) return formatNumber(value, 3);
  const decimals = Math.max(0, Math.min(12, -Math.floor(Math.log10(Math.abs(step)) + 1e-9)));
  return group(trimZeros(Math.abs(value).toFixed(decimals)), value < 0);
}

function isPlain(value: number): boolean {
  const magnitude = Math.abs(value);
  return magnitude >= SMALLEST_PLAIN && magnitude < LARGEST_PLAIN;
}

/** Rounding may carry into a new digit: 9.996 to three digits is 10.0. */
function exponentAfterRounding(value: number, digits: number): number {
  return Number(
    Math.abs(value)
      .toExponential(digits - 1)
      .split('e')[1],
  );
}

function nonFinite(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '∞' : '−∞';
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function group(digits: string, negative: boolean): string {
  const [whole = '', fraction] = digits.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${negative ? '−' : ''}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

function superscript(exponent: number): string {
  const digits = String(Math.abs(exponent)).replace(/\d/g, (digit) => SUPERSCRIPTS[Number(digit)]!);
  return (exponent < 0 ? '⁻' : '') + digits;
}

/** Bytes in binary units. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : trimZeros(value.toFixed(1))} ${units[unit] ?? ''}`;
}
