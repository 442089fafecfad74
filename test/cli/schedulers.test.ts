import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StudyDocument } from '../../src/engine/studies/studyDocument';
import { ROOT } from './basin';

// The lines that docs/studies.md has for Kubernetes and for a shell, run as they stand there.

const DOCS = readFileSync(join(ROOT, 'docs/studies.md'), 'utf8');

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'basin-schedulers-'));
  mkdirSync(join(root, 'bin'));
  const program = join(root, 'bin/basin');
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${ROOT}/dist/basin.js" "$@"\n`);
  chmodSync(program, 0o755);
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function study(name: string, runs: number): string {
  const folder = join(root, name);
  for (let seed = 0; seed < runs; seed += 1) {
    const run = join(folder, `seed-${seed}`);
    mkdirSync(run, { recursive: true });
    for (const file of ['mlp.pt', 'mlp.onnx', 'data.npz']) {
      cpSync(join(ROOT, 'test/fixtures/mlp', file), join(run, file));
    }
    writeFileSync(
      join(run, 'basin.json'),
      JSON.stringify({
        checkpoints: ['mlp.pt'],
        model: 'mlp.onnx',
        data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
        objective: { kind: 'classification' },
        landscape: { resolution: 9, seed },
      }),
    );
  }
  const content = { checkpoints: 'seed-{seed}/mlp.pt', only: ['metrics', 'landscape'] };
  writeFileSync(join(folder, 'study.json'), JSON.stringify(content));
  return folder;
}

function run(
  command: readonly string[],
  cwd: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<{ readonly status: number | null; readonly output: string; readonly stdout: string }> {
  return new Promise((resolve) => {
    const path = [join(root, 'bin'), process.env.PATH].join(delimiter);
    const child = spawn(command[0]!, command.slice(1), {
      cwd,
      env: { ...process.env, ...environment, PATH: path },
    });
    let output = '';
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('close', (status) => {
      resolve({ status, output, stdout });
    });
  });
}

async function expectAll(folder: string, runs: number): Promise<void> {
  const merged = await run(['basin', 'study', 'study.json', '--merge', '--json'], folder);
  expect(merged.status, merged.output).toBe(0);
  const { rows } = JSON.parse(merged.stdout) as StudyDocument;
  expect(rows.map(({ status }) => status)).toEqual(Array(runs).fill('analyzed'));
}

describe('the lines of the documentation', () => {
  test('of an indexed Job of Kubernetes, with the variable it sets', async () => {
    const [, written] = /command: (\["sh".*\])/.exec(DOCS)!;
    const [, completions] = /completions: (\d+)/.exec(DOCS)!;
    const command = JSON.parse(written!) as string[];
    expect(command.at(-1)).toContain(`/${completions!}`);
    const folder = study('kubernetes', 3);
    // As many completions as there are runs here; the volume is this folder.
    const own = command.map((word) =>
      word.replace('/runs/', `${folder}/`).replace(`/${completions!}`, '/3'),
    );
    const seeds: string[] = [];
    for (const index of ['0', '1', '2']) {
      const { status, output } = await run(own, folder, { JOB_COMPLETION_INDEX: index });
      expect(status, output).toBe(0);
      for (const [, seed] of output.matchAll(/^(\d+) .*%$/gm)) seeds.push(seed!);
    }
    // Each has one of them, and each is one's.
    expect(seeds.sort()).toEqual(['0', '1', '2']);
    await expectAll(folder, 3);
    // Without the number the index alone is refused, with what to write.
    const alone = await run(['basin', 'study', 'study.json'], folder, {
      JOB_COMPLETION_INDEX: '1',
    });
    expect(alone.status).toBe(1);
    expect(alone.output).toContain('--shard "$JOB_COMPLETION_INDEX/N"');
  }, 120_000);

  const lines = DOCS.split('\n').filter((line) => line.startsWith('seq 4 |'));
  test('name GNU parallel and xargs', () => {
    expect(lines.map((line) => line.split(' ')[3])).toEqual(['parallel', 'xargs']);
  });

  test('of a shell, by xargs: each number is put where {} stands, as by GNU parallel', async () => {
    const folder = study('xargs', 5);
    const line = lines.find((each) => each.includes('xargs'))!;
    const { status, output } = await run(['sh', '-c', line], folder);
    expect(status, output).toBe(0);
    await expectAll(folder, 5);
  }, 120_000);
});
