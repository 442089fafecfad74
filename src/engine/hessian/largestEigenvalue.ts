import type { Eigenvalue } from '../../shared/result/hessian';
import { zerosLike, type FloatArray } from '../tensor';
import { NonFiniteProduct } from './blockLanczos';
import { CONVERGED } from './spectrum';
import { symmetricEigen } from './symmetricEigen';
import { norm } from './vectors';
import { IN_THIS_THREAD, orthogonalize } from './vectorWork';

/** Steps before which a Ritz value that seems converged is not believed: it may be another one. */
const MIN_STEPS = 8;

export interface LargestEigenvalueOptions {
  /** Products, at most; never more than the dimension. */
  readonly steps: number;
  /** In what the products are computed and the basis is kept. */
  readonly precision: 'float32' | 'float64';
  readonly onProduct?: () => void;
}

/**
 * The largest eigenvalue of a symmetric matrix that is not formed, by Lanczos from one vector with
 * full reorthogonalisation, which ends as soon as it has converged.
 *
 * @param apply v ↦ A·v
 * @param start any vector but zero; not changed.
 * @throws NonFiniteProduct
 */
export async function largestEigenvalue(
  apply: (v: FloatArray) => Promise<FloatArray>,
  start: Float64Array,
  { steps, precision, onProduct }: LargestEigenvalueOptions,
): Promise<Eigenvalue> {
  const dimension = start.length;
  const like = precision === 'float64' ? new Float64Array(0) : new Float32Array(0);
  const roundoff = precision === 'float64' ? 2 ** -53 : 2 ** -24;
  const basis: FloatArray[] = [];
  const diagonal: number[] = [];
  const below: number[] = [];
  const append = (w: Float64Array, length: number): void => {
    const unit = zerosLike(like, dimension);
    for (let i = 0; i < dimension; i += 1) unit[i] = w[i]! / length;
    basis.push(unit);
  };
  append(start, norm(start));
  const most = Math.min(steps, dimension);
  for (;;) {
    const image = await apply(basis.at(-1)!);
    onProduct?.();
    const w = new Float64Array(image);
    const [inside] = await orthogonalize(IN_THIS_THREAD, basis, [w]);
    const [again] = await orthogonalize(IN_THIS_THREAD, basis, [w]);
    const last = basis.length - 1;
    diagonal.push(inside![last]! + again![last]!);
    const rest = norm(w);
    if (!Number.isFinite(rest) || !Number.isFinite(diagonal[last]!)) throw new NonFiniteProduct();
    const { value, tail, scale } = topOf(diagonal, below);
    const residual = Math.hypot(rest * tail, roundoff * scale);
    const converged = residual <= CONVERGED * Math.abs(value);
    // What is left is rounding: the space holds all that the start has a part of.
    const isClosed = rest <= 16 * roundoff * scale || basis.length === dimension;
    const isDone = converged && basis.length >= MIN_STEPS;
    if (isClosed || isDone || basis.length >= most) return { value, residual, converged };
    below.push(rest);
    append(w, rest);
  }
}

/** The largest eigenvalue of a tridiagonal matrix, and the last component of its eigenvector. */
function topOf(diagonal: readonly number[], below: readonly number[]) {
  const size = diagonal.length;
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    matrix[i * size + i] = diagonal[i]!;
    if (i > 0) {
      matrix[i * size + i - 1] = below[i - 1]!;
      matrix[(i - 1) * size + i] = below[i - 1]!;
    }
  }
  const end = new Float64Array(size);
  end[size - 1] = 1;
  const { values, rows } = symmetricEigen(matrix, [end]);
  return {
    value: values[size - 1]!,
    tail: Math.abs(rows[0]![size - 1]!),
    scale: Math.max(Math.abs(values[0]!), Math.abs(values[size - 1]!)),
  };
}
