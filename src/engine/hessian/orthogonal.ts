import type { FloatArray } from '../tensor';
import { addScaled, dot } from './vectors';

/** Elements of vectors that are worked on while a core's cache holds them. */
const CHUNK = 2048;

/**
 * Makes vectors orthogonal to an orthonormal basis, once: w −= Q·(Qᵀ·w). A piece of all vectors stays
 * in the cache while the basis streams by, four vectors to each reading of it.
 *
 * @param from first vector of the basis that is taken.
 * @returns Qᵀ·w of each vector, for the vectors of the basis from the first taken on.
 */
export function orthogonalize(
  basis: readonly FloatArray[],
  vectors: readonly Float64Array[],
  from = 0,
): readonly Float64Array[] {
  const count = basis.length - from;
  const found = vectors.map(() => new Float64Array(count));
  const together = vectors.length - (vectors.length % 4);
  for (let v = 0; v < together; v += 4) {
    const sums = fourProducts(basis, from, vectors.slice(v, v + 4));
    for (let k = 0; k < 4; k += 1) {
      for (let j = 0; j < count; j += 1) found[v + k]![j] = sums[4 * j + k]!;
    }
  }
  for (let v = together; v < vectors.length; v += 1) {
    for (let j = 0; j < count; j += 1) found[v]![j] = dot(vectors[v]!, basis[from + j]!);
    for (let j = 0; j < count; j += 1) {
      addScaled(vectors[v]!, -found[v]![j]!, basis[from + j]!);
    }
  }
  return found;
}

/**
 * Two vectors of the basis at a time: eight sums, which keeps a core busier than four.
 *
 * @returns the products of each vector of the basis with all four, one after the other.
 */
function fourProducts(
  basis: readonly FloatArray[],
  from: number,
  four: readonly Float64Array[],
): Float64Array {
  const [w0, w1, w2, w3] = four as [Float64Array, Float64Array, Float64Array, Float64Array];
  const count = basis.length - from;
  const isOdd = count % 2 === 1;
  const sums = new Float64Array(4 * (count + 1));
  for (let start = 0; start < w0.length; start += CHUNK) {
    const end = Math.min(w0.length, start + CHUNK);
    for (let j = 0; j < count; j += 2) {
      const q = basis[from + j]!;
      // Of an odd number the last is its own partner, whose products are not used.
      addProducts(q, basis[from + j + 1] ?? q, w0, w1, w2, w3, start, end, sums, 4 * j);
    }
  }
  if (isOdd) sums.fill(0, 4 * count);
  for (let start = 0; start < w0.length; start += CHUNK) {
    const end = Math.min(w0.length, start + CHUNK);
    for (let j = 0; j < count; j += 2) {
      const q = basis[from + j]!;
      subtract(q, basis[from + j + 1] ?? q, w0, w1, w2, w3, start, end, sums, 4 * j);
    }
  }
  return sums;
}

function addProducts(
  q: FloatArray,
  r: FloatArray,
  w0: Float64Array,
  w1: Float64Array,
  w2: Float64Array,
  w3: Float64Array,
  start: number,
  end: number,
  sums: Float64Array,
  at: number,
): void {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let t0 = 0;
  let t1 = 0;
  let t2 = 0;
  let t3 = 0;
  for (let i = start; i < end; i += 1) {
    const x = q[i]!;
    const y = r[i]!;
    const a = w0[i]!;
    const b = w1[i]!;
    const c = w2[i]!;
    const d = w3[i]!;
    s0 += x * a;
    s1 += x * b;
    s2 += x * c;
    s3 += x * d;
    t0 += y * a;
    t1 += y * b;
    t2 += y * c;
    t3 += y * d;
  }
  sums[at]! += s0;
  sums[at + 1]! += s1;
  sums[at + 2]! += s2;
  sums[at + 3]! += s3;
  sums[at + 4]! += t0;
  sums[at + 5]! += t1;
  sums[at + 6]! += t2;
  sums[at + 7]! += t3;
}

function subtract(
  q: FloatArray,
  r: FloatArray,
  w0: Float64Array,
  w1: Float64Array,
  w2: Float64Array,
  w3: Float64Array,
  start: number,
  end: number,
  factors: Float64Array,
  at: number,
): void {
  const f0 = factors[at]!;
  const f1 = factors[at + 1]!;
  const f2 = factors[at + 2]!;
  const f3 = factors[at + 3]!;
  const g0 = factors[at + 4]!;
  const g1 = factors[at + 5]!;
  const g2 = factors[at + 6]!;
  const g3 = factors[at + 7]!;
  for (let i = start; i < end; i += 1) {
    const x = q[i]!;
    const y = r[i]!;
    w0[i]! -= f0 * x + g0 * y;
    w1[i]! -= f1 * x + g1 * y;
    w2[i]! -= f2 * x + g2 * y;
    w3[i]! -= f3 * x + g3 * y;
  }
}
