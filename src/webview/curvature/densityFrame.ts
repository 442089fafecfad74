import { smallest } from '../../shared/extremes';
import type { Hessian } from '../../shared/result/hessian';

/** The part of the density that is shown; heights are logarithms to base 10. */
export interface DensityFrame {
  readonly low: number;
  readonly high: number;
  readonly bottom: number;
  readonly top: number;
  /** Exponents with a tick. */
  readonly decades: readonly number[];
  /** Linear between the points it is given at; 0 outside. */
  readonly densityAt: (eigenvalue: number) => number;
  /** Length of a Ritz value's stem, in [0, 1]. */
  readonly weightToUnit: (weight: number) => number;
}

/** Gaussians fall below any floor: so many decades below the peak are still something. */
const MIN_DECADES = 4;
const MAX_DECADES = 9;
const MARGIN = 0.04;
/** So many times the spectrum's extent an axis may be for the edge of stability. */
const MAX_WIDTH = 2.2;

/** @param range of eigenvalues and densities that are shown, where it is not that of the document. */
export function densityFrame(
  hessian: Hessian,
  range: { readonly low: number; readonly high: number; readonly peak: number } | null = null,
): DensityFrame {
  const { grid, values, nodes } = hessian.density;
  const ends = [
    ...nodes.map((node) => node.value),
    ...hessian.eigenvalues.map((eigenvalue) => eigenvalue.value),
    hessian.smallest.value,
  ];
  const extreme = (pick: (a: number, b: number) => number) => ends.reduce((a, b) => pick(a, b));
  const low = Math.min(range?.low ?? Infinity, extreme(Math.min));
  let high = Math.max(range?.high ?? -Infinity, extreme(Math.max));
  // The edge of stability is shown where the spectrum is not squeezed for it.
  const bound = hessian.edgeOfStability?.bound ?? -Infinity;
  if (bound > high && bound - low < MAX_WIDTH * (high - low)) high = bound;
  const extent = high - low || Math.abs(high) || 1;
  let peak = range?.peak ?? 0;
  for (const value of values) peak = Math.max(peak, value);
  const top = Math.ceil(Math.log10(peak || 1) + 0.1);
  // As deep as the bump of the lightest Ritz value, so that single outliers are seen.
  const weights = nodes.map((node) => node.weight).filter((weight) => weight > 0);
  const lightestWeight = Math.max(1e-30, Math.min(1, smallest(weights)));
  const bump = lightestWeight / (hessian.density.sigma * Math.sqrt(2 * Math.PI));
  const deepest = Number.isFinite(bump) ? Math.floor(Math.log10(bump) - 0.3) : top;
  const bottom =
    range === null
      ? Math.min(top - MIN_DECADES, Math.max(top - MAX_DECADES, deepest))
      : top - MAX_DECADES;
  const decades: number[] = [];
  for (let exponent = bottom; exponent <= top; exponent += 2) decades.push(exponent);
  const lightest = Math.log10(Math.max(1e-10, lightestWeight));
  return {
    low: low - MARGIN * extent,
    high: high + MARGIN * extent,
    bottom,
    top,
    decades,
    densityAt: (eigenvalue) => interpolate(grid, values, eigenvalue),
    weightToUnit: (weight) => {
      if (weight <= 0) return 0;
      const unit = lightest >= 0 ? 1 : 1 - Math.log10(weight) / lightest;
      return 0.12 + 0.88 * Math.min(1, Math.max(0, unit));
    },
  };
}

/**
 * The curve as [eigenvalue, log₁₀ density], the largest value of each of `count` columns: with
 * every k-th value instead, a spike narrower than a column would come and go.
 */
export function densityPoints(
  hessian: Hessian,
  frame: DensityFrame,
  count: number,
  values: readonly number[] = hessian.density.values,
): readonly (readonly [number, number])[] {
  const { grid } = hessian.density;
  const height = (value: number) =>
    value > 0 ? Math.max(frame.bottom - 1, Math.log10(value)) : frame.bottom - 1;
  const columns = new Float64Array(count).fill(-1);
  for (let k = 0; k < grid.length; k++) {
    const column = Math.floor(((grid[k]! - frame.low) / (frame.high - frame.low)) * count);
    if (column >= 0 && column < count) columns[column] = Math.max(columns[column]!, values[k]!);
  }
  const points: (readonly [number, number])[] = [];
  for (let column = 0; column < count; column++) {
    const eigenvalue = frame.low + ((column + 0.5) / count) * (frame.high - frame.low);
    const value = columns[column]! >= 0 ? columns[column]! : interpolate(grid, values, eigenvalue);
    points.push([eigenvalue, height(value)]);
  }
  return points;
}

function interpolate(grid: readonly number[], values: readonly number[], at: number): number {
  if (grid.length === 0 || at < grid[0]! || at > grid.at(-1)!) return 0;
  let low = 0;
  let high = grid.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (grid[middle]! <= at) low = middle;
    else high = middle;
  }
  const width = grid[high]! - grid[low]!;
  const t = width > 0 ? (at - grid[low]!) / width : 0;
  return values[low]! * (1 - t) + values[high]! * t;
}
