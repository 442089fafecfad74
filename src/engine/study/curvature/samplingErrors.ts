import { errorOfParts } from '../../hessian/partTraces';
import { derivativeBatches, type Batch } from '../../objective/batches';
import { isSample } from '../../objective/isSample';
import type { LossData } from '../../objective/lossData';
import { numbered, sharedZeros } from '../pool/sharedVector';
import type { WorkerPool } from '../pool/workerPool';

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
 * of that mean follows from its spread between samples.
 *
 * @param pool whose problem is set.
 * @param vectors of unit length.
 * @returns null where the data are no independent samples, or too few, or one has no second derivative.
 */
export async function samplingErrors(
  pool: WorkerPool,
  data: LossData,
  vectors: readonly Float64Array[],
  signal?: AbortSignal,
): Promise<readonly number[] | null> {
  if (!isSample(data)) return null;
  const batches = spectrumBatches(data, vectors[0]?.length ?? 0);
  const points = batches.reduce((sum, { size }) => sum + size, 0);
  const shares = Array<number>(points).fill(1 / points);
  const isDouble = pool.runtime.identity.precision === 'float64';
  const errors: number[] = [];
  for (const vector of vectors) {
    const values = sharedZeros(vector.length, isDouble);
    values.set(vector);
    const direction = numbered(values);
    const parts = await Promise.all(
      batches.map(async (batch) => {
        const curvatures = await pool.run<'curvatures'>(
          { kind: 'curvatures', direction, batch },
          signal,
        );
        return Array.from(curvatures, (curvature) => curvature * batch.share * points);
      }),
    );
    const error = errorOfParts(parts.flat(), shares);
    if (error === null || !Number.isFinite(error)) return null;
    errors.push(error);
  }
  return errors;
}
