import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { OnnxModel } from '../../../../src/engine/graph/onnx/importOnnx';
import { readModelFile } from '../../../../src/engine/graph/onnx/modelFile';
import { ModelProtoSchema } from '../../../../src/engine/graph/onnx/onnx_pb';
import { transformersModel } from '../../../../src/engine/graph/onnx/transformers/transformersModel';
import { initRun } from '../../../../src/engine/init/initRun';
import { readStudy } from '../../../../src/engine/study/configuration/study';
import { InputError } from '../../../../src/shared/inputError';
import { english } from '../../../../src/shared/words/message';
import { openInStudy } from '../../study/denseReference';
import { arraysOf, lossOf, predictions, worst } from '../keras/kerasFixtures';

const FOLDER = join(import.meta.dirname, '../../../fixtures/transformers');
const names = readdirSync(FOLDER).filter((name) => !name.endsWith('.py'));

describe('networks of Hugging Face from their config.json', () => {
  test('are of every family', async () => {
    const kinds = await Promise.all(names.map(async (name) => (await configOf(name)).model_type));
    expect(new Set(kinds)).toEqual(new Set(['bert', 'gpt2', 'llama', 'resnet', 'vit']));
  });

  // In float64 of both, from float32 weights; rounded once more in the file.
  it.each(names)('%s gives the logits and the loss that transformers gives', async (name) => {
    const folder = join(FOLDER, name);
    const opened = await openInStudy(await readStudy(join(folder, 'basin.json')));
    const arrays = await arraysOf(join(folder, 'data.npz'));
    expect(worst(await predictions(opened, arrays), arrays.get('logits')!)).toBeLessThan(1e-6);
    const loss = arrays.get('loss')!.data[0]!;
    expect(Math.abs((await lossOf(opened)) - loss) / loss).toBeLessThan(1e-6);
  });

  test('have the parameters and buffers of the checkpoint, tied ones once', async () => {
    const of = async (name: string) => {
      const { weights } = await openInStudy(await readStudy(join(FOLDER, name, 'basin.json')));
      return [weights.parameters.size, weights.buffers.size];
    };
    // 29·16 + 12·16 + 2·(2·32 + 16·48 + 48 + 16·16 + 16 + 2·16·64 + 64 + 16) + 32.
    expect(await of('gpt2')).toEqual([7248, 0]);
    const [, buffers] = await of('resnet-basic');
    expect(buffers).toBe(2 * (4 + 2 * 4 + 8 + 8 + 8 + 2 * 8));
  });
});

const GPT2 = {
  model_type: 'gpt2',
  architectures: ['GPT2LMHeadModel'],
  vocab_size: 5,
  n_embd: 4,
  n_head: 2,
  n_layer: 1,
  n_positions: 3,
};

describe('what is not built is refused with one sentence', () => {
  it.each([
    ['not JSON', '{"model_type":', /config\.json is damaged: its configuration is no JSON/],
    [
      'no model',
      '{}',
      /config\.json describes no network, and graphs are built of these alone: bert,/,
    ],
    ['another family', { model_type: 't5' }, /describes t5, and graphs are built of these alone/],
    [
      'another head',
      { ...GPT2, architectures: ['GPT2Model'] },
      /architectures is \["GPT2Model"\], which/,
    ],
    [
      'another activation',
      { ...GPT2, activation_function: 'mish' },
      /activation_function is "mish"/,
    ],
    [
      'a size that is none',
      { ...GPT2, n_layer: 1.5 },
      /n_layer is not a whole number from 1 to 1024/,
    ],
    ['layers beyond all', { ...GPT2, n_layer: 1e6 }, /n_layer is not a whole number from 1 to/],
    ['another attention', { ...GPT2, scale_attn_weights: false }, /scale_attn_weights is false/],
    ['nesting', `{"a":${'['.repeat(5000)}`, /nests more than/],
  ])('%s', (_, config, expected) => {
    const text = typeof config === 'string' ? config : JSON.stringify(config);
    const make = () => transformersModel(new TextEncoder().encode(text), 'config.json');
    expect(make).toThrow(InputError);
    expect(make).toThrow(expected);
  });
});

test('whatever a configuration says, it is a graph or one sentence', async () => {
  const values: readonly unknown[] = [
    null,
    -1,
    0,
    0.5,
    3,
    2 ** 20,
    1e300,
    '',
    'x',
    [],
    [1e9],
    {},
    true,
  ];
  let refused = 0;
  for (const name of names) {
    const config = await configOf(name);
    for (const key of Object.keys(config)) {
      for (const value of values) {
        const text = JSON.stringify({ ...config, [key]: value });
        try {
          const model = transformersModel(new TextEncoder().encode(text), 'config.json');
          new OnnxModel(toBinary(ModelProtoSchema, model), 'config.json');
        } catch (error) {
          expect(error, `${name}: ${key} ${JSON.stringify(value)}`).toBeInstanceOf(InputError);
          refused += 1;
        }
      }
    }
  }
  expect(refused).toBeGreaterThan(500);
});

