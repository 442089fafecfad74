import type { Configuration } from '../../shared/configuration';
import type { Directions, Landscape, Refinement } from '../../shared/result/landscape';
import { coordinate, type Grid } from './grid';
import { refineGrid, type RefinementOptions } from './refinement';
import {
  describeLandscape,
  NOISE_POINTS,
  PointSampler,
  type LossAt,
  type SamplingOptions,
} from './sampling';

export interface RefinedSample {
  /** Interpolated where not evaluated. */
  readonly values: Float64Array;
  /** 1 where evaluated. */
  readonly evaluated: Uint8Array;
  readonly refinement: Refinement;
}

/** How basin.json wants a landscape refined; null where all of it is to be evaluated. */
export function refinementOptions({
  landscape: { refine, seed },
  topology: { neighborhood, threshold },
}: Configuration): Omit<RefinementOptions, 'always'> | null {
  if (refine === false) return null;
  const given = refine === true ? undefined : refine.threshold;
  return { neighborhood, seed, threshold: given ?? threshold };
}

/**
 * Evaluates the loss only where the topology of a grid depends on it, and at its checkpoints. Which
 * points these are does not depend on how many lanes there are, nor on what is known already.
 */
export async function sampleRefined(
  grid: Grid,
  lossAt: LossAt,
  sampling: SamplingOptions,
  options: Omit<RefinementOptions, 'always'>,
): Promise<RefinedSample> {
  const sampler = new PointSampler(grid, lossAt, sampling);
  const { values, measured, refinement } = await refineGrid(
    grid.shape,
    async (points) => {
      await sampler.evaluate(points);
      return Array.from(points, (point) => sampler.values[point]!);
    },
    { ...options, always: checkpointsOf(grid) },
  );
  return { values, evaluated: measured, refinement };
}

/** Points whose coordinates are 0 and 1: the centre and what lines and planes go through. */
function checkpointsOf({ axes }: Grid): readonly number[] {
  let points = [0];
  for (const axis of axes) {
    const marks = Array.from({ length: axis.steps }, (_, step) => step).filter((step) => {
      const at = coordinate(axis, step);
      return at === 0 || at === 1;
    });
    points = points.flatMap((point) => marks.map((step) => point * axis.steps + step));
  }
  return points;
}

/** A refined landscape as documents hold it. */
export function describeRefined(
  grid: Grid,
  { values, refinement }: RefinedSample,
  directions: Directions,
  relativeNoise: number,
): Landscape {
  const evaluated = new Uint8Array(grid.size).fill(1);
  const evaluations = refinement.evaluations + Math.min(NOISE_POINTS, grid.size);
  return {
    ...describeLandscape(grid, { values, evaluated }, directions, evaluations, relativeNoise),
    refinement,
  };
}
