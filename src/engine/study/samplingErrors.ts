import { errorOfParts } from '../hessian/partTraces';
import { derivativeBatches, lossBatches, type Batch } from '../objective/batches';
import { isSample } from '../objective/isSample';
import type { LossData } from '../objective/lossData';
import { productsOn } from './products';
import type { WorkerPool } from './workerPool';

/** Parts of the evaluation set whose curvatures are compared. */
const PARTS = 16;

/** Parts that the products of a spectrum are taken in where they cost next to nothing. */
const PARTS_OF_SMALL = 8;
const SMALL_NETWORK = 2 ** 16;

/** The batches of a spectrum's products: enough of them to say how much they differ. */
export function spectrumBatches(data: LossData, weights: number): readonly Batch[] {
  const { sets } = data;
  if (weights > SMALL_NETWORK || !isSample(data)) return derivativeBatches(sets);
  return derivativeBatches(
    sets.map((set) => {
      const { points, multiple = 1 } = set;
      const most = set.derivativeBatch ?? set.largestBatch;
      const part = multiple * Math.ceil(points / PARTS_OF_SMALL / multiple);
      return { ...set, derivativeBatch: Math.min(most, part) };
    }),
  );
}

/** What each batch is of all points. */
export function sharesOf(batches: readonly Batch[]): readonly number[] {
  const points = batches.reduce((sum, { size }) => sum + size, 0);
  return batches.map(({ size }) => size / points);
}

/**
 * What another evaluation set of the same size would change of eigenvalues: to first order an
 * eigenvalue is the mean over the samples of vᵀH(sample)v, v its eigenvector, and the standard error
 * of that mean follows from its spread between parts of the set. One product for each vector.
 *
 * @param vectors of unit length.
 * @returns null where the data are no independent samples, or too few.
 */
export async function samplingErrors(
  pool: WorkerPool,
  data: LossData,
  vectors: readonly Float64Array[],
  signal?: AbortSignal,
): Promise<readonly number[] | null> {
  if (!isSample(data)) return null;
  const own = spectrumBatches(data, vectors[0]?.length ?? 0);
  // The batches that are known already, if they are enough.
  const batches =
    2 * own.length >= PARTS
      ? own
      : lossBatches(
          data.sets.map((set) => ({
            ...set,
            multiple: 1,
            largestBatch: Math.ceil(set.points / PARTS),
          })),
        );
  const shares = sharesOf(batches);
  const errors: number[] = [];
  for (const vector of vectors) {
    const { length } = vector;
    const quotients = new Float64Array(batches.length);
    const products = productsOn(pool, {
      batches,
      length,
      signal,
      onQuotient: (_, part, quotient) => {
        quotients[part] = quotient / shares[part]!;
      },
    });
    await products([vector]);
    const error = errorOfParts(quotients, shares);
    if (error === null) return null;
    errors.push(error);
  }
  return errors;
}
