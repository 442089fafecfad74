import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../../src/engine/checkpoint/checkpoint';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { Graph } from '../../../src/engine/graph/graph';
import { exportOnnx } from '../../../src/engine/graph/onnx/exportOnnx';
import { OnnxModel } from '../../../src/engine/graph/onnx/importOnnx';
import { readModelFile } from '../../../src/engine/graph/onnx/modelFile';
import {
  ModelProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  type TensorProtoSchema,
} from '../../../src/engine/graph/onnx/onnx_pb';
import { gradient } from '../../../src/engine/graph/reverse';
import { loadWeights } from '../../../src/engine/objective/weights';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import { InputError } from '../../../src/shared/inputError';
import { english } from '../../../src/shared/words/message';
import { FIXTURES } from '../objective/problems';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-model-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

type TensorInit = MessageInitShape<typeof TensorProtoSchema>;

/** The chain of products x · w0 · w1 … + c, from [batch, width]. */
function write(width: number, weights: readonly TensorInit[], constant: TensorInit): string {
  const value = (i: number): string => (i < 0 ? 'x' : `h${i}`);
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      node: [
        ...weights.map(({ name }, i) => ({
          opType: 'MatMul',
          input: [value(i - 1), name!],
          output: [value(i)],
        })),
        { opType: 'Add', input: [value(weights.length - 1), constant.name!], output: ['y'] },
      ],
      initializer: [...weights, constant],
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
  const path = join(folder, 'model.onnx');
  writeFileSync(path, toBinary(ModelProtoSchema, model));
  return path;
}

function tensor(name: string, shape: readonly number[], more: TensorInit): TensorInit {
  return { name, dims: shape.map(BigInt), dataType: TensorProto_DataType.FLOAT, ...more };
}

function outside(entries: Readonly<Record<string, string>>): TensorInit {
  return {
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  };
}

