import type { FloatArray } from '../tensor';

/** What is done with elements `start` to `end` of long vectors. */
export type SliceWork =
  /** Qᵀ·W: the products of each vector with all of the basis, one vector after the other. */
  | (Slice & { readonly operation: 'products'; readonly vectors: readonly Float64Array[] })
  /** W −= Q·F, with F as products are given. */
  | (Slice & {
      readonly operation: 'subtract';
      readonly vectors: readonly Float64Array[];
      readonly factors: Float64Array;
    })
  /** The only vector of Q is made the only one of W over a length. */
  | (Slice & {
      readonly operation: 'divide';
      readonly vectors: readonly Float64Array[];
      readonly length: number;
    })
  /** The first vectors of Q are made Q·F, as many as there are columns of F. */
  | (Slice & { readonly operation: 'combine'; readonly columns: readonly Float64Array[] });

interface Slice {
  readonly basis: readonly FloatArray[];
  readonly start: number;
  readonly end: number;
}

/** Elements of vectors that are worked on while a core's cache holds them. */
const CHUNK = 2048;

/** Vectors of the basis to each reading of two others: eight sums keep a core busy. */
const TOGETHER = 4;

/** @returns the products; of what changes vectors, nothing. */
export function workOnSlice(work: SliceWork): Float64Array {
  switch (work.operation) {
    case 'products':
      return products(work.basis, work.vectors, work.start, work.end);
    case 'subtract':
      subtract(work.basis, work.vectors, work.factors, work.start, work.end);
      return new Float64Array(0);
    case 'divide':
      divide(work.basis[0]!, work.vectors[0]!, work.length, work.start, work.end);
      return new Float64Array(0);
    case 'combine':
      combine(work.basis, work.columns, work.start, work.end);
      return new Float64Array(0);
  }
}

function products(
  basis: readonly FloatArray[],
  vectors: readonly Float64Array[],
  start: number,
  end: number,
): Float64Array {
  const count = basis.length;
  // Of a number that is not whole groups the last is its own partner, whose products are not used.
  const padded = TOGETHER * Math.ceil(count / TOGETHER);
  const sums = new Float64Array(padded * (vectors.length + 1));
  for (let from = start; from < end; from += CHUNK) {
    const to = Math.min(end, from + CHUNK);
    for (let j = 0; j < count; j += TOGETHER) {
      const q0 = basis[j]!;
      const q1 = basis[j + 1] ?? q0;
      const q2 = basis[j + 2] ?? q0;
      const q3 = basis[j + 3] ?? q0;
      for (let v = 0; v < vectors.length; v += 2) {
        const w0 = vectors[v]!;
        const w1 = vectors[v + 1] ?? w0;
        addProducts(q0, q1, q2, q3, w0, w1, from, to, sums, v * padded + j, padded);
      }
    }
  }
  const found = new Float64Array(count * vectors.length);
  for (let v = 0; v < vectors.length; v += 1) {
    found.set(sums.subarray(v * padded, v * padded + count), v * count);
  }
  return found;
}

function addProducts(
  q0: FloatArray,
  q1: FloatArray,
  q2: FloatArray,
  q3: FloatArray,
  w0: Float64Array,
  w1: Float64Array,
  start: number,
  end: number,
  sums: Float64Array,
  at: number,
  next: number,
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
    const a = w0[i]!;
    const b = w1[i]!;
    const x0 = q0[i]!;
    const x1 = q1[i]!;
    const x2 = q2[i]!;
    const x3 = q3[i]!;
    s0 += x0 * a;
    s1 += x1 * a;
    s2 += x2 * a;
    s3 += x3 * a;
    t0 += x0 * b;
    t1 += x1 * b;
    t2 += x2 * b;
    t3 += x3 * b;
  }
  sums[at]! += s0;
  sums[at + 1]! += s1;
  sums[at + 2]! += s2;
  sums[at + 3]! += s3;
  sums[at + next]! += t0;
  sums[at + next + 1]! += t1;
  sums[at + next + 2]! += t2;
  sums[at + next + 3]! += t3;
}

function subtract(
  basis: readonly FloatArray[],
  vectors: readonly Float64Array[],
  factors: Float64Array,
  start: number,
  end: number,
): void {
  const count = basis.length;
  const factor = (v: number, j: number): number => (j < count ? factors[v * count + j]! : 0);
  for (let from = start; from < end; from += CHUNK) {
    const to = Math.min(end, from + CHUNK);
    for (let j = 0; j < count; j += TOGETHER) {
      const q0 = basis[j]!;
      const q1 = basis[j + 1] ?? q0;
      const q2 = basis[j + 2] ?? q0;
      const q3 = basis[j + 3] ?? q0;
      for (const [v, w] of vectors.entries()) {
        const f0 = factor(v, j);
        const f1 = factor(v, j + 1);
        const f2 = factor(v, j + 2);
        const f3 = factor(v, j + 3);
        for (let i = from; i < to; i += 1) {
          w[i]! -= f0 * q0[i]! + f1 * q1[i]! + (f2 * q2[i]! + f3 * q3[i]!);
        }
      }
    }
  }
}

function divide(
  unit: FloatArray,
  w: Float64Array,
  length: number,
  start: number,
  end: number,
): void {
  for (let i = start; i < end; i += 1) unit[i] = w[i]! / length;
}

function combine(
  basis: readonly FloatArray[],
  columns: readonly Float64Array[],
  start: number,
  end: number,
): void {
  const sums = columns.map(() => new Float64Array(CHUNK));
  for (let from = start; from < end; from += CHUNK) {
    const length = Math.min(end - from, CHUNK);
    for (const [k, sum] of sums.entries()) {
      sum.fill(0);
      for (const [j, q] of basis.entries()) {
        const factor = columns[k]![j]!;
        for (let i = 0; i < length; i += 1) sum[i]! += factor * q[from + i]!;
      }
    }
    // Only now: all of them are made of the vectors that are written over.
    for (const [k, sum] of sums.entries()) basis[k]!.set(sum.subarray(0, length), from);
  }
}
