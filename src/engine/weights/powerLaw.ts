import type { PowerLaw } from '../../shared/engineProtocol';

/** Of fewer eigenvalues nothing is said, and the tail of a fit has at least so many. */
const MIN_EIGENVALUES = 50;
const MIN_TAIL = 10;

/**
 * Fits p(λ) ∝ λ^−α to the tail of a spectrum, as Martin and Mahoney do for layers: for each λmin among
 * the eigenvalues, α by maximum likelihood, 1 + n / Σ ln(λ/λmin) over the n of them from λmin on; and
 * of all, the λmin whose fit has the smallest Kolmogorov–Smirnov distance to the tail, taken as
 * Clauset, Shalizi and Newman take it, max |P(λᵢ) − i/n| with i from 0.
 *
 * Source: Martin and Mahoney, "Implicit Self-Regularization in Deep Neural Networks", JMLR 22 (2021),
 * section 3.3; Clauset, Shalizi and Newman, "Power-law distributions in empirical data", SIAM Review
 * 51 (2009), sections 3.1 and 3.3.
 *
 * @param eigenvalues of WᵀW, in any order; those that are 0 are left out.
 * @returns null for fewer than 50 of them.
 */
export function fitPowerLaw(eigenvalues: Float64Array): PowerLaw | null {
  const values = eigenvalues.filter((value) => value > 0 && Number.isFinite(value)).sort();
  const count = values.length;
  if (count < MIN_EIGENVALUES) return null;
  const logs = values.map(Math.log);
  // Sums of logarithms from each value to the last.
  const tails = new Float64Array(count + 1);
  for (let i = count - 1; i >= 0; i--) tails[i] = tails[i + 1]! + logs[i]!;
  let best: PowerLaw | null = null;
  for (let from = 0; from <= count - MIN_TAIL; from++) {
    // Of equal values the first has all of them in its tail.
    if (from > 0 && values[from] === values[from - 1]) continue;
    const n = count - from;
    const sum = tails[from]! - n * logs[from]!;
    if (!(sum > 0)) continue;
    const exponent = 1 + n / sum;
    let distance = 0;
    for (let i = 0; i < n; i++) {
      const model = 1 - Math.exp((1 - exponent) * (logs[from + i]! - logs[from]!));
      distance = Math.max(distance, Math.abs(model - i / n));
      if (best !== null && distance >= best.distance) break;
    }
    if (best === null || distance < best.distance) {
      best = { exponent, from: values[from]!, distance, tail: n, eigenvalues: count };
    }
  }
  return best;
}
