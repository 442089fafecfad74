import {
  cpSync,
  existsSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InitResult } from '../../src/shared/engineProtocol';
import type { ResultDocument } from '../../src/shared/result';
import { basin, ROOT } from './basin';

const RUN = join(ROOT, 'test/fixtures/oneStep/mlp');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-init-'));
  // As a Trainer leaves it: a folder for each checkpoint.
  cpSync(RUN, folder, { recursive: true });
  for (const step of [500, 1000]) {
    mkdirSync(join(folder, `checkpoint-${step}`));
    cpSync(join(folder, 'epoch-2.pt'), join(folder, `checkpoint-${step}`, 'model.pt'));
  }
  rmSync(join(folder, 'epoch-2.pt'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('basin init', () => {
  test('writes basin_export.py with the globs of the checkpoints, and says what is next', async () => {
    renameSync(join(folder, 'basin.json'), join(folder, 'kept.json'));
    const { status, stdout, stderr } = await basin(['init', folder]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('2 checkpoints (checkpoint-*/model.pt)');
    expect(stdout).toContain('from basin_export import export; export(model, loader, loss)');
    const written = readFileSync(join(folder, 'basin_export.py'), 'utf8');
    expect(written).toContain('\nCHECKPOINTS = ["checkpoint-*/model.pt"]\n');
    expect(existsSync(join(folder, 'basin.json'))).toBe(false);
    renameSync(join(folder, 'kept.json'), join(folder, 'basin.json'));
  });

  test('tells the same as JSON', async () => {
    const { stdout } = await basin(['init', '--json'], { cwd: folder });
    const result = JSON.parse(stdout) as InitResult;
    expect(result).toMatchObject({ checkpoints: ['checkpoint-*/model.pt'], count: 2, left: [] });
  });

  test('refuses a folder that holds none in one line', async () => {
    const { status, stdout, stderr } = await basin(['init', join(ROOT, 'src/shared')]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('holds no checkpoint');
  });
});

describe('basin analyze', () => {
  test('finds the basin.json above a checkpoint’s own folder', async () => {
    const configuration = JSON.parse(readFileSync(join(RUN, 'basin.json'), 'utf8')) as object;
    writeFileSync(
      join(folder, 'basin.json'),
      JSON.stringify({ ...configuration, checkpoints: ['checkpoint-*/model.pt'] }),
    );
    const path = join(folder, 'checkpoint-500');
    const { status, stdout, stderr } = await basin([
      'analyze',
      path,
      '--only',
      'metrics',
      '--json',
    ]);
    expect(status).toBe(0);
    const document = JSON.parse(stdout) as ResultDocument;
    expect(document.checkpoint.path).toBe('checkpoint-500/model.pt');
    expect(stderr).toMatch(/Probe: outputs, loss, gradients agree with PyTorch 2\.13\S* to \de-\d/);
  });

  test('says of a folder whose files are none of its checkpoints that they are not', async () => {
    mkdirSync(join(folder, 'logs'));
    const { status, stderr } = await basin(['analyze', join(folder, 'logs')]);
    expect(status).toBe(1);
    expect(stderr).toContain('holds no checkpoint of');
  });
});
