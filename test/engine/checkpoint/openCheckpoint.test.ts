import { execFileSync } from 'node:child_process';
import { readdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { InputError } from '../../../src/shared/inputError';
import { english } from '../../../src/shared/words/message';
import {
  fixturePath,
  openFixture,
  readExpected,
  readFixture,
  temporaryFolder,
  valuesOf,
  writeTemporary,
} from './fixtures';

const expected = Object.entries(await readExpected()).filter(([name]) => !name.endsWith('.npy'));

describe('a checkpoint holds what PyTorch, NumPy or safetensors put in it', () => {
  it.each(expected)('%s', async (name, { format, tensors, step, epoch, metadata, variants }) => {
    const checkpoint = await openFixture(name);
    expect(checkpoint.format).toBe(format);
    expect(checkpoint.size).toBe((await stat(fixturePath(name))).size);
    expect([...checkpoint.tensors.keys()].sort()).toEqual(Object.keys(tensors).sort());
    for (const [key, { dtype, shape, values }] of Object.entries(tensors)) {
      const entry = checkpoint.tensors.get(key)!;
      expect({ key, dtype: entry.dtype, shape: entry.shape }).toEqual({ key, dtype, shape });
      const tensor = await checkpoint.read(key);
      expect(tensor.shape).toEqual(shape);
      expect(valuesOf(tensor)).toEqual(values.map((v) => (typeof v === 'boolean' ? Number(v) : v)));
    }
    if (step !== undefined) expect(checkpoint.step).toBe(step);
    if (epoch !== undefined) expect(checkpoint.epoch).toBe(epoch);
    if (metadata) {
      expect(Object.entries(checkpoint.metadata)).toEqual(
        expect.arrayContaining(Object.entries(metadata)),
      );
    }
    if (variants) expect(checkpoint.variants).toEqual(variants);
  });

  it.each([
    ['float64', 'float64'],
    ['float32', 'float32'],
    ['int64', 'int64'],
    ['int32', 'int32'],
    ['int16', 'int32'],
    ['int8', 'int32'],
    ['uint32', 'int64'],
    ['uint16', 'int32'],
    ['uint8', 'uint8'],
    ['bool', 'bool'],
  ])('%s is read as %s', async (name, dtype) => {
    const checkpoint = await openFixture('dtypes.pt');
    expect((await checkpoint.read(name)).dtype).toBe(dtype);
  });

  it('keeps the order of the file, also of names that are numbers', async () => {
    const torch = await openFixture('state-dict.pt');
    expect([...torch.tensors.keys()].slice(0, 3)).toEqual(['conv.weight', 'bn.weight', 'bn.bias']);
    const safe = await openFixture('model_step_1000.safetensors');
    expect([...safe.tensors.keys()].at(0)).not.toBe('9');
  });

  it('tells tied weights by their storage', async () => {
    for (const name of ['strided.pt', 'legacy-strided.pt']) {
      const { tensors } = await openFixture(name);
      const storage = (key: string) => tensors.get(key)!.storage;
      expect(storage('tied.a')).toBe(storage('tied.b'));
      expect(storage('transposed')).not.toBe(storage('sliced'));
    }
  });

  it('reads the real checkpoints of the examples', async () => {
    const runs = join(import.meta.dirname, '../../../examples/digits-resnet/runs/resnet');
    const names = (await readdir(runs)).filter((name) => name.endsWith('.pt'));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const checkpoint = await openCheckpoint(join(runs, name));
      expect(checkpoint.epoch).toBe(Number(/\d+/.exec(name)![0]));
      for (const key of checkpoint.tensors.keys()) await checkpoint.read(key);
      await checkpoint.close();
    }
  });
});

