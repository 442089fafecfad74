import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StudyDocument } from '../../src/engine/studies/studyDocument';
import { hasSlurm, SlurmCluster } from '../slurm/cluster';
import { ROOT } from './basin';

const RUNS = 6;
const SHARDS = 4;

/** On a real Slurm: two nodes on this machine. */
describe.skipIf(!hasSlurm())('a study on Slurm', () => {
  let root: string;
  let cluster: SlurmCluster;

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'basin-slurm-'));
    cluster = await SlurmCluster.start(root, 2);
  }, 60_000);
  afterAll(async () => {
    await cluster.stop();
    rmSync(root, { recursive: true, force: true });
  });

  /** Six runs of one checkpoint each, with landscapes that take a while. */
  function study(name: string): string {
    const folder = join(root, name);
    const from = join(ROOT, 'test/fixtures/mlp');
    for (let seed = 0; seed < RUNS; seed++) {
      const run = join(folder, `seed-${seed}`);
      mkdirSync(run, { recursive: true });
      cpSync(join(from, 'mlp.pt'), join(run, 'last.pt'));
      cpSync(join(from, 'mlp.onnx'), join(run, 'mlp.onnx'));
      cpSync(join(from, 'data.npz'), join(run, 'data.npz'));
      writeFileSync(
        join(run, 'basin.json'),
        JSON.stringify({
          checkpoints: ['last.pt'],
          model: 'mlp.onnx',
          data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
          objective: { kind: 'classification' },
          landscape: { resolution: 301, refine: false, seed },
          hessian: { eigenvalues: 2, lanczosSteps: 10, probes: 2 },
        }),
      );
    }
    writeFileSync(
      join(folder, 'study.json'),
      JSON.stringify({ checkpoints: 'seed-{seed}/last.pt' }),
    );
    return folder;
  }

  function basin(folder: string, ...args: readonly string[]) {
    return spawnSync(process.execPath, [join(ROOT, 'dist/basin.js'), 'study', folder, ...args], {
      encoding: 'utf8',
      env: cluster.environment,
    });
  }

  function submitted(folder: string): string {
    const out = join(folder, 'merged.json');
    const args = ['--submit', 'slurm', '--shards', String(SHARDS), '--out', out, '--json'];
    const { stdout, stderr, status } = basin(folder, ...args);
    expect(status, stderr).toBe(0);
    return (JSON.parse(stdout) as { array: string }).array;
  }

  const merged = (folder: string): string => readFileSync(join(folder, 'merged.json'), 'utf8');
  const logs = (folder: string): string => join(folder, '.basin/studies/study/logs');

  /** All points of all landscapes, by the log of those that are not finished. */
  const hasBegun = (folder: string, seed: number): boolean => {
    const cache = join(folder, `seed-${seed}`, '.basin/cache');
    return existsSync(cache) && readdirSync(cache).some((name) => name.endsWith('.points'));
  };

  async function until(what: string, isSo: () => boolean): Promise<void> {
    for (const end = Date.now() + 60_000; !isSo();) {
      if (Date.now() > end) throw new Error(`${what} did not come about`);
      await pause(50);
    }
  }

  test('ends in the bytes of one process, whatever happens to its tasks', async () => {
    const alone = study('alone');
    const whole = basin(alone, '--out', join(alone, 'merged.json'));
    expect(whole.status, whole.stderr).toBe(0);
    const rows = (JSON.parse(merged(alone)) as StudyDocument).rows;
    expect(rows.map(({ status }) => status)).toEqual(Array(RUNS).fill('analyzed'));

    // Tasks 1 to 4 have the seeds 0 and 4, 1 and 5, 2, 3.
    const folder = study('array');
    const array = submitted(folder);
    const when = async (seed: number, happens: () => void): Promise<void> => {
      await until(`the landscape of seed ${seed}`, () => hasBegun(folder, seed));
      happens();
    };
    await Promise.all([
      when(0, () => cluster.command('scancel', `${array}_1`)),
      // As the warning before a time limit: to the script alone, which then asks to be run again.
      when(1, () => cluster.command('scancel', '--signal=USR1', '--batch', `${array}_2`)),
      when(2, () => cluster.command('scontrol', 'requeue', `${array}_3`)),
      when(3, () => {
        spawnSync('pkill', ['-KILL', '-f', `${folder}/study.json --shard 4/${SHARDS}`]);
      }),
    ]);
    await cluster.drained(120_000);

    // What was cancelled and what was killed is listed, and the array that does it.
    const first = (JSON.parse(merged(folder)) as StudyDocument).rows;
    const pending = first.filter(({ status }) => status === 'pending');
    const open = ['seed-0/last.pt', 'seed-3/last.pt', 'seed-4/last.pt'];
    expect(pending.map(({ checkpoint }) => checkpoint)).toEqual(open);
    const { status, stderr } = basin(folder, '--merge');
    expect(status).toBe(1);
    const [, advice] = /submit them again with: (sbatch --array=1,4 .*)$/m.exec(stderr) ?? [];
    const [command, ...args] = advice!.split(' ');
    cluster.command(command!, ...args);
    await cluster.drained(120_000);

    const again = basin(folder, '--merge', '--out', join(folder, 'merged.json'));
    expect(again.status, again.stderr).toBe(0);
    expect(merged(folder)).toBe(merged(alone));
    // The task that was told to end went on where it was.
    const told = readFileSync(join(logs(folder), `${array}_2.log`), 'utf8');
    expect(told).toContain('What was computed is kept');
  }, 300_000);

  test('two arrays on one study at once end in the same bytes', async () => {
    const folder = study('doubled');
    submitted(folder);
    submitted(folder);
    await cluster.drained(180_000);
    expect(merged(folder)).toBe(merged(join(root, 'alone')));
  }, 300_000);

  test('says what Slurm says where it does not take the script', () => {
    const folder = study('refused');
    writeFileSync(
      join(folder, 'study.json'),
      JSON.stringify({ checkpoints: 'seed-{seed}/last.pt', slurm: { partition: 'nowhere' } }),
    );
    const { status, stderr } = basin(folder, '--submit', 'slurm');
    expect(status).toBe(1);
    expect(stderr).toContain('invalid partition');
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
  });
});
