/**
 * Files that are nearly right, for every reader: each is read, or refused with one sentence, within two
 * seconds; nothing outside of its folder is opened, and no process starts. `BASIN_FUZZ=20000` takes that
 * many files of each format, `BASIN_FUZZ_SEED` others; see CONTRIBUTING.md.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../src/engine/checkpoint/checkpoint';
import { openCheckpoint } from '../../src/engine/checkpoint/openCheckpoint';
import { listTensors } from '../../src/engine/checkpoint/tensors';
import { isMesh, readMesh } from '../../src/engine/topology/files/readMesh';
import { readLandscape } from '../../src/engine/topology/files/readLandscape';
import { InputError } from '../../src/shared/inputError';
import {
  entriesOf,
  flipped,
  mutated,
  mutatedPickle,
  randomOf,
  zipOf,
  type Random,
} from './mutations';

const COUNT = Number(process.env.BASIN_FUZZ ?? 1000);
const SEED = Number(process.env.BASIN_FUZZ_SEED ?? 1);
const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));

let folder = '';
/** What was opened outside of the folder, and what was started. */
const strayed: string[] = [];
const original = { open: fsp.open, spawn: childProcess.spawn, openSync: fs.openSync };

beforeAll(async () => {
  folder = await fsp.mkdtemp(join(tmpdir(), 'basin-fuzz-'));
  const look = (path: unknown) => {
    if (typeof path === 'string' && dirname(resolve(path)) !== folder) strayed.push(path);
  };
  fsp.open = (...args: Parameters<typeof fsp.open>) => {
    look(args[0]);
    return original.open(...args);
  };
  childProcess.spawn = (...args: unknown[]) => {
    strayed.push(String(args[0]));
    throw new Error('a process was started');
  };
  syncBuiltinESMExports();
});

afterAll(async () => {
  fsp.open = original.open;
  childProcess.spawn = original.spawn;
  syncBuiltinESMExports();
  await fsp.rm(folder, { recursive: true, force: true });
});

type Values = ReadonlyMap<string, string>;

