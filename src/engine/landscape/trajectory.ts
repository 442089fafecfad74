import { InputError } from '../../shared/inputError';
import type { ProjectedCheckpoint } from '../../shared/result/landscape';
import { say } from '../../shared/words/message';
import { identityRows, symmetricEigen } from '../hessian/symmetricEigen';
import { addScaled, dot, norm } from '../hessian/vectors';
import { orthogonal } from './directions';
import type { FloatArray } from '../tensor';

/** The checkpoints of a run as points of parameter space, read when they are asked for. */
export interface RunPoints {
  readonly count: number;
  /** Name of each, as documents name it. */
  readonly names: readonly string[];
  /** θₖ, in the same order of parameters for all. */
  readonly read: (index: number) => Promise<FloatArray>;
}

export interface PrincipalDirections {
  /** Orthonormal, the most explanatory first. */
  readonly directions: readonly Float64Array[];
  /** Share of Σ‖θₖ − c‖² along each. */
  readonly explained: readonly number[];
}

/** Bytes of differences that are held at once. */
const HELD_BYTES = 2 ** 29;

/**
 * Principal components of a run as it is seen from one point (Li et al. 2018, section 7): the
 * right singular vectors of the matrix with rows θₖ − c. No mean is taken off, so that the plane
 * through c is the one nearest to the checkpoints.
 *
 * They come from the small matrix of inner products, which is summed in float64 over a few
 * checkpoints at a time; its eigenvalues are the squared singular values. The sign is such that
 * the checkpoint farthest along a direction has a positive coordinate.
 *
 * @throws InputError when the differences span fewer dimensions.
 */
export async function principalDirections(
  run: RunPoints,
  center: FloatArray,
  dimensions: number,
): Promise<PrincipalDirections> {
  const { count } = run;
  const held = Math.max(1, Math.floor(HELD_BYTES / (8 * center.length)));
  const gram = new Float64Array(count * count);
  for (let first = 0; first < count; first += held) {
    const block: Float64Array[] = [];
    for (let j = first; j < count; j += 1) {
      const own = difference(await run.read(j), center);
      if (block.length < held) block.push(own);
      for (const [k, other] of block.entries()) {
        const product = dot(own, other);
        gram[j * count + first + k] = product;
        gram[(first + k) * count + j] = product;
      }
    }
  }
  const { values, rows } = symmetricEigen(gram, identityRows(count));
  const order = Array.from(values.keys()).reverse();
  const largest = values[order[0] ?? 0] ?? 0;
  // Beyond this, squares of float32 differences hold nothing but rounding.
  const rank = order.filter((i) => values[i]! > 1e-13 * largest).length;
  if (rank < dimensions) {
    throw new InputError(
      say`The checkpoints of the run span ${rank} dimensions from its centre, and the landscape of a trajectory asks for ${dimensions}; lower "dimensions", or match more checkpoints.`,
    );
  }
  const chosen = order.slice(0, dimensions);
  const sums = chosen.map(() => new Float64Array(center.length));
  const coefficients = chosen.map((i) => {
    const column = rows.map((row) => row[i]!);
    const farthest = column.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
    return column.map((x) => x * Math.sign(farthest));
  });
  for (let j = 0; j < count; j += 1) {
    const own = difference(await run.read(j), center);
    sums.forEach((sum, k) => {
      addScaled(sum, coefficients[k]![j]!, own);
    });
  }
  const total = values.reduce((sum, value) => sum + value, 0);
  return {
    directions: orthogonal(sums.map((sum) => scaled(sum, 1 / norm(sum)))),
    explained: chosen.map((i) => values[i]! / total),
  };
}

/**
 * The nearest point to θ in c + span δ, for orthogonal δ of any length: αᵢ = (θ − c)·δᵢ / ‖δᵢ‖².
 */
export function project(
  theta: FloatArray,
  center: FloatArray,
  directions: readonly FloatArray[],
): Omit<ProjectedCheckpoint, 'checkpoint'> {
  const rest = difference(theta, center);
  const whole = norm(rest);
  const coordinates = directions.map((direction) => {
    const along = dot(rest, direction) / dot(direction, direction);
    addScaled(rest, -along, direction);
    return along;
  });
  return { coordinates, residual: norm(rest), norm: whole };
}

export async function projectRun(
  run: RunPoints,
  center: FloatArray,
  directions: readonly FloatArray[],
): Promise<readonly ProjectedCheckpoint[]> {
  const projected: ProjectedCheckpoint[] = [];
  for (const [index, checkpoint] of run.names.entries()) {
    projected.push({ checkpoint, ...project(await run.read(index), center, directions) });
  }
  return projected;
}

export function difference(a: FloatArray, b: FloatArray): Float64Array {
  const result = new Float64Array(a.length);
  for (let i = 0; i < a.length; i += 1) result[i] = a[i]! - b[i]!;
  return result;
}

function scaled(a: Float64Array, factor: number): Float64Array {
  return a.map((x) => x * factor);
}
