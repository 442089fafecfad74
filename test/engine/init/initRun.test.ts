import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { groupCheckpoints } from '../../../src/engine/init/checkpointGlobs';
import { EXPORT_FILE, initRun } from '../../../src/engine/init/initRun';
import { InputError } from '../../../src/shared/inputError';
import { english } from '../../../src/shared/words/message';

const assets = join(import.meta.dirname, '../../../src/engine/init');
const epochs = join(import.meta.dirname, '../../../examples/digits-resnet/runs/plain');
const checkpoint = join(epochs, 'epoch-004.pt');

function globsOf(...files: string[]): string[] {
  return groupCheckpoints(files).map(({ glob }) => glob);
}

describe('the globs of the checkpoints that are there', () => {
  it.each([
    [['epoch-1.pt', 'epoch-2.pt', 'epoch-10.pt'], ['epoch-*.pt']],
    [
      [
        'checkpoint-500/model.safetensors',
        'checkpoint-500/optimizer.pt',
        'checkpoint-1000/model.safetensors',
      ],
      ['checkpoint-*/model.safetensors'],
    ],
    [['epoch=4-step=12.ckpt', 'epoch=9-step=24.ckpt'], ['epoch=*-step=*.ckpt']],
    [['epoch=4-val_loss=0.31.ckpt', 'epoch=9-val_loss=0.12.ckpt'], ['epoch=*-val_loss=*.ckpt']],
    [
      ['best.pt', 'last.pt'],
      ['best.pt', 'last.pt'],
    ],
    [['resnet18.pth'], ['resnet18.pth']],
    [['epoch-1.pt'], ['epoch-*.pt']],
    [['run[1]/epoch-1.pt', 'run[1]/epoch-2.pt'], ['run\\[1\\]/epoch-*.pt']],
    [['ckpt_100.pth.tar', 'ckpt_200.pth.tar'], ['ckpt_*.pth.tar']],
    [['train.py', 'data.npz', 'rng_state.pth', 'training_args.bin'], []],
    [
      [
        'checkpoint-5/model.safetensors.index.json',
        'checkpoint-5/model-00001-of-00002.safetensors',
      ],
      ['checkpoint-*/model.safetensors.index.json'],
    ],
  ])('%j', (files, globs) => {
    expect(globsOf(...files)).toEqual(globs);
  });

  it('are found in time that grows with the files', () => {
    const files = Array.from({ length: 60_000 }, (_, i) => `checkpoint-${i}/model.safetensors`);
    const started = performance.now();
    expect(groupCheckpoints(files)[0]!.files).toHaveLength(60_000);
    expect(performance.now() - started).toBeLessThan(4000);
  });
});

describe('preparing a run', () => {
  function run(...names: string[]): string {
    const folder = mkdtempSync(join(tmpdir(), 'basin-init-'));
    for (const name of names) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      copyFileSync(checkpoint, join(folder, name));
    }
    return folder;
  }

  it('writes the file with the globs in it, and nothing else', async () => {
    const folder = run('epoch-1.pt', 'epoch-2.pt');
    const result = await initRun(folder, assets);
    expect(result).toMatchObject({
      checkpoints: ['epoch-*.pt'],
      count: 2,
      left: [],
      isConfigured: false,
    });
    expect(readFileSync(join(folder, EXPORT_FILE), 'utf8')).toContain(
      '\nCHECKPOINTS = ["epoch-*.pt"]\n',
    );
    expect(existsSync(join(folder, 'basin.json'))).toBe(false);
  });

  it('leaves a basin.json as it is, and says that there is one', async () => {
    const folder = run('epoch-1.pt');
    writeFileSync(join(folder, 'basin.json'), '{ "mine": 1 }');
    expect((await initRun(folder, assets)).isConfigured).toBe(true);
    expect(readFileSync(join(folder, 'basin.json'), 'utf8')).toBe('{ "mine": 1 }');
  });

  it('says of an unreadable format what it is, and names what can be read', async () => {
    const folder = run('epoch-1.pt');
    writeFileSync(
      join(folder, 'model.h5'),
      Buffer.from('\x89HDF\r\n\x1a\n not a checkpoint at all', 'latin1'),
    );
    const { checkpoints, left } = await initRun(folder, assets);
    expect(checkpoints).toEqual(['epoch-*.pt']);
    expect(left).toHaveLength(1);
    expect(english(left[0]!)).toContain('model.h5');
  });

  it('refuses a folder without checkpoints with a sentence', async () => {
    const folder = run();
    await expect(initRun(folder, assets)).rejects.toThrow(InputError);
    await expect(initRun(folder, assets)).rejects.toThrow('holds no checkpoint');
    await expect(initRun(join(folder, 'not there'), assets)).rejects.toThrow('is no folder');
    await expect(initRun(join(folder, 'x'), assets)).rejects.not.toThrow(TypeError);
  });
});

const python = ['python3', 'python'].find((each) => spawnSync(each, ['--version']).status === 0);

describe.skipIf(python === undefined)('basin_export.py', () => {
  it('is Python', () => {
    const source = readFileSync(join(assets, EXPORT_FILE), 'utf8');
    const checked = spawnSync(python!, ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {
      input: source,
      encoding: 'utf8',
    });
    expect(checked.stderr).toBe('');
    expect(checked.status).toBe(0);
  });
});
