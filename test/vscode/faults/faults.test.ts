import { strict as assert } from 'node:assert';
import {
  cp,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { ResultDocument } from '../../../src/shared/result';
import { inWorkspace } from '../host/workspace';

const ROUNDS = Number(process.env.BASIN_FAULTS_ROUNDS ?? 50);
const SEED = Number(process.env.BASIN_FAULTS_SEED ?? 1);

/** Bytes of a logged point. */
const RECORD = 16;

const FAULTS = [
  'kill',
  'hang',
  'kill',
  'frame',
  'messages',
  'cut',
  'kill',
  'received',
  'flood',
  'output',
  'scribble',
  'swallow',
  'text',
  'misheard',
  'kill',
] as const;
type Fault = (typeof FAULTS)[number];

/** Of these an engine and its host take no harm; of the others the engine ends. */
const NOISE: ReadonlySet<Fault> = new Set<Fault>(['messages', 'received', 'output']);

/** Numbers in [0, 1) that are the same in every run: mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The engine that this extension host has started, if it runs. */
async function enginePid(): Promise<number | undefined> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const [command, status] = await Promise.all([
        readFile(`/proc/${entry}/cmdline`, 'utf8'),
        readFile(`/proc/${entry}/stat`, 'utf8'),
      ]);
      const parent = Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1]);
      if (parent === process.pid && command.includes('dist/engine.js')) return Number(entry);
    } catch {
      // Gone meanwhile.
    }
  }
  return undefined;
}

