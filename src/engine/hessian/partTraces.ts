import { studentQuantile95 } from './studentT';

/** Parts below which their spread says too little. */
export const MIN_PARTS = 4;

/**
 * The standard error of a mean over independent parts, by their spread: widened, as there are few of
 * them, so that 1.96 of it hold the truth with 95 % by Student's t.
 *
 * @param shares of each part, which sum to 1.
 * @returns null of too few parts.
 */
export function errorOfParts(
  values: ArrayLike<number>,
  shares: readonly number[],
  corrected: (variance: number) => number = (variance) => variance,
): number | null {
  const count = shares.length;
  if (count < MIN_PARTS) return null;
  const mean = shares.reduce((sum, share, i) => sum + share * values[i]!, 0);
  const squares = shares.reduce((sum, share, i) => sum + (share * (values[i]! - mean)) ** 2, 0);
  const variance = corrected((squares * count) / (count - 1));
  return (Math.sqrt(variance) * studentQuantile95(count - 1)) / NORMAL_QUANTILE;
}

const NORMAL_QUANTILE = 1.959964;

/**
 * What another evaluation set of the same size would change of the trace: A is a sum over parts of
 * the data, whose traces come from the products that A's own comes from, vᵀA(part)v of each vector.
 */
export class PartTraces {
  /** Of each part its share of the data. */
  private readonly shares: readonly number[];
  private readonly inside: Float64Array;
  /** Of each sample its vᵀA(part)v. */
  private readonly samples: Float64Array[] = [];
  private isKnown = true;

  constructor(shares: readonly number[]) {
    this.shares = shares;
    this.inside = new Float64Array(shares.length);
  }

  addInside(quotients: ArrayLike<number>): void {
    for (let i = 0; i < this.inside.length; i += 1) this.inside[i]! += quotients[i]!;
  }

  addSample(quotients: ArrayLike<number>): void {
    this.samples.push(Float64Array.from(quotients));
  }

  /** The space has become that of vectors whose products with the parts are not known. */
  forget(): void {
    this.isKnown = false;
  }

  /**
   * @param outside dimensions that each sample stands for.
   * @returns null of too few parts, or where it is not known.
   */
  samplingError(outside: number): number | null {
    if (!this.isKnown) return null;
    const count = this.samples.length;
    const samples = this.samples.map((sample) =>
      sample.map((quotient, part) => (outside * quotient) / this.shares[part]!),
    );
    const means = this.shares.map((_, part) =>
      count === 0 ? 0 : samples.reduce((sum, sample) => sum + sample[part]!, 0) / count,
    );
    const values = this.shares.map((share, part) => this.inside[part]! / share + means[part]!);
    return errorOfParts(values, this.shares, (variance) => {
      const noise = count < 2 ? 0 : this.noiseOf(samples, means);
      // Where nothing but noise is seen, all of it is the bound that is known.
      return noise < variance ? variance - noise : variance;
    });
  }

  /**
   * What of the spread between parts comes from the few samples: their interaction with the parts,
   * as in an analysis of variance with two factors.
   */
  private noiseOf(samples: readonly Float64Array[], means: readonly number[]): number {
    const parts = this.shares.length;
    const count = samples.length;
    const overall = this.shares.reduce((sum, share, part) => sum + share * means[part]!, 0);
    let squares = 0;
    for (const sample of samples) {
      const own = this.shares.reduce((sum, share, part) => sum + share * sample[part]!, 0);
      for (const [part, share] of this.shares.entries()) {
        squares += (share * (sample[part]! - means[part]! - own + overall)) ** 2;
      }
    }
    return (squares * parts) / ((parts - 1) * (count - 1) * count);
  }
}
