/** One thread of the HDF5 library for file after file, whatever a file does to the library. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { File, FS, ready } from 'h5wasm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { readSurface } from '../../../src/engine/topology/files/readSurface';
import { InputError } from '../../../src/shared/inputError';
import { entriesOf, zipOf } from '../../fuzz/mutations';

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const SOUND = fixture('formats/model.weights.h5');

let folder = '';
let threads = 0;
const count = () => (threads += 1);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'basin-hdf5-'));
  process.on('worker', count);
});
afterAll(async () => {
  process.off('worker', count);
  await rm(folder, { recursive: true });
});

async function valuesOf(path: string): Promise<readonly number[][]> {
  const checkpoint = await openCheckpoint(path);
  try {
    const values: number[][] = [];
    for (const name of checkpoint.tensors.keys()) {
      values.push(Array.from((await checkpoint.read(name)).data as Float32Array));
    }
    return values;
  } finally {
    await checkpoint.close();
  }
}

function damagedAt(bytes: Uint8Array, at: number): Buffer {
  const damaged = Buffer.from(bytes);
  damaged.subarray(at, at + 200).fill(0xff);
  return damaged;
}

it('reads sound files and surfaces between damaged ones, in one thread', async () => {
  const sound = await readFile(SOUND);
  const surface = await readFile(fixture('topology/surface-gzip.h5'));
  const expected = await valuesOf(SOUND);
  const landscape = await readSurface(surface, undefined);
  expect(expected.flat().length).toBeGreaterThan(0);
  const damaged = join(folder, 'damaged.h5');
  let refused = 0;
  for (let at = 16; at < sound.length; at += Math.ceil(sound.length / 12)) {
    await writeFile(damaged, damagedAt(sound, at));
    await valuesOf(damaged).catch(() => (refused += 1));
    await readSurface(damagedAt(surface, at % surface.length), undefined).catch(() => null);
    expect(await valuesOf(SOUND)).toEqual(expected);
    expect(await readSurface(surface, undefined)).toEqual(landscape);
  }
  expect(refused).toBeGreaterThan(3);
  expect(threads).toBe(1);
}, 60_000);

it.each([
  ['has metadata that are no JSON', 'metadata.json', brace],
  ['has weights that are none', 'model.weights.h5', brace],
  ['holds no arrays of numbers', 'model.weights.h5', emptyHdf5],
])('leaves no thread behind with a model that %s', async (_, replaced, made) => {
  const content = await made();
  const archive = entriesOf(await readFile(fixture('keras/keras3/dense.keras')));
  const path = join(folder, 'model.keras');
  await writeFile(
    path,
    zipOf(archive.map(([name, own]) => [name, name === replaced ? content : own])),
  );
  threads = 0;
  for (let i = 0; i < 5; i++) await expect(openCheckpoint(path)).rejects.toThrow(InputError);
  expect(threads).toBeLessThan(2);
});

function brace(): Promise<Uint8Array> {
  return Promise.resolve(Buffer.from('{'));
}

async function emptyHdf5(): Promise<Uint8Array> {
  await ready;
  new File('/empty.h5', 'w').close();
  return FS!.readFile('/empty.h5');
}
