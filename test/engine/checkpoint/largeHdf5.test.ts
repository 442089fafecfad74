import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { File, FS, ready } from 'h5wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { zipOf } from '../../fuzz/mutations';

/** 20 MB: read where they lie, past the HDF5 library. */
const MANY = 5_000_000;
const valueAt = (k: number): number => Math.fround(Math.sin(k) * 3);

let folder = '';
let bytes: Uint8Array;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'basin-hdf5-'));
  await ready;
  const file = new File('/made.h5', 'w');
  const values = Float32Array.from({ length: MANY }, (_, k) => valueAt(k));
  file.create_dataset({ name: 'before', data: Float64Array.of(1, 2, 3) });
  file.create_dataset({ name: 'plain', data: values, shape: [1000, 5000] });
  file.create_dataset({
    name: 'packed',
    data: values,
    shape: [1000, 5000],
    chunks: [100, 5000],
    compression: 1,
  });
  file.create_dataset({ name: 'double', data: Float64Array.from(values) });
  file.create_dataset({ name: 'after', data: Int32Array.of(-1, 7) });
  file.flush();
  file.close();
  bytes = FS!.readFile('/made.h5');
  FS!.unlink('/made.h5');
}, 60_000);
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('a large HDF5 file', () => {
  it('has the values that were written, whether they lie in it as they are or not', async () => {
    const path = join(folder, 'made.h5');
    await writeFile(path, bytes);
    const checkpoint = await openCheckpoint(path);
    try {
      for (const name of ['plain', 'packed', 'double']) {
        const { data } = await checkpoint.read(name);
        expect(data.length).toBe(MANY);
        expect(data.findIndex((value, k) => value !== valueAt(k))).toBe(-1);
      }
      expect([...(await checkpoint.read('before')).data]).toEqual([1, 2, 3]);
      expect([...(await checkpoint.read('after')).data]).toEqual([-1, 7]);
      // It is read from the file itself: another one in its place is no part of this one.
      await writeFile(path, bytes.subarray(0, 1000));
      await expect(checkpoint.read('plain')).rejects.toThrow(/changed while it was being read/);
    } finally {
      await checkpoint.close();
    }
  });

  it('in an archive of Keras is compared with its checksum before a value is believed', async () => {
    const whole = Buffer.from(zipOf([['model.weights.h5', bytes]]));
    expect(whole.length).toBeGreaterThan(64 * 2 ** 20);
    const path = join(folder, 'large.keras');
    await writeFile(path, whole);
    const right = await openCheckpoint(path);
    expect([...right.tensors.keys()].sort()).toEqual([
      'after',
      'before',
      'double',
      'packed',
      'plain',
    ]);
    const { data } = await right.read('plain');
    expect(data.findIndex((value, k) => value !== valueAt(k))).toBe(-1);
    await right.close();

    const at = whole.indexOf(Buffer.from(Float32Array.of(valueAt(1234), valueAt(1235)).buffer));
    whole[at]! ^= 1;
    await writeFile(path, whole);
    const wrong = await openCheckpoint(path);
    await expect(wrong.read('plain')).rejects.toThrow(/does not match its checksum/);
    await expect(wrong.read('after')).rejects.toThrow(/does not match its checksum/);
    await wrong.close();
  });

  it('is put away while several of its arrays are being read, of which each comes to an end', async () => {
    const path = join(folder, 'left.h5');
    await writeFile(path, bytes);
    const checkpoint = await openCheckpoint(path);
    const reads = ['packed', 'packed', 'packed', 'double'].map((name) => checkpoint.read(name));
    const ends = Promise.allSettled(reads);
    await reads[0];
    await checkpoint.close();
    const [first, ...others] = (await ends).map(({ status }) => status);
    expect([first, others.at(-1)]).toEqual(['fulfilled', 'rejected']);
  });
});
