import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { CheckpointFile } from '../../../src/engine/checkpoint/bytes/checkpointFile';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { listTensors } from '../../../src/engine/checkpoint/tensors';
import { InputError } from '../../../src/shared/inputError';
import { temporaryFolder, valuesOf, writeTemporary } from './fixtures';

function fileOf(header: string, data = Buffer.alloc(8), length = header.length): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(length));
  return Buffer.concat([prefix, Buffer.from(header), data]);
}

const good = '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';

describe('a safetensors header', () => {
  it('may have blanks behind it', async () => {
    const data = Buffer.from(Float32Array.of(1, -2).buffer);
    const path = await writeTemporary('a.bin', fileOf(`${good}   `, data));
    const checkpoint = await openCheckpoint(path);
    expect(checkpoint.format).toBe('safetensors');
    expect(valuesOf(await checkpoint.read('w'))).toEqual([1, -2]);
    await checkpoint.close();
  });

  it('may call a tensor __proto__', async () => {
    const path = await writeTemporary('a.bin', fileOf(good.replace('"w"', '"__proto__"')));
    const checkpoint = await openCheckpoint(path);
    expect([...checkpoint.tensors.keys()]).toEqual(['__proto__']);
    await checkpoint.close();
  });

  const tensor = (shape: string, offsets: string, dtype = 'F32') =>
    `{"w":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}}`;

  it.each([
    [
      'a name twice',
      '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
    ],
    [
      'a name twice, once written otherwise',
      '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"\\u0077":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
    ],
    ['a field twice', '{"w":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}'],
    ['a gap before the first tensor', tensor('[1]', '[4,8]')],
    ['bytes behind the last tensor', tensor('[1]', '[0,4]')],
    ['offsets beyond the file', tensor('[3]', '[0,12]')],
    ['offsets the wrong way round', tensor('[2]', '[8,0]')],
    ['a shape that does not fill its bytes', tensor('[3]', '[0,8]')],
    ['a product beyond 2⁶⁴ that is 2 in 64 bits', tensor('[4294967296,4294967296,2]', '[0,8]')],
    ['a negative extent', tensor('[-1,-2]', '[0,8]')],
    ['a fractional extent', tensor('[0.5,4]', '[0,8]')],
    ['an unknown type', tensor('[2]', '[0,8]', 'X32')],
    ['a type of the prototype', tensor('[2]', '[0,8]', 'constructor')],
    [
      'two tensors in one place',
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
    ],
    ['no object', '{"w": 1}'],
    ['metadata that is none', '{"__metadata__": 3}'],
    ['half of it missing', '{"w":{"dtype":"F32","sha'],
  ])('with %s is refused', async (_, header) => {
    const path = await writeTemporary('a.safetensors', fileOf(header));
    await expect(openCheckpoint(path)).rejects.toThrow(InputError);
  });

  it.each([100_000_001, 1_000_000, 2 ** 50])('of %d announced bytes is refused', async (length) => {
    const path = await writeTemporary('a.safetensors', fileOf(good, Buffer.alloc(8), length));
    await expect(openCheckpoint(path)).rejects.toThrow(InputError);
  });
});

describe('a file of 5 GB', () => {
  it('costs its header to list', async () => {
    const path = join(await temporaryFolder(), 'large.safetensors');
    const size = 5 * 2 ** 30;
    const half = size / 2;
    const header = JSON.stringify({
      a: { dtype: 'F32', shape: [half / 4], data_offsets: [0, half] },
      b: { dtype: 'F32', shape: [half / 4], data_offsets: [half, size] },
    });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    await writeFile(path, Buffer.concat([length, Buffer.from(header)]));
    // Sparse: it takes no room.
    await truncate(path, 8 + header.length + size);
    const read = vi.spyOn(CheckpointFile.prototype, 'readInto');
    const { count, parameters } = await listTensors(path);
    expect({ count, parameters }).toEqual({ count: 2, parameters: size / 4 });
    const bytes = read.mock.calls.reduce((sum, [into]) => sum + into.length, 0);
    read.mockRestore();
    expect(bytes).toBeLessThan(2 ** 17);
  });
});