/** All that a checkpoint holds, as text that can be compared. */
async function valuesOf(checkpoint: Checkpoint): Promise<Values> {
  const values = new Map<string, string>();
  for (const [name, { shape }] of checkpoint.tensors) {
    if (shape.reduce((product, extent) => product * extent, 1) > 1e6) continue;
    try {
      const { data } = await checkpoint.read(name);
      values.set(
        name,
        `${shape.join()}: ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')}`,
      );
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  return values;
}

async function readCheckpoint(path: string): Promise<Values> {
  const checkpoint = await openCheckpoint(path);
  try {
    await listTensors(path);
    return await valuesOf(checkpoint);
  } finally {
    await checkpoint.close();
  }
}

async function readAnyLandscape(path: string): Promise<null> {
  if (await isMesh(path)) await readMesh(path);
  else await readLandscape(path);
  return null;
}

/** Reads a file that may be anything. @returns null where it is refused. */
async function outcome(
  name: string,
  bytes: Uint8Array,
  read: (path: string) => Promise<Values | null>,
): Promise<Values | null> {
  const path = join(folder, name);
  await fsp.writeFile(path, bytes);
  const started = process.cpuUsage();
  try {
    return await read(path);
  } catch (error) {
    if (!(error instanceof InputError)) {
      await fsp.copyFile(path, join(tmpdir(), `basin-fuzz-failed-${name}`));
      throw error;
    }
    expect(error.message).toMatch(/^[^\n]*\.$/);
    // eslint-disable-next-line no-control-regex
    expect(error.message).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
    return null;
  } finally {
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6).toBeLessThan(2);
    expect(strayed).toEqual([]);
  }
}

/** `count` files made of one, round and round. */
async function many(
  names: readonly string[],
  count: number,
  change: (bytes: Uint8Array, random: Random) => Uint8Array,
  read: (path: string) => Promise<Values | null>,
): Promise<void> {
  for (let k = 0; k < count; k++) {
    const name = names[k % names.length]!;
    const bytes = await fsp.readFile(join(fixtures, name));
    const random = randomOf(SEED * 1_000_003 + k);
    await outcome(basename(name), change(bytes, random), read);
  }
}

const CHECKPOINTS: Readonly<Record<string, readonly string[]>> = {
  safetensors: [
    'checkpoints/model_step_1000.safetensors',
    'formats/header-of-128-bytes.safetensors',
    'formats/metadata-null.safetensors',
  ],
  PyTorch: [
    'checkpoints/dtypes.pt',
    'checkpoints/epoch=9-step=9.ckpt',
    'formats/quantised.pt',
    'formats/whole.pt',
    'checkpoints/deflated.pt',
  ],
  'older PyTorch': ['checkpoints/legacy-strided.pt', 'checkpoints/legacy-nested.pt'],
  npz: ['checkpoints/arrays.npz', 'checkpoints/arrays-compressed.npz', 'formats/mixed.npz'],
  GGUF: ['formats/model.gguf'],
  Flax: ['formats/state.msgpack', 'formats/chunked.msgpack'],
  ONNX: ['formats/values.onnx', 'formats/exported.onnx', 'formats/outside.onnx'],
  'indexes and adapters': [
    'formats/sharded/model.safetensors.index.json',
    'formats/lora/adapter_model.safetensors',
  ],
};

/** Folders whose files are one checkpoint, and what is opened of them. */
const SEVERAL: Readonly<Record<string, readonly [folder: string, opened: string]>> = {
  'a distributed checkpoint': ['formats/dcp-grid', '.metadata'],
  'a model in a distributed checkpoint': ['formats/dcp', '.metadata'],
  'ZeRO-1': ['formats/zero1/global_step3', 'mp_rank_00_model_states.pt'],
  'ZeRO-2': ['formats/zero2/global_step3', 'mp_rank_00_model_states.pt'],
};

const LANDSCAPES: Readonly<Record<string, readonly string[]>> = {
  'npy and npz': ['topology/plane-f8.npy', 'topology/several.npz'],
  vti: [
    'topology/plane-ascii.vti',
    'packed/bowl-lz4-raw.vti',
    'packed/bowl-lzma-inline.vti',
    'packed/bowl-lz4-base64.vti',
  ],
};

describe('the watch over what is opened', () => {
  it('sees a file outside of the folder', async () => {
    await readCheckpoint(join(fixtures, 'formats/metadata-null.safetensors'));
    expect(strayed.splice(0).length).toBeGreaterThan(0);
  });
});

describe('a file that is nearly a checkpoint', () => {
  it.each(Object.entries(CHECKPOINTS))(
    'of %s is read or refused',
    async (_, names) => {
      await many(names, COUNT, mutated, readCheckpoint);
    },
    3_600_000,
  );

  it.each([
    ['PyTorch', ['checkpoints/dtypes.pt', 'checkpoints/epoch=9-step=9.ckpt']],
    ['npz', ['checkpoints/arrays.npz', 'checkpoints/arrays-compressed.npz']],
  ])(
    'of %s never has another value: there is a checksum',
    async (_, names) => {
      for (const name of names) {
        const bytes = await fsp.readFile(join(fixtures, name));
        const right = await outcome(basename(name), bytes, readCheckpoint);
        for (let k = 0; k < COUNT / names.length; k++) {
          const random = randomOf(SEED * 1_000_003 + k);
          const found = await outcome(basename(name), flipped(bytes, random), readCheckpoint);
          for (const [key, value] of found ?? []) {
            expect({ name, k, key, value }).toEqual({ name, k, key, value: right!.get(key) });
          }
        }
      }
    },
    3_600_000,
  );

  it.each(Object.entries(SEVERAL))(
    'of %s is read or refused, and never has another value where a checksum knows it',
    async (_, [from, opened]) => {
      const files = await fsp.readdir(join(fixtures, from));
      const right = new Map<string, Uint8Array>();
      for (const name of files) right.set(name, await fsp.readFile(join(fixtures, from, name)));
      for (const [name, bytes] of right) await fsp.writeFile(join(folder, name), bytes);
      const whole = await readCheckpoint(join(folder, opened));
      for (let k = 0; k < COUNT; k++) {
        const random = randomOf(SEED * 1_000_003 + k);
        const name = files[k % files.length]!;
        const bytes = right.get(name)!;
        const isParts = name !== '.metadata';
        const changed = isParts && k % 3 === 0 ? flipped(bytes, random) : mutated(bytes, random);
        const found = await outcome(name, changed, () => readCheckpoint(join(folder, opened)));
        if (isParts && k % 3 === 0) {
          for (const [key, value] of found ?? []) {
            expect({ name, k, key, value }).toEqual({ name, k, key, value: whole.get(key) });
          }
        }
        await fsp.writeFile(join(folder, name), bytes);
      }
      for (const name of files) await fsp.rm(join(folder, name));
    },
    3_600_000,
  );

  it('of a distributed checkpoint with another index is read or refused', async () => {
    const from = join(fixtures, 'formats/dcp-grid');
    for (const name of await fsp.readdir(from))
      await fsp.copyFile(join(from, name), join(folder, name));
    const index = await fsp.readFile(join(from, '.metadata'));
    for (let k = 0; k < COUNT; k++) {
      const changed = mutatedPickle(index, randomOf(SEED * 1_000_003 + k));
      await outcome('.metadata', changed, () => readCheckpoint(join(folder, '.metadata')));
    }
    for (const name of await fsp.readdir(from)) await fsp.rm(join(folder, name));
  }, 3_600_000);

  it('of PyTorch with another pickle and a right checksum is read or refused', async () => {
    const change = (bytes: Uint8Array, random: Random) =>
      zipOf(
        entriesOf(bytes).map(([name, content]) => [
          name,
          name.endsWith('data.pkl') ? mutatedPickle(content, random) : content,
        ]),
      );
    await many(CHECKPOINTS.PyTorch!, COUNT, change, readCheckpoint);
  }, 3_600_000);
});

describe('an HDF5 file that is nearly one', () => {
  // Each is read in a thread of its own, which takes its time to start.
  it('is read or refused', async () => {
    const names = ['formats/model.weights.h5', 'formats/model.h5', 'formats/model.keras'];
    await many(names, Math.ceil(COUNT / 20), mutated, readCheckpoint);
  }, 3_600_000);
});

describe('a file that is nearly a landscape', () => {
  it.each(Object.entries(LANDSCAPES))(
    'of %s is read or refused',
    async (_, names) => {
      await many(names, COUNT, mutated, readAnyLandscape);
    },
    3_600_000,
  );

  it('of text is read or refused', async () => {
    const texts = [
      'x,y,loss\n0,0,1\n0,1,2\n1,0,3\n1,1,4\n',
      '1;2;3\n4;5;NaN\n',
      ',0,1\n0,5,6\n1,7,8\n',
      '"a,b",loss\n1,2\n2,3\n',
    ];
    for (let k = 0; k < COUNT; k++) {
      const bytes = Buffer.from(texts[k % texts.length]!);
      await outcome('grid.csv', mutated(bytes, randomOf(SEED * 1_000_003 + k)), readAnyLandscape);
    }
  }, 3_600_000);
});
