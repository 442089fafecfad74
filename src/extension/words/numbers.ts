import { fromScalar, type Scalar } from '../../shared/result/scalar';
import { t } from './text';

/** Numbers as people read them: a few significant digits, a real minus sign. */

/** With three significant digits; very large and very small ones with an exponent. */
export function formatNumber(value: Scalar, digits = 3): string {
  const number = fromScalar(value);
  if (Number.isNaN(number)) return 'NaN';
  if (!Number.isFinite(number)) return number > 0 ? '∞' : '−∞';
  if (number === 0) return '0';
  const size = Math.abs(number);
  const text =
    size >= 1e5 || size < 1e-3
      ? withExponent(number, digits)
      : size >= 10 ** digits
        ? Math.round(number).toLocaleString('en')
        : trimZeros(number.toPrecision(digits));
  return minus(text);
}

/** As `1.5×10⁻⁷`. */
function withExponent(value: number, digits: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential(digits - 1).split('e');
  const raised = exponent.replace('+', '').replace(/[-\d]/g, (sign) => SUPERSCRIPTS[sign] ?? '');
  return `${trimZeros(mantissa)}×10${raised}`;
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  '-': '⁻',
  0: '⁰',
  1: '¹',
  2: '²',
  3: '³',
  4: '⁴',
  5: '⁵',
  6: '⁶',
  7: '⁷',
  8: '⁸',
  9: '⁹',
};

/** A value and its uncertainty, both to the digit the uncertainty reaches: `31.2 ± 0.9`. */
export function formatWithUncertainty(value: number, uncertainty: number): string {
  if (!Number.isFinite(value) || !Number.isFinite(uncertainty) || uncertainty < 0) {
    return `${formatNumber(value)} ± ${formatNumber(uncertainty)}`;
  }
  // Far below what is worth printing: its size is all there is to say.
  if (uncertainty < Math.abs(value) * 1e-4 || Math.abs(value) >= 1e5) {
    return `${formatNumber(value, 4)} ± ${formatNumber(uncertainty, 1)}`;
  }
  const decimals = Math.max(0, -Math.floor(Math.log10(uncertainty)));
  if (decimals > 6) return `${formatNumber(value)} ± ${formatNumber(uncertainty, 1)}`;
  return `${minus(value.toFixed(decimals))} ± ${minus(uncertainty.toFixed(decimals))}`;
}

/** A whole number with separators. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/**
 * A count with its noun: `1 saddle`, `3 saddles`. The keys of the translation are `{0} saddle` and
 * `{0} saddles`.
 */
export function counted(value: number, singular: string, plural = `${singular}s`): string {
  return t(`{0} ${value === 1 ? singular : plural}`, formatCount(value));
}

/** A share in [0, 1] in per cent. */
export function formatShare(value: number): string {
  return `${trimZeros((100 * value).toFixed(1))} %`;
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

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function minus(text: string): string {
  return text.replace(/^-/, '−');
}