describe('the set of weights', () => {
  it('is the one that is asked for', async () => {
    const average = await openFixture('ema.pt', { weights: 'state_dict_ema' });
    expect(valuesOf(await average.read('w'))).toEqual([0, 0]);
    expect(average.variants).toEqual(['state_dict']);
  });

  it.each([
    ['two-networks.pt', {}, /several sets of weights \("generator", "critic"\)/],
    ['ema.pt', { weights: 'nothing' }, /no weights at "nothing".*"state_dict_ema"/],
    ['no-weights.pt', {}, /holds no weights/],
    ['single-tensor.pt', {}, /single tensor/],
    ['torchscript.pt', {}, /TorchScript/],
    ['sparse.pt', {}, /`adjacency` is a `torch\._utils\._rebuild_sparse_tensor`/],
    ['meta.pt', {}, /`w` is a `torch\._utils\._rebuild_meta_tensor_no_storage`/],
    ['numpy-weight.pt', {}, /`w` is a `numpy\..*_reconstruct`/],
  ])('of %s %o is refused', async (name, options, message) => {
    await expect(openCheckpoint(fixturePath(name), options)).rejects.toThrow(InputError);
    await expect(openCheckpoint(fixturePath(name), options)).rejects.toThrow(message);
  });

  it('takes one of two networks by name', async () => {
    const critic = await openFixture('two-networks.pt', { weights: 'critic' });
    expect(valuesOf(await critic.read('w'))).toEqual([0, 0]);
  });
});

describe('an element type that is not read', () => {
  it.each([['complex.pt', 'complex', 'complex64']])(
    'of %s is listed, and refused by name when it is read',
    async (name, key, dtype) => {
      const checkpoint = await openFixture(name);
      expect(checkpoint.tensors.get(key)!.dtype).toBe(dtype);
      await expect(checkpoint.read(key)).rejects.toThrow(dtype);
      await expect(checkpoint.read(key)).rejects.toThrow(InputError);
    },
  );

  it.each([
    ['objects.npz', /\|O/],
    ['structures.npz', /structure/],
    ['texts.npz', /<U2/],
  ])('of %s is listed, and refused when it is read', async (name, message) => {
    const checkpoint = await openFixture(name);
    const [entry] = checkpoint.tensors.values();
    expect(entry!.dtype).toMatch(message);
    await expect(checkpoint.read(entry!.name)).rejects.toThrow(message);
  });

  it('is not mistaken where an unsigned integer has no place', async () => {
    const checkpoint = await openFixture('too-large.npz');
    await expect(checkpoint.read('w')).rejects.toThrow(/uint64/);
  });
});

describe('a file that would run code', () => {
  it.each([
    ['hostile-system.pt', 'posix.system'],
    ['hostile-protocol-4.pt', 'posix.system'],
    ['hostile-legacy.pt', 'posix.system'],
    ['hostile.pkl', 'posix.system'],
    ['hostile-eval.pt', 'builtins.eval'],
    ['hostile-popen.pt', 'subprocess.Popen'],
  ])('%s is refused: %s', async (name, call) => {
    await expect(openCheckpoint(fixturePath(name))).rejects.toMatchObject({
      name: 'InputError',
      reason: 'hostile',
      message: expect.stringContaining(
        `${name} was not opened: this file would run \`${call}\` if Python opened it`,
      ) as string,
    });
  });
});

describe('a file that would call something harmless', () => {
  it('is opened, with a warning that names it', async () => {
    const checkpoint = await openFixture('hostile-getattr.pt');
    expect(valuesOf(await checkpoint.read('w'))).toEqual([1]);
    expect(checkpoint.warnings?.map(english)).toEqual([
      'Python would call builtins.getattr when it opens this file whole; Basin called nothing and kept the names alone.',
    ]);
  });

  it('has no warning where nearly every checkpoint is like it', async () => {
    expect((await openFixture('epoch=9-step=9.ckpt')).warnings).toBeUndefined();
  });
});

