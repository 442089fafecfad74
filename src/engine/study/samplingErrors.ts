import { meanWithError } from '../hessian/studentT';
import { dot } from '../hessian/vectors';
import { lossBatches } from '../objective/batches';
import type { LossData } from '../objective/lossData';
import { productsOn } from './products';
import type { WorkerPool } from './workerPool';

/** Parts of the evaluation set whose curvatures are compared. */
const PARTS = 16;

/** Points below which parts say nothing of each other. */
const LEAST_POINTS = 32;

/**
 * What another evaluation set of the same size would change of eigenvalues: to first order an
 * eigenvalue is the mean over the samples of vᵀH(sample)v, v its eigenvector, and the standard error
 * of that mean follows from its spread between equal parts of the set. One product for each vector.
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
  const sets = data.sets.filter(({ role }) => role === 'loss');
  const [only] = sets;
  if (data.kind !== 'samples' || only === undefined || sets.length > 1) return null;
  if (only.isCoupled === true || only.points < LEAST_POINTS) return null;
  const parts = lossBatches(
    data.sets.map((set) => ({ ...set, largestBatch: Math.ceil(set.points / PARTS) })),
  );
  const errors: number[] = [];
  for (const vector of vectors) {
    const { length } = vector;
    const quotients = await Promise.all(
      parts.map(async (part) => {
        const share = (part.share * only.points) / part.size;
        const product = productsOn(pool, { batches: [{ ...part, share }], length, signal });
        const [image] = await product([vector]);
        return dot(image!, vector);
      }),
    );
    errors.push(meanWithError(quotients).standardError);
  }
  return errors;
}
