import { InputError } from '../../shared/inputError';
import { say } from '../../shared/words/message';

/**
 * Relative noise of a loss computed in float32: one unit in the last place. A mean over a batch
 * rounds many times but in random directions; measured losses scatter by about this much.
 */
export const FLOAT32_NOISE = 2 ** -23;

/** How sure the floor is: the probability that no noise anywhere exceeds it. */
const NOISE_CONFIDENCE = 0.95;

/** Pairs as parallel arrays of values. */
export interface BirthsAndDeaths {
  readonly births: Float64Array;
  readonly deaths: Float64Array;
}

/**
 * The persistence up to which a pair may be noise.
 *
 * Let each value carry independent Gaussian (or lighter) noise of standard deviation r·|value|.
 * With probability 95 % all n of them stay within z standard deviations, z = √(2 ln(2n / 0.05)),
 * by the union bound. Persistence is stable: changing a function by at most e moves every pair by
 * at most e, so a pair of persistence above 2e is in the landscape without noise too (Cohen-Steiner,
 * Edelsbrunner, Harer 2007). A pair that dies at d is decided by the values up to d, whose noise is
 * largest where they are largest, so it may be noise when its persistence is at most
 *
 *   φ(d) = 2 z r max(|d|, |global minimum|).
 *
 * One threshold for the whole landscape cannot be φ of the highest saddle: it would wipe out the
 * bottom for the rounding on the rim. It is the smallest threshold of which no pair above may be
 * noise: φ at the global minimum, or the persistence of the largest pair within its own φ, whichever
 * is larger.
 *
 * @param pairs All finite pairs, in units of the values; pairs with an end that is not finite are no noise.
 * @param minimum The global minimum's value.
 * @param points Number of values.
 * @param relative Standard deviation of the noise of a value as a share of it.
 * @returns In units of the values, ≥ 0.
 */
export function noiseFloor(
  pairs: BirthsAndDeaths,
  minimum: number,
  points: number,
  relative: number = FLOAT32_NOISE,
): number {
  if (!(relative >= 0 && Number.isFinite(relative))) {
    throw new InputError(say`The relative noise ${relative} must be a number from 0 up.`);
  }
  const share = 2 * noiseDeviations(points) * relative;
  const least = Number.isFinite(minimum) ? Math.abs(minimum) : 0;
  let floor = Math.min(share * least, Number.MAX_VALUE);
  for (let k = 0; k < pairs.births.length; k++) {
    const death = pairs.deaths[k]!;
    const persistence = death - pairs.births[k]!;
    if (!Number.isFinite(persistence)) continue;
    if (persistence <= share * Math.max(Math.abs(death), least)) {
      floor = Math.max(floor, persistence);
    }
  }
  return floor;
}

/** Standard deviations that, with probability 95 %, none of so many values is off by more than. */
export function noiseDeviations(points: number): number {
  return Math.sqrt(2 * Math.log((2 * points) / (1 - NOISE_CONFIDENCE)));
}

/**
 * Relative noise of a landscape from two estimates of it, such as sums over the same samples in two
 * partitions (`analyzed: 'first'`, the first is analysed), or two halves of the data of which the
 * mean is analysed (`'mean'`).
 *
 * The difference d of the two has no landscape in it, but it may have a slope and a level: halves of
 * the data differ smoothly too. Smooth differences make no minima, so only what changes from one
 * point to the next counts: the root mean square over the grid's edges of (d(u) − d(v)) / level,
 * which is √2 times that of d for noise independent from point to point, and d's is √2 times that of
 * one estimate and twice that of the mean. What smooth difference remains between neighbours makes
 * the estimate larger, never smaller. Level: the mean of |value| at the edge's ends. Edges with a
 * value that is not finite are left out, as are those at level 0.
 *
 * @param first Values in C order; `second` likewise.
 * @param shape Points along each axis.
 * @returns A standard deviation as a share of the value; 0 where nothing can be compared.
 */
export function relativeNoise(
  first: Float64Array | Float32Array,
  second: Float64Array | Float32Array,
  shape: readonly number[],
  analyzed: 'first' | 'mean',
): number {
  if (first.length !== second.length) {
    throw new InputError(
      say`Two estimates of one landscape must have the same points, but one has ${first.length} and the other ${second.length}.`,
      'mismatch',
    );
  }
  let sum = 0;
  let edges = 0;
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis]!;
    for (let v = 0; v + stride < first.length; v++) {
      if (Math.floor(v / stride) % extent === extent - 1) continue;
      const u = v + stride;
      const level =
        (Math.abs(first[v]!) + Math.abs(second[v]!) + Math.abs(first[u]!) + Math.abs(second[u]!)) /
        4;
      const change = (first[u]! - second[u]! - (first[v]! - second[v]!)) / level;
      if (!Number.isFinite(change)) continue;
      sum += change * change;
      edges++;
    }
    stride *= extent;
  }
  if (edges === 0) return 0;
  const ofDifference = Math.sqrt(sum / edges / 2);
  return analyzed === 'mean' ? ofDifference / 2 : ofDifference / Math.SQRT2;
}
