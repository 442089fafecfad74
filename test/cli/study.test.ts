import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../src/engine/checkpoint/openCheckpoint';
import type { StudyDocument } from '../../src/engine/studies/studyDocument';
import type { PageContent } from '../../src/shared/panelProtocol';
import { basin, ROOT } from './basin';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-study-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const FIXTURE = join(ROOT, 'test/fixtures/mlp');

function run(width: number, seed: number, change: Record<string, unknown> = {}): string {
  const place = join(folder, `width-${width}`, `seed-${seed}`);
  mkdirSync(place, { recursive: true });
  cpSync(join(FIXTURE, 'mlp.pt'), join(place, 'epoch-9.pt'));
  cpSync(join(FIXTURE, 'mlp.pt'), join(place, 'epoch-10.pt'));
  cpSync(join(FIXTURE, 'mlp.onnx'), join(place, 'mlp.onnx'));
  cpSync(join(FIXTURE, 'data.npz'), join(place, 'data.npz'));
  writeFileSync(
    join(place, 'basin.json'),
    JSON.stringify({
      checkpoints: ['epoch-*.pt'],
      model: 'mlp.onnx',
      data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
      objective: { kind: 'classification' },
      landscape: { resolution: 9, seed },
      hessian: { eigenvalues: 2, lanczosSteps: 10, probes: 2 },
      ...change,
    }),
  );
  return place;
}

/** The weights of the fixture, the first of which is not a number, as a safetensors file. */
async function writeDiverged(path: string): Promise<void> {
  const checkpoint = await openCheckpoint(join(FIXTURE, 'mlp.pt'));
  const header: Record<string, unknown> = {};
  const values: Float32Array[] = [];
  let at = 0;
  for (const [name, { shape }] of checkpoint.tensors) {
    const data = Float32Array.from((await checkpoint.read(name)).data, Number);
    if (at === 0) data[0] = NaN;
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + data.byteLength] };
    at += data.byteLength;
    values.push(data);
  }
  await checkpoint.close();
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, ...values.map((v) => Buffer.from(v.buffer))]));
}

function study(content: Record<string, unknown> = {}): void {
  const checkpoints = 'width-{width}/seed-{seed}/epoch-*.pt';
  writeFileSync(join(folder, 'study.json'), JSON.stringify({ checkpoints, ...content }));
}

async function rowsOf(...args: readonly string[]) {
  const finished = await basin(['study', folder, '--json', ...args]);
  const document = JSON.parse(finished.stdout) as StudyDocument;
  return { ...finished, document, rows: document.rows };
}