describe('a file that is something else', () => {
  const cases: [string, Uint8Array | string, RegExp][] = [
    ['a.h5', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), /HDF5 library cannot read it/],
    ['a.gguf', 'GGUF\x03\0\0\0', /ends before/],
    ['a.tar', Buffer.concat([Buffer.alloc(257), Buffer.from('ustar\0')]), /tar archive/],
    ['a.onnx', Buffer.from([8, 8, 0x12, 0]), /ONNX graph without weights/],
    ['model.json', '{"format": "layers-model", "modelTopology": {}}', /names no files of weights/],
    ['a.index.json', '{"metadata": {}, "weight_map": {}}', /names no tensors/],
    ['b.index.json', '{"weight_map": {"w": "../../etc/passwd"}}', /not in its own folder/],
    ['c.index.json', '{"weight_map": {"w": "/etc/passwd"}}', /not in its own folder/],
    ['d.index.json', '{"weight_map": {"w": "a.safetensors"}}', /does not exist/],
    [
      'e.json',
      '{"weightsManifest": [{"paths": ["../x.bin"], "weights": []}]}',
      /not in its own folder/,
    ],
    ['f.json', '{"some": "settings"}', /JSON and no checkpoint/],
    ['checkpoint', 'model_checkpoint_path: "ckpt-1"\n', /TensorFlow/],
    ['ckpt-1.data-00000-of-00001', Buffer.alloc(64), /TensorFlow/],
    [
      'ckpt-1.index',
      Buffer.concat([Buffer.alloc(9), Buffer.from('57fb808b247547db', 'hex')]),
      /TensorFlow/,
    ],
    ['a.pt', 'version https://git-lfs.github.com/spec/v1\n', /git lfs pull/],
    ['a.pt', '\n<!DOCTYPE html><html>', /web page.*download the file again/],
    ['a.safetensors', '<html>', /web page/],
    ['a.bin', '<?xml version="1.0"?><Error><Code>AccessDenied</Code>', /web page/],
    ['a.tflite', '\x1c\0\0\0TFL3', /TensorFlow Lite/],
    ['saved_model.pb', Buffer.from([8, 1, 0x12, 7]), /SavedModel/],
    [
      'a.pkl',
      Buffer.from('\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x13joblib.numpy_pickle\x94', 'latin1'),
      /joblib/,
    ],
    ['a.pt', 'just text', /no format Basin knows/],
    ['a.pt', '', /is empty/],
  ];
  it.each(cases)('%s is named, with what to do', async (name, bytes, message) => {
    const path = await writeTemporary(name, bytes);
    await expect(openCheckpoint(path)).rejects.toThrow(message);
    await expect(openCheckpoint(path)).rejects.toThrow(InputError);
  });

  it('a plain pickle is named', async () => {
    await expect(openCheckpoint(fixturePath('plain.pkl'))).rejects.toThrow(/plain Python pickle/);
  });

  it('a lone array is named', async () => {
    await expect(openCheckpoint(fixturePath('fortran-big.npy'))).rejects.toThrow(/single array/);
  });

  it('a missing file is missing, and a folder is a folder', async () => {
    const folder = await temporaryFolder();
    await expect(openCheckpoint(join(folder, 'no.pt'))).rejects.toMatchObject({
      reason: 'missing',
    });
    await expect(openCheckpoint(folder)).rejects.toThrow(/folder/);
  });

  it.runIf(process.platform !== 'win32')(
    'a link to itself, a name too long and a pipe are said to be that, and nobody waits for them',
    async () => {
      const folder = await temporaryFolder();
      const [link, pipe] = [join(folder, 'self.pt'), join(folder, 'pipe.pt')];
      await symlink(link, link);
      execFileSync('mkfifo', [pipe]);
      for (const path of [link, pipe, join(folder, `${'a'.repeat(300)}.pt`)]) {
        const error: unknown = await openCheckpoint(path).catch((each: unknown) => each);
        expect(error).toBeInstanceOf(InputError);
        expect(english((error as InputError).said)).toMatch(
          /leads back to itself|is no regular file|longer than names of files are/,
        );
      }
    },
  );
});

describe('a whole pickled model', () => {
  it.each(['whole-model.pt', 'whole-model-nested.pt'])('%s is its state_dict', async (name) => {
    const { tensors } = await openFixture(name);
    expect([...tensors.keys()]).toEqual(['weight', 'bias']);
  });
});

describe('an open checkpoint', () => {
  it('does not know names that are not in it', async () => {
    const checkpoint = await openFixture('state-dict.pt');
    await expect(checkpoint.read('constructor')).rejects.toThrow(/no tensor `constructor`/);
  });

  it('refuses to read on when training has written to the file again', async () => {
    const path = await writeTemporary('last.pt', await readFixture('state-dict.pt'));
    const checkpoint = await openCheckpoint(path);
    await writeFile(path, await readFixture('nested.pt'));
    await utimes(path, 1, 1);
    await expect(checkpoint.read('fc.weight')).rejects.toThrow(InputError);
    await checkpoint.close();
    await checkpoint.close();
  });
});
