import type { Configuration } from '../../shared/configuration';
import { addScaled, dot, norm } from '../hessian/lanczos';
import type { WeightLayout } from '../objective/weights';
import { Random } from '../random';

/**
 * Random directions through θ (Li et al. 2018, section 4), orthogonal to each other.
 *
 * Each is Gaussian, and then takes the lengths of θ: of every filter (the weights of one output
 * unit), of every tensor ('layer'), or is of unit length ('none'). With 'filter' and 'layer',
 * biases and normalisation parameters do not move, as they have no filters: a tensor with one
 * axis is left at zero.
 */
export function randomDirections(
  theta: Float32Array,
  layout: WeightLayout,
  {
    dimensions,
    normalization,
    seed,
  }: Pick<Configuration['landscape'], 'dimensions' | 'normalization' | 'seed'>,
): readonly Float64Array[] {
  const directions: Float64Array[] = [];
  for (let index = 0; index < dimensions; index += 1) {
    const random = new Random(seed, `direction ${index}`);
    const direction = Float64Array.from({ length: theta.length }, () => random.normal());
    normalize(direction, theta, layout, normalization);
    const length = norm(direction);
    // Orthogonal to those before, of the length it had.
    for (const other of directions) {
      addScaled(direction, -dot(direction, other) / dot(other, other), other);
    }
    const left = norm(direction);
    directions.push(left === 0 ? direction : direction.map((x) => (x * length) / left));
  }
  return directions;
}

function normalize(
  direction: Float64Array,
  theta: Float32Array,
  layout: WeightLayout,
  normalization: Configuration['landscape']['normalization'],
): void {
  if (normalization === 'none') {
    const length = norm(direction);
    direction.forEach((x, i) => (direction[i] = x / length));
    return;
  }
  for (const { shape, offset, size } of layout.entries) {
    if (shape.length < 2) {
      direction.fill(0, offset, offset + size);
      continue;
    }
    const unit = normalization === 'filter' ? size / shape[0]! : size;
    for (let start = offset; start < offset + size; start += unit) {
      takeLength(direction.subarray(start, start + unit), theta.subarray(start, start + unit));
    }
  }
}

function takeLength(part: Float64Array, like: Float32Array): void {
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
