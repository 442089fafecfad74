import type { Scalar } from '../shared/result';

/**
 * Numbers for people. Digits stop where the uncertainty starts; a minus is a minus and not a
 * hyphen; powers of ten are written as such.
 */

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const THIN_SPACE = '\u2009';

/** Between these a number is written out; outside, with a power of ten. */
const SMALLEST_PLAIN = 1e-3;
const LARGEST_PLAIN = 1e5;

/** `digits` significant digits, trailing zeros dropped. */
export function formatNumber(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  if (value === 0) return '0';
  const exponent = exponentAfterRounding(value, digits);
  const rounded = Number(value.toPrecision(digits));
  if (isPlain(rounded)) {
    const decimals = Math.max(0, digits - 1 - exponent);
    return group(trimZeros(Math.abs(rounded).toFixed(Math.min(decimals, 20))), rounded < 0);
  }
  const mantissa = trimZeros((Math.abs(rounded) / 10 ** exponent).toFixed(digits - 1));
  return `${rounded < 0 ? '−' : ''}${mantissa}×10${superscript(exponent)}`;
}

export function formatScalar(value: Scalar, digits = 4): string {
  return formatNumber(Number(value), digits);
}

/** Whole numbers, in groups of three. */
export function formatCount(value: number): string {
  return group(Math.abs(value).toFixed(0), value < 0);
}

/** `1 saddle`, `2 saddles`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** A share in [0, 1] as per cent. */
export function formatShare(share: number, decimals = 1): string {
  return `${(share * 100).toFixed(decimals)}${THIN_SPACE}%`;
}

export interface UncertainText {
  readonly value: string;
  /** With its sign: `± 0.3`. */
  readonly error: string;
}

/**
 * A value to the digit its error reaches, as the Particle Data Group rounds: the error has two
 * digits where it starts with 1 and one digit elsewhere. Never more than `mostDigits` digits of the
 * value: an error at the edge of float64 would otherwise print sixteen of them.
 */
export function formatUncertain(value: number, error: number, mostDigits = 5): UncertainText {
  if (!Number.isFinite(value) || !Number.isFinite(error) || error <= 0) {
    return {
      value: formatNumber(value),
      error: error === 0 ? '± 0' : `± ${formatNumber(error, 2)}`,
    };
  }
  const leading = Math.floor(error / 10 ** Math.floor(Math.log10(error)) + 1e-9);
  const errorDigits = leading === 1 ? 2 : 1;
  const lastPlace = exponentAfterRounding(error, errorDigits) - errorDigits + 1;
  const valueExponent = value === 0 ? lastPlace : Math.floor(Math.log10(Math.abs(value)));
  const digits = valueExponent - lastPlace + 1;
  const errorText = `± ${formatNumber(error, errorDigits)}`;
  if (digits > mostDigits) return { value: formatNumber(value, mostDigits), error: errorText };
  const plain =
    isPlain(value) || (value !== 0 && Math.abs(value) < SMALLEST_PLAIN && isPlain(error));
  if (!plain && value !== 0) {
    if (digits < 1) return { value: formatNumber(value, 1), error: errorText };
    // Both under one power of ten would need brackets; each with its own reads as well.
    return { value: formatNumber(value, digits), error: errorText };
  }
  const rounded = Math.round(value / 10 ** lastPlace) * 10 ** lastPlace;
  return {
    value: group(Math.abs(rounded).toFixed(Math.max(0, Math.min(20, -lastPlace))), rounded < 0),
    error: `± ${group(error.toFixed(Math.max(0, Math.min(20, -lastPlace))), false)}`,
  };
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
  return Number(Math.abs(value).toExponential(digits - 1).split('e')[1]);
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
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, THIN_SPACE) : whole;
  return `${negative ? '−' : ''}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

function superscript(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[Number(digit)] ?? '');
  return (exponent < 0 ? '⁻' : '') + digits.join('');
}
