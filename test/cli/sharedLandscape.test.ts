import { spawn, type ChildProcess } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StudyDocument } from '../../src/engine/studies/studyDocument';
import { basin, ROOT } from './basin';

// One landscape of 61 × 61 points, of a network whose loss takes a millisecond, and four shards.

let root: string;
let expected: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'basin-shared-'));
  const alone = await basin(['study', study('alone'), '--json']);
  expect(alone.status, alone.stderr).toBe(0);
  expected = alone.stdout;
}, 120_000);
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function study(name: string): string {
  const folder = join(root, name);
  const from = join(ROOT, 'examples/convection-pinn/beta-30');
  mkdirSync(join(folder, 'run-1'), { recursive: true });
  for (const file of ['model.onnx', 'points.npz', 'step-02000.pt']) {
    cpSync(join(from, file), join(folder, 'run-1', file));
  }
  writeFileSync(
    join(folder, 'run-1/basin.json'),
    JSON.stringify({
      checkpoints: ['step-*.pt'],
      model: 'model.onnx',
      objective: {
        kind: 'pde',
        unknown: 'u',
        variables: ['x', 't'],
        domain: { x: [0, '2*pi'], t: [0, 1] },
        residual: 'u_t + 30*u_x',
        initial: 'u(x, 0) = sin(x)',
        boundary: 'periodic(x)',
        collocation: { points: 'points.npz' },
      },
      landscape: { resolution: 61, refine: false },
    }),
  );
  writeFileSync(
    join(folder, 'study.json'),
    JSON.stringify({ checkpoints: 'run-{run}/*.pt', only: ['metrics', 'landscape', 'topology'] }),
  );
  return folder;
}

interface Shard {
  readonly process: ChildProcess;
  readonly ended: Promise<{ readonly status: number | null; readonly stderr: string }>;
}

function shard(folder: string, which: string): Shard {
  const child = spawn(
    process.execPath,
    [join(ROOT, 'dist/basin.js'), 'study', folder, '--shard', which, '--workers', '1'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<{ status: number | null; stderr: string }>((resolve) => {
    child.on('close', (status) => {
      resolve({ status, stderr });
    });
  });
  return { process: child, ended };
}

/** Bytes of points by the processes that computed them. */
function written(folder: string): readonly number[] {
  const cache = join(folder, 'run-1/.basin/cache');
  try {
    const shared = readdirSync(cache).find((name) => name.endsWith('.shared'));
    if (shared === undefined) return [];
    const names = readdirSync(join(cache, shared)).filter((name) => name.endsWith('.points'));
    return names.map((name) => statSync(join(cache, shared, name)).size);
  } catch {
    return [];
  }
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !isSo();) {
    if (Date.now() > end) throw new Error(`${what} did not come about`);
    await pause(10);
  }
}

test('shards of one landscape, one of them killed and one doubled, end in one process’s bytes', async () => {
  const folder = study('four');
  const shards = ['1/4', '2/4', '3/4', '4/4', '2/4'].map((which) => shard(folder, which));
  await until('points of all of them', () => written(folder).length === 5);
  shards[2]!.process.kill('SIGKILL');
  const ended = await Promise.all(shards.map((each) => each.ended));
  expect(ended.map(({ status }) => status)).toEqual([0, 0, null, 0, 0]);
  const merged = await basin(['study', folder, '--merge', '--json']);
  expect(merged.status, merged.stderr).toBe(0);
  expect(merged.stdout).toBe(expected);
  // What they had in common is gone.
  const cache = readdirSync(join(folder, 'run-1/.basin/cache'));
  expect(cache.filter((name) => !name.endsWith('.json'))).toEqual([]);
}, 120_000);

test('where the shard that has the checkpoint is killed, the others’ points are kept for it', async () => {
  const folder = study('owner');
  const shards = ['1/2', '2/2'].map((which) => shard(folder, which));
  await until('points of both', () => written(folder).length === 2);
  shards[0]!.process.kill('SIGKILL');
  expect((await shards[1]!.ended).status).toBe(0);
  const half = await basin(['study', folder, '--merge', '--shards', '2', '--json']);
  expect(half.status).toBe(1);
  expect(half.stderr).toContain('1 of 1 checkpoints are not analyzed yet');
  // All is there but for what the first shard alone does.
  expect(half.stderr).toContain('Its landscape is there, what follows from it is not.');
  expect(half.stderr).toContain(
    `these have some: 1; finish them with: basin study ${join(folder, 'study.json')} --shard 1/2`,
  );
  const again = await shard(folder, '1/2').ended;
  expect(again.status, again.stderr).toBe(0);
  const merged = await basin(['study', folder, '--merge', '--json']);
  expect(merged.stdout).toBe(expected);
}, 120_000);

test('a shard that is told to end keeps its points, and goes on from all that there are', async () => {
  const folder = study('told');
  const first = shard(folder, '2/3');
  await until('a quarter of the points', () => (written(folder)[0] ?? 0) > (16 * 61 * 61) / 4);
  first.process.kill('SIGTERM');
  expect((await first.ended).status).toBe(143);
  const kept = written(folder);
  expect(kept).toHaveLength(1);
  // A merge says how many points are there, whose they are and what does the rest; of how many shards
  // it is, it knows from them.
  const sampled = kept[0]! / 16;
  const [some, left] = [sampled, 61 * 61 - sampled].map((n) => n.toLocaleString('en-US'));
  const half = await basin(['study', folder, '--merge', '--json']);
  expect(half.status).toBe(1);
  const [row] = (JSON.parse(half.stdout) as StudyDocument).rows;
  expect(row!.why).toBe(
    `It was not analyzed yet. Of its landscape ${some} of 3,721 points are there, ${left} are not.`,
  );
  expect(half.stderr).toContain(`of landscapes that were begun ${left} points are missing`);
  expect(half.stderr).toContain('Of 3 shards these have some: 1-3; finish them with: basin study ');
  const all = await Promise.all(['1/3', '2/3', '3/3'].map((which) => shard(folder, which).ended));
  expect(all.map(({ status }) => status)).toEqual([0, 0, 0]);
  const merged = await basin(['study', folder, '--merge', '--json']);
  expect(merged.stdout).toBe(expected);
  const { rows } = JSON.parse(merged.stdout) as StudyDocument;
  expect(rows[0]!.status).toBe('analyzed');
}, 120_000);
