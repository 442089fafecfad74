import {
  closeSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readArray } from '../../../src/engine/checkpoint/numpy/npy';
import { encodeNpy } from '../../../src/engine/checkpoint/numpy/npyFormat';
import { OnnxModel } from '../../../src/engine/graph/onnx/importOnnx';
import { ModelProtoSchema, TensorProto_DataType } from '../../../src/engine/graph/onnx/onnx_pb';
import { loadLossData, lossTerms } from '../../../src/engine/objective/lossData';
import { LossEvaluator } from '../../../src/engine/objective/lossEvaluator';
import {
  findSamples,
  openSamples,
  samplesAt,
  type SampleArray,
} from '../../../src/engine/objective/sampleArray';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import type { Tensor } from '../../../src/engine/tensor';
import { InputError } from '../../../src/shared/inputError';
import { wholeConfiguration } from '../../wholeConfiguration';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-samples-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function open(name: string, memory?: number, samples?: number): Promise<SampleArray> {
  const array = await findSamples(name, folder);
  return openSamples(name, array, samples ?? array.shape[0]!, { memory });
}

/** An archive of one entry, as numpy writes it. */
function zip(name: string, content: Uint8Array, isPacked: boolean): Buffer {
  const packed = isPacked ? deflateRawSync(content) : Buffer.from(content);
  const header = (central: boolean): Buffer => {
    const bytes = Buffer.alloc((central ? 46 : 30) + name.length);
    const at = central ? 2 : 0;
    bytes.writeUInt32LE(central ? 0x02014b50 : 0x04034b50, 0);
    bytes.writeUInt16LE(20, 4 + at);
    bytes.writeUInt16LE(isPacked ? 8 : 0, 8 + at);
    bytes.writeUInt32LE(crc32(content), 14 + at);
    bytes.writeUInt32LE(packed.length, 18 + at);
    bytes.writeUInt32LE(content.length, 22 + at);
    bytes.writeUInt16LE(name.length, 26 + at);
    bytes.write(name, central ? 46 : 30);
    return bytes;
  };
  const [local, central] = [header(false), header(true)];
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length + packed.length, 16);
  return Buffer.concat([local, packed, central, end]);
}

const numbers = Float64Array.from({ length: 7 * 6 }, (_, i) => Math.sin(i) * 100);
const double: Tensor = { dtype: 'float64', shape: [7, 2, 3], data: numbers };
const whole: Tensor = {
  dtype: 'int64',
  shape: [7, 2, 3],
  data: BigInt64Array.from(numbers, (x) => BigInt(Math.round(x))),
};

/** The bytes of an array whose first axis is the fastest. */
function fortran({ shape, data }: Tensor): Uint8Array {
  const [a, b, c] = shape as [number, number, number];
  const turned = Float64Array.from({ length: a * b * c }, (_, at) => {
    const [i, j, k] = [at % a, Math.floor(at / a) % b, Math.floor(at / (a * b))];
    return Number(data[(i * b + j) * c + k]);
  });
  const bytes = Buffer.from(encodeNpy({ dtype: 'float64', shape, data: turned }));
  bytes.write("'fortran_order': True, ", bytes.indexOf("'fortran_order'"));
  return bytes;
}

describe('batches read from a file are those of the array in memory', () => {
  const files: Readonly<Record<string, () => Uint8Array>> = {
    'double.npy': () => encodeNpy(double),
    'whole.npy': () => encodeNpy(whole),
    'fortran.npy': () => fortran(double),
    'stored.npz': () => zip('x.npy', encodeNpy(double), false),
    'packed.npz': () => zip('x.npy', encodeNpy(double), true),
  };
  test.each(Object.keys(files))('%s', async (name) => {
    writeFileSync(join(folder, name), files[name]!());
    const spec = name.endsWith('npz') ? `${name}#x` : name;
    const expected = Float64Array.from((await readArray(spec, folder)).data, Number);
    const inMemory = await open(spec);
    const inFile = await open(spec, 0);
    expect(inMemory.source.kind).toBe('memory');
    expect(inFile.source.kind).toBe('file');
    expect(inFile.digest).toBe(inMemory.digest);
    expect(inFile.shape).toEqual([2, 3]);
    for (const [start, count] of [
      [0, 7],
      [0, 1],
      [2, 3],
      [6, 1],
    ] as const) {
      const rows = expected.slice(start * 6, (start + count) * 6);
      expect(samplesAt(inMemory, start, count)).toEqual(rows);
      expect(samplesAt(inFile, start, count)).toEqual(rows);
    }
    const fewer = await open(spec, 0, 4);
    expect(fewer.digest).not.toBe(inFile.digest);
    expect(fewer.digest).toBe((await open(spec, undefined, 4)).digest);
  });

  test('a packed array is unpacked once, and again when its content is another', async () => {
    const path = join(folder, 'packed.npz');
    writeFileSync(path, zip('x.npy', encodeNpy(double), true));
    const first = await open('packed.npz#x', 0);
    await open('packed.npz#x', 0);
    const cache = join(folder, '.basin', 'cache');
    const [unpacked, ...others] = await readdir(cache);
    expect(others).toEqual([]);
    // Touched, as a copy is: the content is the same.
    utimesSync(path, 5, 5);
    await open('packed.npz#x', 0);
    expect(await readdir(cache)).toEqual([unpacked]);
    // Another content in as many bytes and of the same time.
    writeFileSync(path, zip('x.npy', encodeNpy(whole), true));
    utimesSync(path, 5, 5);
    const second = await open('packed.npz#x', 0);
    expect(second.digest).not.toBe(first.digest);
    const left = await readdir(cache);
    expect(left).toHaveLength(1);
    expect(left[0]).not.toBe(unpacked);
  });
});

