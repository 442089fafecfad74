/**
 * The error function to double precision: its Maclaurin series near zero, and the continued
 * fraction of the complement (Abramowitz and Stegun 7.1.5, 7.1.14) elsewhere.
 */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (z > 6) return Math.sign(x);
  if (z < 2.5) {
    // Σ (−1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)), written as e^(−x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n + 1)!!: no cancellation.
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n += 1) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let fraction = 0;
  for (let k = 60; k >= 1; k -= 1) fraction = k / 2 / (z + fraction);
  const complement = Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction);
  return Math.sign(x) * (1 - complement);
}
