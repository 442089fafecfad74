import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BackOff } from '../../../src/extension/client/backOff';
import { EngineClient } from '../../../src/extension/client/engineClient';
import { EngineError } from '../../../src/extension/client/engineError';
import type { PartialDocument, Progress } from '../../../src/shared/engineProtocol';

const script = join(import.meta.dirname, 'scriptedEngine.mjs');
const never = new CancellationTokenSource().token;

let folder: string;
let lines: string[];
let clients: EngineClient[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'basin-engine-'));
  lines = [];
  clients = [];
});

afterEach(async () => {
  for (const client of clients) client.dispose();
  await rm(folder, { recursive: true, force: true });
});

function start(options: Partial<ConstructorParameters<typeof EngineClient>[0]> = {}): EngineClient {
  const say = (line: string): void => void lines.push(line);
  const client = new EngineClient(
    { script, idleMinutes: () => 0, ...options },
    { debug: say, info: say, warn: say, error: say },
  );
  clients.push(client);
  return client;
}

async function failure(promise: Promise<unknown>): Promise<EngineError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('the engine as the host sees it', () => {
  it('is started by the first request, and answers', async () => {
    const client = start();
    expect(client.pid).toBeUndefined();
    const inspection = await client.request(
      'basin/inspect',
      { path: join(folder, 'epoch-003.pt') },
      never,
    );
    expect(inspection).toMatchObject({ epoch: 3, parameters: 40, format: 'pytorch' });
    expect(inspection.metadata.pid).toBe(client.pid);
  });

  it.each([0, 1, 2, 3, 4, 5])(
    'is ended when it sends what cannot be read, of kind %i, and the host lives',
    async (kind) => {
      const uncaught: unknown[] = [];
      const note = (error: unknown): void => void uncaught.push(error);
      process.on('uncaughtException', note);
      try {
        const client = start({ backOff: new BackOff({ first: 1, limit: 1, memory: 1000 }) });
        const error = await failure(
          client.request('basin/inspect', { path: join(folder, `garbage${kind}`) }, never),
        );
        expect(error.message).toMatch(/was lost, and it was ended\. The next analysis starts/);
        expect(error.reason).toBe('gone');
        const inspection = await client.request(
          'basin/inspect',
          { path: join(folder, 'epoch-003.pt') },
          never,
        );
        expect(inspection.parameters).toBe(40);
        expect(lines.filter((line) => line.startsWith('Engine channel:'))).toHaveLength(1);
        expect(uncaught).toEqual([]);
      } finally {
        process.off('uncaughtException', note);
      }
    },
  );

  it('is one process for requests made at once', async () => {
    const client = start();
    const pids = await Promise.all(
      ['a-1.pt', 'a-2.pt', 'a-3.pt'].map(async (name) => {
        return (await client.request('basin/inspect', { path: join(folder, name) }, never)).metadata
          .pid;
      }),
    );
    expect(new Set(pids).size).toBe(1);
  });

  it('tells how far an analysis is, sends what it knows, and ends with documents', async () => {
    const client = start();
    const progress: Progress[] = [];
    const partials: PartialDocument[] = [];
    client.onNotification('basin/progress', (each) => progress.push(each));
    client.onNotification('basin/partial', (each) => partials.push(each));
    const checkpoint = join(folder, 'epoch-003.pt');
    const { outcomes } = await client.request(
      'basin/analyze',
      { job: 'j', configuration: join(folder, 'basin.json'), checkpoints: [checkpoint] },
      never,
    );
    expect(outcomes).toMatchObject([{ checkpoint, ok: true }]);
    expect(new Set(progress.map(({ part }) => part))).toEqual(
      new Set(['open', 'metrics', 'landscape', 'topology', 'hessian']),
    );
    expect(partials.at(-1)?.document.hessian?.eigenvalues[0]?.value).toBe(4.2104);
  });

  it('passes on the sentence of a wrong input', async () => {
    const error = await failure(
      start().request('basin/inspect', { path: join(folder, 'wrong.pt') }, never),
    );
    expect(error.reason).toBe('input');
    expect(error.message).toBe('wrong.pt is cut short: save it again.');
  });

  it('calls anything else a fault of Basin, and goes on', async () => {
    const client = start();
    const error = await failure(
      client.request('basin/inspect', { path: join(folder, 'fault.pt') }, never),
    );
    expect(error.reason).toBe('fault');
    expect(error.message).toContain('divided by a cat');
    await expect(
      client.request('basin/inspect', { path: join(folder, 'e-1.pt') }, never),
    ).resolves.toBeTruthy();
  });

  it('hears a cancellation', async () => {
    const client = start();
    await client.request('basin/inspect', { path: join(folder, 'e-1.pt') }, never);
    const source = new CancellationTokenSource();
    const pending = failure(
      client.request('basin/inspect', { path: join(folder, 'slow.pt') }, source.token),
    );
    source.cancel();
    expect((await pending).reason).toBe('cancelled');
  });

  it('rejects what waits for it when it is killed, and is started again by the next request', async () => {
    const client = start();
    await client.request('basin/inspect', { path: join(folder, 'e-1.pt') }, never);
    const first = client.pid;
    const pending = failure(
      client.request('basin/inspect', { path: join(folder, 'slow.pt') }, never),
    );
    process.kill(first!, 'SIGKILL');
    const error = await pending;
    expect(error.reason).toBe('gone');
    expect(error.message).toContain('SIGKILL');
    await client.request('basin/inspect', { path: join(folder, 'e-1.pt') }, never);
    expect(client.pid).not.toBe(first);
  });

  it('waits longer and longer while it keeps crashing', async () => {
    const backOff = new BackOff({ first: 150, limit: 1000, memory: 60_000 });
    const client = start({ backOff });
    const path = join(folder, 'crash.pt');
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      const begun = Date.now();
      const error = await failure(client.request('basin/inspect', { path }, never));
      expect(error.message).toContain('exit status 7');
      times.push(Date.now() - begun);
    }
    expect(times[2]).toBeGreaterThanOrEqual(145);
    // An answer ends the waiting.
    await client.request('basin/inspect', { path: join(folder, 'e-1.pt') }, never);
    expect(backOff.remaining()).toBe(0);
  });

  it('is ended when it does not answer a cancellation', async () => {
    const client = start({ cancelGrace: 100 });
    await client.request('basin/inspect', { path: join(folder, 'e-1.pt') }, never);
    const deaf = client.pid;
    const source = new CancellationTokenSource();
    const pending = failure(
      client.request('basin/inspect', { path: join(folder, 'deaf.pt') }, source.token),
    );
    setTimeout(() => {
      source.cancel();
    }, 100);
    expect((await pending).reason).toBe('cancelled');
    await client.request('basin/inspect', { path: join(folder, 'e-1.pt') }, never);
    expect(client.pid).not.toBe(deaf);
  });

  it('is ended when it hangs, and started again by the next request', async () => {
    const client = start({ silentSeconds: () => 2 });
    await client.request('basin/inspect', { path: join(folder, 'e-1.pt') }, never);
    const hung = client.pid!;
    const pending = failure(
      client.request('basin/inspect', { path: join(folder, 'slow.pt') }, never),
    );
    process.kill(hung, 'SIGSTOP');
    const error = await pending;
    expect(error.reason).toBe('gone');
    expect(error.message).toContain('did not answer for 2 s');
    await client.request('basin/inspect', { path: join(folder, 'e-1.pt') }, never);
    expect(client.pid).not.toBe(hung);
    expect(() => process.kill(hung, 0)).toThrow();
  });

  it('is left alone while it works and answers', async () => {
    const client = start({ silentSeconds: () => 1 });
    const inspection = await client.request(
      'basin/inspect',
      { path: join(folder, 'slow-1.pt') },
      never,
    );
    expect(inspection.metadata.pid).toBe(client.pid);
  });

  it('is ended when it believes to have answered and has not', async () => {
    const client = start({ silentSeconds: () => 5 });
    const error = await failure(
      client.request('basin/inspect', { path: join(folder, 'lost.pt') }, never),
    );
    expect(error.reason).toBe('gone');
    expect(error.message).toContain('answer of Basin');
    await client.request('basin/inspect', { path: join(folder, 'e-1.pt') }, never);
  });

  it('may print a line without an end', async () => {
    const printing = join(folder, 'endless.cjs');
    await writeFile(
      printing,
      'process.stderr.write("x".repeat(100000)); process.stderr.write("\\0\\xff"); process.exitCode = 3;',
    );
    await failure(start({ script: printing }).request('basin/inspect', { path: 'x.pt' }, never));
    const longest = (): number => Math.max(0, ...lines.map(({ length }) => length));
    await expect.poll(longest).toBeGreaterThan(8000);
    expect(longest()).toBeLessThan(8300);
    expect(lines.filter((line) => line.includes('xxx')).length).toBeGreaterThan(12);
  });

  it('stops when nothing was asked for a while, and never while something is', async () => {
    const client = start({ idleMinutes: () => 0.2 / 60 });
    const checkpoint = join(folder, 'epoch-3.pt');
    await client.request(
      'basin/analyze',
      { job: 'j', configuration: join(folder, 'basin.json'), checkpoints: [checkpoint] },
      never,
    );
    expect(client.pid).toBeDefined();
    await expect.poll(() => client.pid, { timeout: 5000 }).toBeUndefined();
  });

  it('says so when its script is missing', async () => {
    const error = await failure(
      start({ script: join(folder, 'none.js') }).request('basin/inspect', { path: 'x.pt' }, never),
    );
    expect(error.reason).toBe('start');
    expect(error.message).toContain('none.js does not exist');
  });

  it('puts what the engine prints into the log', async () => {
    const printing = join(folder, 'printing.cjs');
    await writeFile(printing, 'console.error("no such kernel"); process.exit(3);');
    const error = await failure(
      start({ script: printing }).request('basin/inspect', { path: 'x.pt' }, never),
    );
    expect(error.reason).toBe('gone');
    await expect.poll(() => lines).toContain('engine: no such kernel');
  });
});
