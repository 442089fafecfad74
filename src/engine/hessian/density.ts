import type { Density } from '../../shared/result/hessian';
import type { Recurrence } from './blockLanczos';
import type { RitzPairs } from './ritzPairs';
import { meanWithError } from './studentT';
import { symmetricEigen } from './symmetricEigen';

/** Points on which a smoothed density is given. */
const GRID = 801;

/** Standard deviation of the smoothing Gaussian, as a share of the spectrum's width. */
const SIGMA = 0.005;

/** Lighter nodes are left out: what is at them is below all rounding. */
const MIN_WEIGHT = 1e-16;

interface Quadrature {
  readonly values: ArrayLike<number>;
  /** Of each start, summing to 1. */
  readonly weights: readonly Float64Array[];
}

/**
 * Eigenvalue density by stochastic Lanczos quadrature (Ubaru, Chen and Saad 2017) in its block form:
 * the nodes are the Ritz values of the space, their weights for one start the squared components of
 * it along the Ritz vectors, which sum to 1; averaged over starts and smoothed by a Gaussian.
 *
 * The band holds the smoothed density of all eigenvalues with 95 %: Student's t over the starts, and
 * beside it what the last step of the quadrature changed. Of a space that is all there is, every
 * eigenvalue is a node of the same weight, and the band has no width.
 */
export function spectralDensity(space: Recurrence, dimension: number, ritz: RitzPairs): Density {
  const values = ritz.pairs.map(({ value }) => value);
  const isWhole = space.size === dimension;
  const equal = Float64Array.from(values, () => 1 / values.length);
  const last: Quadrature = {
    values,
    weights: isWhole ? [equal] : ritz.weights,
  };
  const least = values[0]!;
  const most = values.at(-1)!;
  const sigma = SIGMA * (most - least) || Math.max(1e-12, SIGMA * Math.abs(most));
  const start = least - 5 * sigma;
  const step = (most - least + 10 * sigma) / (GRID - 1);
  const grid = Array.from({ length: GRID }, (_, i) => start + i * step);
  const before = isWhole ? null : quadratureBefore(space);
  const earlier = before === null ? null : smoothed(before, grid, sigma);
  const bands = smoothed(last, grid, sigma).map((densities, i) => {
    const { mean, halfWidth } = meanWithError(densities);
    if (isWhole) return { mean, half: 0 };
    const change = earlier === null ? Infinity : Math.abs(mean - meanWithError(earlier[i]!).mean);
    return { mean, half: halfWidth + change };
  });
  const nodes = values.map((value, i) => ({
    value,
    weight: last.weights.reduce((sum, own) => sum + own[i]!, 0) / last.weights.length,
  }));
  return {
    grid,
    values: bands.map(({ mean }) => mean),
    sigma,
    nodes: nodes.filter(({ weight }) => weight > MIN_WEIGHT),
    ...(bands.every(({ half }) => Number.isFinite(half))
      ? {
          band: {
            low: bands.map(({ mean, half }) => Math.max(0, mean - half)),
            high: bands.map(({ mean, half }) => mean + half),
          },
        }
      : {}),
  };
}

/** The quadrature of one block less; null where there is none. */
function quadratureBefore({ size, blocks, projected, starts }: Recurrence): Quadrature | null {
  const less = blocks.at(-2);
  if (less === undefined) return null;
  const part = new Float64Array(less * less);
  for (let row = 0; row < less; row += 1) {
    part.set(projected.subarray(row * size, row * size + less), row * less);
  }
  const { values, rows } = symmetricEigen(
    part,
    starts.map((own) => own.subarray(0, less)),
  );
  return { values, weights: rows.map((row) => row.map((x) => x * x)) };
}

/** At each point of the grid the density of each start. */
function smoothed(
  { values, weights }: Quadrature,
  grid: readonly number[],
  sigma: number,
): readonly (readonly number[])[] {
  const height = 1 / (sigma * Math.sqrt(2 * Math.PI));
  return grid.map((at) => {
    const densities = weights.map(() => 0);
    for (let i = 0; i < values.length; i += 1) {
      const z = (at - values[i]!) / sigma;
      if (Math.abs(z) > MAX_DEVIATIONS) continue;
      const bell = height * Math.exp(-0.5 * z * z);
      weights.forEach((own, k) => {
        densities[k]! += own[i]! * bell;
      });
    }
    return densities;
  });
}

/** Standard deviations beyond which a Gaussian is no more than 1e-31 of its peak. */
const MAX_DEVIATIONS = 12;
