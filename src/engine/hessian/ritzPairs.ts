import { unitRoundoff, type KrylovSpace, type Recurrence } from './blockLanczos';
import { identityRows, symmetricEigen } from './symmetricEigen';
import { addScaled, norm } from './vectors';

/** An eigenvalue of A on the space, and how far it is from one of A. */
export interface RitzPair {
  readonly value: number;
  /** ‖A·y − λ·y‖ of the unit Ritz vector y: an eigenvalue of A lies within it. */
  readonly residual: number;
}

/**
 * The Ritz pairs of a space: the Rayleigh–Ritz step, done once. Values, residuals and the weights of
 * the starts need few rows of the eigenvectors of T; all of them are made only for vectors.
 */
export class RitzPairs {
  private readonly space: Recurrence;
  /** Ascending. */
  readonly pairs: readonly RitzPair[];
  /** Of each start the squares of its components along the Ritz vectors: weights of a quadrature. */
  readonly weights: readonly Float64Array[];
  private eigenvectors: readonly Float64Array[] | undefined;

  constructor(space: Recurrence) {
    this.space = space;
    const { projected, coupling, starts } = space;
    const { values, rows } = symmetricEigen(projected, [...starts, ...coupling]);
    // Products are no better than their rounding, whatever the recurrence says.
    const rounding = unitRoundoff(space) * Math.max(Math.abs(values[0]!), Math.abs(values.at(-1)!));
    const outside = rows.slice(starts.length);
    this.weights = rows.slice(0, starts.length).map((row) => row.map((x) => x * x));
    this.pairs = Array.from(values, (value, i) => ({
      value,
      residual: Math.hypot(rounding, ...outside.map((row) => row[i]!)),
    }));
  }

  /** The Ritz vector of the pair at a place, of unit length. */
  vector(place: number, { dimension, basis }: KrylovSpace): Float64Array {
    const { size, projected } = this.space;
    this.eigenvectors ??= symmetricEigen(projected, identityRows(size)).rows;
    const sum = new Float64Array(dimension);
    this.eigenvectors.forEach((row, k) => {
      addScaled(sum, row[place]!, basis[k]!);
    });
    const length = norm(sum);
    for (let i = 0; i < sum.length; i += 1) sum[i]! /= length;
    return sum;
  }
}
