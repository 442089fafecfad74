import type { Interpolation } from '../../../shared/comparison';
import { largest } from '../../../shared/extremes';
import { fromScalar, toScalar } from '../../../shared/result/scalar';
import { interpolate, type InterpolationOptions } from './interpolate';
import type { Study } from '../configuration/study';
import type { WorkerPool } from '../pool/workerPool';

/** Both ends and the middle are among so many, also where the line goes on beyond them. */
const POINTS = 41;

/**
 * Samples the loss on the way from one checkpoint to another.
 *
 * @param from absolute path of a checkpoint of the study's model.
 * @param to absolute path of another one, of this run or of another.
 * @throws InputError when one cannot be read, or both have the same weights.
 */
export async function lossBetween(
  study: Study,
  pool: WorkerPool,
  from: string,
  to: string,
  path: Interpolation['path'],
  options: Pick<InterpolationOptions, 'signal' | 'onProgress'>,
): Promise<Interpolation> {
  const { axes, values, batchNorm } = await interpolate(study, pool, from, to, {
    ...options,
    curve: path === 'curve',
    resolution: POINTS,
  });
  const { min, max, steps } = axes[0]!;
  const positions = Array.from(
    { length: steps },
    (_, i) => (min * (steps - 1 - i) + max * i) / (steps - 1),
  );
  const losses = values.map((value) => fromScalar(value ?? 'NaN'));
  const between = losses.slice(positions.indexOf(0), positions.indexOf(1) + 1);
  const barrier = largest(between) - Math.max(between[0]!, between.at(-1)!);
  return {
    path,
    positions,
    losses: losses.map(toScalar),
    barrier: toScalar(barrier),
    ...(batchNorm === undefined ? {} : { batchNorm }),
  };
}
