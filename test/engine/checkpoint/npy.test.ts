import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { named } from '../../../src/engine/checkpoint/fault';
import { readArray } from '../../../src/engine/checkpoint/numpy/npy';
import { decodeNpy, encodeNpy } from '../../../src/engine/checkpoint/numpy/npyFormat';
import type { Tensor } from '../../../src/engine/tensor';
import { InputError } from '../../../src/shared/inputError';
import {
  fixturePath,
  readExpected,
  readFixture,
  temporaryFolder,
  valuesOf,
  writeTemporary,
} from './fixtures';

const expected = await readExpected();

/** The array in the bytes of a file of this name. */
function readNpy(bytes: Uint8Array, name = 'The array'): Tensor {
  try {
    return decodeNpy(bytes);
  } catch (error) {
    throw named(name, error);
  }
}

/** An `.npy` file with a header of one's own. */
function npyWith(description: string, elements: Uint8Array, version = 1): Uint8Array {
  const text = `${description.padEnd(117)}\n`;
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUInt16LE(text.length);
  const magic = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  return Uint8Array.from(Buffer.concat([magic, length, Buffer.from(text, 'latin1'), elements]));
}

/** A zip archive of one entry that announces `size` bytes. */
function zipOf(name: string, content: Uint8Array, size = content.length): Buffer {
  const packed = deflateRawSync(content);
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(8, 4);
  fields.writeUInt32LE(crc32(content), 10);
  fields.writeUInt32LE(packed.length, 14);
  fields.writeUInt32LE(size, 18);
  fields.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed]);
  const central = Buffer.concat([
    Buffer.from('PK\x01\x02\x14\0'),
    fields,
    Buffer.alloc(14),
    Buffer.from(name),
  ]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, central, Buffer.from('PK\x05\x06'), end]);
}

describe('an .npy file', () => {
  it('of big-endian integers in Fortran order is read in C order', async () => {
    const { shape, values } = expected['fortran-big.npy']!.tensors['']!;
    const tensor = readNpy(await readFixture('fortran-big.npy'));
    expect(tensor.dtype).toBe('int64');
    expect(tensor.shape).toEqual(shape);
    expect(valuesOf(tensor)).toEqual(values);
  });

  it('is written byte for byte as numpy.save does', () => {
    // numpy.save of np.array([[0.5, -1.0, 2.0]], "<f4"), NumPy 2.4.
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }";
    const elements = Buffer.from('0000003f000080bf00000040', 'hex');
    const bytes = encodeNpy({
      dtype: 'float32',
      shape: [1, 3],
      data: Float32Array.of(0.5, -1, 2),
    });
    expect(Buffer.from(bytes)).toEqual(
      Buffer.concat([
        Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'),
        Buffer.from(`${header.padEnd(117)}\n`),
        elements,
      ]),
    );
  });

  it('is read as it was written', () => {
    const shapes = fc.array(fc.nat(4), { maxLength: 4 });
    const types = fc.constantFrom('float32', 'float64', 'int64', 'int32', 'uint8', 'bool');
    fc.assert(
      fc.property(shapes, types, fc.nat(), (shape, dtype, seed) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const numbers = Array.from({ length: size }, (_, i) => (seed + i * 7) % 200);
        const tensor = {
          float32: () => ({ dtype: 'float32', shape, data: Float32Array.from(numbers) }),
          float64: () => ({ dtype: 'float64', shape, data: Float64Array.from(numbers) }),
          int64: () => ({ dtype: 'int64', shape, data: BigInt64Array.from(numbers, BigInt) }),
          int32: () => ({ dtype: 'int32', shape, data: Int32Array.from(numbers) }),
          uint8: () => ({ dtype: 'uint8', shape, data: Uint8Array.from(numbers) }),
          bool: () => ({ dtype: 'bool', shape, data: Uint8Array.from(numbers, (n) => n % 2) }),
        }[dtype]() as Tensor;
        expect(decodeNpy(encodeNpy(tensor))).toEqual(tensor);
      }),
    );
  });

  it.each([1, 2, 3])('of version %d is read', (version) => {
    const description = "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }";
    const tensor = readNpy(npyWith(description, Uint8Array.of(1, 0, 255, 255), version));
    expect(tensor).toEqual({ dtype: 'int32', shape: [2], data: Int32Array.of(1, -1) });
  });

  it.each([
    ['more elements than bytes', "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"],
    ['fewer elements than bytes', "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"],
    [
      '2⁶⁰ elements',
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1073741824, 1073741824), }",
    ],
    ['2⁴⁰ elements', "{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }"],
    ['a negative extent', "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }"],
    ['an extent that is none', "{'descr': '<f4', 'fortran_order': False, 'shape': (2 2,), }"],
    ['an empty extent', "{'descr': '<f4', 'fortran_order': False, 'shape': (,2), }"],
    ['no shape', "{'descr': '<f4', 'fortran_order': False, }"],
    ['a call', "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } + exec('1')"],
    ['objects', "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }"],
    ['long doubles', "{'descr': '<f16', 'fortran_order': False, 'shape': (2,), }"],
    ['dates', "{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,), }"],
    ['complex numbers', "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }"],
  ])('with %s is refused', (_, description) => {
    const bytes = npyWith(description, new Uint8Array(8));
    expect(() => readNpy(bytes, 'x.npy')).toThrow(InputError);
    expect(() => readNpy(bytes, 'x.npy')).toThrow(/^x\.npy /);
  });

  it('cut at any byte is refused', async () => {
    const whole = await readFixture('fortran-big.npy');
    for (let length = 0; length < whole.length; length++) {
      expect(() => readNpy(whole.subarray(0, length))).toThrow(InputError);
    }
  });
});

