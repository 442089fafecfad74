import type { Eigenvalue, OffDiagonal } from '../../../shared/result/hessian';
import { largestEigenvalue } from '../../hessian/largestEigenvalue';
import { layersOf } from '../../hessian/layers';
import { offDiagonalShare } from '../../hessian/offDiagonal';
import { derivativeBatches } from '../../objective/batches';
import { tensorSpans } from '../../objective/weights';
import { fillNormal, type TensorSpan } from '../../tensorRandom';
import { zerosLike } from '../../tensor';
import type { MatrixOptions } from './otherMatrices';
import type { OpenedCheckpoint } from '../openProblem';
import { LONG_VECTOR } from '../../hessian/longVectors';
import { productsOn } from '../pool/products';
import type { WorkerPool } from '../pool/workerPool';

/** Blocks whose eigenvalues are looked for at once, so that their products keep many cores busy. */
const TOGETHER = 8;

/** The same where vectors are so long that their bases take memory. */
const TOGETHER_LONG = 1;

export interface BlockCurvature {
  /** Of each layer, as `layersOf` lists them. */
  readonly largest: readonly Eigenvalue[];
  readonly offDiagonal: OffDiagonal;
}

/**
 * The largest eigenvalue of the diagonal block of every layer, by Lanczos in the space of its
 * parameters alone, and how much of H lies outside of the blocks of the tensors.
 *
 * @param pool whose problem is set.
 * @throws NonFiniteProduct
 */
export async function blockCurvature(
  pool: WorkerPool,
  { problem, weights }: OpenedCheckpoint,
  { settings, signal, onProgress }: MatrixOptions,
): Promise<BlockCurvature> {
  const { theta, parameters } = weights;
  const { length } = theta;
  const { precision } = pool.runtime.identity;
  const batches = derivativeBatches(problem.data.sets);
  const apply = productsOn(pool, { batches, length, signal });
  const spans = tensorSpans(parameters);
  const { layers } = layersOf(parameters);
  const offDiagonal = await offDiagonalShare(apply, length, spans, settings.seed);
  const largest: Eigenvalue[] = [];
  const together = length > LONG_VECTOR ? TOGETHER_LONG : TOGETHER;
  for (let first = 0; first < layers.length; first += together) {
    onProgress?.(first / layers.length);
    const found = await Promise.all(
      layers.slice(first, first + together).map(({ members }) => {
        const own = members.map((member) => spans[member]!);
        const packed = packedSpans(own);
        const size = packed.reduce((sum, span) => sum + span.size, 0);
        const start = new Float64Array(size);
        fillNormal(start, packed, settings.seed, 'block');
        const options = { steps: settings.lanczosSteps, precision };
        return largestEigenvalue(
          async (v) => {
            const whole = zerosLike(theta);
            own.forEach(({ offset, size: count }, i) => {
              const { offset: at } = packed[i]!;
              whole.set(v.subarray(at, at + count), offset);
            });
            const [image] = await apply([whole]);
            const part = new Float64Array(size);
            own.forEach(({ offset, size: count }, i) => {
              part.set(image!.subarray(offset, offset + count), packed[i]!.offset);
            });
            return part;
          },
          start,
          options,
        );
      }),
    );
    for (const each of found) largest.push(each);
  }
  return { largest, offDiagonal };
}

/** The same tensors one after the other. */
function packedSpans(spans: readonly TensorSpan[]): readonly TensorSpan[] {
  let offset = 0;
  return spans.map(({ tensor, size }) => {
    const span = { tensor, offset, size };
    offset += size;
    return span;
  });
}