test('a state dict with the twin of tied weights, and its own values of it, is read as it is', async () => {
  const own = join(FOLDER, 'gpt2-untied');
  const model = await readModelFile(join(own, 'config.json'), 'config.json');
  const { graph } = fromBinary(ModelProtoSchema, model);
  expect(graph!.initializer.map(({ name }) => name)).toContain('lm_head.weight');
  await inFolder('gpt2-untied', async (folder) => {
    // The file says they are tied, the checkpoint has two that differ.
    const config = { ...(await configOf('gpt2-untied')), tie_word_embeddings: true };
    await writeFile(join(folder, 'config.json'), JSON.stringify(config));
    const opened = await openInStudy(await readStudy(join(folder, 'basin.json')));
    const arrays = await arraysOf(join(folder, 'data.npz'));
    expect(worst(await predictions(opened, arrays), arrays.get('logits')!)).toBeLessThan(1e-6);
    const notes = opened.weights.notes.map(english);
    expect(notes).toEqual([
      "The model's configuration ties lm_head.weight and transformer.wte.weight, and the checkpoint has other values of each: they are taken for two tensors, as transformers takes them.",
    ]);
  });
});

describe('a head that is tied is one tensor with the embedding, as transformers reads it', () => {
  const HEAD = 'lm_head.weight';
  const EMBEDDING = 'transformer.wte.weight';
  const TIED = `${HEAD} is ${EMBEDDING}, as the model's configuration ties them: one tensor, moved and counted once.`;

  test.each([
    ['is stored under both names, once', 'pytorch_model.bin', TIED],
    ['is stored under both names, twice', { both: true }, TIED],
    ['is stored under the name of the embedding', 'model.safetensors', TIED],
    [
      'is stored under the name of the head',
      { both: false },
      `The checkpoint has no ${EMBEDDING}, and the graph ties it with ${HEAD}: that tensor is taken for both.`,
    ],
  ])('where it %s', async (_, file, note) => {
    await inFolder('gpt2', async (folder) => {
      const settings = await readFile(join(folder, 'basin.json'), 'utf8');
      const right = await openInStudy(await readStudy(join(folder, 'basin.json')));
      if (typeof file !== 'string') {
        const bytes = await readFile(join(folder, 'model.safetensors'));
        await writeFile(join(folder, 'a.safetensors'), underHead(bytes, file.both));
      }
      const name = typeof file === 'string' ? file : 'a.safetensors';
      await writeFile(join(folder, 'basin.json'), settings.replace('model.safetensors', name));
      const { weights } = await openInStudy(await readStudy(join(folder, 'basin.json')));
      expect(weights.parameters.size).toBe(7248);
      expect(weights.theta).toEqual(right.weights.theta);
      expect(weights.notes.map(english)).toEqual([note]);
    });
  });

  /** The embedding under the name of the head, beside its own or in its place. */
  function underHead(bytes: Buffer, isBoth: boolean): Buffer {
    const length = Number(bytes.readBigUInt64LE());
    const data = bytes.subarray(8 + length);
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
      string,
      { data_offsets: [number, number] }
    >;
    const { [EMBEDDING]: embedding, ...others } = header;
    const [start, end] = embedding!.data_offsets;
    const copy = data.subarray(start, end);
    const place: [number, number] = [data.length, data.length + copy.length];
    const text = Buffer.from(
      JSON.stringify(
        isBoth
          ? { ...header, [HEAD]: { ...embedding, data_offsets: place } }
          : { ...others, [HEAD]: embedding },
      ),
    );
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([size, text, data, ...(isBoth ? [copy] : [])]);
  }
});

test('basin init says that no export is needed', async () => {
  await inFolder('vit', async (folder) => {
    const assets = join(import.meta.dirname, '../../../../src/engine/init');
    const { left } = await initRun(folder, assets);
    expect(left.map(({ template }) => template).join()).toMatch(/Basin builds by itself/);
  });
});

async function configOf(name: string): Promise<Record<string, unknown>> {
  const text = await readFile(join(FOLDER, name, 'config.json'), 'utf8');
  return JSON.parse(text) as Record<string, unknown>;
}

async function inFolder(name: string, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'basin-transformers-'));
  try {
    await cp(join(FOLDER, name), folder, { recursive: true });
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
