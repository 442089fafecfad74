import { cp, mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { InputError } from '../../../src/shared/inputError';
import { readWhole, temporaryFolder } from './fixtures';

const FORMATS = fileURLToPath(new URL('../../fixtures/formats/', import.meta.url));

/** A copy of a fixture's folder that may be damaged. */
async function copyOf(name: string): Promise<string> {
  const folder = join(await temporaryFolder(), 'copy');
  await cp(join(FORMATS, name), folder, { recursive: true });
  return folder;
}

describe('a folder that is a checkpoint', () => {
  it.each([
    ['dcp', '.metadata'],
    ['zero1', 'global_step3/mp_rank_00_model_states.pt'],
    ['zero2/global_step3', 'mp_rank_00_model_states.pt'],
    ['sharded', 'model.safetensors.index.json'],
  ])('%s stands for its %s', async (name, file) => {
    const [ofFolder, ofFile] = [join(FORMATS, name), join(FORMATS, name, file)];
    expect(await readWhole(ofFolder)).toEqual(await readWhole(ofFile));
  });

  it.each([
    [['saved_model.pb', 'variables'], /SavedModel/],
    [['_CHECKPOINT_METADATA', 'manifest.ocdbt', 'd'], /Orbax \(JAX\)/],
    [['_METADATA', 'params'], /Orbax \(JAX\)/],
    [['checkpoint', 'ckpt-1.index', 'ckpt-1.data-00000-of-00001'], /TensorFlow checkpoint/],
    [['zero_pp_rank_0_mp_rank_00_model_states.pt'], /ZeRO-3 .*zero_to_fp32\.py/],
    [['__0_0.distcp', '__1_0.distcp'], /without its \.metadata/],
    [['epoch-1.pt', 'epoch-2.pt'], /is a folder; name one of the files/],
    [[], /is a folder/],
  ])('with %o is named', async (names, message) => {
    const folder = await temporaryFolder();
    for (const name of names) await writeFile(join(folder, name), 'x');
    await expect(openCheckpoint(folder)).rejects.toThrow(message);
    await expect(openCheckpoint(folder)).rejects.toThrow(InputError);
  });

  it('whose latest names no folder in it is a folder', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'inner'));
    await writeFile(join(folder, 'latest'), '../inner');
    await expect(openCheckpoint(folder)).rejects.toThrow(/is a folder/);
  });
});

describe('a distributed checkpoint', () => {
  it('is one of all its files', async () => {
    const checkpoint = await openCheckpoint(join(FORMATS, 'dcp-grid'));
    const files = checkpoint.files!.map((path) => path.slice(path.lastIndexOf('/') + 1));
    expect(files.sort()).toEqual(
      ['.metadata', ...[0, 1, 2, 3].map((rank) => `__${rank}_0.distcp`)].sort(),
    );
    await checkpoint.close();
  });

  it('is refused without one of its files, and with one that is cut short', async () => {
    const folder = await copyOf('dcp-grid');
    await truncate(join(folder, '__3_0.distcp'), 5000);
    await expect(openCheckpoint(folder)).rejects.toThrow(/part __3_0\.distcp is cut short/);
    await rm(join(folder, '__3_0.distcp'));
    await expect(openCheckpoint(folder)).rejects.toThrow(/part __3_0\.distcp is missing/);
  });

  it('opens no file elsewhere', async () => {
    const folder = await copyOf('dcp-grid');
    const index = await readFile(join(folder, '.metadata'));
    const other = Buffer.from(
      index.toString('latin1').replaceAll('__0_0.distcp', '../../etc/up'),
      'latin1',
    );
    await writeFile(join(folder, '.metadata'), other);
    await expect(openCheckpoint(folder)).rejects.toThrow(/not in its own folder/);
  });

  it('whose parts were exchanged has no wrong values', async () => {
    const folder = await copyOf('dcp-grid');
    await cp(join(folder, '__1_0.distcp'), join(folder, 'other'));
    await cp(join(folder, '__3_0.distcp'), join(folder, '__1_0.distcp'));
    const right = await readWhole(join(FORMATS, 'dcp-grid'));
    await openCheckpoint(folder).then(
      async (checkpoint) => {
        for (const [name, tensor] of right) {
          const found = await checkpoint.read(name).catch((error: unknown) => {
            expect(error).toBeInstanceOf(InputError);
            return tensor;
          });
          expect(found).toEqual(tensor);
        }
        await checkpoint.close();
      },
      (error: unknown) => {
        expect(error).toBeInstanceOf(InputError);
      },
    );
  });

  it('names what a part of it alone is', async () => {
    const part = join(FORMATS, 'dcp-grid', '__0_0.distcp');
    await expect(openCheckpoint(part)).rejects.toThrow(/one rank’s part .*open \.metadata/);
  });
});

describe('a checkpoint of DeepSpeed', () => {
  const states = 'global_step3/zero_pp_rank_1_mp_rank_00_optim_states.pt';

  it('is refused where a partition is missing, and read without any', async () => {
    const folder = await copyOf('zero2');
    await rm(join(folder, states));
    await expect(openCheckpoint(folder)).rejects.toThrow(/1 parts of its optimizer .* of 2/);
    await rm(join(folder, states.replace('rank_1', 'rank_0')));
    const weights = await readWhole(folder);
    expect([...weights.keys()]).toContain('hidden.weight');
  });

  it('names what is a part of it alone', async () => {
    await expect(openCheckpoint(join(FORMATS, 'zero2', states))).rejects.toThrow(
      /one rank’s part of an optimizer .*open mp_rank_00_model_states\.pt/,
    );
    const folder = join(await copyOf('zero2'), 'global_step3');
    const piece = join(folder, 'zero_pp_rank_0_mp_rank_00_model_states.pt');
    await cp(join(folder, 'mp_rank_00_model_states.pt'), piece);
    await expect(openCheckpoint(piece)).rejects.toThrow(/ZeRO-3 .*--tag global_step3/);
  });
});

describe('data of an ONNX file beside it', () => {
  it('is read where it is a file of the folder, and of no other', async () => {
    const folder = await temporaryFolder();
    for (const name of ['outside.onnx', 'outside.onnx.data']) {
      await cp(join(FORMATS, name), join(folder, name));
    }
    const [file, data] = [join(folder, 'outside.onnx'), join(folder, 'outside.onnx.data')];
    expect(await readWhole(file)).toEqual(await readWhole(join(FORMATS, 'outside.onnx')));
    await rm(data);
    await expect(openCheckpoint(file)).rejects.toThrow(/data in outside\.onnx\.data is missing/);
    await symlink(join(FORMATS, 'outside.onnx.data'), data);
    await expect(openCheckpoint(file)).rejects.toThrow(/no file of its own folder/);
    const text = (await readFile(file)).toString('latin1');
    await writeFile(
      file,
      Buffer.from(text.replaceAll('outside.onnx.data', '../side.onnx.data'), 'latin1'),
    );
    await expect(openCheckpoint(file)).rejects.toThrow(/no file of its own folder/);
  });
});
