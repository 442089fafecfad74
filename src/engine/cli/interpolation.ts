import { resolve } from 'node:path';
import type { Interpolation } from '../../shared/comparison';
import { InputError } from '../../shared/inputError';
import { fromScalar, toScalar } from '../../shared/result';
import { DEFAULT_RUNTIME } from '../../shared/runtimeSetting';
import { isResult } from '../study/storedResult';
import { chooseRuntime } from '../runtime/chooseRuntime';
import { interpolate } from '../study/interpolate';
import { readStudy } from '../study/study';
import { WorkerPool } from '../study/workerPool';
import { governing } from './governing';

/** Both ends and the middle are among so many, also where the line goes on beyond them. */
const POINTS = 41;

/**
 * Samples the loss on the way from one checkpoint to another, by the basin.json of the first.
 *
 * @throws InputError when one of them is no checkpoint of that model.
 */
export async function lossBetween(
  first: string,
  second: string,
  path: Interpolation['path'],
  signal: AbortSignal,
): Promise<Interpolation> {
  for (const side of [first, second]) {
    if (side.endsWith('.json') && (await isResult(side))) {
      throw new InputError(
        `${side} is a result document, and only weights lie on a line; name the checkpoints.`,
      );
    }
  }
  const study = await readStudy(governing(first));
  const pool = new WorkerPool({ runtime: chooseRuntime(DEFAULT_RUNTIME) });
  try {
    const { axes, values } = await interpolate(study, pool, resolve(first), resolve(second), {
      curve: path === 'curve',
      resolution: POINTS,
      signal,
    });
    const { min, max, steps } = axes[0]!;
    const positions = Array.from(
      { length: steps },
      (_, i) => (min * (steps - 1 - i) + max * i) / (steps - 1),
    );
    const losses = values.map((value) => fromScalar(value ?? 'NaN'));
    const between = losses.slice(positions.indexOf(0), positions.indexOf(1) + 1);
    const barrier = Math.max(...between) - Math.max(between[0]!, between.at(-1)!);
    return { path, positions, losses: losses.map(toScalar), barrier: toScalar(barrier) };
  } finally {
    await pool.close();
  }
}
