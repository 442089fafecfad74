import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chooseRuntime } from '../../../src/engine/runtime/chooseRuntime';
import { Analysis } from '../../../src/engine/study/analysis';
import { lossBetween } from '../../../src/engine/study/landscapes/lossBetween';
import { readStudy, type Study } from '../../../src/engine/study/configuration/study';
import { WorkerPool } from '../../../src/engine/study/pool/workerPool';
import { DEFAULT_RUNTIME } from '../../../src/shared/runtimeSetting';
import type { Part, ResultDocument } from '../../../src/shared/result';
import { buildWorker } from './builtWorker';

// The losses with BatchNorm in training mode are PyTorch's (test/fixtures/batchNorm/make.py).

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const { net } = JSON.parse(readFileSync(join(FIXTURES, 'batchNorm/reference.json'), 'utf8')) as {
  readonly net: {
    readonly line: readonly (readonly [number, number])[];
    readonly stored: number;
  };
};

let worker: Awaited<ReturnType<typeof buildWorker>>;
let folder: string;
let pool: WorkerPool;

beforeAll(async () => {
  worker = await buildWorker();
  folder = mkdtempSync(join(tmpdir(), 'basin-batch-norm-'));
  pool = openPool(2);
});
afterAll(async () => {
  await pool.close();
  worker.remove();
  rmSync(folder, { recursive: true, force: true });
});

function openPool(size: number, precision: 'float32' | 'float64' = 'float32'): WorkerPool {
  const runtime = precision === 'float64' ? ('reference' as const) : DEFAULT_RUNTIME.runtime;
  return new WorkerPool({
    runtime: chooseRuntime({ ...DEFAULT_RUNTIME, runtime, precision }),
    size,
    script: worker.script,
  });
}

/** A study of its own folder, so that nothing of another is in its cache. */
async function study(name: string, landscape: object): Promise<Study> {
  const own = join(folder, name);
  mkdirSync(own, { recursive: true });
  for (const file of ['a.pt', 'b.pt', 'c.pt', 'net.onnx', 'data.npz']) {
    cpSync(join(FIXTURES, 'batchNorm', file), join(own, file));
  }
  const configuration = {
    checkpoints: ['?.pt'],
    model: 'net.onnx',
    data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
    objective: { kind: 'classification' },
    landscape,
    hessian: { eigenvalues: 2, lanczosSteps: 6, probes: 2 },
  };
  writeFileSync(join(own, 'basin.json'), JSON.stringify(configuration));
  return readStudy(join(own, 'basin.json'));
}

function analyzed(
  of: Study,
  { on = pool, only = ['metrics', 'landscape'] }: { on?: WorkerPool; only?: readonly Part[] } = {},
): Promise<ResultDocument> {
  return new Analysis(of, on).analyze(join(of.folder, 'a.pt'), { only, isStored: false });
}

const line = { directions: 'interpolation', through: 'b.pt', resolution: 5 } as const;

test.each([
  ['float32', 2e-5],
  ['float64', 1e-12],
] as const)('a line between two checkpoints, in %s: PyTorch’s', async (precision, most) => {
  const own = precision === 'float64' ? openPool(2, precision) : pool;
  const document = await analyzed(
    await study(`line-${precision}`, { ...line, batchNorm: 'recompute' }),
    { on: own },
  );
  const { landscape, metrics, notes } = document;
  expect(landscape!.axes).toEqual([{ name: 'α', min: -0.5, max: 1.5, steps: 5 }]);
  expect(landscape!.batchNorm).toBe('recompute');
  net.line.forEach(([, expected], i) => {
    expect(Math.abs((landscape!.values[i] as number) / expected - 1)).toBeLessThan(most);
  });
  // The checkpoint as it is used: another loss, which a sentence says.
  expect(Math.abs((metrics!.loss as number) / net.stored - 1)).toBeLessThan(most);
  expect(notes.filter((note) => note.includes('"landscape.batchNorm"'))).toHaveLength(1);
  if (own !== pool) await own.close();
});

test('what was computed one way is not taken for the other, and goes on being known', async () => {
  const stored = await study('cache', line);
  const first = await analyzed(stored);
  expect(first.landscape).not.toHaveProperty('batchNorm');
  expect(first.landscape!.values[1]! as number).toBeCloseTo(net.stored, 4);
  expect(first.notes.some((note) => note.includes('batchNorm'))).toBe(false);

  const recomputed = await analyzed(await study('cache', { ...line, batchNorm: 'recompute' }));
  expect(recomputed.landscape!.values[1]! as number).toBeCloseTo(net.line[1]![1], 4);
  expect(recomputed.metrics).toEqual(first.metrics);

  const again = await analyzed(await study('cache', { ...line, batchNorm: 'stored' }));
  expect(again.landscape).toEqual(first.landscape);
  // It comes from the cache: it took as long as the first time, to the last digit.
  expect(again.timings.metrics).toBe(first.timings.metrics);
});

