import type { Configuration } from '../../shared/configuration';
import { InputError } from '../../shared/inputError';
import { addScaled, dot, norm } from '../hessian/lanczos';
import { tensorSpans, type WeightLayout } from '../objective/weights';
import { fillNormal } from '../tensorRandom';
import type { FloatArray } from '../tensor';

export interface RandomDirectionSettings {
  readonly dimensions: number;
  readonly normalization: Configuration['landscape']['normalization'];
  /** 'zero' if absent. */
  readonly biases?: Configuration['landscape']['biases'];
  readonly seed: number;
}

/**
 * Random directions through θ (Li et al. 2018, section 4), orthogonal to each other.
 *
 * Each is Gaussian, and then takes the lengths of θ: of every filter (the weights of one output
 * unit), of every tensor ('layer'), or is of unit length ('none'). With 'filter' and 'layer',
 * biases and normalisation parameters, which are tensors with one axis, are left at zero, or with
 * `biases: 'keep'` take lengths as all others do: each of their entries is a filter.
 *
 * The random numbers belong to the names of the tensors, so that the same weights have the same
 * directions whatever file, order or exporter they came through.
 *
 * @throws InputError where fewer weights move than there are dimensions.
 */
export function randomDirections(
  theta: FloatArray,
  layout: WeightLayout,
  { dimensions, normalization, biases = 'zero', seed }: RandomDirectionSettings,
): readonly Float64Array[] {
  return orthogonal(
    Array.from({ length: dimensions }, (_, index) => {
      const direction = new Float64Array(theta.length);
      fillNormal(direction, tensorSpans(layout), seed, `direction ${index}`);
      normalize(direction, theta, layout, normalization, biases);
      return direction;
    }),
  );
}

/**
 * Makes each direction orthogonal to those before it, of the length it had. Twice is enough
 * (Parlett, The Symmetric Eigenvalue Problem, 6.9).
 *
 * @throws InputError where one depends on those before it.
 */
export function orthogonal(directions: readonly Float64Array[]): readonly Float64Array[] {
  const done: Float64Array[] = [];
  for (const [index, given] of directions.entries()) {
    const direction = Float64Array.from(given);
    const length = norm(direction);
    for (let pass = 0; pass < 2; pass += 1) {
      for (const other of done) {
        addScaled(direction, -dot(direction, other) / dot(other, other), other);
      }
    }
    const left = norm(direction);
    if (!(left > 1e-8 * length)) {
      throw new InputError(
        index === 0
          ? 'The direction of the landscape has no length; of random directions, no weight moves: choose another "normalization" or "biases".'
          : `Direction ${index + 1} of the landscape depends on those before it; lower "dimensions" to ${index}.`,
      );
    }
    done.push(direction.map((x) => (x * length) / left));
  }
  return done;
}

function normalize(
  direction: Float64Array,
  theta: FloatArray,
  layout: WeightLayout,
  normalization: RandomDirectionSettings['normalization'],
  biases: NonNullable<RandomDirectionSettings['biases']>,
): void {
  if (normalization === 'none') {
    const length = norm(direction);
    direction.forEach((x, i) => (direction[i] = x / length));
    return;
  }
  for (const { shape, offset, size } of layout.entries) {
    if (shape.length < 2 && biases === 'zero') {
      direction.fill(0, offset, offset + size);
      continue;
    }
    const filters = normalization === 'filter' ? (shape[0] ?? 1) : 1;
    const unit = size / filters;
    for (let start = offset; start < offset + size; start += unit) {
      takeLength(direction.subarray(start, start + unit), theta.subarray(start, start + unit));
    }
  }
}

function takeLength(part: Float64Array, like: FloatArray): void {
  const length = norm(part);
  const wanted = norm(Float64Array.from(like));
  for (let i = 0; i < part.length; i += 1) part[i]! *= length === 0 ? 0 : wanted / length;
}

/** Cosines of (0,1), (0,2), …, (1,2), …: 0 where directions are orthogonal. */
export function cosines(directions: readonly Float64Array[]): readonly number[] {
  return directions.flatMap((a, i) =>
    directions.slice(i + 1).map((b) => dot(a, b) / (norm(a) * norm(b))),
  );
}
