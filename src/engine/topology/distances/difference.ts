import { toScalar } from '../../../shared/result/scalar';
import type { Difference, Uncertainty } from '../../../shared/comparison';

/** Of one quantity: second − first, and whether that is more than its uncertainty. */
export function differenceOf(
  name: string,
  first: number,
  second: number,
  uncertainty: Uncertainty | null,
): Difference {
  // Two infinities of one sign do not differ.
  const difference = first === second ? 0 : second - first;
  return {
    name,
    first: toScalar(first),
    second: toScalar(second),
    difference: toScalar(difference),
    uncertainty,
    distinct: uncertainty === null ? null : !(Math.abs(difference) <= uncertainty.value),
  };
}

/** Of the difference of two independent estimates with these standard errors. */
export function standardErrorOf(first: number, second: number): Uncertainty {
  return { kind: 'standard error', value: Math.hypot(first, second) };
}
