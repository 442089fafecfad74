import type { Scalar } from '../result/scalar';

/**
 * Numbers for people. Digits stop where the uncertainty starts; a minus is a minus and not a
 * hyphen; powers of ten are written as such.
 */

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** Between these a number is written out; outside, with a power of ten. */
const MIN_PLAIN = 1e-3;
const MAX_PLAIN = 1e5;
const MAX_WHOLE_DIGITS = 5;

/** A whole number from here on is not taken for a count. */
const MAX_COUNT = 1e9;

/** `digits` significant digits, and never fewer than a whole number has; trailing zeros dropped. */
export function formatNumber(scalar: Scalar, digits = 4): string {
  const value = Number(scalar);
  if (!Number.isFinite(value)) return nonFinite(value);
  if (value === 0) return '0';
  const exponent = exponentAfterRounding(value, digits);
  const whole = Math.min(Math.floor(Math.log10(Math.abs(value))) + 1, MAX_WHOLE_DIGITS);
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

/** A whole number as a count, any other as a number. */
export function formatCountOrNumber(scalar: Scalar): string {
  const value = Number(scalar);
  return Number.isInteger(value) && Math.abs(value) < MAX_COUNT
    ? formatCount(value)
    : formatNumber(value);
}

/** A share as per cent. One that rounds to nothing is not none. */
export function formatShare(share: number, decimals = 1): string {
  if (!Number.isFinite(share)) return nonFinite(share);
  const text = trimZeros(Math.abs(share * 100).toFixed(decimals));
  if (text === '0' && share !== 0) {
    return `${share < 0 ? '> −' : '< '}${10 ** -decimals} %`;
  }
  return `${group(text, share < 0)} %`;
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
  const errorDigits = errorDigitsOf(error);
  const lastPlace = lastPlaceOf(error);
  const exponent = value === 0 ? lastPlace : Math.floor(Math.log10(Math.abs(value)));
  const digits = exponent - lastPlace + 1;
  if (digits > mostDigits && isPlain(value)) {
    return {
      value: toPlace(value, exponent - mostDigits + 1),
      error: `± ${isPlain(error) ? toPlace(error, lastPlace) : formatNumber(error, errorDigits)}`,
    };
  }
  if (Math.abs(value) >= MAX_PLAIN || (Math.abs(value) < MIN_PLAIN && !isPlain(error))) {
    return {
      value: formatNumber(value, Math.min(mostDigits, Math.max(1, digits))),
      error: `± ${formatNumber(error, errorDigits)}`,
    };
  }
  return { value: toPlace(value, lastPlace), error: `± ${toPlace(error, lastPlace)}` };
}

function errorDigitsOf(error: number): 1 | 2 {
  return Math.round(error / 10 ** (Math.floor(Math.log10(error)) - 2)) < 355 ? 2 : 1;
}

/** The power of ten of the last digit of a rounded error. */
function lastPlaceOf(error: number): number {
  const digits = errorDigitsOf(error);
  return exponentAfterRounding(error, digits) - digits + 1;
}

/** Rounded to a multiple of 10 to the `place`, with the zeros that say so. */
function toPlace(value: number, place: number): string {
  const decimals = Math.min(20, Math.max(0, -place));
  const rounded = place > 0 ? Math.round(value / 10 ** place) * 10 ** place : value;
  const text = Math.abs(rounded).toFixed(decimals);
  return group(text, rounded < 0 && Number(text) !== 0);
}

/** A value and its uncertainty, both to the digit the uncertainty reaches: `31.2 ± 0.9`. */
export function formatWithUncertainty(value: number, uncertainty: number): string {
  const text = formatUncertain(value, uncertainty);
  return `${text.value} ${text.error}`;
}

/** The larger of a figure's numerical error and of what the data leave open of it. */
export function largerError(numerical: number, ofData: number | undefined): number {
  return Math.max(numerical, ofData ?? 0);
}

/**
 * A value without its error beside it, in no more digits than the error leaves.
 *
 * @param error 0 or not finite where nothing is known of it: all digits are left then.
 */
export function formatSure(scalar: Scalar, error: number, mostDigits = 4): string {
  const value = Number(scalar);
  if (!Number.isFinite(value) || !Number.isFinite(error) || error <= 0 || value === 0) {
    return formatNumber(value, mostDigits);
  }
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  const digits = Math.min(mostDigits, Math.max(1, exponent - lastPlaceOf(error) + 1));
  return formatNumber(Number(value.toPrecision(digits)), digits);
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
  return magnitude >= MIN_PLAIN && magnitude < MAX_PLAIN;
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

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Bytes in binary units, to three digits. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? formatCount(value) : formatNumber(value, 3)} ${BYTE_UNITS[unit]!}`;
}
