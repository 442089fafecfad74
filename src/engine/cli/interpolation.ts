import { resolve } from 'node:path';
import type { Interpolation } from '../../shared/comparison';
import { InputError } from '../../shared/inputError';
import { DEFAULT_RUNTIME } from '../../shared/runtimeSetting';
import { say } from '../../shared/words/message';
import { isResult } from '../study/results/storedResult';
import { chooseRuntime } from '../runtime/chooseRuntime';
import { lossBetween as sampleLossBetween } from '../study/landscapes/lossBetween';
import { readStudy } from '../study/configuration/study';
import { WorkerPool } from '../study/pool/workerPool';
import { governing } from '../study/configuration/governing';

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
        say`${side} is a result document, and only weights lie on a line; name the checkpoints.`,
      );
    }
  }
  const study = await readStudy(governing(first));
  const pool = new WorkerPool({ runtime: chooseRuntime(DEFAULT_RUNTIME) });
  try {
    return await sampleLossBetween(study, pool, resolve(first), resolve(second), path, { signal });
  } finally {
    await pool.close();
  }
}
