import { IN_THIS_THREAD, type VectorWork } from '../../hessian/vectorWork';
import { sharedZeros } from './sharedVector';
import type { WorkerPool } from './workerPool';

/** Vectors in memory that all threads see, which all workers work on. */
export function vectorsOn(pool: WorkerPool, signal?: AbortSignal): VectorWork {
  return {
    zeros: sharedZeros,
    onSlices: (slices) =>
      slices.length === 1
        ? IN_THIS_THREAD.onSlices(slices)
        : Promise.all(slices.map((slice) => pool.run<'slice'>({ kind: 'slice', slice }, signal))),
  };
}