describe('basin study', () => {
  test('has a row for the last checkpoint of each run, and for those that are not there', async () => {
    run(8, 0);
    run(16, 0);
    run(16, 1);
    study({ factors: { width: [8, 16], seed: [0, 1] } });
    const { status, rows, document } = await rowsOf();
    expect(status).toBe(0);
    expect(rows.map(({ checkpoint, status: state }) => [checkpoint, state])).toEqual([
      ['width-8/seed-0/epoch-10.pt', 'analyzed'],
      [null, 'missing'],
      ['width-16/seed-0/epoch-10.pt', 'analyzed'],
      ['width-16/seed-1/epoch-10.pt', 'analyzed'],
    ]);
    // The loss of these weights by PyTorch, which the fixture has beside them.
    expect(rows[0]!.figures!.loss).toBeCloseTo(0.0426, 4);
    expect(document.groups.map(({ value, count, without }) => [value, count, without])).toEqual([
      ['8', 1, 1],
      ['16', 2, 0],
    ]);
  });

  test('in shards ends in the bytes of one process, and a merge computes nothing', async () => {
    run(8, 0);
    run(8, 1);
    run(16, 0);
    study();
    const before = await rowsOf('--merge');
    expect(before.status).toBe(1);
    expect(before.stderr).toContain('3 of 3 checkpoints are not analyzed yet; finish them with: ');
    expect(before.rows.map(({ status }) => status)).toEqual(['pending', 'pending', 'pending']);

    const first = await rowsOf('--shard', '1/2');
    expect(first.rows.map(({ checkpoint }) => checkpoint)).toEqual([
      'width-8/seed-0/epoch-10.pt',
      'width-16/seed-0/epoch-10.pt',
    ]);
    const half = await rowsOf('--merge', '--shards', '2');
    const path = join(folder, 'study.json');
    expect(half.stderr).toContain(
      `these have some: 2; finish them with: basin study ${path} --shard 2/2`,
    );
    await rowsOf('--shard', '2/2');
    const merged = await basin(['study', folder, '--merge', '--json']);
    expect(merged.status).toBe(0);
    rmSync(join(folder, '.basin'), { recursive: true });
    for (const name of ['width-8/seed-0', 'width-8/seed-1', 'width-16/seed-0']) {
      rmSync(join(folder, name, '.basin'), { recursive: true });
    }
    const alone = await basin(['study', folder, '--json']);
    expect(merged.stdout).toBe(alone.stdout);
  });

  test('has a row that says so for what diverged and for what fails', async () => {
    const diverged = run(8, 0);
    run(8, 1);
    const foreign = run(8, 2);
    await writeDiverged(join(diverged, 'epoch-10.pt'));
    writeFileSync(join(foreign, 'epoch-10.pt'), 'no checkpoint');
    study();
    const { status, rows, stderr } = await rowsOf();
    expect(status).toBe(1);
    expect(
      rows.map((row) => row.status),
      stderr,
    ).toEqual(['diverged', 'analyzed', 'failed']);
    expect(rows[0]!.why).toContain('holds NaN at element 0');
    expect(stderr).toContain('width-8/seed-2/epoch-10.pt: ');
    // A merge knows why, without trying again; what is put right is done again.
    const merged = await rowsOf('--merge');
    expect(merged.rows).toEqual(rows);
    cpSync(join(FIXTURE, 'mlp.pt'), join(foreign, 'epoch-10.pt'));
    const again = await rowsOf();
    expect(again.rows.map((row) => row.status)).toEqual(['diverged', 'analyzed', 'analyzed']);
  });

  test('does again what is another than it was', async () => {
    const place = run(8, 0);
    study();
    await rowsOf();
    const settings = JSON.parse(readFileSync(join(place, 'basin.json'), 'utf8')) as object;
    const other = { ...settings, landscape: { resolution: 9, seed: 5 } };
    writeFileSync(join(place, 'basin.json'), JSON.stringify(other));
    const merged = await rowsOf('--merge');
    expect(merged.rows[0]).toMatchObject({ status: 'pending' });
    expect(merged.rows[0]!.why).toContain('settings');
    expect((await rowsOf()).rows[0]!.status).toBe('analyzed');
    expect((await rowsOf('--merge')).status).toBe(0);
  });

  test('reads no checkpoint again whose file has its size and time', async () => {
    const place = run(8, 0);
    study({ only: ['metrics'] });
    const path = join(place, 'epoch-10.pt');
    const second = 1_700_000_000;
    utimesSync(path, second, second);
    await rowsOf();
    writeFileSync(path, Buffer.alloc(statSync(path).size));
    utimesSync(path, second, second);
    expect((await rowsOf('--merge')).rows[0]!.status).toBe('analyzed');
    utimesSync(path, second, second + 2);
    const { rows } = await rowsOf('--merge');
    expect(rows[0]).toMatchObject({ status: 'pending' });
    expect(rows[0]!.why).toContain('the checkpoint is another');
  });

  test('is written as a page, as Markdown, as CSV and as JSON', async () => {
    run(8, 0);
    run(16, 0);
    study({ title: 'Widths', which: 'all' });
    const files = ['a.html', 'a.md', 'a.csv', 'a.json'].map((name) => join(folder, name));
    const { status, stdout } = await basin(['study', folder, '--out', ...files]);
    expect(status).toBe(0);
    expect(stdout).toContain('Mean ± standard deviation');
    const [page, markdown, csv, json] = files.map((file) => readFileSync(file, 'utf8'));
    const [, content] = /id="basin-snapshot">(.*?)<\/script>/s.exec(page!)!;
    const { snapshot, documents } = JSON.parse(content!) as PageContent;
    expect(snapshot.entries.map(({ run: name, label }) => [name, label])).toEqual([
      ['width 8', 'seed 0 · epoch-9.pt'],
      ['width 8', 'seed 0 · epoch-10.pt'],
      ['width 16', 'seed 0 · epoch-9.pt'],
      ['width 16', 'seed 0 · epoch-10.pt'],
    ]);
    expect(Object.keys(documents)).toHaveLength(4);
    expect(markdown!).toMatch(/^# Widths\n/);
    expect(csv!.split('\r\n')[0]).toMatch(/^width,seed,checkpoint,status,step,epoch,loss/);
    expect(csv!.trim().split('\r\n')).toHaveLength(5);
    expect((JSON.parse(json!) as StudyDocument).notes[0]).toContain('too narrow');
  });

  test.each([
    [{ checkpoints: 'none-{seed}/*.pt' }, ['none-{seed}/*.pt', 'check the patterns']],
    [{ checkpoints: '{a,b}/*.pt' }, ['{a,b}']],
    [{ checkpoint: 'x' }, ['"checkpoint']],
    [{ factors: { depth: [1] } }, ['{depth}']],
    [{ which: 'first' }, ['"which"', '"last" or "all"']],
  ])('says what is wrong with %j', async (content, words) => {
    study(content);
    const { status, stderr } = await basin(['study', folder]);
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    for (const word of words) expect(stderr).toContain(word);
  });

  test('says what to write where there is no study', async () => {
    const { status, stderr } = await basin(['study', folder]);
    expect(status).toBe(1);
    expect(stderr).toContain('holds no study.json; write one');
  });

  test('says what is missing where there is no Slurm', async () => {
    run(8, 0);
    study();
    const { status, stderr } = await basin(['study', folder, '--submit', 'slurm'], {
      environment: { PATH: '/nowhere' },
    });
    expect(status).toBe(1);
    const script = join(folder, '.basin/studies/study/array.sbatch');
    expect(stderr).toContain(`sbatch ${script}`);
    expect(readFileSync(script, 'utf8')).toContain('#SBATCH --array=1-1');
  });
});
