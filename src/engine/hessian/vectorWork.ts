import type { FloatArray } from '../tensor';
import { workOnSlice, type SliceWork } from './vectorSlices';

/** Where long vectors are kept, and who works on them. */
export interface VectorWork {
  readonly zeros: (length: number, isDouble: boolean) => FloatArray;
  /** Works on slices that do not overlap; what each gave, in their order. */
  readonly onSlices: (slices: readonly SliceWork[]) => Promise<readonly Float64Array[]>;
}

/** One thread, and memory of its own. */
export const IN_THIS_THREAD: VectorWork = {
  zeros: (length, isDouble) => (isDouble ? new Float64Array(length) : new Float32Array(length)),
  onSlices: (slices) => Promise.resolve(slices.map(workOnSlice)),
};

/** Elements of a slice, at least. */
const MIN_SLICE = 2 ** 15;

/** Slices of a long vector, at most: enough for as many cores. */
const MAX_SLICES = 64;

/**
 * The bounds of the slices vectors are worked on in. They follow from the length alone, as sums are
 * taken slice by slice: results do not depend on who works.
 */
function slicesOf(length: number): readonly { readonly start: number; readonly end: number }[] {
  const size = Math.max(MIN_SLICE, Math.ceil(length / MAX_SLICES / MIN_SLICE) * MIN_SLICE);
  return Array.from({ length: Math.ceil(length / size) }, (_, i) => ({
    start: i * size,
    end: Math.min(length, (i + 1) * size),
  }));
}

/**
 * Makes vectors orthogonal to an orthonormal basis, once: w −= Q·(Qᵀ·w).
 *
 * @param from first vector of the basis that is taken.
 * @returns Qᵀ·w of each vector, for the vectors of the basis from the first taken on.
 */
export async function orthogonalize(
  work: VectorWork,
  basis: readonly FloatArray[],
  vectors: readonly Float64Array[],
  from = 0,
): Promise<readonly Float64Array[]> {
  const taken = basis.slice(from);
  const count = taken.length;
  if (count === 0 || vectors.length === 0) return vectors.map(() => new Float64Array(0));
  const slices = slicesOf(vectors[0]!.length).map((slice) => ({ ...slice, basis: taken, vectors }));
  const parts = await work.onSlices(
    slices.map((slice) => ({ ...slice, operation: 'products' }) as const),
  );
  const factors = new Float64Array(count * vectors.length);
  for (const part of parts) {
    for (let i = 0; i < factors.length; i += 1) factors[i]! += part[i]!;
  }
  await work.onSlices(
    slices.map((slice) => ({ ...slice, operation: 'subtract', factors }) as const),
  );
  return vectors.map((_, v) => factors.subarray(v * count, (v + 1) * count));
}

/** Makes a vector of the length of another the other over a number. */
export async function divide(
  work: VectorWork,
  w: Float64Array,
  length: number,
  into: FloatArray,
): Promise<void> {
  const slices = slicesOf(w.length);
  const own = { basis: [into], vectors: [w], length };
  await work.onSlices(slices.map((slice) => ({ ...slice, ...own, operation: 'divide' }) as const));
}

/** Makes the first vectors of a basis the combinations of all that the columns say. */
export async function combine(
  work: VectorWork,
  basis: readonly FloatArray[],
  columns: readonly Float64Array[],
): Promise<void> {
  const slices = slicesOf(basis[0]!.length);
  await work.onSlices(
    slices.map((slice) => ({ ...slice, basis, columns, operation: 'combine' }) as const),
  );
}
