import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Claim } from '../../../src/engine/study/results/claim';
import type { ResultDocument } from '../../../src/shared/result';
import { smallStudy, type SmallStudy } from '../server/realEngine';

const ROOT = join(import.meta.dirname, '../../..');
const never = (): Promise<boolean> => Promise.resolve(false);
const QUICK = { beat: 20, silence: 400, poll: 10 };

describe('a claim', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'basin-claim-'));
    path = join(folder, 'cache', 'part.claim');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('is one process’s, and another’s when it is released', async () => {
    const first = await Claim.take(path, never, QUICK);
    let hasSecond = false;
    const waiting = Claim.take(path, never, QUICK).then((claim) => {
      hasSecond = true;
      return claim;
    });
    // Much longer than the silence: the first is heard of.
    await pause(900);
    expect(hasSecond).toBe(false);
    await first!.release();
    const second = await waiting;
    expect(existsSync(path)).toBe(true);
    await second!.release();
    expect(existsSync(path)).toBe(false);
  });

  test('need not be had when the part is there', async () => {
    const first = await Claim.take(path, never, QUICK);
    let isDone = false;
    const waiting = Claim.take(path, () => Promise.resolve(isDone), QUICK);
    isDone = true;
    expect(await waiting).toBeNull();
    await first!.release();
  });

  test.each([
    [
      'a process that is gone',
      JSON.stringify({ id: 'x', host: hostname(), pid: 2 ** 22 + 1, beats: 3 }),
      200,
    ],
    [
      'another machine, not heard of any more',
      JSON.stringify({ id: 'x', host: 'other', pid: 1, beats: 3 }),
      2000,
    ],
    ['nobody knows whom, cut short', '{"id":', 2000],
    ['nobody knows whom, empty', '', 2000],
  ])('of %s is taken over', { retry: 2 }, async (_, content, within) => {
    await (await Claim.take(path, never, QUICK))!.release();
    writeFileSync(path, content);
    const begun = performance.now();
    const claim = await Claim.take(path, never, QUICK);
    expect(performance.now() - begun).toBeLessThan(within);
    await claim!.release();
  });

  test('that another has taken over is left to it', async () => {
    const first = await Claim.take(path, never, QUICK);
    const others = JSON.stringify({ id: 'other', host: 'other', pid: 1, beats: 0 });
    writeFileSync(path, others);
    await pause(100);
    await first!.release();
    expect(readFileSync(path, 'utf8')).toBe(others);
  });

  test('is no reason not to compute where nothing can be written', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const claim = await Claim.take(join(file, 'part.claim'), never, QUICK);
    expect(claim).not.toBeNull();
    await claim!.release();
  });

  test('is waited for until the signal is given', async () => {
    const first = await Claim.take(path, never, QUICK);
    const controller = new AbortController();
    const waiting = Claim.take(path, never, { ...QUICK, signal: controller.signal });
    setTimeout(() => {
      controller.abort();
    }, 50);
    await expect(waiting).rejects.toThrow('abort');
    await first!.release();
  });
});

describe('two commands on one folder', () => {
  let study: SmallStudy;
  afterEach(() => {
    study.remove();
  });

  function analyze(): { readonly done: Promise<ResultDocument[]>; readonly kill: () => void } {
    const child = spawn(
      process.execPath,
      [join(ROOT, 'dist/basin.js'), 'analyze', study.folder, '--json', '--workers', '1'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    const done = new Promise<ResultDocument[]>((resolve) => {
      child.on('close', () => {
        resolve(stdout === '' ? [] : (JSON.parse(stdout) as ResultDocument[]));
      });
    });
    return { done, kill: () => child.kill('SIGKILL') };
  }

  /** How long each part took whoever computed it: the clock of two computations never agrees. */
  const computed = (documents: readonly ResultDocument[]): unknown =>
    documents.map(({ timings, checkpoint, metrics, hessian }) => [
      checkpoint.path,
      timings.metrics,
      timings.hessian,
      metrics,
      hessian,
    ]);

  test('compute each part once, and both have all', async () => {
    study = smallStudy({ landscape: { resolution: 101, refine: false } });
    const [first, second] = await Promise.all([analyze().done, analyze().done]);
    expect(first).toHaveLength(2);
    expect(computed(first)).toEqual(computed(second));
    expect(first.map(({ landscape }) => landscape)).toEqual(
      second.map(({ landscape }) => landscape),
    );
    const left = readdirSync(join(study.folder, '.basin/cache')).filter((name) =>
      /\.(claim|points|tmp)$/.test(name),
    );
    expect(left).toEqual([]);
  });

  test('one that is killed leaves the other to do it', async () => {
    study = smallStudy({ landscape: { resolution: 201, refine: false } });
    const first = analyze();
    const cache = join(study.folder, '.basin/cache');
    const isClaimed = (): boolean =>
      existsSync(cache) && readdirSync(cache).some((name) => /^landscape.*\.claim$/.test(name));
    await expect.poll(isClaimed, { timeout: 30_000 }).toBe(true);
    const second = analyze();
    await pause(1500);
    first.kill();
    expect(await second.done).toHaveLength(2);
  });
});
