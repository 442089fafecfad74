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
