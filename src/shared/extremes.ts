/**
 * The largest of any number of values: `Math.max(...values)` has room for some 10⁵.
 *
 * @returns −∞ where there is none, NaN where one is.
 */
export function largest(values: Iterable<number>): number {
  let most = -Infinity;
  for (const value of values) most = Math.max(most, value);
  return most;
}

/** The smallest of any number of values; ∞ where there is none, NaN where one is. */
export function smallest(values: Iterable<number>): number {
  let least = Infinity;
  for (const value of values) least = Math.min(least, value);
  return least;
}
