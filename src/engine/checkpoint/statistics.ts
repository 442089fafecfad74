import type { TensorStatistics } from '../../shared/engineProtocol';
import { toScalar } from '../../shared/result/scalar';
import type { FloatArray, Tensor, TensorData } from '../tensor';

/**
 * Mean, standard deviation and extremes of numbers that come in pieces, none of them kept.
 *
 * The mean and the sum of squares of a piece are taken in two passes over it and joined with those
 * of the pieces before: Chan, Golub and LeVeque, "Algorithms for computing the sample variance"
 * (1983), eq. 2.1. So that a large mean does not swallow a small spread.
 */
export class Moments {
  private finite = 0;
  private mean = 0;
  /** Sum of squared distances from the mean. */
  private squares = 0;
  private min = Infinity;
  private max = -Infinity;
  private zeros = 0;
  private nonFinite = 0;

  add(data: TensorData): void {
    const given = numbersOf(data);
    const finite = countFinite(given);
    this.nonFinite += given.length - finite;
    if (finite === 0) return;
    // Rare, and so the loops below need not ask.
    const values = finite === given.length ? given : given.filter(Number.isFinite);

    let sum = 0;
    let zeros = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      sum += value;
      zeros += value === 0 ? 1 : 0;
    }
    let { min, max } = this;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
    const mean = sum / finite;
    let squares = 0;
    for (let i = 0; i < values.length; i++) {
      const distance = values[i]! - mean;
      squares += distance * distance;
    }
    this.zeros += zeros;
    // Not −0.
    this.min = min + 0;
    this.max = max + 0;

    const all = this.finite + finite;
    const apart = mean - this.mean;
    this.squares += squares + apart * apart * ((this.finite * finite) / all);
    this.mean += apart * (finite / all);
    this.finite = all;
  }

  get statistics(): TensorStatistics {
    const { finite, zeros, nonFinite } = this;
    if (finite === 0) {
      return { mean: null, deviation: null, min: null, max: null, zeros, nonFinite, norm: null };
    }
    return {
      mean: toScalar(this.mean),
      deviation: toScalar(Math.sqrt(this.squares / finite)),
      min: this.min,
      max: this.max,
      zeros,
      nonFinite,
      norm: toScalar(Math.sqrt(this.squares + finite * this.mean * this.mean)),
    };
  }
}

function countFinite(values: FloatArray): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // 0, but for NaN and the infinities.
    count += value - value === 0 ? 1 : 0;
  }
  return count;
}

/** Floating-point numbers as they are: the loops over them are compiled for two types and no more. */
function numbersOf(data: TensorData): FloatArray {
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  return data instanceof BigInt64Array ? Float64Array.from(data, Number) : new Float64Array(data);
}

/**
 * Statistics of a tensor's elements, of which one piece at a time is in memory.
 *
 * @throws the signal's reason between two pieces; what reading a piece throws.
 */
export async function statisticsOf(
  pieces: AsyncIterable<Tensor>,
  signal: AbortSignal,
): Promise<TensorStatistics> {
  const moments = new Moments();
  for await (const { data } of pieces) {
    signal.throwIfAborted();
    moments.add(data);
  }
  return moments.statistics;
}
