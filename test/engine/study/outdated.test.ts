import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PageContent } from '../../../src/shared/panelProtocol';
import { english } from '../../../src/shared/words/message';
import { readArray } from '../../../src/engine/checkpoint/numpy/npy';
import { encodeNpy } from '../../../src/engine/checkpoint/numpy/npyFormat';
import type { ResultDocument } from '../../../src/shared/result';
import { settingsText } from '../../../src/shared/sources';
import { basin } from '../../cli/basin';
import { smallStudy, type SmallStudy } from '../server/realEngine';

let analysed: SmallStudy;
let study: string;

beforeAll(async () => {
  analysed = smallStudy({ data: { inputs: 'x.npy', targets: 'y.npy' } });
  const { folder } = analysed;
  for (const name of ['x', 'y']) {
    const array = await readArray(`data.npz#${name}`, folder);
    writeFileSync(join(folder, `${name}.npy`), encodeNpy(array));
  }
  // A landscape of the second takes its directions from the first.
  const analysis = await basin(['analyze', folder, '--only', 'metrics']);
  expect(analysis.stderr).toBe('');
});
afterAll(() => {
  analysed.remove();
});
/** The study as it was analysed, times included. */
beforeEach(() => {
  study = `${analysed.folder}-now`;
  rmSync(study, { recursive: true, force: true });
  cpSync(analysed.folder, study, { recursive: true, preserveTimestamps: true });
});
afterAll(() => {
  rmSync(study, { recursive: true, force: true });
});

const at = (name: string): string => join(study, name);
const resultOf = (name: string): string => at(`.basin/results/${name}.basin.json`);
const document = (name: string): ResultDocument =>
  JSON.parse(readFileSync(resultOf(name), 'utf8')) as ResultDocument;

async function compared(): Promise<{
  readonly warnings: readonly string[];
  readonly error: string;
}> {
  const { stdout, stderr, status } = await basin(
    ['compare', 'epoch-1.pt', 'epoch-2.pt', '--json'],
    { cwd: study },
  );
  if (status !== 0) return { warnings: [], error: stderr };
  return {
    warnings: (JSON.parse(stdout) as { readonly warnings: readonly string[] }).warnings,
    error: '',
  };
}

/** Lines on results that no longer hold, as `basin report` says them. */
async function reported(): Promise<readonly string[]> {
  const { stderr, stdout, status } = await basin(['report', study, '--out', at('page.html')]);
  expect(status).toBe(0);
  const lines = stderr.split('\n').filter((line) => line !== '');
  expect(stdout).toContain(
    lines.length === 0 ? 'on one page;' : `${lines.length} of them outdated`,
  );
  const page = readFileSync(at('page.html'), 'utf8');
  const [, content] = /id="basin-snapshot">(.*?)<\/script>/s.exec(page)!;
  const { snapshot } = JSON.parse(content!) as PageContent;
  const shown = snapshot.entries.map(({ error }) => (error === null ? '' : english(error)));
  for (const line of lines) {
    expect(shown.join('\n')).toContain(line.slice(line.indexOf('The result is')));
  }
  return lines;
}

describe('a result', () => {
  test('says what it follows from, with size, time and content', () => {
    const { sources, timings, checkpoint } = document('epoch-1.pt');
    expect(sources!.map(({ kind, files }) => [kind, files.map(({ path }) => path)])).toEqual([
      ['checkpoint', ['epoch-1.pt']],
      ['graph', ['mlp.onnx']],
      ['data', ['x.npy', 'y.npy']],
      ['settings', ['basin.json']],
    ]);
    expect(sources![0]!.sha256).toBe(checkpoint.sha256);
    for (const { files } of sources!) {
      for (const { path, size } of files) {
        const found = statSync(join(analysed.folder, path));
        expect(size).toBe(found.size);
        expect(timings.written![path]).toBe(Math.trunc(found.mtimeMs));
      }
    }
  });

  test('holds while nothing is another', async () => {
    expect(await compared()).toEqual({ warnings: [], error: '' });
    expect(await reported()).toEqual([]);
  });

  test('holds where files were only touched, and settings only laid out anew', async () => {
    const now = new Date();
    for (const name of ['epoch-1.pt', 'mlp.onnx', 'x.npy', 'y.npy']) utimesSync(at(name), now, now);
    const settings = JSON.parse(readFileSync(at('basin.json'), 'utf8')) as object;
    const turned = Object.fromEntries(Object.entries(settings).reverse());
    writeFileSync(at('basin.json'), `// Seen.\n${JSON.stringify(turned, null, 2)}`);
    expect(await compared()).toEqual({ warnings: [], error: '' });
    expect(await reported()).toEqual([]);
  });

  test('of a checkpoint that an older file replaced is never compared', async () => {
    const old = new Date(Date.now() - 1e9);
    cpSync(at('epoch-2.pt'), at('epoch-1.pt'));
    utimesSync(at('epoch-1.pt'), old, old);
    const { error } = await compared();
    expect(error).toBe(
      'epoch-1.pt is another file than when it was analyzed; run "basin analyze epoch-1.pt" first.\n',
    );
    expect(await reported()).toEqual([
      expect.stringContaining('the checkpoint is another than the one that was analyzed') as string,
    ]);
    // To follow it literally works, and then the two files are the same.
    expect(
      (await basin(['analyze', 'epoch-1.pt', '--only', 'metrics'], { cwd: study })).status,
    ).toBe(0);
    expect(await compared()).toEqual({ warnings: [], error: '' });
    expect(document('epoch-1.pt').metrics).toEqual(document('epoch-2.pt').metrics);
  });

  test('of other data, of the same size', async () => {
    const bytes = readFileSync(at('x.npy'));
    bytes.writeFloatLE(bytes.readFloatLE(bytes.length - 4) + 1, bytes.length - 4);
    writeFileSync(at('x.npy'), bytes);
    const { warnings } = await compared();
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('the evaluation data are others than they were');
    expect(await reported()).toHaveLength(2);
  });

  test('of another graph', async () => {
    // A doc_string: field 6 of a ModelProto.
    appendFileSync(at('mlp.onnx'), Buffer.from([0x32, 0x01, 0x61]));
    expect((await compared()).warnings[1]).toContain('the graph is another than it was');
    rmSync(at('mlp.onnx'));
    expect((await compared()).warnings).toHaveLength(2);
    expect(await reported()).toHaveLength(2);
  });

  test('of other settings', async () => {
    const settings = JSON.parse(readFileSync(at('basin.json'), 'utf8')) as object;
    writeFileSync(at('basin.json'), JSON.stringify({ ...settings, landscape: { seed: 1 } }));
    expect((await compared()).warnings[0]).toContain('the settings in basin.json are others');
    expect(await reported()).toHaveLength(2);
  });

  test('that was copied from another checkpoint', async () => {
    cpSync(resultOf('epoch-2.pt'), resultOf('epoch-1.pt'));
    expect((await compared()).error).toContain('epoch-1.pt is another file than when');
    expect(await reported()).toHaveLength(1);
  });

  test('of a checkpoint that is gone is shown, and said to be', async () => {
    renameSync(at('epoch-2.pt'), at('epoch-3.pt'));
    expect(await reported()).toEqual([
      expect.stringContaining('its checkpoint is not there any more') as string,
    ]);
  });

  test('of an earlier version does not say what it follows from', async () => {
    const { sources: _, ...before } = document('epoch-1.pt');
    writeFileSync(resultOf('epoch-1.pt'), JSON.stringify({ ...before, timings: {} }));
    const { warnings } = await compared();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('an earlier version of Basin made it');
  });
});

