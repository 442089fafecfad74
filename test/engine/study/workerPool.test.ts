import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { chooseRuntime, type ChosenRuntime } from '../../../src/engine/runtime/chooseRuntime';
import { availableMemory } from '../../../src/engine/study/pool/machineMemory';
import {
  openForAnalysis,
  openStudyInputs,
  type OpenedCheckpoint,
} from '../../../src/engine/study/openProblem';
import { runJob } from '../../../src/engine/study/job';
import { readStudy } from '../../../src/engine/study/configuration/study';
import { WorkerPool } from '../../../src/engine/study/pool/workerPool';
import type { SliceWork } from '../../../src/engine/hessian/vectorSlices';
import { InputError } from '../../../src/shared/inputError';
import { parseMemorySize } from '../../../src/shared/memorySize';
import { Random } from '../../../src/engine/random';
import { english } from '../../../src/shared/words/message';
import { EXAMPLE, FIXTURES } from '../objective/problems';
import { randomDirections } from '../landscape/randomDirections';
import { buildWorker } from './builtWorker';

const MIB = 2 ** 20;

let worker: Awaited<ReturnType<typeof buildWorker>>;
let runtime: ChosenRuntime;
let folder: string;
let pool: WorkerPool | undefined;

beforeAll(async () => {
  worker = await buildWorker();
  runtime = chooseRuntime({ runtime: 'onnxruntime-node', provider: 'cpu', precision: 'float32' });
});
afterAll(() => {
  worker.remove();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-pool-'));
});
afterEach(async () => {
  await pool?.close();
  pool = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** The MLP of the fixtures as a study of its own. */
function mlpStudy(): string {
  for (const file of ['mlp.pt', 'mlp.onnx', 'data.npz']) {
    cpSync(join(FIXTURES, 'mlp', file), join(folder, file));
  }
  const path = join(folder, 'basin.json');
  writeFileSync(
    path,
    JSON.stringify({
      checkpoints: ['mlp.pt'],
      model: 'mlp.onnx',
      data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
      objective: { kind: 'classification' },
    }),
  );
  return path;
}

async function openMlp(): Promise<OpenedCheckpoint> {
  const study = await readStudy(mlpStudy());
  const inputs = await openStudyInputs(study);
  return openForAnalysis(study, inputs, study.checkpoints[0]!);
}

/** A grid of losses around the checkpoint, one task for each. */
function losses(own: WorkerPool, { problem, weights }: OpenedCheckpoint): Promise<number[]> {
  own.setProblem(problem);
  own.setDirections(
    randomDirections(weights.theta, weights.parameters, {
      dimensions: 2,
      normalization: 'filter',
      seed: 0,
    }),
  );
  const coordinates = Array.from({ length: 25 }, (_, i) => [(i % 5) / 4, Math.floor(i / 5) / 4]);
  return Promise.all(
    coordinates.map(async (at) => {
      const [loss] = await own.run<'losses'>({ kind: 'losses', coordinates: [at] });
      return loss!;
    }),
  );
}

describe('the number of workers', () => {
  test('is the cores where memory suffices, and less where it does not, with the same losses', async () => {
    const opened = await openMlp();
    pool = new WorkerPool({ runtime, size: 3, script: worker.script });
    const expected = await losses(pool, opened);
    expect(pool.notes).toEqual([]);
    await pool.close();

    // Three quarters of it are for workers, of which one takes a hundred MiB.
    pool = new WorkerPool({ runtime, size: 3, script: worker.script, available: () => 240 * MIB });
    expect(await losses(pool, opened)).toEqual(expected);
    expect(pool.notes).toHaveLength(1);
    expect(english(pool.notes[0]!)).toMatch(
      /^Memory allowed 1 of 3 workers: one takes about \d+ MiB at its peak and 240 MiB were free\.$/,
    );
  });

  test('follows what a container may use', () => {
    const files: Readonly<Record<string, string>> = {
      '/sys/fs/cgroup/memory.max': `${2000 * MIB}\n`,
      '/sys/fs/cgroup/memory.current': `${500 * MIB}\n`,
    };
    const read = (path: string): string => {
      const text = files[path];
      if (text === undefined) throw new Error('ENOENT');
      return text;
    };
    expect(availableMemory(8000 * MIB, read)).toBe(1500 * MIB);
    expect(availableMemory(1000 * MIB, read)).toBe(1000 * MIB);
    const unlimited = (path: string): string => (path.endsWith('max') ? 'max\n' : read(path));
    expect(availableMemory(8000 * MIB, unlimited)).toBe(8000 * MIB);
    // Groups of the process and those above it; what they hold of files can be let go of.
    const nested: Readonly<Record<string, string>> = {
      '/proc/self/cgroup': '0::/user.slice/job\n',
      '/sys/fs/cgroup/user.slice/job/memory.max': 'max\n',
      '/sys/fs/cgroup/user.slice/job/memory.current': `${900 * MIB}\n`,
      '/sys/fs/cgroup/user.slice/memory.max': `${2000 * MIB}\n`,
      '/sys/fs/cgroup/user.slice/memory.current': `${1800 * MIB}\n`,
      '/sys/fs/cgroup/user.slice/memory.stat': `anon 5\ninactive_file ${700 * MIB}\n`,
    };
    expect(availableMemory(8000 * MIB, (path) => fileOf(nested, path))).toBe(900 * MIB);
    const first: Readonly<Record<string, string>> = {
      '/proc/self/cgroup': '5:cpuset:/\n4:memory:/slurm/job_7\n',
      '/sys/fs/cgroup/memory/slurm/job_7/memory.limit_in_bytes': `${1000 * MIB}\n`,
      '/sys/fs/cgroup/memory/slurm/job_7/memory.usage_in_bytes': `${300 * MIB}\n`,
    };
    expect(availableMemory(8000 * MIB, (path) => fileOf(first, path))).toBe(700 * MIB);
    const none = (): string => {
      throw new Error('ENOENT');
    };
    expect(availableMemory(8000 * MIB, none)).toBe(8000 * MIB);
  });
});

function fileOf(files: Readonly<Record<string, string>>, path: string): string {
  const text = files[path];
  if (text === undefined) throw new Error('ENOENT');
  return text;
}

describe('a limit of memory', () => {
  test('is kept: fewer workers, and a sentence with the figures where not one fits', async () => {
    const opened = await openMlp();
    pool = new WorkerPool({ runtime, size: 3, script: worker.script, memoryLimit: 400 * MIB });
    await losses(pool, opened);
    expect(english(pool.notes[0]!)).toMatch(
      /^Memory allowed 2 of 3 workers: one takes about \d+ MiB at its peak and the limit is 400 MiB\.$/,
    );
    const fits = pool.keepRoom('values', 50 * MIB);
    await expect(fits).resolves.toBeUndefined();
    await expect(pool.keepRoom('derivatives', 300 * MIB)).rejects.toThrow(
      /^One worker takes about [\d.]+ MiB for this network and 300 MiB are held beside it, and the limit of memory is 400 MiB .*raise it, or lower "limit" in "data"\.$/,
    );
  });

  test('is written as people write sizes', () => {
    expect(parseMemorySize('20 GB', '--memory')).toBe(20e9);
    expect(parseMemorySize('1.5GiB', '--memory')).toBe(1.5 * 2 ** 30);
    for (const wrong of ['20', 'GB', '-1 GB', '1e3 GB', '12 kB', '']) {
      expect(() => parseMemorySize(wrong, '--memory')).toThrow('must be a size of memory');
    }
    expect(() => parseMemorySize('10 MB', '--memory')).toThrow('512 MB or more');
  });
});

test('what memory allows one worker for is one worker’s, whoever does something else between', async () => {
  const script = join(folder, 'names.cjs');
  // Answers with its own number: of points at once, of slices after some time.
  writeFileSync(
    script,
    `const { parentPort, threadId } = require('node:worker_threads');
     let known = false;
     parentPort.postMessage({ type: 'ready' });
     parentPort.on('message', ({ type, id, task }) => {
       if (type !== 'task') return;
       const answer = (values) => parentPort.postMessage({ type: 'done', id, answer: values });
       if (task.kind === 'slice') {
         setTimeout(answer, id % 3 === 0 ? 30 : 5, Float64Array.of(threadId));
         return;
       }
       if (!known) parentPort.postMessage({ type: 'memory', work: 'values', bytes: ${150 * MIB} });
       known = true;
       answer([threadId]);
     });`,
  );
  pool = new WorkerPool({ runtime, size: 3, script, memoryLimit: 512 * MIB });
  pool.setProblem((await openMlp()).problem);
  const vector = new Float64Array(4);
  const slice = { operation: 'products', basis: [vector], vectors: [vector], start: 0, end: 4 };
  const [ofPoints, ofSlices] = [new Set<number>(), new Set<number>()];
  for (let round = 0; round < 8; round += 1) {
    const slices = Array.from({ length: 5 }, () =>
      pool!.run<'slice'>({ kind: 'slice', slice: slice as SliceWork }),
    );
    for (const [thread] of await Promise.all(slices)) ofSlices.add(thread!);
    const points = Array.from({ length: 3 }, () =>
      pool!.run<'losses'>({ kind: 'losses', coordinates: [] }),
    );
    for (const [thread] of await Promise.all(points)) ofPoints.add(thread!);
  }
  expect(ofSlices.size).toBe(3);
  expect(ofPoints.size).toBe(1);
});

describe('a worker that memory does not suffice for', () => {
  /**
   * A worker that answers 'losses' with sums of coordinates; unless it was given the first point
   * of all, or always, it asks for more memory than any machine has, `after` some milliseconds.
   */
  function greedy(when: 'it has not the first point' | 'always', after = 0): string {
    const script = join(folder, 'greedy.cjs');
    writeFileSync(
      script,
      `const { parentPort, workerData } = require('node:worker_threads');
       let known = false;
       let isFirst = false;
       parentPort.postMessage({ type: 'ready' });
       parentPort.on('message', (message) => {
         if (message.type !== 'task') return;
         const { id, task } = message;
         if (!known) parentPort.postMessage({ type: 'memory', work: 'values', bytes: 1e6 });
         known = true;
         isFirst ||= task.coordinates[0].every((at) => at === 0);
         if (${when === 'always'} || !isFirst) {
           setTimeout(() => new ArrayBuffer(2 ** 52), ${after});
           return;
         }
         setTimeout(() => {
           const answer = task.coordinates.map((at) => at[0] + at[1]);
           parentPort.postMessage({ type: 'done', id, answer });
         }, 20);
       });`,
    );
    return script;
  }

  const sums = Array.from({ length: 25 }, (_, i) => (i % 5) / 4 + Math.floor(i / 5) / 4);

  test.each([
    ['at once', 0],
    ['when the others have nothing left to do', 1500],
  ])('leaves its task to the others, and no point is lost: %s', async (_, after) => {
    const script = greedy('it has not the first point', after);
    pool = new WorkerPool({ runtime, size: 3, script });
    expect(await losses(pool, await openMlp())).toEqual(sums);
    expect(english(pool.notes[0]!)).toMatch(
      /^Memory allowed 1 of 3 workers: .*more than that was needed\.$/,
    );
  });

  test('is said in one sentence where there are no others', async () => {
    pool = new WorkerPool({ runtime, size: 1, script: greedy('always') });
    const failed = losses(pool, await openMlp());
    await expect(failed).rejects.toThrow(InputError);
    await expect(failed).rejects.toThrow(
      /^Memory does not suffice for one worker.* [MG]iB free when it began; close other programs.*\.$/,
    );
  });
});

describe('cancelling', () => {
  test('a task within a native call or a long loop: at once, and the next one is answered', async () => {
    const opened = await openMlp();
    pool = new WorkerPool({ runtime, size: 1, script: worker.script });
    await losses(pool, opened);
    const controller = new AbortController();
    // Minutes of work.
    const coordinates = Array.from({ length: 1e5 }, () => [0.5, 0.5]);
    const long = pool.run<'losses'>({ kind: 'losses', coordinates }, controller.signal);
    await wait(300);
    const started = performance.now();
    controller.abort();
    await expect(long).rejects.toThrow('aborted');
    expect(performance.now() - started).toBeLessThan(2000);
    const [loss] = await pool.run<'losses'>({ kind: 'losses', coordinates: [[0, 0]] });
    expect(Number.isFinite(loss)).toBe(true);
  });

  test('an analysis at any moment: soon, and no processor goes on', { retry: 1 }, async () => {
    const { length } = MOMENTS;
    const delays: number[] = [];
    const busy: number[] = [];
    const random = new Random(5, 'moments');
    for (const moment of MOMENTS) {
      const run = join(folder, `at-${moment}`, 'runs/resnet');
      cpSync(join(EXAMPLE, 'digits-eval.npz'), join(folder, `at-${moment}`, 'digits-eval.npz'));
      for (const file of ['epoch-030.pt', 'model.onnx', 'basin.json']) {
        cpSync(join(EXAMPLE, 'runs/resnet', file), join(run, file));
      }
      const study = await readStudy(join(run, 'basin.json'));
      pool ??= new WorkerPool({ runtime, size: 2, script: worker.script });
      const controller = new AbortController();
      const job = runJob(study, pool, { signal: controller.signal }).then(
        () => 'done',
        (error: unknown) => {
          delays.push(performance.now() - aborted);
          return error;
        },
      );
      let aborted = Infinity;
      await wait(moment * (0.5 + random.uniform()));
      aborted = performance.now();
      controller.abort();
      const outcome = await job;
      expect(outcome).toBe(controller.signal.reason);
      await wait(600);
      const before = process.cpuUsage();
      await wait(300);
      const { user, system } = process.cpuUsage(before);
      busy.push((user + system) / 300_000);
    }
    expect(delays).toHaveLength(length);
    // Generous, and tried twice, for machines that have other work: the aim is 200 ms.
    expect(Math.max(...delays)).toBeLessThan(1000);
    expect(delays.sort((a, b) => a - b)[Math.floor(length / 2)]).toBeLessThan(200);
    expect(busy.sort((a, b) => a - b)[Math.floor(length / 2)]).toBeLessThan(0.5);
  });
});

/** Milliseconds after its start at which an analysis is cancelled, about. */
const MOMENTS = [2, 10, 30, 60, 100, 200, 400, 700, 1000, 1500, 2500, 4000];