describe('an array named by a configuration', () => {
  const folder = fixturePath('.');

  it('is read from .npy, and from .npz by name', async () => {
    expect((await readArray('fortran-big.npy', folder)).shape).toEqual([2, 3, 4]);
    for (const file of ['arrays.npz', 'arrays-compressed.npz']) {
      const tensor = await readArray(`${file}#fortran`, folder);
      expect(tensor.dtype).toBe('float64');
      expect(valuesOf(tensor)).toEqual(expected[file]!.tensors.fortran!.values);
    }
  });

  it('needs no name where the file holds one', async () => {
    await expect(readArray('too-large.npz', folder)).rejects.toThrow(/uint64/);
  });

  it.each([
    ['nothing.npz#x', /does not exist/],
    ['arrays.npz#nothing', /no array `nothing`.*it holds c, fortran/],
    ['arrays.npz', /several arrays/],
    ['fortran-big.npy#x', /single array.*leave out "#x"/],
    ['state-dict.pt#x', /neither \.npy nor \.npz/],
    ['objects.npz#w', /\|O/],
  ])('%s is refused with what to do', async (spec, message) => {
    await expect(readArray(spec, folder)).rejects.toThrow(message);
    await expect(readArray(spec, folder)).rejects.toThrow(InputError);
  });

  it('reads the example’s evaluation data', async () => {
    const example = join(import.meta.dirname, '../../../examples/digits-resnet');
    const { shape } = await readArray('digits-eval.npz#x', example);
    expect(shape.slice(1)).toEqual([1, 8, 8]);
  });
});

describe('a packed array', () => {
  const small = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  const large = "{'descr': '|u1', 'fortran_order': False, 'shape': (200000000,), }";

  it('is read from an archive of one', async () => {
    const path = await writeTemporary('a.npz', zipOf('w.npy', npyWith(small, new Uint8Array(8))));
    const checkpoint = await openCheckpoint(path);
    expect(valuesOf(await checkpoint.read('w'))).toEqual([0, 0]);
    await checkpoint.close();
  });

  it.each([
    ['unpacks to more than its header says', npyWith(small, new Uint8Array(50_000_000)), undefined],
    ['says it is larger than it can be', npyWith(small, new Uint8Array(8)), 4_000_000_000],
    ['says it is smaller than it is', npyWith(small, new Uint8Array(50_000_000)), 136],
    ['has a header that says more than there is', npyWith(large, new Uint8Array(8)), 200_000_128],
  ])('that %s is refused at no cost', async (_, content, size) => {
    const folder = await temporaryFolder();
    const path = join(folder, 'bomb.npz');
    await writeFile(path, zipOf('w.npy', content, size));
    const before = process.memoryUsage().rss;
    const open = async () => {
      const checkpoint = await openCheckpoint(path);
      try {
        await checkpoint.read('w');
      } finally {
        await checkpoint.close();
      }
    };
    await expect(open()).rejects.toThrow(InputError);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  });
});
