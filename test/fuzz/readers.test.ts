/** Files that are nearly checkpoints, for every reader: see harness.ts. */
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { craftedArchive, craftedLegacy, craftedPickle } from './craftedPickle';
import {
  bytesOf,
  COUNT,
  filesOf,
  fixtures,
  MAX_MILLISECONDS,
  many,
  readAndList,
  readCheckpoint,
  run,
  takeStrayed,
  watchWhatIsOpened,
  type Read,
  type Values,
} from './harness';
import { ggufLies, jsonLies, numberLies, oneOf, safetensorsLies, zipLies } from './lies';
import { entriesOf, flipped, mutated, mutatedPickle, zipOf, type Change } from './mutations';

watchWhatIsOpened();

interface Format {
  readonly files: readonly string[];
  readonly change: Change;
}

const PYTORCH = [
  'checkpoints/dtypes.pt',
  'checkpoints/epoch=9-step=9.ckpt',
  'formats/quantised.pt',
  'formats/whole.pt',
  'checkpoints/deflated.pt',
];

const FORMATS: Readonly<Record<string, Format>> = {
  safetensors: {
    files: [
      'checkpoints/model_step_1000.safetensors',
      'formats/header-of-128-bytes.safetensors',
      'formats/metadata-null.safetensors',
    ],
    change: oneOf(mutated, safetensorsLies),
  },
  PyTorch: { files: PYTORCH, change: oneOf(mutated, zipLies) },
  'older PyTorch': {
    files: ['checkpoints/legacy-strided.pt', 'checkpoints/legacy-nested.pt'],
    change: oneOf(mutated, mutatedPickle),
  },
  npz: {
    files: ['checkpoints/arrays.npz', 'checkpoints/arrays-compressed.npz', 'formats/mixed.npz'],
    change: oneOf(mutated, zipLies, inEntries(numberLies)),
  },
  npy: { files: ['checkpoints/fortran-big.npy'], change: oneOf(mutated, numberLies) },
  GGUF: { files: ['formats/model.gguf'], change: oneOf(mutated, ggufLies) },
  Flax: { files: ['formats/state.msgpack', 'formats/chunked.msgpack'], change: mutated },
  ONNX: {
    files: ['formats/values.onnx', 'formats/exported.onnx', 'formats/outside.onnx'],
    change: mutated,
  },
};

/** What is in a zip archive is another, and its checksum right. */
function inEntries(change: Change, isMeant: (name: string) => boolean = () => true): Change {
  return (bytes, random) =>
    zipOf(
      entriesOf(bytes).map(([name, content]) => [
        name,
        isMeant(name) ? change(content, random) : content,
      ]),
    );
}

/** Folders whose files are one checkpoint, and which of them is opened. */
const SEVERAL: Readonly<Record<string, readonly [folder: string, opened: string, read: Read]>> = {
  'shards with an index': ['formats/sharded', 'model.safetensors.index.json', readAndList],
  'an adapter': ['formats/lora', 'adapter_model.safetensors', readAndList],
  'an adapter with its base': ['formats/rslora', 'adapter_model.safetensors', readWithBase],
  'a model of TensorFlow.js': ['../../examples/tfjs-regression/epoch-5', 'model.json', readAndList],
};

function readWithBase(path: string): Promise<Values> {
  return readCheckpoint(path, join(dirname(path), 'base.safetensors'));
}

/** Folders whose parts have checksums. */
const CHECKED: Readonly<Record<string, readonly [folder: string, opened: string]>> = {
  'a distributed checkpoint': ['formats/dcp-grid', '.metadata'],
  'a model in a distributed checkpoint': ['formats/dcp', '.metadata'],
  'ZeRO-1': ['formats/zero1/global_step3', 'mp_rank_00_model_states.pt'],
  'ZeRO-2': ['formats/zero2/global_step3', 'mp_rank_00_model_states.pt'],
};

