import type { Landscape } from '../../shared/result/landscape';
import { paletteImage } from './paletteImage';

export type PictureTheme = 'dark' | 'light' | 'high-contrast' | 'high-contrast-light';

/** Edge of the picture as it is shown, in CSS pixels. */
export const PICTURE_EDGE = 120;
/** Pixels of the picture itself: sharp on dense screens. */
const PIXELS = 2 * PICTURE_EDGE;

/** Viridis (van der Walt and Smith 2015) at the middles of twelve equal parts. */
const BANDS = [
  '#471063',
  '#472d7b',
  '#404688',
  '#365d8d',
  '#2c728e',
  '#24868e',
  '#1f9a8a',
  '#28ae80',
  '#48c16e',
  '#75d054',
  '#addc30',
  '#e5e419',
] as const;

/** Lines between bands, points without a finite value, and the mark of the checkpoint. */
const INKS: Readonly<Record<PictureTheme, { line: string; none: string; mark: string }>> = {
  dark: { line: '#1c1c1c', none: '#5a5a5a', mark: '#ffffff' },
  light: { line: '#ffffff', none: '#c8c8c8', mark: '#ffffff' },
  'high-contrast': { line: '#000000', none: '#000000', mark: '#ffffff' },
  'high-contrast-light': { line: '#ffffff', none: '#ffffff', mark: '#ffffff' },
};

const LINE = BANDS.length;
const NONE = BANDS.length + 1;
const MARK = BANDS.length + 2;
const EDGE = BANDS.length + 3;

/** Where the losses differ by more than this factor, bands are equal on a logarithmic scale. */
const LOGARITHMIC_FROM = 30;

/**
 * A small contour map of a landscape with two directions, the first to the right, the second
 * upwards, the checkpoint marked where its own landscape has it. `null` for landscapes of other dimensions and
 * while points are missing.
 *
 * @returns A PNG of a few kilobytes.
 */
export function landscapePicture(landscape: Landscape, theme: PictureTheme): Buffer | null {
  const [first, second] = landscape.shape;
  const { values } = landscape;
  if (landscape.shape.length !== 2 || first === undefined || second === undefined) return null;
  if (first < 2 || second < 2 || values.length !== first * second) return null;
  const levels = levelsOf(values);
  if (levels === null) return null;

  const bands = new Uint8Array(PIXELS * PIXELS);
  for (let y = 0; y < PIXELS; y++) {
    const v = ((PIXELS - 1 - y) / (PIXELS - 1)) * (second - 1);
    const j = Math.min(second - 2, Math.floor(v));
    for (let x = 0; x < PIXELS; x++) {
      const u = (x / (PIXELS - 1)) * (first - 1);
      const i = Math.min(first - 2, Math.floor(u));
      const at = i * second + j;
      const low = levels[at]! + (levels[at + 1]! - levels[at]!) * (v - j);
      const high =
        levels[at + second]! + (levels[at + second + 1]! - levels[at + second]!) * (v - j);
      const level = low + (high - low) * (u - i);
      bands[y * PIXELS + x] = Number.isNaN(level)
        ? NONE
        : Math.min(BANDS.length - 1, Math.max(0, Math.floor(level * BANDS.length)));
    }
  }
  const pixels = withContours(bands);
  const { axes, directions } = landscape;
  const [u = NaN, v = NaN] = axes.map(({ min, max }) => (0 - min) / (max - min));
  // Around another checkpoint nothing here says which of the run this one is.
  if (directions.center === undefined) drawMark(pixels, u, v);
  const { line, none, mark } = INKS[theme];
  return paletteImage(pixels, PIXELS, PIXELS, [...BANDS, line, none, mark, '#000000']);
}

/** Values in [0, 1], NaN where there is none; `null` where a point is missing or none is finite. */
function levelsOf(values: Landscape['values']): Float64Array | null {
  const numbers = new Float64Array(values.length);
  let low = Infinity;
  let high = -Infinity;
  for (let k = 0; k < numbers.length; k++) {
    const value = values[k];
    if (value === null || value === undefined) return null;
    const number = Number(value);
    numbers[k] = Number.isFinite(number) ? number : NaN;
    if (!Number.isFinite(number)) continue;
    if (number < low) low = number;
    if (number > high) high = number;
  }
  if (low > high) return null;
  const logarithmic = low > 0 && high / low > LOGARITHMIC_FROM;
  const bottom = logarithmic ? Math.log(low) : low;
  const span = (logarithmic ? Math.log(high) : high) - bottom;
  for (let k = 0; k < numbers.length; k++) {
    const value = logarithmic ? Math.log(numbers[k]!) : numbers[k]!;
    // Everything equal is one band.
    numbers[k] = span > 0 ? (value - bottom) / span : value - bottom;
  }
  return numbers;
}

function withContours(bands: Uint8Array): Uint8Array {
  const pixels = Uint8Array.from(bands);
  for (let y = 0; y + 1 < PIXELS; y++) {
    for (let x = 0; x + 1 < PIXELS; x++) {
      const at = y * PIXELS + x;
      const band = bands[at];
      if (band !== bands[at + 1] || band !== bands[at + PIXELS]) pixels[at] = LINE;
    }
  }
  return pixels;
}

/** A ring, light on dark, so that it is seen on every band. */
/** @param u along the first axis and v along the second, in [0, 1]. */
function drawMark(pixels: Uint8Array, u: number, v: number): void {
  const [atX, atY] = [u * (PIXELS - 1), (1 - v) * (PIXELS - 1)];
  for (let y = 0; y < PIXELS; y++) {
    for (let x = 0; x < PIXELS; x++) {
      const radius = Math.hypot(x - atX, y - atY);
      if (radius > 11 || radius < 3) continue;
      pixels[y * PIXELS + x] = radius > 9 || radius < 5 ? EDGE : MARK;
    }
  }
}
