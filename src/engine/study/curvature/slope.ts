import type {
  Eigenvalue,
  GradientFigures,
  Hessian,
  LossProfile,
} from '../../../shared/result/hessian';
import { toScalar } from '../../../shared/result/scalar';
import { layersOf } from '../../hessian/layers';
import { dot, norm } from '../../hessian/vectors';
import type { Batch } from '../../objective/batches';
import type { FloatArray } from '../../tensor';
import type { OpenedCheckpoint } from '../openProblem';
import { addedInOrder, productsOn } from '../pool/products';
import { spectrumBatches } from './samplingErrors';
import { sharedZeros } from '../pool/sharedVector';
import type { WorkerPool } from '../pool/workerPool';

/** Points of a profile to either side of θ. */
const SIDE = 10;

/** What the gradient says, and the loss along eigenvectors. */
export interface Slope {
  readonly gradient: GradientFigures;
  readonly profiles: readonly LossProfile[];
  /** ‖g‖ of each layer, as `layersOf` lists them. */
  readonly layerNorms: readonly number[];
}

/** A Hessian's figures with those of the slope. */
export function withSlope(hessian: Hessian, { gradient, profiles, layerNorms }: Slope): Hessian {
  const { layers } = hessian;
  return {
    ...hessian,
    gradient,
    profiles,
    ...(layers === undefined
      ? {}
      : { layers: layers.map((layer, i) => ({ ...layer, gradientNorm: layerNorms[i]! })) }),
  };
}

export interface SlopeOptions {
  /** Of the step of steepest ascent. */
  readonly radius: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The gradient, one step of steepest ascent, and the loss along eigenvectors of the Hessian: one
 * pass for the gradient, one product, and one evaluation of the loss for each point.
 *
 * A profile reaches as far as its quadratic alone rises by the loss, √(2|L|/|λ|), but at least as far
 * as the step of ascent and at most ‖θ‖.
 *
 * @param pool whose problem is set.
 * @param leading unit eigenvectors.
 */
export async function slopeOf(
  pool: WorkerPool,
  { problem, weights }: OpenedCheckpoint,
  leading: {
    readonly eigenvalues: readonly Eigenvalue[];
    readonly vectors: readonly Float64Array[];
  },
  { radius, signal }: SlopeOptions,
): Promise<Slope> {
  const { theta } = weights;
  const { length } = theta;
  // Those of the spectrum, whose programs are compiled.
  const batches = spectrumBatches(problem.data, length);
  // The gradient itself is let go of: in large networks every vector counts.
  const { size, slopes, layerNorms, unit } = await gradientFigures(
    pool,
    batches,
    weights,
    leading.vectors,
    signal,
  );
  let curvature: number | null = null;
  if (unit !== null) {
    const [image] = await productsOn(pool, { batches, length, signal })([unit]);
    curvature = dot(image!, unit);
  }
  const isDouble = pool.runtime.identity.precision === 'float64';
  pool.setDirections([
    unit ?? sharedZeros(length, isDouble),
    ...leading.vectors.map((vector) => inShared(vector, isDouble)),
  ]);
  const axes = 1 + leading.vectors.length;
  const lossAt = async (axis: number, distance: number): Promise<number> => {
    const at = Array.from({ length: axes }, (_, i) => (i === axis ? distance : 0));
    const [loss] = await pool.run<'losses'>({ kind: 'losses', coordinates: [at] }, signal);
    return loss!;
  };
  const center = await lossAt(0, 0);
  const rise = unit !== null ? (await lossAt(0, radius)) - center : null;
  const reach = Math.max(radius, norm(theta));
  const profiles: LossProfile[] = [];
  for (const [k, { value }] of leading.eigenvalues.entries()) {
    const wanted = Math.sqrt(Math.abs((2 * center) / value));
    const farthest = Number.isFinite(wanted) ? Math.min(Math.max(wanted, radius), reach) : radius;
    const distances = Array.from(
      { length: 2 * SIDE + 1 },
      (_, i) => ((i - SIDE) / SIDE) * farthest,
    );
    const losses = await Promise.all(
      distances.map(async (distance) => (distance === 0 ? center : lossAt(k + 1, distance))),
    );
    profiles.push({
      eigenvalue: value,
      slope: slopes[k]!,
      distances,
      losses: losses.map(toScalar),
    });
  }
  return {
    gradient: {
      norm: size,
      curvature,
      ascent: rise === null ? null : { radius, rise: toScalar(rise) },
    },
    profiles,
    layerNorms,
  };
}

/** ‖g‖, its parts, gᵀv of some vectors, and g/‖g‖ where that is defined. */
async function gradientFigures(
  pool: WorkerPool,
  batches: readonly Batch[],
  { theta, parameters }: OpenedCheckpoint['weights'],
  vectors: readonly Float64Array[],
  signal: AbortSignal | undefined,
) {
  const gradient = new Float64Array(theta.length);
  await addedInOrder(batches, [gradient], async (batch) => [
    await pool.run<'gradient'>({ kind: 'gradient', batch }, signal),
  ]);
  const size = norm(gradient);
  const slopes = vectors.map((vector) => dot(gradient, vector));
  const layers = layersOf(parameters);
  const squares = layers.tensors.map(({ offset, size: own }) => {
    const part = gradient.subarray(offset, offset + own);
    return dot(part, part);
  });
  const layerNorms = layers.layers.map(({ members }) =>
    Math.sqrt(members.reduce((sum, member) => sum + squares[member]!, 0)),
  );
  let unit: FloatArray | null = null;
  if (size > 0 && Number.isFinite(size)) {
    for (let i = 0; i < gradient.length; i += 1) gradient[i]! /= size;
    unit = inShared(gradient, pool.runtime.identity.precision === 'float64');
  }
  return { size, slopes, layerNorms, unit };
}

/** A vector in memory that all workers see, in the precision they compute in. */
function inShared(vector: Float64Array, isDouble: boolean): FloatArray {
  const copy = sharedZeros(vector.length, isDouble);
  copy.set(vector);
  return copy;
}
