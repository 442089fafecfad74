/**
 * The number t with P(|T| ≤ t) = 95 % for Student's distribution with so many degrees of freedom:
 * by bisection on its distribution function, which for whole degrees is a finite sum (Abramowitz and
 * Stegun, 26.7.3 and 26.7.4).
 */
export function studentQuantile95(degrees: number): number {
  let low = 0;
  let high = 20;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (centralProbability(middle, degrees) < 0.95) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(|T| ≤ t). */
function centralProbability(t: number, degrees: number): number {
  if (degrees > MAX_DEGREES) return centralProbability(t, MAX_DEGREES);
  const angle = Math.atan(t / Math.sqrt(degrees));
  const cosine = Math.cos(angle);
  if (degrees % 2 === 1) {
    let term = cosine;
    let sum = degrees === 1 ? 0 : term;
    for (let k = 3; k <= degrees - 2; k += 2) {
      term *= (cosine * cosine * (k - 1)) / k;
      sum += term;
    }
    return (2 / Math.PI) * (angle + Math.sin(angle) * sum);
  }
  let term = 1;
  let sum = term;
  for (let k = 2; k <= degrees - 2; k += 2) {
    term *= (cosine * cosine * (k - 1)) / k;
    sum += term;
  }
  return Math.sin(angle) * sum;
}

/** Beyond this the distribution is the normal one to three digits. */
const MAX_DEGREES = 1000;

/** Mean of independent samples, its standard error, and the 95 % interval of Student's t. */
export function meanWithError(samples: readonly number[]): {
  readonly mean: number;
  readonly standardError: number;
  readonly halfWidth: number;
} {
  const count = samples.length;
  const mean = samples.reduce((sum, x) => sum + x, 0) / count;
  if (count < 2) return { mean, standardError: Infinity, halfWidth: Infinity };
  const variance = samples.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (count - 1);
  const standardError = Math.sqrt(variance / count);
  return { mean, standardError, halfWidth: studentQuantile95(count - 1) * standardError };
}
