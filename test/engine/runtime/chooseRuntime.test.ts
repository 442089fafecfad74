import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { english } from '../../../src/shared/words/message';
import {
  chooseRuntime,
  isSameRuntime,
  openRuntime,
  planWorkers,
  type ChosenRuntime,
} from '../../../src/engine/runtime/chooseRuntime';
import { findOnnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { runtimeFiles } from '../../../scripts/runtimeFiles.mjs';
import { locateOnnxRuntimeWeb } from '../../../src/engine/runtime/onnxruntimeWeb';
import { examineMachine } from '../../../src/engine/runtime/machine';
import { Graph } from '../../../src/engine/graph/graph';
import { InputError } from '../../../src/shared/inputError';
import { DEFAULT_RUNTIME, type RuntimeSetting } from '../../../src/shared/runtimeSetting';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../../..');

const choose = (setting: Partial<RuntimeSetting>, folder: string | null = null): ChosenRuntime =>
  chooseRuntime({ ...DEFAULT_RUNTIME, ...setting }, folder);

const chosen = (name: string, provider?: string): ChosenRuntime => ({
  identity: {
    name,
    version: '1',
    precision: 'float32',
    ...(provider === undefined ? {} : { provider }),
  },
  note: null,
  module: null,
});

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'basin-runtime-')));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a choice', () => {
  test('is the native runtime on the processor where nothing is said', () => {
    expect(choose({}).identity).toMatchObject({ name: 'onnxruntime-node', precision: 'float32' });
    expect(choose({}).identity).not.toHaveProperty('provider');
    expect(choose({}).note).toBeNull();
  });

  test('of the reference is float64, which is all it has', () => {
    expect(choose({ runtime: 'reference' }).identity.precision).toBe('float64');
  });

  test('names what this machine does not have', () => {
    const found = findOnnxRuntime();
    if ('error' in found) throw new Error(found.error);
    const listed = found.providers.map(({ name }) => name);
    const absent = ['dml', 'coreml', 'cuda'].find((name) => !listed.includes(name))!;
    expect(() => choose({ provider: absent })).toThrow(
      `has no execution provider "${absent}" on ${process.platform}-${process.arch}; choose one of ${listed.join(', ')}.`,
    );
    expect(() => choose({ runtime: 'onnxruntime-web', provider: 'cuda' })).toThrow(
      'The execution provider "cuda" is one of onnxruntime-node and the runtime is "onnxruntime-web"; choose the provider "cpu", or the runtime "onnxruntime-node".',
    );
    expect(() => choose({ runtime: 'tensorflow', precision: 'float64' })).toThrow(
      'TensorFlow.js has float32 tensors only; choose the runtime "onnxruntime-node" or "reference" for float64.',
    );
    expect(() => choose({ runtime: 'torch' as 'auto' })).toThrow(
      'There is no runtime "torch"; choose one of auto, onnxruntime-node, onnxruntime-web, tensorflow, reference.',
    );
    for (const setting of [{ provider: absent }, { precision: 'float16' as 'float32' }]) {
      expect(() => choose(setting)).toThrow(InputError);
    }
  });

  test('of another precision or provider is another runtime', () => {
    expect(isSameRuntime(choose({}), choose({}))).toBe(true);
    expect(isSameRuntime(choose({}), choose({ precision: 'float64' }))).toBe(false);
    expect(isSameRuntime(chosen('onnxruntime-node'), chosen('onnxruntime-node', 'cuda'))).toBe(
      false,
    );
  });
});

describe('a machine is divided', () => {
  test('into as many workers of one thread as it has cores', () => {
    expect(planWorkers(chosen('onnxruntime-node'), undefined, 8)).toEqual({
      workers: 8,
      threads: 1,
    });
    expect(planWorkers(chosen('onnxruntime-web'), 3, 8)).toEqual({ workers: 3, threads: 1 });
  });

  test('or is one worker’s, where the runtime or the device has threads of its own', () => {
    expect(planWorkers(chosen('tensorflow'), 4, 8)).toEqual({ workers: 1, threads: 8 });
    expect(planWorkers(chosen('onnxruntime-node', 'cuda'), undefined, 8)).toEqual({
      workers: 1,
      threads: 8,
    });
  });
});