test('by one worker or by two, refined or in four dimensions: the same document', async () => {
  const batchNorm = 'recompute';
  const refined = { resolution: 17, range: 0.5, refine: true, batchNorm };
  const space = { dimensions: 4, resolution: 3, range: 0.5, batchNorm };
  const one = openPool(1);
  for (const [name, wanted] of Object.entries({ refined, space })) {
    const of = await study(`${name}-one`, wanted);
    const { timings: _, ...alone } = await analyzed(of, { on: one });
    const { timings: __, ...together } = await analyzed(await study(`${name}-two`, wanted));
    expect(together).toEqual(alone);
    const { values } = alone.landscape!;
    expect(values[(values.length - 1) / 2]! as number).toBeCloseTo(net.line[1]![1], 4);
    expect(alone.landscape!.refinement?.gridPoints).toBe(name === 'refined' ? 289 : undefined);
  }
  await one.close();
});

test('curvature is that of the checkpoint as it is used', async () => {
  const only = ['hessian'] as const;
  const recomputed = { resolution: 3, batchNorm: 'recompute' };
  const { hessian } = await analyzed(await study('curvature', recomputed), { only });
  const stored = await analyzed(await study('plain-curvature', { resolution: 3 }), { only });
  expect(hessian).toEqual(stored.hessian);
});

test('a trained curve and a comparison of two checkpoints', async () => {
  const curve = { steps: 4, samples: 2 };
  const bezier = { directions: 'bezier', through: 'b.pt', resolution: 5, curve } as const;
  const of = await study('curve', { ...bezier, batchNorm: 'recompute' });
  const { landscape } = await analyzed(of);
  const { straight } = landscape!.directions.curve!;
  for (const [alpha, expected] of net.line) {
    if (alpha < 0 || alpha > 1) continue;
    expect(Math.abs((straight[4 * alpha] as number) / expected - 1)).toBeLessThan(2e-5);
  }
  // It is trained with the stored statistics, as the document's curve without the choice is.
  const other = await analyzed(await study('curve', bezier));
  expect(landscape!.directions.curve!.losses).toEqual(other.landscape!.directions.curve!.losses);

  const [from, to] = ['a.pt', 'b.pt'].map((file) => join(of.folder, file));
  const between = await lossBetween(of, pool, from!, to!, 'line', {});
  expect(between.batchNorm).toBe('recompute');
  for (const [alpha, expected] of net.line) {
    const at = between.positions.findIndex((position) => Math.abs(position - alpha) < 1e-9);
    expect(Math.abs((between.losses[at] as number) / expected - 1)).toBeLessThan(2e-5);
  }
});

test('a network without BatchNorm: a sentence, and the landscape there is', async () => {
  const own = join(folder, 'mlp');
  mkdirSync(own);
  for (const file of ['mlp.pt', 'mlp.onnx', 'data.npz']) {
    cpSync(join(FIXTURES, 'mlp', file), join(own, file));
  }
  const configure = async (landscape: object): Promise<ResultDocument> => {
    const configuration = {
      checkpoints: ['mlp.pt'],
      model: 'mlp.onnx',
      data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
      objective: { kind: 'classification' },
      landscape: { resolution: 3, ...landscape },
    };
    writeFileSync(join(own, 'basin.json'), JSON.stringify(configuration));
    const of = await readStudy(join(own, 'basin.json'));
    return new Analysis(of, pool).analyze(join(own, 'mlp.pt'), { only: ['landscape'] });
  };
  const recomputed = await configure({ batchNorm: 'recompute' });
  const stored = await configure({});
  expect(recomputed.landscape).toEqual(stored.landscape);
  expect(recomputed.landscape).not.toHaveProperty('batchNorm');
  expect(recomputed.notes).toContainEqual(
    expect.stringMatching(
      /^The network has no BatchNormalization .* remove it from basin\.json\.$/,
    ),
  );
});

test('it is not for differential equations', async () => {
  const own = join(folder, 'pde');
  mkdirSync(own);
  const objective = {
    kind: 'pde',
    unknown: 'u',
    variables: ['x'],
    domain: { x: [0, 1] },
    residual: 'u_x',
  };
  const configuration = { checkpoints: ['*.pt'], model: 'm.onnx', objective };
  const landscape = { batchNorm: 'recompute' };
  writeFileSync(join(own, 'basin.json'), JSON.stringify({ ...configuration, landscape }));
  await expect(readStudy(join(own, 'basin.json'))).rejects.toThrow(
    /"landscape\.batchNorm" is for evaluation data.*remove it with pde\.$/,
  );
});