describe('what is wrong is said with its place', () => {
  test('a number that is not finite, far from the start', async () => {
    const data = new Float32Array(3e6).fill(1);
    data[2_900_001] = NaN;
    writeFileSync(join(folder, 'x.npy'), encodeNpy({ dtype: 'float32', shape: [3e6, 1], data }));
    await expect(open('x.npy', 0)).rejects.toThrow(
      'x.npy holds NaN at element 2900001; evaluation data must be finite.',
    );
  });

  test('a whole number that float64 does not hold', async () => {
    const data = BigInt64Array.of(1n, -(2n ** 53n) - 1n);
    writeFileSync(join(folder, 'x.npy'), encodeNpy({ dtype: 'int64', shape: [2], data }));
    await expect(open('x.npy')).rejects.toThrow(
      'x.npy holds -9007199254740993 at element 1; whole numbers beyond 2⁵³ are not computed with exactly',
    );
  });

  test('a packed array that several open at once', async () => {
    writeFileSync(join(folder, 'packed.npz'), zip('x.npy', encodeNpy(double), true));
    const opened = await Promise.all(Array.from({ length: 8 }, () => open('packed.npz#x', 0)));
    for (const { shape } of opened) expect(shape).toEqual([2, 3]);
  });

  test('a packed array that is not whole, and nothing of it stays', async () => {
    const bytes = zip('x.npy', encodeNpy(double), true);
    bytes.writeUInt32LE(1, bytes.indexOf('PK\x01\x02') + 16);
    writeFileSync(join(folder, 'packed.npz'), bytes);
    await expect(open('packed.npz#x', 0)).rejects.toThrow('does not match its checksum');
    expect(await readdir(join(folder, '.basin', 'cache'))).toEqual([]);
  });

  test('a file that is written to while it is analysed', async () => {
    const path = join(folder, 'x.npy');
    writeFileSync(path, encodeNpy(double));
    const array = await open('x.npy', 0);
    utimesSync(path, 1, 1);
    expect(() => samplesAt(array, 0, 1)).toThrow(InputError);
    expect(() => samplesAt(array, 0, 1)).toThrow('it changed while the analysis read it');
  });

  test('cancelling', async () => {
    const path = join(folder, 'x.npy');
    writeFileSync(path, encodeNpy(double));
    const array = await findSamples('x.npy', folder);
    const signal = AbortSignal.abort();
    await expect(openSamples('x.npy', array, 7, { signal })).rejects.toBe(signal.reason);
  });
});

/** y = Wx of [batch, width] with one output. */
function linearModel(width: number): OnnxModel {
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      node: [{ opType: 'MatMul', input: ['x', 'w'], output: ['y'] }],
      initializer: [{ name: 'w', dims: [BigInt(width), 1n], dataType: TensorProto_DataType.FLOAT }],
      input: [
        {
          name: 'x',
          type: {
            value: {
              case: 'tensorType',
              value: {
                elemType: TensorProto_DataType.FLOAT,
                shape: {
                  dim: [
                    { value: { case: 'dimParam', value: 'batch' } },
                    { value: { case: 'dimValue', value: BigInt(width) } },
                  ],
                },
              },
            },
          },
        },
      ],
      output: [{ name: 'y' }],
    },
  });
  return new OnnxModel(toBinary(ModelProtoSchema, model), 'linear.onnx');
}

test('a set of 1.5 GB is evaluated within 300 MB', async () => {
  const [samples, width] = [96_000, 4096];
  const path = join(folder, 'x.npy');
  // Zeros that take no room on the disk, but for two rows.
  const header = encodeNpy({ dtype: 'float32', shape: [0, width], data: new Float32Array(0) });
  const text = Buffer.from(header);
  text.write(`(${samples}, ${width}), } `, text.indexOf(`(0, ${width}), }`));
  writeFileSync(path, text);
  truncateSync(path, header.length + samples * width * 4);
  const descriptor = openSync(path, 'r+');
  const row = new Float32Array(width).fill(0.5);
  for (const sample of [3, 95_999])
    writeSync(descriptor, row, 0, row.byteLength, header.length + sample * width * 4);
  closeSync(descriptor);
  const targets = new Float32Array(samples).fill(1);
  writeFileSync(
    join(folder, 'y.npy'),
    encodeNpy({ dtype: 'float32', shape: [samples, 1], data: targets }),
  );

  const before = process.memoryUsage().rss;
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5);
  const model = linearModel(width);
  const configuration = wholeConfiguration({
    checkpoints: ['any'],
    model: 'linear.onnx',
    data: { inputs: 'x.npy', targets: 'y.npy' },
    objective: { kind: 'regression' },
  });
  const data = await loadLossData(configuration, model, folder);
  const layout = {
    entries: [{ name: 'w', shape: [width, 1], offset: 0, size: width }],
    size: width,
  };
  const terms = lossTerms(data, model);
  const empty = { entries: [], size: 0 };
  const evaluator = new LossEvaluator(
    { model, data, terms, parameters: layout, buffers: empty, bufferValues: new Float32Array(0) },
    onnxRuntime({ threads: 1 }),
  );
  const loss = await evaluator.loss(new Float32Array(width).fill(2 ** -9));
  clearInterval(watch);
  await evaluator.release();

  // Rows of zeros predict 0, the two rows 0.5 · 4096 / 512 = 4; every target is 1.
  expect(loss).toBeCloseTo((95_998 + 2 * 9) / 96_000, 12);
  expect((most - before) / 1e6).toBeLessThan(300);
});