describe('the watch over what is opened', () => {
  it('sees a file outside of the folder', async () => {
    await readCheckpoint(join(fixtures, 'formats/metadata-null.safetensors'));
    expect(takeStrayed().length).toBeGreaterThan(0);
  });
});

describe('a file that is nearly a checkpoint', () => {
  it.each(Object.entries(FORMATS))(
    'of %s is read or refused',
    async (_, { files, change }) => {
      await many(files, COUNT, change);
    },
    MAX_MILLISECONDS,
  );

  it.each([
    ['PyTorch', ['checkpoints/dtypes.pt', 'checkpoints/epoch=9-step=9.ckpt']],
    ['npz', ['checkpoints/arrays.npz', 'checkpoints/arrays-compressed.npz']],
  ])(
    'of %s never has another value: there is a checksum',
    async (_, names) => {
      const known = await Promise.all(
        names.map(async (name) => ({
          bytes: await bytesOf(name),
          expected: await readCheckpoint(join(fixtures, name)),
        })),
      );
      const { accepted } = await run(COUNT, (k, random) => {
        const { bytes, expected } = known[k % known.length]!;
        const files = new Map([['a.ckpt', flipped(bytes, random)]]);
        return { files, opened: 'a.ckpt', read: (path) => readCheckpoint(path), expected };
      });
      expect(accepted).toBeGreaterThan(0);
    },
    MAX_MILLISECONDS,
  );

  it.each(Object.entries(SEVERAL))(
    'of %s is read or refused',
    async (_, [from, opened, read]) => {
      const right = await filesOf(from);
      const names = [...right.keys()];
      await run(COUNT, (k, random) => {
        const name = names[k % names.length]!;
        const isJson = name.endsWith('.json');
        const change = isJson ? oneOf(mutated, jsonLies, numberLies) : mutated;
        const files = new Map(right).set(name, change(right.get(name)!, random));
        return { files, opened, read };
      });
    },
    MAX_MILLISECONDS,
  );

  it.each(Object.entries(CHECKED))(
    'of %s is read or refused, and never has another value where a checksum knows it',
    async (_, [from, opened]) => {
      const right = await filesOf(from);
      const names = [...right.keys()];
      const whole = await readCheckpoint(join(fixtures, from, opened));
      await run(COUNT, (k, random) => {
        const name = names[k % names.length]!;
        const bytes = right.get(name)!;
        const isFlipped = name !== '.metadata' && k % 3 === 0;
        const change = isFlipped ? flipped : oneOf(mutated, zipLies);
        return {
          files: new Map(right).set(name, change(bytes, random)),
          opened,
          read: (path) => readCheckpoint(path),
          expected: isFlipped ? whole : undefined,
        };
      });
    },
    MAX_MILLISECONDS,
  );

  it(
    'of a distributed checkpoint with another index is read or refused',
    async () => {
      const right = await filesOf('formats/dcp-grid');
      await run(COUNT, (_, random) => ({
        files: new Map(right).set('.metadata', mutatedPickle(right.get('.metadata')!, random)),
        opened: '.metadata',
        read: (path) => readCheckpoint(path),
      }));
    },
    MAX_MILLISECONDS,
  );

  it(
    'of PyTorch with another pickle and a right checksum is read or refused',
    async () => {
      await many(
        PYTORCH,
        COUNT,
        inEntries(mutatedPickle, (name) => name.endsWith('data.pkl')),
      );
    },
    MAX_MILLISECONDS,
  );

  it(
    'of PyTorch with a pickle of its own is read or refused',
    async () => {
      const { accepted } = await run(COUNT, (k, random) => {
        const crafts = [craftedArchive, craftedLegacy, craftedPickle];
        const bytes = crafts[k % crafts.length]!(random);
        return { files: new Map([['a.pt', bytes]]), opened: 'a.pt', read: readAndList };
      });
      expect(accepted).toBeGreaterThan(COUNT / 100);
    },
    MAX_MILLISECONDS,
  );
});
