/** One thread of the HDF5 library for file after file, whatever a file does to the library. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { File, FS, ready, type Group } from 'h5wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

describe('a file that leads the library round in circles', () => {
  /** Resolves with the most memory that reading takes, above what there was. */
  async function refusal(bytes: Uint8Array, reason: RegExp): Promise<number> {
    const path = join(folder, 'circles.h5');
    await writeFile(path, bytes);
    const before = process.memoryUsage().rss;
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5);
    try {
      await expect(openCheckpoint(path)).rejects.toThrow(reason);
    } finally {
      clearInterval(watch);
    }
    return most - before;
  }

  // HDF5 File Format Specification 3.0, III.E: objects follow each other by their sizes up to object 0, free space.
  it('among its texts, where free space of no size follows free space, is refused soon', async () => {
    const archive = entriesOf(await readFile(fixture('keras/keras3/dense.keras')));
    const weights = Buffer.from(archive.find(([name]) => name === 'model.weights.h5')![1]);
    let at = weights.indexOf('GCOL') + 16;
    const sizeAt = (object: number) => Number(weights.readBigUInt64LE(object + 8));
    while (weights.readUInt16LE(at) !== 0) at += 16 + 8 * Math.ceil(sizeAt(at) / 8);
    expect(sizeAt(at)).toBeGreaterThan(100);
    expect(weights.subarray(at + 48, at + 64).every((byte) => byte === 0)).toBe(true);
    weights.writeBigUInt64LE(48n, at + 8);
    await refusal(weights, /does not come to an end with it/);
    const path = join(folder, 'circles.keras');
    const named = archive.map(
      ([name, own]) => [name, name === 'model.weights.h5' ? weights : own] as const,
    );
    await writeFile(path, zipOf(named));
    await expect(openCheckpoint(path)).rejects.toThrow(/does not come to an end with it/);
    expect((await valuesOf(SOUND)).length).toBeGreaterThan(0);
  });

  // The same, III.D: the first word of each free block is where in the heap the next one begins.
  it('among its names, where a free block follows itself, is refused with little memory', async () => {
    const bytes = await readFile(fixture('formats/model.h5'));
    const heap = bytes.indexOf('HEAP');
    const [free, segment] = [bytes.readBigUInt64LE(heap + 16), bytes.readBigUInt64LE(heap + 24)];
    bytes.writeBigUInt64LE(free, Number(segment + free));
    expect(await refusal(bytes, /cannot read it/)).toBeLessThan(300e6);
  });

  it('through its groups, each many times the same, is refused by its size', async () => {
    await ready;
    const file = new File('/links.h5', 'w');
    let path = '';
    for (let level = 0; level < 4; level++) {
      const group = level === 0 ? file : (file.get(path) as Group);
      group.create_group('0');
      for (let link = 1; link < 12; link++) group.create_hard_link(`${path}/0`, String(link));
      path += '/0';
    }
    file.close();
    await refusal(FS!.readFile('/links.h5'), /its groups lead round in circles, or are too many/);
  });
});

function brace(): Promise<Uint8Array> {
  return Promise.resolve(Buffer.from('{'));
}

async function emptyHdf5(): Promise<Uint8Array> {
  await ready;
  new File('/empty.h5', 'w').close();
  return FS!.readFile('/empty.h5');
}
