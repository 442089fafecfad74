import type { MatrixStatistics } from '../../shared/engineProtocol';
import { symmetricEigen } from '../hessian/symmetricEigen';
import { sizeOf, type FloatArray, type Tensor } from '../tensor';
import { fitPowerLaw } from './powerLaw';

/** Larger tensors are not held for it; the smaller side of a larger matrix takes too long. */
const MAX_ELEMENTS = 2 ** 26;
const MAX_SIDE = 1024;
/** A unit whose weights are smaller than this, of the root mean square over all units. */
const DEAD = 1e-6;
/** Rows of a product between two looks at the signal, and turns for who waits. */
const TURN = 4e7;

/** Whether a tensor is a matrix for the statistics of one: two axes that are more than one long. */
export function isMatrix({
  dtype,
  shape,
}: {
  readonly dtype: string;
  readonly shape: readonly number[];
}): boolean {
  const [rows = 0] = shape;
  const size = sizeOf(shape);
  return (
    /^b?float/.test(dtype) &&
    shape.length >= 2 &&
    rows > 1 &&
    size / rows > 1 &&
    size <= MAX_ELEMENTS
  );
}

/** Rows of a matrix, row after row, whose norm is at most 10⁻⁶ of the root mean square over all rows. */
export function countDeadUnits(values: FloatArray, rows: number): number {
  return deadOf(rowNorms(values, rows));
}

function rowNorms(values: FloatArray, rows: number): Float64Array {
  const columns = values.length / rows;
  const norms = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) sum += values[i]! * values[i]!;
    norms[row] = Math.sqrt(sum);
  }
  return norms;
}

function deadOf(norms: Float64Array): number {
  const squares = norms.reduce((sum, norm) => sum + norm * norm, 0);
  const least = DEAD * Math.sqrt(squares / norms.length);
  return norms.reduce((count, norm) => count + (norm <= least ? 1 : 0), 0);
}

/**
 * Statistics of a tensor as a matrix W, the first axis by all others: what [out, in, height, width] of
 * PyTorch, and [out, in], are as maps. Its squared singular values are the eigenvalues of the smaller of
 * WᵀW and WWᵀ; of a matrix whose smaller side is longer than 1024 only the largest is found, by Lanczos'
 * method (Golub and Van Loan, section 10.4) from a fixed start.
 *
 * @returns null where an element is not finite.
 * @throws the signal's reason.
 */
export async function matrixStatistics(
  { shape, data }: Tensor,
  signal: AbortSignal,
): Promise<MatrixStatistics | null> {
  const rows = shape[0]!;
  const columns = data.length / rows;
  const values = Float64Array.from<number | bigint>(data, Number);
  const norms = rowNorms(values, rows);
  const squares = norms.reduce((sum, norm) => sum + norm * norm, 0);
  if (!Number.isFinite(squares)) return null;
  const dead = deadOf(norms);
  const side = Math.min(rows, columns);
  const isWhole = side <= MAX_SIDE;
  let eigenvalues = new Float64Array(0);
  let largest: number;
  if (isWhole) {
    const gram = await gramOf(values, rows, columns, signal);
    eigenvalues = symmetricEigen(gram).values.map((value) => Math.max(0, value));
    largest = eigenvalues.at(-1)!;
    // Singular values that are rounding of float32 are none, as numpy.linalg.matrix_rank has it.
    const zero = largest * (Math.max(rows, columns) * 2 ** -23) ** 2;
    eigenvalues = eigenvalues.filter((value) => value > zero);
  } else {
    largest = await largestEigenvalue(values, rows, columns, signal);
  }
  return {
    rows,
    columns,
    spectralNorm: Math.sqrt(largest),
    stableRank: largest > 0 ? squares / largest : null,
    deadUnits: dead,
    powerLaw: fitPowerLaw(eigenvalues),
    isWhole,
  };
}

/** WᵀW or WWᵀ, whichever is smaller; its lower triangle. */
async function gramOf(
  values: Float64Array,
  rows: number,
  columns: number,
  signal: AbortSignal,
): Promise<Float64Array> {
  const side = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  // Vectors one behind the other, so that products run along memory.
  let vectors = values;
  if (columns < rows) {
    vectors = new Float64Array(values.length);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        vectors[column * rows + row] = values[row * columns + column]!;
      }
    }
  }
  const gram = new Float64Array(side * side);
  let done = 0;
  for (let i = 0; i < side; i++) {
    for (let j = 0; j <= i; j++)
      gram[i * side + j] = product(vectors, i * length, j * length, length);
    done += (i + 1) * length;
    if (done > TURN) {
      done = 0;
      await turn(signal);
    }
  }
  return gram;
}

function product(values: Float64Array, a: number, b: number, length: number): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  const whole = length - (length % 4);
  for (let k = 0; k < whole; k += 4) {
    first += values[a + k]! * values[b + k]!;
    second += values[a + k + 1]! * values[b + k + 1]!;
    third += values[a + k + 2]! * values[b + k + 2]!;
    fourth += values[a + k + 3]! * values[b + k + 3]!;
  }
  for (let k = whole; k < length; k++) first += values[a + k]! * values[b + k]!;
  return first + second + (third + fourth);
}

async function turn(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal.throwIfAborted();
}

const MAX_STEPS = 60;

/** Of WᵀW, by Lanczos with full orthogonalisation, until it no longer grows. */
async function largestEigenvalue(
  values: Float64Array,
  rows: number,
  columns: number,
  signal: AbortSignal,
): Promise<number> {
  const basis: Float64Array[] = [];
  const [alphas, betas]: [number[], number[]] = [[], []];
  // No axis is left out, and no two are the same.
  let q = normalised(Float64Array.from({ length: columns }, (_, i) => 1 + Math.sin(i + 1) / 2));
  let known = 0;
  for (let step = 0; step < Math.min(MAX_STEPS, columns); step++) {
    await turn(signal);
    basis.push(q);
    const next = timesGram(values, rows, columns, q);
    alphas.push(product2(next, q));
    for (let pass = 0; pass < 2; pass++) {
      for (const other of basis) subtract(next, other, product2(next, other));
    }
    const found = largestRitz(alphas, betas);
    const beta = Math.sqrt(product2(next, next));
    if (found - known <= 1e-13 * found || beta <= 1e-14 * found) return found;
    known = found;
    betas.push(beta);
    q = normalised(next);
  }
  return known;
}

function timesGram(values: Float64Array, rows: number, columns: number, v: Float64Array) {
  const out = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let sum = 0;
    for (let i = 0; i < columns; i++) sum += values[start + i]! * v[i]!;
    for (let i = 0; i < columns; i++) out[i]! += sum * values[start + i]!;
  }
  return out;
}

function product2(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function subtract(from: Float64Array, other: Float64Array, times: number): void {
  for (let i = 0; i < from.length; i++) from[i]! -= times * other[i]!;
}

function normalised(v: Float64Array): Float64Array {
  const norm = Math.sqrt(product2(v, v));
  return v.map((value) => value / norm);
}

function largestRitz(alphas: readonly number[], betas: readonly number[]): number {
  const m = alphas.length;
  const matrix = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    matrix[i * m + i] = alphas[i]!;
    if (i > 0) matrix[i * m + i - 1] = betas[i - 1]!;
  }
  return symmetricEigen(matrix).values[m - 1]!;
}
