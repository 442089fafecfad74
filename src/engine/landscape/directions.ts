import type { Configuration } from '../../shared/configuration';
import { InputError } from '../../shared/inputError';
import { say } from '../../shared/words/message';
import { dot, norm } from '../hessian/vectors';
import { tensorSpans, type WeightLayout } from '../objective/weights';
import { fillNormal } from '../tensorRandom';
import { sizeOf, type FloatArray } from '../tensor';

export interface RandomDirectionSettings {
  readonly dimensions: number;
  readonly normalization: Configuration['landscape']['normalization'];
  /** 'zero' if absent. */
  readonly biases?: Configuration['landscape']['biases'];
  readonly seed: number;
}

/** Random numbers of some tensors in one direction, and the lengths they take. */
export interface DirectionPart {
  /** Of the length of θ; what belongs to the tensors is written. */
  readonly vector: FloatArray;
  readonly theta: FloatArray;
  /** The tensors. */
  readonly layout: WeightLayout;
  /** Number of the direction. */
  readonly index: number;
  readonly settings: RandomDirectionSettings;
}

/** Weights up to which directions are kept in float64: those of more would fill memory. */
const DOUBLE_LENGTH = 2 ** 22;

/** Whether random directions at a point are in float64; in float32, as the point, if not. */
export function areDirectionsDouble(theta: FloatArray): boolean {
  return theta instanceof Float64Array || theta.length <= DOUBLE_LENGTH;
}

/**
 * Writes the part of a random direction through θ (Li et al. 2018, section 4) that belongs to some
 * tensors, whoever writes the others; `finishDirections` comes after all of them.
 *
 * Each is Gaussian, and then takes the lengths of θ: of every filter (the weights of one output
 * unit), of every tensor ('layer'), or is of unit length ('none'). With 'filter' and 'layer',
 * biases and normalisation parameters, which are tensors with one axis, are left at zero, or with
 * `biases: 'keep'` take lengths as all others do: each of their entries is a filter.
 *
 * The random numbers belong to the names of the tensors, so that the same weights have the same
 * directions whatever file, order or exporter they came through.
 */
export function fillDirection({ vector, theta, layout, index, settings }: DirectionPart): void {
  const { normalization, biases = 'zero', seed } = settings;
  const moved = layout.entries.filter(
    ({ shape }) => normalization === 'none' || shape.length >= 2 || biases === 'keep',
  );
  fillNormal(vector, tensorSpans({ ...layout, entries: moved }), seed, `direction ${index}`);
  if (normalization === 'none') return;
  for (const { shape, offset, size, unitAxes: [from, to] = [0, 1] } of moved) {
    const units = normalization === 'filter' ? sizeOf(shape.slice(from, to)) : 1;
    const inner = normalization === 'filter' ? sizeOf(shape.slice(to)) : size;
    takeLengths(vector, theta, { offset, size, units, inner });
  }
}

/**
 * Takes written directions to their length and makes them orthogonal, where they are.
 *
 * @throws InputError where fewer weights move than there are dimensions.
 */
export function finishDirections(
  vectors: readonly FloatArray[],
  { normalization }: RandomDirectionSettings,
): void {
  if (normalization === 'none') {
    for (const vector of vectors) scale(vector, 1 / norm(vector));
  }
  makeOrthogonal(vectors);
}

/**
 * Makes each direction orthogonal to those before it, of the length it had.
 *
 * @throws InputError where one depends on those before it.
 */
export function orthogonal(directions: readonly Float64Array[]): readonly Float64Array[] {
  const copies = directions.map((direction) => direction.slice());
  makeOrthogonal(copies);
  return copies;
}

/** As `orthogonal`, where they are. Twice is enough (Parlett, The Symmetric Eigenvalue Problem, 6.9). */
function makeOrthogonal(directions: readonly FloatArray[]): void {
  const squares: number[] = [];
  for (const [index, direction] of directions.entries()) {
    const square = dot(direction, direction);
    let left = square;
    for (let pass = 0; pass < 2; pass += 1) {
      let isMoved = false;
      for (let k = 0; k < index; k += 1) {
        const share = dot(direction, directions[k]!) / squares[k]!;
        // Below this it is the rounding of the products.
        if (share * share * squares[k]! < 1e-32 * square) continue;
        subtract(direction, share, directions[k]!);
        isMoved = true;
      }
      if (!isMoved) break;
      left = dot(direction, direction);
    }
    const rounding = direction instanceof Float64Array ? 1e-16 : 1e-12;
    if (!(left > rounding * square)) {
      throw new InputError(
        index === 0
          ? say`The direction of the landscape has no length; of random directions, no weight moves: choose another "normalization" or "biases".`
          : say`Direction ${index + 1} of the landscape depends on those before it; lower "dimensions" to ${index}.`,
      );
    }
    if (left !== square) scale(direction, Math.sqrt(square / left));
    squares.push(dot(direction, direction));
  }
}

function scale(vector: FloatArray, factor: number): void {
  for (let i = 0; i < vector.length; i += 1) vector[i]! *= factor;
}

function subtract(vector: FloatArray, factor: number, other: FloatArray): void {
  for (let i = 0; i < vector.length; i += 1) vector[i]! -= factor * other[i]!;
}

/** A tensor [outer, units, inner] in a vector; its filters are the units. */
interface Filters {
  readonly offset: number;
  readonly size: number;
  readonly units: number;
  readonly inner: number;
}

/** Gives every filter of a tensor the length it has in θ. */
function takeLengths(
  vector: FloatArray,
  theta: FloatArray,
  { offset, size, units, inner }: Filters,
): void {
  const stride = units * inner;
  for (let first = offset; first < offset + stride; first += inner) {
    let own = 0;
    let wanted = 0;
    for (let start = first; start < offset + size; start += stride) {
      for (let i = start; i < start + inner; i += 1) {
        own += vector[i]! * vector[i]!;
        wanted += theta[i]! * theta[i]!;
      }
    }
    const factor = own === 0 ? 0 : Math.sqrt(wanted / own);
    for (let start = first; start < offset + size; start += stride) {
      for (let i = start; i < start + inner; i += 1) vector[i]! *= factor;
    }
  }
}

/** Cosines of (0,1), (0,2), …, (1,2), …: 0 where directions are orthogonal. */
export function cosines(directions: readonly FloatArray[]): readonly number[] {
  const norms = directions.map(norm);
  return directions.flatMap((a, i) =>
    directions.slice(i + 1).map((b, k) => dot(a, b) / (norms[i]! * norms[i + 1 + k]!)),
  );
}
