import { setTimeout as pause } from 'node:timers/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CancellationTokenSource, type CancellationToken } from 'vscode-jsonrpc/node';
import { afterEach, describe, expect, test } from 'vitest';
import { Random } from '../../../src/engine/random';
import { resultPathsOf } from '../../../src/engine/study/results/storedResult';
import { BackOff } from '../../../src/extension/client/backOff';
import type { EngineClient } from '../../../src/extension/client/engineClient';
import type { Progress } from '../../../src/shared/engineProtocol';
import { endOf, never, smallStudy, startEngine, type SmallStudy } from './realEngine';

/**
 * What is cancelled is to end within this, in milliseconds: far below the grace after which the host
 * would give it up, on a machine that has much other work too.
 */
const SOON = 6000;

let engine: ReturnType<typeof startEngine>;
let study: SmallStudy;
afterEach(() => {
  engine.dispose();
  study.remove();
});

let jobs = 0;
function analysis(token: CancellationToken, more: object = {}): Promise<unknown> {
  const { configuration } = study;
  const checkpoints = [study.first];
  const params = { job: `job ${(jobs += 1)}`, configuration, checkpoints, ...more };
  return engine.request('basin/analyze', params, token);
}

function way(path: 'line' | 'curve', token: CancellationToken): Promise<unknown> {
  const { configuration, first: from, second: to } = study;
  const params = { job: `job ${(jobs += 1)}`, configuration, from, to, path };
  return engine.request('basin/interpolate', params, token);
}

/** Every kind of request, by what it asks for. */
const REQUESTS: Readonly<Record<string, (token: CancellationToken) => Promise<unknown>>> = {
  inspect: (token) => engine.request('basin/inspect', { path: study.first }, token),
  tensors: (token) => engine.request('basin/tensors', { path: study.first }, token),
  statistics: (token) =>
    engine.request(
      'basin/tensorStatistics',
      { job: 'statistics', path: study.first, indices: [0, 1, 2, 3] },
      token,
    ),
  analyze: (token) => analysis(token),
  line: (token) => way('line', token),
  curve: (token) => way('curve', token),
  compare: (token) =>
    engine.request('basin/compare', { first: study.first, second: study.second }, token),
  report: (token) =>
    engine.request(
      'basin/report',
      { folder: study.folder, stores: [], out: join(study.folder, 'page.html') },
      token,
    ),
  doctor: (token) => engine.request('basin/doctor', {}, token),
};

/** Its first news of a kind. */
function news(of: EngineClient, is: (progress: Progress) => boolean): Promise<Progress> {
  return new Promise((resolve) => {
    const listener = of.onNotification('basin/progress', (progress) => {
      if (!is(progress)) return;
      listener.dispose();
      resolve(progress);
    });
  });
}

describe('while an analysis runs', { timeout: 180_000 }, () => {
  // Some seconds of work.
  const settings = { landscape: { resolution: 251, refine: false } };

  test('another that waits ends at once when it is cancelled, and the first goes on', async () => {
    engine = startEngine({ cancelGrace: 500 });
    study = smallStudy(settings);
    const running = endOf(analysis(never));
    await news(engine, ({ part, fraction }) => part === 'landscape' && fraction > 0);
    const { pid } = engine;
    for (const wait of ['line', 'curve', 'analyze']) {
      const source = new CancellationTokenSource();
      const waiting = endOf(REQUESTS[wait]!(source.token));
      await pause(50);
      const cancelled = performance.now();
      source.cancel();
      expect(await waiting).toBe('cancelled');
      expect(performance.now() - cancelled).toBeLessThan(SOON);
    }
    // More than the grace of all of them.
    await pause(700);
    expect(engine.pid).toBe(pid);
    expect(await running).toBe('answered');
    expect(engine.pid).toBe(pid);
    expect(engine.lines.filter((line) => line.includes('did not answer'))).toEqual([]);
  });

  test('50 requests of all kinds are cancelled, and it ends with its document', async () => {
    engine = startEngine({ cancelGrace: 500 });
    study = smallStudy(settings);
    const random = new Random(3, 'requests');
    const running = endOf(analysis(never));
    await news(engine, ({ part }) => part === 'metrics');
    const { pid } = engine;
    const ends: string[] = [];
    const kinds = Object.keys(REQUESTS);
    for (let round = 0; round < 50; round += 1) {
      const source = new CancellationTokenSource();
      const end = endOf(REQUESTS[kinds[round % kinds.length]!]!(source.token));
      await pause(40 * random.uniform());
      source.cancel();
      ends.push(await end);
    }
    expect(await running).toBe('answered');
    expect(engine.pid).toBe(pid);
    // Some were faster than their cancellation; nothing of "compare" and "report" was there to read.
    expect(ends.filter((end) => end === 'gone' || end === 'fault')).toEqual([]);
    expect(ends.filter((end) => end === 'cancelled').length).toBeGreaterThan(15);
    expect(existsSync(resultPathsOf(study.first)[0]!)).toBe(true);
  });

  test('the one that runs ends when it is cancelled, and what waits has its turn', async () => {
    engine = startEngine();
    study = smallStudy(settings);
    const source = new CancellationTokenSource();
    const running = endOf(analysis(source.token));
    const waiting = endOf(way('line', never));
    await news(engine, ({ part, fraction }) => part === 'landscape' && fraction > 0);
    const cancelled = performance.now();
    source.cancel();
    expect(await running).toBe('cancelled');
    expect(performance.now() - cancelled).toBeLessThan(SOON);
    expect(await waiting).toBe('answered');
  });
});

