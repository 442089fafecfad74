import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseRuntime } from '../../../src/engine/runtime/chooseRuntime';
import { Analysis } from '../../../src/engine/study/analysis';
import { readStudy } from '../../../src/engine/study/configuration/study';
import { WorkerPool } from '../../../src/engine/study/pool/workerPool';
import type { ResultDocument } from '../../../src/shared/result';
import { fromScalar } from '../../../src/shared/result/scalar';
import { DEFAULT_RUNTIME } from '../../../src/shared/runtimeSetting';
import { buildWorker } from './builtWorker';

/** Runs as `basin_export.py` exported them; what PyTorch says in float64 is beside them. */
const RUNS = join(import.meta.dirname, '../../fixtures/oneStep');

let worker: Awaited<ReturnType<typeof buildWorker>>;
let pool: WorkerPool;
const folders: string[] = [];

beforeAll(async () => {
  worker = await buildWorker();
  pool = new WorkerPool({
    runtime: chooseRuntime(DEFAULT_RUNTIME),
    size: 1,
    script: worker.script,
  });
});
afterAll(async () => {
  await pool.close();
  worker.remove();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A copy of a run, changed. */
function copyOf(name: string, change: (folder: string) => void = () => undefined): string {
  const folder = mkdtempSync(join(tmpdir(), 'basin-probe-'));
  folders.push(folder);
  cpSync(join(RUNS, name), folder, { recursive: true });
  change(folder);
  return folder;
}

async function analyze(
  folder: string,
  only: readonly ('metrics' | 'hessian')[] = ['metrics'],
): Promise<ResultDocument> {
  const study = await readStudy(join(folder, 'basin.json'));
  return new Analysis(study, pool).analyze(study.checkpoints.at(-1)!, { only });
}

function edit(folder: string, change: (configuration: Record<string, never>) => object): void {
  const path = join(folder, 'basin.json');
  const before = JSON.parse(readFileSync(path, 'utf8')) as Record<string, never>;
  writeFileSync(path, JSON.stringify(change(before)));
}

/** Replaces bytes of a file by as many others. */
function replace(path: string, from: string, to: string): void {
  const bytes = readFileSync(path);
  const at = bytes.indexOf(from, 0, 'latin1');
  expect(at).toBeGreaterThan(0);
  expect(to).toHaveLength(from.length);
  bytes.write(to, at, 'latin1');
  writeFileSync(path, bytes);
}

/** Replaces text in the facts of a probe, and their checksum with them. */
function changeFacts(folder: string, change: (facts: string) => string): void {
  const path = join(folder, 'probe.npz');
  const bytes = readFileSync(path);
  const start = bytes.indexOf('{"version"');
  const end =
    bytes.indexOf('}}', start) > 0
      ? bytes.lastIndexOf('}}', bytes.indexOf('PK\x03\x04', start)) + 2
      : -1;
  const array = bytes.lastIndexOf('\x93NUMPY', start, 'latin1');
  const before = Buffer.alloc(4);
  before.writeUInt32LE(crc32(bytes.subarray(array, end)));
  const facts = bytes.toString('utf8', start, end);
  bytes.write(change(facts).padEnd(facts.length), start);
  const after = Buffer.alloc(4);
  after.writeUInt32LE(crc32(bytes.subarray(array, end)));
  for (let at = bytes.indexOf(before); at !== -1; at = bytes.indexOf(before, at + 4)) {
    after.copy(bytes, at);
  }
  writeFileSync(path, bytes);
}

describe('runs that one line of Python exported', () => {
  it.each(['mlp', 'focal', 'language', 'lightning', 'frozen'])(
    '%s: loss, eigenvalue and parameters are PyTorch’s, and the probe agrees',
    async (name) => {
      const document = await analyze(copyOf(name), ['metrics', 'hessian']);
      const expected = JSON.parse(readFileSync(join(RUNS, name, 'expected.json'), 'utf8')) as {
        loss: number;
        largest: number;
        parameters: number;
      };
      const loss = fromScalar(document.metrics!.loss);
      expect(Math.abs(loss / expected.loss - 1)).toBeLessThan(1e-5);
      const [largest] = document.hessian!.eigenvalues;
      expect(Math.abs(fromScalar(largest!.value) / expected.largest - 1)).toBeLessThan(1e-4);
      expect(document.parameters).toBe(expected.parameters);
      const { output, loss: lossOff, gradient } = document.probe!;
      if (name !== 'focal') expect(output).toBeLessThan(1e-5);
      expect(lossOff).toBeLessThan(1e-5);
      expect(gradient).toBeLessThan(1e-5);
    },
  );
});

describe('the probe is compared before numbers are believed', () => {
  it('names the outputs where an operation is another', async () => {
    const folder = copyOf('mlp', (at) => {
      replace(join(at, 'model.onnx'), '"\x04Tanh', '"\x04Atan');
    });
    await expect(analyze(folder)).rejects.toThrow(
      /probe\.npz: .*the outputs of model\.onnx differ/,
    );
  });

  it('names the loss where the objective has lost an option', async () => {
    const folder = copyOf('lightning', (at) => {
      edit(at, (before) => ({ ...before, objective: { kind: 'classification' } }));
    });
    await expect(analyze(folder)).rejects.toThrow(
      /the outputs agree, and the loss is .*label smoothing/,
    );
  });

  it('names the loss of a graph that gives it', async () => {
    const folder = copyOf('focal', (at) => {
      changeFacts(at, (facts) => facts.replace(/"loss": 0\.\d/, '"loss": 0.9'));
    });
    await expect(analyze(folder)).rejects.toThrow(/for the same inputs and weights the loss is/);
  });

  it('names the tensor whose gradient differs', async () => {
    const folder = copyOf('mlp', (at) => {
      changeFacts(at, (facts) =>
        facts.replace(
          /("gradients": .*?"2\.weight": )\d\.\d/,
          (_, before: string) => `${before}7.7`,
        ),
      );
    });
    await expect(analyze(folder)).rejects.toThrow(/the gradient of 2\.weight has the norm/);
  });

  it('says that the two are of different exports where the weights differ', async () => {
    const folder = copyOf('mlp', (at) => {
      changeFacts(at, (facts) =>
        facts.replace(/("weights": .*?"0\.weight": )\d\.\d/, (_, before: string) => `${before}7.7`),
      );
    });
    await expect(analyze(folder)).rejects.toThrow(
      /probe\.npz is of another export than model\.onnx: the norm of 0\.weight/,
    );
  });

  it('says so where there is none, where it is no probe, and where it is for other data', async () => {
    const missing = copyOf('mlp', (at) => {
      rmSync(join(at, 'probe.npz'));
    });
    await expect(analyze(missing)).rejects.toThrow(/probe\.npz/);
    const none = copyOf('mlp', (at) => {
      edit(at, (before) => ({ ...before, probe: 'data.npz' }));
    });
    await expect(analyze(none)).rejects.toThrow('data.npz is no probe: it holds x, y');
    const other = copyOf('mlp', (at) => {
      cpSync(join(at, 'data.npz'), join(at, 'val.npz'));
      edit(at, (before) => ({ ...before, data: { inputs: 'data.npz#z', targets: 'data.npz#y' } }));
    });
    await expect(analyze(other)).rejects.toThrow(/z/);
  });

  it('is compared once', async () => {
    const folder = copyOf('mlp');
    await analyze(folder);
    const cache = join(folder, '.basin', 'cache');
    const [kept] = readdirSync(cache).filter((name) => name.startsWith('probe-'));
    writeFileSync(join(cache, kept!), JSON.stringify({ torch: 'kept', output: 0, loss: 0 }));
    expect((await analyze(folder)).probe).toMatchObject({ torch: 'kept' });
    // Another objective is another comparison.
    edit(folder, (before) => ({
      ...before,
      objective: { kind: 'classification', labelSmoothing: 0.2 },
    }));
    await expect(analyze(folder)).rejects.toThrow(/the outputs agree, and the loss is/);
  });
});
