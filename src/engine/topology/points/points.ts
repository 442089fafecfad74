import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';

/** Points in space: `count` × `dimensions` coordinates in C order. */
export interface Points {
  readonly coordinates: Float64Array;
  readonly dimensions: number;
}

const MAX_POINTS = 2 ** 20;

export function squaredDistance({ coordinates, dimensions }: Points, a: number, b: number): number {
  let sum = 0;
  for (let axis = 0; axis < dimensions; axis++) {
    const d = coordinates[a * dimensions + axis]! - coordinates[b * dimensions + axis]!;
    sum += d * d;
  }
  return sum;
}

/** The number of points. */
export function checked({ coordinates, dimensions }: Points): number {
  const count = coordinates.length / dimensions;
  if (!(Number.isInteger(dimensions) && dimensions >= 1 && Number.isInteger(count) && count >= 1)) {
    throw new InputError(
      say`There are ${coordinates.length} coordinates, which are no points of ${dimensions} dimensions; give as many coordinates for each point.`,
    );
  }
  if (!coordinates.every(Number.isFinite)) {
    throw new InputError(say`A coordinate of a point is not finite; leave that point out.`);
  }
  if (count > MAX_POINTS) {
    throw new InputError(
      say`There are ${count} points, and Basin takes up to ${MAX_POINTS}; take fewer.`,
      'unsupported',
    );
  }
  return count;
}