/** A promise that nobody heard ended the process when it was rejected: at some moments only. */
describe('work of every kind, cancelled at every stage', { timeout: 180_000 }, () => {
  const landscape = { resolution: 31, refine: false };
  const kinds: readonly (readonly [string, object])[] = [
    ['random directions', { directions: 'random' }],
    ['a refined grid', { directions: 'random', resolution: 101, refine: true }],
    ['directions of the Hessian', { directions: 'hessian' }],
    ['the plane of the run', { directions: 'trajectory' }],
    ['a line', { directions: 'interpolation', through: 'epoch-2.pt', resolution: 201 }],
    ['a curve', { directions: 'bezier', through: 'epoch-2.pt', resolution: 61 }],
    ['shared directions', { directions: 'random', share: true }],
  ];

  test.each(kinds)('an analysis of %s', async (_, settings) => {
    engine = startEngine();
    study = smallStudy({ landscape: { ...landscape, ...settings } });
    await cancelEverywhere((token) => analysis(token));
  });

  test.each(['line', 'curve'] as const)('the loss on a %s', async (path) => {
    engine = startEngine();
    study = smallStudy();
    await cancelEverywhere((token) => way(path, token));
  });

  test.each(['inspect', 'tensors', 'statistics', 'compare', 'report', 'doctor'])(
    'a request to %s',
    async (kind) => {
      engine = startEngine();
      study = smallStudy();
      await cancelEverywhere(REQUESTS[kind]!);
    },
  );

  /** Begins again and again, cancels a little later each time, until one is done. */
  async function cancelEverywhere(
    begin: (token: CancellationToken) => Promise<unknown>,
  ): Promise<void> {
    await endOf(engine.request('basin/doctor', {}, never));
    const { pid } = engine;
    let end = '';
    for (let wait = 0; wait < 20_000; wait = wait * 1.25 + 3) {
      const source = new CancellationTokenSource();
      const timer = setTimeout(() => {
        source.cancel();
      }, wait);
      const begun = performance.now();
      end = await endOf(begin(source.token));
      clearTimeout(timer);
      expect(performance.now() - begun - wait).toBeLessThan(SOON);
      expect(engine.pid).toBe(pid);
      if (end !== 'cancelled') break;
    }
    // "compare" and "report" find no results.
    expect(['answered', 'input']).toContain(end);
    expect(engine.lines.filter((line) => /Unhandled|Error:/.test(line))).toEqual([]);
  }
});

test('a cancellation is heard while the client waits to start the engine again', async () => {
  const backOff = new BackOff({ first: 30_000, limit: 30_000, memory: 120_000 });
  engine = startEngine({ backOff });
  study = smallStudy();
  backOff.failed();
  backOff.failed();
  const source = new CancellationTokenSource();
  const waiting = endOf(REQUESTS.inspect!(source.token));
  await pause(20);
  const cancelled = performance.now();
  source.cancel();
  expect(await waiting).toBe('cancelled');
  expect(performance.now() - cancelled).toBeLessThan(SOON);
});

test('an engine that is ended while others wait to start it again leaves nothing behind', async () => {
  const backOff = new BackOff({ first: 30_000, limit: 30_000, memory: 120_000 });
  engine = startEngine({ backOff });
  study = smallStudy();
  backOff.failed();
  backOff.failed();
  const waiting = endOf(REQUESTS.inspect!(never));
  await pause(20);
  engine.dispose();
  expect(await waiting).toBe('gone');
  expect(engine.pid).toBeUndefined();
});
