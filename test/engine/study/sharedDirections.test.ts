import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LoadedWeights, WeightLayout } from '../../../src/engine/objective/weights';
import { chooseRuntime } from '../../../src/engine/runtime/chooseRuntime';
import { sharedDirections } from '../../../src/engine/study/landscapes/sharedDirections';
import { WorkerPool } from '../../../src/engine/study/pool/workerPool';
import { DEFAULT_RUNTIME } from '../../../src/shared/runtimeSetting';
import { randomDirections } from '../landscape/randomDirections';
import { buildWorker } from './builtWorker';

/** Matrices of so many rows of 64, and a bias. */
function layoutOf(rows: readonly number[]): WeightLayout {
  let offset = 0;
  const entries = rows.map((own, i) => {
    const shape = i === 1 ? [own] : [own, 64];
    const entry = { name: `layer${i}`, shape, offset, size: i === 1 ? own : own * 64 };
    offset += entry.size;
    return entry;
  });
  return { entries, size: offset };
}

let worker: Awaited<ReturnType<typeof buildWorker>>;
let pool: WorkerPool;
beforeAll(async () => {
  worker = await buildWorker();
  pool = new WorkerPool({
    runtime: chooseRuntime(DEFAULT_RUNTIME),
    size: 2,
    script: worker.script,
  });
});
afterAll(async () => {
  await pool.close();
  worker.remove();
});

test.each([
  ['one worker’s, of few weights', [10, 64, 20]],
  ['many parts, in float64', [30_000, 64, 20_000, 1]],
  ['many parts, in float32', [40_000, 64, 40_000, 1]],
] as const)('%s: those that one thread makes', async (_, rows) => {
  const parameters = layoutOf(rows);
  const theta = new Float32Array(new SharedArrayBuffer(4 * parameters.size));
  for (let i = 0; i < theta.length; i += 1) theta[i] = Math.sin(i);
  const weights = { theta, parameters } as LoadedWeights;
  for (const normalization of ['filter', 'none'] as const) {
    const settings = { dimensions: 2, normalization, seed: 5 };
    const expected = randomDirections(theta, parameters, settings);
    const found = await sharedDirections(pool, weights, settings);
    const isDouble = parameters.size <= 2 ** 22;
    found.forEach((direction, k) => {
      expect(direction.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(direction).toBeInstanceOf(isDouble ? Float64Array : Float32Array);
      let most = 0;
      let largest = 0;
      for (let i = 0; i < direction.length; i += 1) {
        most = Math.max(most, Math.abs(direction[i]! - expected[k]![i]!));
        largest = Math.max(largest, Math.abs(expected[k]![i]!));
      }
      expect(most).toBeLessThanOrEqual(isDouble ? 0 : 3e-7 * largest);
    });
  }
});
