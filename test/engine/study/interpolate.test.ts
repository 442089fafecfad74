import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { chooseRuntime } from '../../../src/engine/runtime/chooseRuntime';
import { Analysis } from '../../../src/engine/study/analysis';
import { interpolate } from '../../../src/engine/study/landscapes/interpolate';
import { readStudy, type Study } from '../../../src/engine/study/configuration/study';
import { WorkerPool } from '../../../src/engine/study/pool/workerPool';
import { DEFAULT_RUNTIME } from '../../../src/shared/runtimeSetting';
import { buildWorker } from './builtWorker';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

let worker: Awaited<ReturnType<typeof buildWorker>>;
let folder: string;
let study: Study;
let pool: WorkerPool;

beforeAll(async () => {
  worker = await buildWorker();
  folder = mkdtempSync(join(tmpdir(), 'basin-interpolate-'));
  for (const file of ['mlp.pt', 'mlp.onnx', 'data.npz']) {
    cpSync(join(FIXTURES, 'mlp', file), join(folder, file));
  }
  cpSync(join(FIXTURES, 'landscape/permuted.pt'), join(folder, 'other/permuted.pt'));
  const configuration = {
    checkpoints: ['mlp.pt'],
    model: 'mlp.onnx',
    data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
    objective: { kind: 'classification' },
    landscape: { directions: 'hessian', center: 'last', range: 0.3, resolution: [5, 7] },
  };
  writeFileSync(join(folder, 'basin.json'), JSON.stringify(configuration));
  study = await readStudy(join(folder, 'basin.json'));
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

test('a line between two checkpoints, whatever landscape the study is about', async () => {
  const [from, to] = [join(folder, 'mlp.pt'), join(folder, 'other/permuted.pt')];
  const fractions: number[] = [];
  const line = await interpolate(study, pool, from, to, {
    resolution: 9,
    onProgress: (fraction) => fractions.push(fraction),
  });
  expect(line.axes).toEqual([{ name: 'α', min: -0.5, max: 1.5, steps: 9 }]);
  expect(line.directions.anchors!.map(({ checkpoint }) => checkpoint)).toEqual([
    'mlp.pt',
    'other/permuted.pt',
  ]);
  // The same function with its units in another order: the loss is the same at both ends.
  const { metrics } = await new Analysis(study, pool).analyze(from, {
    only: ['metrics'],
    isStored: false,
  });
  expect((line.values[2] as number) / (metrics!.loss as number)).toBeCloseTo(1, 5);
  expect((line.values[6] as number) / (metrics!.loss as number)).toBeCloseTo(1, 5);
  expect(line.values[4] as number).toBeGreaterThan(10 * (metrics!.loss as number));
  expect(fractions.at(-1)).toBe(1);
  // What the extension shows of the checkpoint is not touched.
  expect(existsSync(join(folder, '.basin/results'))).toBe(false);
});

test('weights are told apart by their names, not by their order in the file', async () => {
  const checkpoint = await openCheckpoint(join(folder, 'mlp.pt'));
  const header: Record<string, object> = {};
  const bodies: Buffer[] = [];
  let offset = 0;
  for (const { name, shape } of [...checkpoint.tensors.values()].reverse()) {
    const { data } = await checkpoint.read(name);
    const bytes = Buffer.from(Float32Array.from(data as Float32Array).buffer);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
    bodies.push(bytes);
  }
  await checkpoint.close();
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const turned = join(folder, 'turned.safetensors');
  writeFileSync(turned, Buffer.concat([length, text, ...bodies]));

  const same = interpolate(study, pool, join(folder, 'mlp.pt'), turned);
  await expect(same).rejects.toThrow('mlp.pt and turned.safetensors have the same weights');
  const [there, back] = [join(folder, 'other/permuted.pt'), { resolution: 9 }];
  const fromTurned = await interpolate(study, pool, turned, there, back);
  const fromPlain = await interpolate(study, pool, join(folder, 'mlp.pt'), there, back);
  fromTurned.values.forEach((value, i) => {
    expect((value as number) / (fromPlain.values[i] as number)).toBeCloseTo(1, 6);
  });
});
