/**
 * A number that may be none: JSON has no NaN and no infinities, and a loss that is one says
 * something. `toScalar` and `fromScalar` convert.
 */
export type Scalar = number | 'NaN' | 'Infinity' | '-Infinity';

export function toScalar(value: number): Scalar {
  if (Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? 'Infinity' : '-Infinity';
}

export function fromScalar(value: Scalar): number {
  return Number(value);
}
