import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cache } from '../../../src/engine/study/results/cache';
import { compare } from '../../../src/engine/study/results/compare';
import { runJob } from '../../../src/engine/study/job';
import { chooseRuntime } from '../../../src/engine/runtime/chooseRuntime';
import { readStudy, type Stores } from '../../../src/engine/study/configuration/study';
import { WorkerPool } from '../../../src/engine/study/pool/workerPool';
import type { ResultDocument } from '../../../src/shared/result';
import { DEFAULT_RUNTIME } from '../../../src/shared/runtimeSetting';
import { english } from '../../../src/shared/words/message';
import { buildWorker } from './builtWorker';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const RESULT = join('results', 'mlp.pt.basin.json');

let folder: string;
let worker: Awaited<ReturnType<typeof buildWorker>>;
let pool: WorkerPool;

beforeAll(async () => {
  worker = await buildWorker();
  folder = mkdtempSync(join(tmpdir(), 'basin-stores-'));
  for (const file of ['mlp.pt', 'mlp.onnx', 'data.npz']) {
    cpSync(join(FIXTURES, 'mlp', file), join(folder, 'run', file));
  }
  const configuration = {
    checkpoints: ['mlp.pt'],
    model: 'mlp.onnx',
    data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
    objective: { kind: 'classification' },
    landscape: { resolution: 5 },
  };
  writeFileSync(join(folder, 'run', 'basin.json'), JSON.stringify(configuration));
  pool = new WorkerPool({
    runtime: chooseRuntime(DEFAULT_RUNTIME),
    size: 1,
    script: worker.script,
  });
});
afterAll(async () => {
  await pool.close();
  worker.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function analyze(stores?: Stores): Promise<ResultDocument> {
  const study = await readStudy(join(folder, 'run', 'basin.json'), stores);
  const [outcome] = await runJob(study, pool, { only: ['metrics', 'landscape', 'topology'] });
  if (outcome?.ok !== true) throw new Error(english(outcome?.message ?? ''));
  return outcome.document;
}

function read(path: string): ResultDocument {
  return JSON.parse(readFileSync(path, 'utf8')) as ResultDocument;
}

test('what is computed is kept where it is said, and nowhere else', async () => {
  const first = join(folder, 'elsewhere', 'one');
  const document = await analyze([first]);
  expect(read(join(first, RESULT))).toEqual(document);
  expect(existsSync(join(first, 'cache'))).toBe(true);
  expect(existsSync(join(folder, 'run', '.basin'))).toBe(false);
});

test('parts that another place has are taken from there', async () => {
  const [first, second] = [join(folder, 'elsewhere', 'one'), join(folder, 'elsewhere', 'two')];
  const before = await analyze([first]);
  const after = await analyze([second, first]);
  expect({ ...after, timings: {} }).toEqual({ ...before, timings: {} });
  expect(read(join(second, RESULT))).toEqual(after);
  // Nothing was computed: there was nothing to keep.
  expect(existsSync(join(second, 'cache'))).toBe(false);
});

test('beside the basin.json where nothing is said', async () => {
  await analyze();
  expect(existsSync(join(folder, 'run', '.basin', RESULT))).toBe(true);
});

test('a landscape that was left half done goes on in the new place', async () => {
  const [old, own] = [join(folder, 'logs', 'old'), join(folder, 'logs', 'new')];
  await new Cache(old).log('key').append([0, 3], [0.5, 0.25]);
  const log = new Cache(own, [old]).log('key');
  expect(await log.read()).toEqual([
    [0, 0.5],
    [3, 0.25],
  ]);
  await log.append([4], [1]);
  // Once it has a log of its own, that one counts.
  await new Cache(old).log('key').append([9], [9]);
  expect(await new Cache(own, [old]).log('key').read()).toHaveLength(3);
  expect(await new Cache(old).log('key').read()).toHaveLength(3);
});

test('a comparison reads results where they are said to be', async () => {
  const place = join(folder, 'elsewhere', 'one', RESULT);
  const checkpoint = join(folder, 'run', 'mlp.pt');
  rmSync(join(folder, 'run', '.basin'), { recursive: true, force: true });
  await expect(compare(checkpoint, checkpoint)).rejects.toThrow(/has not been analyzed/);
  const { metrics, topology } = await compare(checkpoint, checkpoint, {
    first: place,
    second: place,
  });
  expect(metrics[0]).toMatchObject({ name: 'loss', difference: 0 });
  expect(topology?.bottleneck.distance).toBe(0);
});
