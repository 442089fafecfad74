import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import type { Random } from '../../random';
import { SOBOL_DIMENSIONS, sobolPoints } from './sobol';

export type Sampling = 'grid' | 'uniform' | 'latin-hypercube' | 'sobol';

/** An interval points are laid out in. */
export interface Interval {
  readonly min: number;
  readonly max: number;
  /** Whether `max` is the same as `min`, so that a grid holds one of them only. */
  readonly periodic: boolean;
}

/**
 * Points of a box.
 *
 * @param count of points; of a grid also the number along each interval.
 * @returns [points, intervals] in C order. A grid has as many points as its axes say: with one
 * count, the most that are the same along every axis. One point without coordinates where there
 * are no intervals.
 * @throws InputError when the sampling does not know so many intervals or counts.
 */
export function samplePoints(
  box: readonly Interval[],
  sampling: Sampling,
  count: number | readonly number[],
  random: Random,
): Float64Array {
  if (box.length === 0) return new Float64Array(0);
  if (sampling === 'grid') return gridPoints(box, gridSteps(count, box.length));
  if (typeof count !== 'number') {
    throw new InputError(
      say`"objective.collocation" has a list of counts, which is for "sampling": "grid"; give one number.`,
    );
  }
  const unit = unitPoints(sampling, count, box.length, random);
  for (let i = 0; i < unit.length; i += 1) {
    const { min, max } = box[i % box.length]!;
    unit[i] = min + (max - min) * unit[i]!;
  }
  return unit;
}

function unitPoints(
  sampling: Exclude<Sampling, 'grid'>,
  count: number,
  dimensions: number,
  random: Random,
): Float64Array {
  switch (sampling) {
    case 'uniform':
      return Float64Array.from({ length: count * dimensions }, () => random.uniform());
    case 'latin-hypercube':
      return latinHypercube(count, dimensions, random);
    case 'sobol':
      if (dimensions > SOBOL_DIMENSIONS) {
        throw new InputError(
          say`"objective.collocation": "sobol" knows ${SOBOL_DIMENSIONS} variables and there are ${dimensions}; choose "latin-hypercube".`,
          'unsupported',
        );
      }
      return sobolPoints(
        count,
        dimensions,
        Array.from({ length: dimensions }, () => random.bits()),
      );
  }
}

/**
 * Points of which each slice [k/count, (k+1)/count) of every axis holds exactly one (McKay,
 * Beckman and Conover 1979).
 */
export function latinHypercube(count: number, dimensions: number, random: Random): Float64Array {
  const points = new Float64Array(count * dimensions);
  const order = new Uint32Array(count);
  for (let dimension = 0; dimension < dimensions; dimension += 1) {
    for (let i = 0; i < count; i += 1) order[i] = i;
    for (let i = count - 1; i > 0; i -= 1) {
      const other = Math.floor(random.uniform() * (i + 1));
      [order[i], order[other]] = [order[other]!, order[i]!];
    }
    for (let i = 0; i < count; i += 1) {
      points[i * dimensions + dimension] = (order[i]! + random.uniform()) / count;
    }
  }
  return points;
}

/** Numbers of points along the axes of a grid. */
function gridSteps(count: number | readonly number[], axes: number): readonly number[] {
  if (typeof count === 'number') {
    const each = Math.max(1, Math.floor(count ** (1 / axes) + 1e-9));
    return new Array<number>(axes).fill(each);
  }
  if (count.length !== axes) {
    throw new InputError(
      say`"objective.collocation" has ${count.length} counts for a grid of ${axes} axes; give one for each, or one number.`,
      'mismatch',
    );
  }
  return count;
}

/**
 * All points of a regular grid that holds both ends of every interval, but of a periodic one only
 * the first; the last axis is the fastest.
 */
export function gridPoints(box: readonly Interval[], steps: readonly number[]): Float64Array {
  const axes = box.map(({ min, max, periodic }, axis) => {
    const n = steps[axis]!;
    const gaps = periodic ? n : n - 1;
    return Float64Array.from({ length: n }, (_, i) =>
      gaps === 0 ? (min + max) / 2 : min + ((max - min) * i) / gaps,
    );
  });
  const count = steps.reduce((product, n) => product * n, 1);
  const points = new Float64Array(count * box.length);
  for (let point = 0; point < count; point += 1) {
    let rest = point;
    for (let axis = box.length - 1; axis >= 0; axis -= 1) {
      const n = steps[axis]!;
      points[point * box.length + axis] = axes[axis]![rest % n]!;
      rest = Math.floor(rest / n);
    }
  }
  return points;
}
