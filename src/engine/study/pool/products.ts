import type { SymmetricOperators } from '../../hessian/blockLanczos';
import type { CurvatureMatrix } from '../../graph/gaussNewton';
import { dot } from '../../hessian/vectors';
import type { Batch } from '../../objective/batches';
import type { FloatArray } from '../../tensor';
import { releaseVectors } from '../../hessian/longVectors';
import { numbered, sharedZeros } from './sharedVector';
import type { WorkerPool } from './workerPool';

/** Weights of networks whose products are so small that several at once take less time. */
const SMALL_NETWORK = 2 ** 16;

/** Tasks that products of one step leave for workers, whoever has how many. */
const MIN_TASKS = 8;

export interface ProductOptions {
  /** Those the loss is a sum over. */
  readonly batches: readonly Batch[];
  /** Of θ. */
  readonly length: number;
  /** The Hessian if absent. */
  readonly matrix?: CurvatureMatrix;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of a vector v of a call, that of a batch, and the batch's part of vᵀHv. */
  readonly onQuotient?: (vector: number, batch: number, quotient: number) => void;
}

/**
 * H·v at the point of the pool's problem, as sums over batches.
 *
 * What is asked of a worker follows from the problem alone, and parts are added in the order of the
 * batches, in float64: the result does not depend on the workers. A part is let go of as soon as
 * those before it are added, so that few are held at once.
 */
export function productsOn(
  pool: WorkerPool,
  { batches, length, matrix = 'hessian', signal, onQuotient }: ProductOptions,
): SymmetricOperators {
  const isDouble = pool.runtime.identity.precision === 'float64';
  const free: FloatArray[] = [];
  return async (vs, into) => {
    const copies: FloatArray[] = [];
    const directions = vs.map((v) => {
      if (isSeenByAll(v, isDouble)) return numbered(v);
      const own = free.pop() ?? sharedZeros(length, isDouble);
      own.set(v);
      copies.push(own);
      return numbered(own);
    });
    const sums = into ?? vs.map(() => new Float64Array(length));
    const together = directionsTogether(vs.length, batches.length, length);
    const groups = Array.from({ length: Math.ceil(vs.length / together) }, (_, group) =>
      addedInOrder(
        batches,
        sums.slice(group * together, (group + 1) * together),
        (batch) => {
          const own = directions.slice(group * together, (group + 1) * together);
          return pool.run<'products'>({ kind: 'products', matrix, directions: own, batch }, signal);
        },
        onQuotient &&
          ((k, batch, part, share) => {
            const vector = group * together + k;
            onQuotient(vector, batch, share * dot(directions[vector]!.values, part));
          }),
      ),
    );
    await Promise.all(groups);
    for (const each of copies) free.push(each);
    return sums;
  };
}

function isSeenByAll(v: FloatArray, isDouble: boolean): boolean {
  return v.buffer instanceof SharedArrayBuffer && v instanceof Float64Array === isDouble;
}

/** Makes sums of what belongs to each batch, times its share, in the order of the batches. */
export async function addedInOrder(
  batches: readonly Batch[],
  sums: readonly Float64Array[],
  partsOf: (batch: Batch) => Promise<readonly FloatArray[]>,
  onPart?: (sum: number, batch: number, part: FloatArray, share: number) => void,
): Promise<void> {
  const waiting = new Map<number, readonly FloatArray[]>();
  let next = 0;
  await Promise.all(
    batches.map(async (batch, index) => {
      waiting.set(index, await partsOf(batch));
      while (waiting.has(next)) {
        const { share } = batches[next]!;
        for (const [k, part] of waiting.get(next)!.entries()) {
          if (next === 0) setShare(sums[k]!, share, part);
          else addShare(sums[k]!, share, part);
          onPart?.(k, next, part, share);
        }
        waiting.delete(next);
        next += 1;
      }
      releaseVectors(sums[0]!.length);
    }),
  );
}

function setShare(sum: Float64Array, share: number, part: FloatArray): void {
  for (let i = 0; i < sum.length; i += 1) sum[i] = share * part[i]!;
}

function addShare(sum: Float64Array, share: number, part: FloatArray): void {
  for (let i = 0; i < sum.length; i += 1) sum[i]! += share * part[i]!;
}

/** How many directions go into one task: by the problem alone, as the result depends on it. */
function directionsTogether(directions: number, batches: number, weights: number): number {
  if (weights > SMALL_NETWORK) return 1;
  return Math.max(1, Math.floor((directions * batches) / MIN_TASKS));
}