async function within<T>(what: string, milliseconds: number, promise: Thenable<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what}: not within ${milliseconds / 1000} s`));
    }, milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function withoutTimes({ timings, ...rest }: ResultDocument): Omit<ResultDocument, 'timings'> {
  assert.ok(timings);
  return rest;
}

/** What a document says, but for how long it took: an analysis that had been cut off may end twice. */
function figures(text: string): string {
  return JSON.stringify(withoutTimes(JSON.parse(text) as ResultDocument));
}

async function result(folder: string, name: string): Promise<ResultDocument> {
  const path = inWorkspace('runs', folder, '.basin', 'results', `${name}.basin.json`);
  return JSON.parse(await readFile(path, 'utf8')) as ResultDocument;
}

/** Bytes of the points that are known of the landscape that is not finished. */
async function logged(folder: string): Promise<{ path: string; size: number } | null> {
  const cache = inWorkspace('runs', folder, '.basin', 'cache');
  const names = await readdir(cache).catch(() => []);
  const name = names.find((each) => each.endsWith('.points'));
  if (name === undefined) return null;
  const path = join(cache, name);
  const status = await stat(path).catch(() => null);
  return status && { path, size: status.size };
}

describe('an engine that fails', function () {
  this.timeout(600_000);
  const random = randomNumbers(SEED);
  const extension = vscode.extensions.getExtension('basin.basin');
  const names = ['epoch-004.pt', 'epoch-018.pt'];

  const analyze = (folder: string, name: string): Thenable<unknown> =>
    vscode.commands.executeCommand(
      'basin.analyzeCheckpoint',
      vscode.Uri.file(inWorkspace('runs', folder, name)),
    );

  before(async () => {
    assert.ok(extension);
    // What is thrown where nobody catches it fails the test.
    assert.ok(process.listenerCount('uncaughtException') > 1, 'VS Code and the runner listen');
    await extension.activate();
    for (const folder of ['clean', 'faulty']) {
      await cp(inWorkspace('runs', 'resnet'), inWorkspace('runs', folder), { recursive: true });
      await rm(inWorkspace('runs', folder, '.basin'), { recursive: true, force: true });
      // So many points that a fault comes while they are computed.
      const configuration = inWorkspace('runs', folder, 'basin.json');
      const settings = JSON.parse(await readFile(configuration, 'utf8')) as {
        landscape: { resolution: number };
      };
      settings.landscape.resolution = 41;
      await writeFile(configuration, JSON.stringify(settings));
    }
    await mkdir(inWorkspace('hovers'));
    const old = new Date(Date.now() - 60_000);
    for (let round = 0; round < ROUNDS; round++) {
      const path = inWorkspace('hovers', `round-${round}.pt`);
      await cp(inWorkspace('runs', 'resnet', 'epoch-030.pt'), path);
      await utimes(path, old, old);
    }
    await vscode.commands.executeCommand('basin.refresh');
    await pause(1500);
    for (const name of names) {
      await within(`a clean analysis of ${name}`, 120_000, analyze('clean', name));
      await result('clean', name);
    }
    await vscode.workspace
      .getConfiguration('basin')
      .update('engine.silentSeconds', 4, vscode.ConfigurationTarget.Workspace);
  });

  it(`${ROUNDS} times loses no result and leaves no window that hangs`, async () => {
    const counts = new Map<Fault, number>();
    const finished = new Map<string, string>();
    let at = 0;
    let kept = 0;
    let damaged = false;
    for (let round = 0; round < ROUNDS; round++) {
      const name = names[at % names.length]!;
      const fault = FAULTS[Math.floor(random() * FAULTS.length)]!;
      counts.set(fault, (counts.get(fault) ?? 0) + 1);
      const label = `round ${round}, ${fault}`;
      const before = await logged('faulty');

      const state = { ended: false };
      const running = within(`${label}: the analysis ended`, 60_000, analyze('faulty', name)).then(
        () => {
          state.ended = true;
        },
      );
      await Promise.race([running, engineRuns()]);
      await pause(200 + random() * 1300);
      await inject(fault);
      // What is only noise lets the analysis end by itself; it need not be waited for.
      const fatal = !NOISE.has(fault);
      if (fatal) await running;
      else {
        await Promise.race([running, pause(1000)]);
        if (!state.ended) await vscode.commands.executeCommand('basin.cancelAnalysis');
        await running;
      }

      const after = await logged('faulty');
      // Points that were known are known, but for those whose records were damaged.
      const damages = fault === 'cut' || fault === 'scribble';
      if (before !== null && after?.path === before.path) {
        const least = Math.floor(before.size / RECORD) - (damaged || damages ? 3 : 0);
        const records = Math.floor(after.size / RECORD);
        assert.ok(records >= least, `${label}: ${records} of ${before.size / RECORD} records`);
        kept += Number(least > 0);
      }
      damaged = damages;
      await within(
        `${label}: the command`,
        10_000,
        vscode.commands.executeCommand('basin.refresh'),
      );
      await within(`${label}: the hover`, 20_000, hover(round));
      for (const [path, text] of finished) {
        const same = figures(await readFile(path, 'utf8')) === figures(text);
        assert.ok(same, `${label}: ${path} says what it said`);
      }
      const path = inWorkspace('runs', 'faulty', '.basin', 'results', `${name}.basin.json`);
      const text = await readFile(path, 'utf8').catch(() => null);
      if (text !== null && !finished.has(path)) {
        finished.set(path, text);
        at++;
      } else if (finished.size === names.length) {
        // All are done: the first is begun anew.
        finished.clear();
        await rm(inWorkspace('runs', 'faulty', '.basin'), { recursive: true, force: true });
      }
    }
    console.log(
      `faults: ${[...counts].map(([fault, n]) => `${fault} ${n}`).join(', ')}; ${kept} resumed`,
    );
    assert.ok(kept >= ROUNDS / 10, `a log was resumed in ${kept} rounds`);

    for (const name of names) {
      await within(`${name} in the end`, 120_000, analyze('faulty', name));
      assert.deepEqual(
        withoutTimes(await result('faulty', name)),
        withoutTimes(await result('clean', name)),
      );
    }
  });

  async function engineRuns(): Promise<void> {
    for (const until = Date.now() + 20_000; Date.now() < until;) {
      if ((await enginePid()) !== undefined) return;
      await pause(20);
    }
    throw new Error('no engine was started within 20 s');
  }

  async function inject(fault: Fault): Promise<void> {
    const pid = await enginePid();
    if (pid === undefined) return;
    if (fault === 'kill') {
      process.kill(pid, 'SIGKILL');
    } else if (fault === 'hang') {
      process.kill(pid, 'SIGSTOP');
    } else if (fault === 'cut' || fault === 'scribble') {
      process.kill(pid, 'SIGKILL');
      const log = await logged('faulty');
      if (log === null || log.size < 40) return;
      const end = Math.floor(log.size - 1 - random() * 30);
      if (fault === 'cut') await truncate(log.path, end);
      else {
        const bytes = await readFile(log.path);
        for (let i = end; i < bytes.length; i++) bytes[i] = Math.floor(random() * 256);
        await writeFile(log.path, bytes);
      }
    } else {
      await writeFile(join(extension!.extensionPath, 'dist', 'fault'), fault);
      process.kill(pid, 'SIGUSR2');
    }
  }

  /** Over a path that no hover has been over: the engine is asked. */
  async function hover(round: number): Promise<void> {
    const uri = vscode.Uri.file(inWorkspace(`hover-${round}.py`));
    await vscode.workspace.fs.writeFile(uri, Buffer.from(`load("hovers/round-${round}.pt")\n`));
    await vscode.workspace.openTextDocument(uri);
    let text = '';
    while (!text.includes('128 tensors')) {
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
        'vscode.executeHoverProvider',
        uri,
        new vscode.Position(0, 10),
      );
      text = hovers
        .flatMap(({ contents }) => contents)
        .map((content) => (content instanceof vscode.MarkdownString ? content.value : ''))
        .join('\n');
      await pause(50);
    }
    await rm(uri.fsPath);
  }
});
