/** Tensors of several pieces, several at a time. */
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { readEach } from '../../../src/engine/checkpoint/readEach';
import { zipOf } from '../../fuzz/mutations';
import { temporaryFolder, writeTemporary } from './fixtures';

/** 0.4 to 6.4 MB, small ones among them; no whole number of pieces. */
const LENGTHS = [700_001, 100_003, 3, 1_600_007, 20, 300_011, 1];
const valueAt = (array: number, k: number): number => Math.fround(Math.sin(array + k) * 3);
const names = LENGTHS.map((_, array) => `w${array}`);

/** NPY format 1.0. */
function npyOf(array: number): Buffer {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${LENGTHS[array]},), }`;
  const header = Buffer.from(`${text.padEnd(117)}\n`);
  const prefix = Buffer.from('\x93NUMPY\x01\x00vv', 'latin1');
  prefix.writeUInt16LE(header.length, 8);
  const values = Float32Array.from({ length: LENGTHS[array]! }, (_, k) => valueAt(array, k));
  return Buffer.concat([prefix, header, Buffer.from(values.buffer)]);
}

const archive = () => zipOf(names.map((name, array) => [`${name}.npy`, npyOf(array)] as const));

async function read(path: string, wanted: readonly string[], signal?: AbortSignal) {
  const checkpoint = await openCheckpoint(path);
  const found: string[] = [];
  try {
    for await (const { name, tensor } of readEach(checkpoint, wanted, signal)) {
      const array = names.indexOf(name);
      expect(tensor.data).toHaveLength(LENGTHS[array]!);
      expect(tensor.data.findIndex((value, k) => value !== valueAt(array, k))).toBe(-1);
      found.push(name);
    }
  } catch (error) {
    return { found, fault: String(error) };
  } finally {
    await checkpoint.close();
  }
  return { found, fault: null };
}

test('have their values, in the order that was asked for', async () => {
  const path = await writeTemporary('arrays.npz', archive());
  const order = [...names].reverse().concat('w3', 'w3');
  expect(await read(path, order)).toEqual({ found: order, fault: null });
});

test('are given up to one that is damaged, which is named', async () => {
  const bytes = archive();
  // In the fourth of them, far from its beginning.
  const before = LENGTHS.slice(0, 3).reduce((sum, length) => sum + 4 * length, 0);
  bytes[before + 4_000_000]! ^= 1;
  const path = await writeTemporary('arrays.npz', bytes);
  const { found, fault } = await read(path, names);
  expect(found).toEqual(names.slice(0, 3));
  expect(fault).toMatch(/w3\.npy does not match its checksum/);
  expect((await read(path, ['w3', 'w3', 'w0'])).fault).toMatch(/w3\.npy does not match/);
});

test('are no longer read where the file has been written again', async () => {
  const path = `${await temporaryFolder()}/arrays.npz`;
  await writeFile(path, archive());
  const checkpoint = await openCheckpoint(path);
  try {
    const tensors = readEach(checkpoint, names);
    await tensors.next();
    await writeFile(path, archive().subarray(0, 5_000_000));
    const rest = async () => {
      for (;;) if ((await tensors.next()).done === true) return;
    };
    await expect(rest()).rejects.toThrow(/changed while it was being read/);
  } finally {
    await checkpoint.close();
  }
});

test('stop at once where whoever asked has gone', async () => {
  const path = await writeTemporary('arrays.npz', archive());
  const { found, fault } = await read(path, names, AbortSignal.abort(new Error('gone')));
  expect({ found, fault }).toEqual({ found: [], fault: 'Error: gone' });
});