test('a landscape follows from the checkpoints its directions are taken from', async () => {
  const shared = smallStudy({ landscape: { resolution: 3, share: true } });
  try {
    await basin(['analyze', shared.folder, '--only', 'landscape']);
    const path = join(shared.folder, '.basin/results/epoch-1.pt.basin.json');
    const { sources } = JSON.parse(readFileSync(path, 'utf8')) as ResultDocument;
    expect(sources!.at(-1)).toMatchObject({ kind: 'other', files: [{ path: 'epoch-2.pt' }] });
    cpSync(shared.first, shared.second);
    const { stderr } = await basin([
      'report',
      shared.folder,
      '--out',
      join(shared.folder, 'p.html'),
    ]);
    expect(stderr).toContain('a checkpoint that its landscape depends on is another than it was');
  } finally {
    shared.remove();
  }
});

test('a landscape of a run follows from every checkpoint of it', async () => {
  const run = smallStudy({ landscape: { resolution: 3, directions: 'trajectory', dimensions: 1 } });
  try {
    const analysis = await basin(['analyze', run.folder, '--only', 'landscape']);
    expect(analysis.stderr).toBe('');
    const path = join(run.folder, '.basin/results/epoch-2.pt.basin.json');
    const { sources, timings } = JSON.parse(readFileSync(path, 'utf8')) as ResultDocument;
    expect(sources!.map(({ kind, files }) => [kind, files[0]!.path])).toContainEqual([
      'member',
      'epoch-1.pt',
    ]);
    expect(timings.written!['epoch-1.pt']).toBe(Math.trunc(statSync(run.first).mtimeMs));
    const report = () =>
      basin(['report', run.folder, '--out', join(run.folder, 'page.html')]).then(
        ({ stderr }) => stderr,
      );
    // Touched alone it is the same.
    utimesSync(run.first, new Date(), new Date());
    expect(await report()).toBe('');
    cpSync(run.second, run.first);
    expect(await report()).toContain('a checkpoint of its run is another than it was');
  } finally {
    run.remove();
  }
});

test('a result follows from the probe that was compared', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'basin-probe-'));
  try {
    cpSync(join(import.meta.dirname, '../../fixtures/oneStep/mlp'), folder, { recursive: true });
    await basin(['analyze', folder, '--only', 'metrics']);
    const path = join(folder, '.basin/results/epoch-2.pt.basin.json');
    const { sources } = JSON.parse(readFileSync(path, 'utf8')) as ResultDocument;
    expect(sources).toContainEqual(
      expect.objectContaining({
        kind: 'probe',
        files: [{ path: 'probe.npz', size: statSync(join(folder, 'probe.npz')).size }],
      }),
    );
    appendFileSync(join(folder, 'probe.npz'), 'more');
    const { stderr } = await basin(['report', folder, '--out', join(folder, 'page.html')]);
    expect(stderr).toContain('the probe is another than it was');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the text of settings leaves out which checkpoints have results, and the order of keys', () => {
  const text = settingsText({ checkpoints: ['a'], model: 'm', data: { b: [2, 1], a: null } });
  expect(text).toBe('{"data":{"a":null,"b":[2,1]},"model":"m"}');
  expect(settingsText({ $schema: 'x', data: { a: null, b: [2, 1] }, model: 'm' })).toBe(text);
  expect(settingsText({ data: { a: null, b: [1, 2] }, model: 'm' })).not.toBe(text);
});