test('an execution provider without its libraries is an error of one sentence', async () => {
  const found = findOnnxRuntime();
  if ('error' in found) throw new Error(found.error);
  const listed = found.providers.filter(({ name, bundled }) => name !== 'cpu' && !bundled);
  const g = new Graph();
  const program = { outputs: new Map([['y', g.sin(g.input('x', [2]))]]) };
  for (const { name } of listed) {
    const opened = openRuntime(choose({ provider: name }), 1).compile(program);
    // A machine that has the libraries computes.
    const outcome = await opened
      .then((executable) => executable.release())
      .catch((e: unknown) => e);
    if (outcome === undefined) continue;
    expect(outcome).toBeInstanceOf(InputError);
    expect((outcome as InputError).message).toMatch(
      new RegExp(
        `^The execution provider "${name}" does not start on this machine \\([^\\n]+\\); install its driver and libraries, or choose "cpu"\\.$`,
      ),
    );
  }
});

describe('TensorFlow', () => {
  test('is taken from the folder that is given, and only by its own name', async () => {
    // A folder of its own with another module of that name, which says who it is.
    const place = join(folder, 'workspace/node_modules/@tensorflow/tfjs-node');
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'package.json'), '{"name":"@tensorflow/tfjs-node","main":"i.js"}');
    writeFileSync(
      join(place, 'i.js'),
      `exports.version = { 'tfjs-node': '9.9.9' };
       exports.backend = () => ({ binding: { TF_Version: '8.8.8' } });
       exports.getBackend = () => 'tensorflow';`,
    );
    const workspace = join(folder, 'workspace');
    const { identity, module } = choose({ runtime: 'tensorflow' }, workspace);
    expect(identity).toEqual({
      name: 'tensorflow',
      version: '9.9.9 (TensorFlow 8.8.8)',
      precision: 'float32',
    });
    expect(module).toBe(join(place, 'i.js'));
    const found = (await examineMachine('0', workspace, 1e9)).runtimes.find(
      ({ name }) => name === 'tensorflow',
    );
    expect(found).toMatchObject({ found: true, version: '9.9.9 (TensorFlow 8.8.8)' });
  });

  test('that does not load is an error of one sentence', () => {
    const place = join(folder, 'broken/node_modules/@tensorflow/tfjs-node');
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'index.js'), `throw new Error('No library.\\nMore.');`);
    expect(() => choose({ runtime: 'tensorflow' }, join(folder, 'broken'))).toThrow(
      `@tensorflow/tfjs-node does not load on ${process.platform}-${process.arch} (No library.); run "npm rebuild @tensorflow/tfjs-node --ignore-scripts=false" where it is installed, or choose the runtime "auto".`,
    );
  });
});

test('where the native library is not, a bundle computes in WebAssembly with what is beside it', async () => {
  const source = join(folder, 'entry.ts');
  writeFileSync(
    source,
    `import { chooseRuntime, openRuntime } from ${JSON.stringify(join(ROOT, 'src/engine/runtime/chooseRuntime'))};
     import { Graph } from ${JSON.stringify(join(ROOT, 'src/engine/graph/graph'))};
     async function main() {
       // Nothing may be fetched.
       globalThis.fetch = () => { throw new Error('fetched'); };
       const chosen = chooseRuntime({ runtime: 'auto', provider: 'cpu', precision: 'float32' });
       const g = new Graph();
       const x = g.input('x', [64, 64]);
       const program = { outputs: new Map([['y', g.matmul(x, x)]]) };
       const executable = await openRuntime(chosen, Number(process.argv[2])).compile(program);
       // Three times the identity.
       const values = Float32Array.from({ length: 4096 }, (_, i) => (i % 65 === 0 ? 3 : 0));
       const y = (await executable.run(new Map([['x', values]]))).get('y');
       const results = [y[0], y[1], y[4095]];
       await executable.release();
       console.log(JSON.stringify({ chosen, results }));
     }
     main().catch((error) => { console.error(error); process.exitCode = 1; });`,
  );
  const dist = join(folder, 'dist');
  await build({
    entryPoints: [source],
    outfile: join(dist, 'bundle.js'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'error',
  });
  const { main } = locateOnnxRuntimeWeb(join(ROOT, 'src/x.ts'));
  const modules = dirname(dirname(dirname(main)));
  for (const file of (await runtimeFiles(ROOT, 'universal')).files) {
    cpSync(join(modules, file), join(dist, 'node_modules', file));
  }

  for (const threads of ['1', '2']) {
    const { stdout } = await run(process.execPath, [join(dist, 'bundle.js'), threads]);
    const { chosen: made, results } = JSON.parse(stdout) as {
      chosen: ChosenRuntime;
      results: number[];
    };
    expect(results).toEqual([9, 0, 9]);
    expect(made.identity.name).toBe('onnxruntime-web');
    expect(english(made.note!)).toMatch(
      /^The native ONNX Runtime does not load on \S+ \(Cannot find module 'onnxruntime-node'\); ONNX Runtime in WebAssembly computed this, which is slower\.$/,
    );
  }
});
