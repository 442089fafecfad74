/** The tensors of a BatchNorm, each [channels]; scale and shift may be missing. */
export interface NormValues {
  readonly scale: ArrayLike<number> | null;
  readonly shift: ArrayLike<number> | null;
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
}

/** What frameworks add to variances, the most usual first. */
const EPSILONS = [1e-5, 1e-3, 1e-6, 1e-4, 1e-8, 1e-7, 1e-12, 1e-2];

/** Largest difference, relative to the largest value, that rounding in float32 explains. */
const ROUNDING = 4e-6;

/**
 * The ε with which an exporter folded a BatchNorm into the weights before it,
 * W·γ/√(σ² + ε) and (b − μ)·γ/√(σ² + ε) + β; null where the values are not such.
 *
 * @param made the folded weights, with `channels` along the first axis or, if `isSecond`, the next.
 * @param bias the folded bias; null where there is none, as where it is 0.
 * @param source the weights before. @param before the bias before; null where there is none.
 */
export function foldedEpsilon(
  made: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  source: ArrayLike<number>,
  before: ArrayLike<number> | null,
  { scale, shift, mean, variance }: NormValues,
  axis: { readonly channels: number; readonly inner: number },
): number | null {
  const { channels, inner } = axis;
  if (made.length !== source.length) return null;
  let best: number | null = null;
  let least = ROUNDING;
  for (const epsilon of EPSILONS) {
    const factor = Float64Array.from({ length: channels }, (_, c) => {
      return (scale?.[c] ?? 1) / Math.sqrt(variance[c]! + epsilon);
    });
    let worst = 0;
    let largest = 0;
    for (let i = 0; i < made.length; i += 1) {
      const c = Math.floor(i / inner) % channels;
      worst = Math.max(worst, Math.abs(made[i]! - source[i]! * factor[c]!));
      largest = Math.max(largest, Math.abs(made[i]!));
      if (worst > 0.1 * largest && i > 8 * inner) break;
    }
    let error = worst / (largest || 1);
    let worstShift = 0;
    let largestShift = 0;
    for (let c = 0; c < channels; c += 1) {
      const parts = [(before?.[c] ?? 0) * factor[c]!, mean[c]! * factor[c]!, shift?.[c] ?? 0];
      const value = parts[0]! - parts[1]! + parts[2]!;
      worstShift = Math.max(worstShift, Math.abs((bias?.[c] ?? 0) - value));
      for (const part of parts) largestShift = Math.max(largestShift, Math.abs(part));
    }
    error = Math.max(error, worstShift / (largestShift || 1));
    // What is usual, unless another is clearly nearer.
    if (error < (best === null ? least : least / 4)) [best, least] = [epsilon, error];
  }
  return best;
}
