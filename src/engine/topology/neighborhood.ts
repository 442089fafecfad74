import { InputError } from '../../shared/inputError';
import type { Neighborhood } from '../../shared/result/topology';
import { say } from '../../shared/words/message';

/** A neighbourhood that is the same offsets at every point of the grid. */
export type StencilNeighborhood = Exclude<Neighborhood, `knn:${number}`>;

export const STENCIL_NEIGHBORHOODS = [
  'freudenthal',
  '4',
  '8',
] as const satisfies readonly StencilNeighborhood[];

/** Beyond this many axes longer than one point, 3ⁿ neighbours are no neighbourhood any more. */
const MAX_DIMENSIONS = 10;
const MAX_NEAREST = 1000;

/**
 * The neighbourhood a person wrote: `freudenthal`, `4`, `8` or `knn:K`.
 *
 * @throws InputError when it is none of these.
 */
export function parseNeighborhood(text: string): Neighborhood {
  if (text === 'freudenthal' || text === '4' || text === '8') return text;
  const match = /^knn:([0-9]+)$/.exec(text);
  const nearest = Number(match?.[1]);
  if (nearest >= 1 && nearest <= MAX_NEAREST) return `knn:${nearest}`;
  throw new InputError(
    say`The neighbourhood "${text}" is unknown: use freudenthal, 4, 8 or knn:K with K from 1 to ${MAX_NEAREST}.`,
  );
}

/** K of `knn:K`; null for the others. */
export function nearestOf(neighborhood: Neighborhood): number | null {
  return neighborhood.startsWith('knn:') ? Number(neighborhood.slice(4)) : null;
}

/**
 * The shape without its axes of one point, which hold no neighbours; vertex indices stay the same.
 *
 * @throws InputError when the shape is empty, not of positive integers, has too many axes or
 *   points, or does not have `size` points.
 */
export function gridExtents(shape: readonly number[], size: number): readonly number[] {
  const written = `[${shape.join(', ')}]`;
  if (shape.some((extent) => !Number.isInteger(extent) || extent < 1)) {
    throw new InputError(
      say`The shape ${written} is not one of a grid: give a positive number of points for each axis.`,
    );
  }
  const points = shape.reduce((product, extent) => product * extent, 1);
  if (points !== size) {
    throw new InputError(
      say`The shape ${written} has ${points} points but there are ${size} values.`,
      'mismatch',
    );
  }
  if (points >= 2 ** 31) {
    throw new InputError(
      say`The shape ${written} has ${points} points: Basin takes fewer than 2^31.`,
      'unsupported',
    );
  }
  const extents = shape.filter((extent) => extent > 1);
  if (extents.length > MAX_DIMENSIONS) {
    throw new InputError(
      say`The shape ${written} has ${extents.length} axes: Basin takes up to ${MAX_DIMENSIONS}.`,
      'unsupported',
    );
  }
  return extents;
}

/**
 * Offsets to the neighbours of a point, one integer for each axis.
 *
 * - `freudenthal`: the edges of the Freudenthal triangulation, ±σb for every b of zeros and ones
 *   but zero, where σ = (1, …, 1, −1): the last and fastest axis runs against the others. In 2-D
 *   these are (±1, 0), (0, ±1), (+1, −1), (−1, +1). It is the triangulation TTK gives a regular
 *   grid (ImplicitTriangulation, vertex neighbours in 2-D and 3-D). 2(2ⁿ − 1) neighbours.
 * - `4`: one step along one axis. 2n neighbours: 4 in 2-D, 6 in 3-D.
 * - `8`: one step along any of the axes. 3ⁿ − 1 neighbours: 8 in 2-D, 26 in 3-D.
 */
export function neighborOffsets(
  neighborhood: StencilNeighborhood,
  dimensions: number,
): readonly (readonly number[])[] {
  return unitBlock(dimensions).filter((offset) => isNeighbor(neighborhood, offset));
}

/** Whether two points this far apart are neighbours. */
export function isNeighbor(neighborhood: StencilNeighborhood, offset: readonly number[]): boolean {
  const steps = offset.filter((step) => step !== 0);
  if (steps.length === 0 || steps.some((step) => Math.abs(step) > 1)) return false;
  switch (neighborhood) {
    case '4':
      return steps.length === 1;
    case '8':
      return true;
    case 'freudenthal': {
      const last = offset.length - 1;
      const turned = offset.map((step, axis) => (axis === last ? -step : step));
      return turned.every((step) => step >= 0) || turned.every((step) => step <= 0);
    }
  }
}

/** The 3ⁿ − 1 offsets of −1, 0 and 1 other than zero, in the order of the vertices they lead to. */
export function unitBlock(dimensions: number): readonly (readonly number[])[] {
  let block: (readonly number[])[] = [[]];
  for (let axis = 0; axis < dimensions; axis++) {
    block = block.flatMap((offset) => [-1, 0, 1].map((step) => [...offset, step]));
  }
  return block.filter((offset) => offset.some((step) => step !== 0));
}

/** Steps in vertex index along each axis: C order, the last axis fastest. */
export function stridesOf(extents: readonly number[]): readonly number[] {
  const strides = extents.map(() => 1);
  for (let axis = extents.length - 2; axis >= 0; axis--) {
    strides[axis] = strides[axis + 1]! * extents[axis + 1]!;
  }
  return strides;
}