function bytesOf(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

describe('a graph whose weights are larger than a protobuf message', () => {
  test('is read without them, and its programs stay small', async () => {
    const width = 16_384;
    const data = join(folder, 'model.onnx.data');
    // 3.2 GB that take no room on the disk.
    writeFileSync(data, '');
    truncateSync(data, 3 * width * width * 4);
    const weights = [0, 1, 2].map((i) =>
      tensor(
        `w${i}`,
        [width, width],
        outside({
          location: 'model.onnx.data',
          offset: String(i * width * width * 4),
          length: String(width * width * 4),
        }),
      ),
    );
    const path = write(width, weights, tensor('onnx::c', [1], { floatData: [1] }));
    const before = process.memoryUsage().rss;
    const model = new OnnxModel(await readModelFile(path, 'model.onnx'), 'model.onnx');
    const count = model.weights.reduce((sum, { shape }) => sum + shape[0]! * shape[1]!, 0);
    expect(count).toBe(3 * width * width);
    expect(4 * count).toBeGreaterThan(2 ** 31);

    const g = new Graph();
    const nodes = model.weights.map(({ name, shape }) => g.input(name, shape));
    const y = model.build(g, g.input('x', [2, width]), (name) =>
      nodes.find(({ attributes }) => attributes.name === name)!,
    );
    const derivatives = gradient(g, g.sum(g.mul(y, y), [0, 1]), nodes);
    const program = { outputs: new Map(derivatives.map((node, i) => [`d${i}`, node])) };
    expect(exportOnnx(program, 'float32').bytes.length).toBeLessThan(10_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
  });

  test('inline weights are dropped, constants beside the file are taken in', async () => {
    writeFileSync(join(folder, 'model.data'), Buffer.concat([Buffer.alloc(8), bytesOf(3, 4)]));
    const path = write(
      2,
      [tensor('w', [2, 2], { rawData: bytesOf(1, 2, 3, 4) })],
      tensor('onnx::c', [2], outside({ location: 'model.data', offset: '8', length: '8' })),
    );
    const bytes = await readModelFile(path, 'model.onnx');
    const { initializer } = fromBinary(ModelProtoSchema, bytes).graph!;
    expect(initializer[0]!.rawData).toHaveLength(0);
    const g = new Graph();
    const model = new OnnxModel(bytes, 'model.onnx');
    const y = model.build(g, g.input('x', [1, 2]), () => g.input('w', [2, 2]));
    const executable = await referenceRuntime.compile({ outputs: new Map([['y', y]]) });
    const inputs = new Map([
      ['x', Float64Array.of(1, 1)],
      ['w', Float64Array.of(5, 6, 7, 8)],
    ]);
    expect([...(await executable.run(inputs)).get('y')!]).toEqual([15, 18]);
  });
});

describe('data where they may not be are refused', () => {
  const at = (location: string, more: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    const constant = tensor('onnx::c', [2], outside({ location, ...more }));
    const path = write(2, [tensor('w', [2, 2], {})], constant);
    return readModelFile(path, 'model.onnx');
  };
  beforeEach(() => {
    mkdirSync(join(folder, 'inner'));
    writeFileSync(join(folder, 'inner/values'), bytesOf(1, 2));
    writeFileSync(join(folder, 'values'), bytesOf(1, 2));
    symlinkSync(join(folder, 'values'), join(folder, 'link'));
    symlinkSync(join(folder, 'inner'), join(folder, 'folder'));
  });

  test('what is in the folder and below it is read', async () => {
    await expect(at('values')).resolves.toBeInstanceOf(Uint8Array);
    await expect(at('inner/values', { length: '8' })).resolves.toBeInstanceOf(Uint8Array);
  });

  test.each([
    ['../values', {}, 'outside of the model’s folder'],
    ['inner/../../values', {}, 'outside of the model’s folder'],
    ['/etc/passwd', {}, 'outside of the model’s folder'],
    ['', {}, 'outside of the model’s folder'],
    ['link', {}, 'is a link'],
    ['folder/values', {}, 'is a link'],
    ['inner', {}, 'no regular file'],
    ['lost', {}, 'cannot be read (ENOENT)'],
    ['values', { offset: '-8' }, 'has the offset -8'],
    ['values', { offset: '4', length: '8' }, 'which has 8'],
    ['values', { offset: '16' }, 'which has 8'],
    ['values', { length: '9007199254740993' }, 'has the length'],
    ['values', { length: '100000000000' }, 'is a constant and needs more'],
  ])('%s %o', async (location, more, words) => {
    const refusal = at(location, more);
    await expect(refusal).rejects.toThrow(InputError);
    await expect(refusal).rejects.toThrow(/^model\.onnx: tensor onnx::c /);
    await expect(refusal).rejects.toThrow(words.replace('’', "'"));
  });

  test('a file that is too large for protobuf', async () => {
    const path = join(folder, 'model.onnx');
    writeFileSync(path, '');
    truncateSync(path, 2 ** 31);
    expect(statSync(path).size).toBe(2 ** 31);
    await expect(readModelFile(path, 'model.onnx')).rejects.toThrow('save_as_external_data');
  });

  test('a weight of a shape that no array has', () => {
    const path = write(2, [tensor('w', [-2, 2], {})], tensor('onnx::c', [1], { floatData: [1] }));
    expect(() => new OnnxModel(readFileSync(path), 'model.onnx')).toThrow(
      'tensor w has the shape [-2, 2]',
    );
  });
});

/** What PyTorch computed with networks of the fixtures. */
async function expected(name: string): Promise<number[]> {
  const archive = await openCheckpoint(join(FIXTURES, 'import/networks.npz'));
  const { data } = await archive.read(name);
  await archive.close();
  return Array.from(data, Number);
}

async function outputOf(
  name: string,
  checkpoint: Checkpoint,
): Promise<{
  readonly values: Float64Array;
  readonly notes: readonly string[];
  readonly parameters: readonly string[];
}> {
  const bytes = await readModelFile(join(FIXTURES, `import/${name}.onnx`), `${name}.onnx`);
  const model = new OnnxModel(bytes, `${name}.onnx`);
  const weights = await loadWeights(model, checkpoint, 'float64');
  const g = new Graph();
  const { parameters, buffers, theta, bufferValues } = weights;
  const nodes = new Map(
    [...parameters.entries, ...buffers.entries].map((entry) => [
      entry.name,
      g.input(entry.name, entry.shape),
    ]),
  );
  const y = model.build(g, g.input('x', [6, 4]), (weight) => nodes.get(weight) ?? null);
  const executable = await referenceRuntime.compile({ outputs: new Map([['y', y]]) });
  const inputs = new Map([['x', Float64Array.from(await expected('x'))]]);
  for (const [layout, vector] of [
    [parameters, theta],
    [buffers, bufferValues],
  ] as const) {
    for (const { name: weight, offset, size } of layout.entries) {
      inputs.set(weight, Float64Array.from(vector.subarray(offset, offset + size)));
    }
  }
  return {
    values: (await executable.run(inputs)).get('y') as Float64Array,
    notes: weights.notes.map(english),
    parameters: parameters.entries.map((entry) => entry.name),
  };
}

describe('networks of PyTorch', () => {
  test('buffers that are not saved have the values of the graph, and a note', async () => {
    const checkpoint = await openCheckpoint(join(FIXTURES, 'import/buffers.pt'));
    expect([...checkpoint.tensors.keys()]).not.toContain('table');
    const { values, notes, parameters } = await outputOf('buffers', checkpoint);
    await checkpoint.close();
    (await expected('buffers')).forEach((y, i) => {
      expect(values[i]).toBeCloseTo(y, 5);
    });
    expect(parameters).toEqual(['linear.weight', 'linear.bias']);
    expect(notes).toEqual([
      expect.stringContaining('does not save (table); the values in the graph'),
    ]);
  });

  test('a saved buffer or a weight that is missing is an error with its name', async () => {
    const checkpoint = await openCheckpoint(join(FIXTURES, 'import/buffers.pt'));
    const without = (name: string): Checkpoint => ({
      ...checkpoint,
      tensors: new Map([...checkpoint.tensors].filter(([key]) => key !== name)),
    });
    for (const name of ['scale', 'linear.bias']) {
      await expect(outputOf('buffers', without(name))).rejects.toThrow(name);
    }
    await checkpoint.close();
  });

  test('normalisation in training mode is said, and computed with the batch', async () => {
    const checkpoint = await openCheckpoint(join(FIXTURES, 'import/training.pt'));
    const { values, notes } = await outputOf('training', checkpoint);
    await checkpoint.close();
    (await expected('training')).forEach((y, i) => {
      expect(values[i]).toBeCloseTo(y, 4);
    });
    expect(notes[0]).toMatch(/^The graph has BatchNormalization in training mode \(.+\): it norm/);
    expect(notes[0]).toContain('export after model.eval()');
  });
});
