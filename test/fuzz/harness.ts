/**
 * What all readers are held to, whatever a file is: it is read, or refused with one sentence, within two seconds
 * of processor time; no file outside of its folder is opened, no process starts, and neither a file nor a thread is
 * left open. `BASIN_FUZZ=20000` takes that
 * many files of each format, `BASIN_FUZZ_SEED` others; see CONTRIBUTING.md.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Checkpoint } from '../../src/engine/checkpoint/checkpoint';
import { openCheckpoint } from '../../src/engine/checkpoint/openCheckpoint';
import { listTensors } from '../../src/engine/checkpoint/tensors';
import { InputError } from '../../src/shared/inputError';
import { randomOf, type Change, type Random } from './mutations';

export const COUNT = Number(process.env.BASIN_FUZZ ?? 1000);
const SEED = Number(process.env.BASIN_FUZZ_SEED ?? 1);
export const MAX_MILLISECONDS = 24 * 3_600_000;
export const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));

/** Seconds of processor time that one file may take. */
const MAX_SECONDS = 2;
/** Files that are read at the same time: most of the time a reader waits for the disk. */
const LANES = 8;
/** Failures that are told before a run gives up. */
const MAX_FAILURES = 20;

export type Values = ReadonlyMap<string, string>;
export type Read = (path: string) => Promise<Values | null>;

/** What was opened outside of the folder, and what was started. */
const strayed: string[] = [];
let folder = '';
/** Threads that have not ended. */
const threads = new Set<Worker>();

const STARTERS = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'];
const OPENERS = ['open', 'openSync', 'readFile', 'readFileSync', 'createReadStream', 'readdir'];

/** Watches, for all tests of a file, what is opened and started. */
export function watchWhatIsOpened(): void {
  const restored: (() => void)[] = [];
  const replace = (holder: object, name: string, around: (path: unknown) => void) => {
    const own = Reflect.get(holder, name) as (...args: unknown[]) => unknown;
    Reflect.set(holder, name, function (this: unknown, ...args: unknown[]) {
      around(args[0]);
      return own.apply(this, args);
    });
    restored.push(() => {
      Reflect.set(holder, name, own);
    });
  };
  const look = (path: unknown) => {
    if (typeof path === 'string' && !isInside(path)) strayed.push(path);
  };
  beforeAll(async () => {
    folder = await fsp.mkdtemp(join(tmpdir(), 'basin-fuzz-'));
    for (const name of ['open', 'readFile', 'readdir']) replace(fsp, name, look);
    for (const name of OPENERS) replace(fs, name, look);
    for (const name of STARTERS) {
      replace(childProcess, name, (command) => {
        strayed.push(`process ${String(command)}`);
        throw new Error('a process was started');
      });
    }
    syncBuiltinESMExports();
    const count = (thread: Worker) => {
      threads.add(thread);
      thread.once('exit', () => threads.delete(thread));
    };
    process.on('worker', count);
    restored.push(() => process.off('worker', count));
  });
  afterAll(async () => {
    for (const restore of restored) restore();
    syncBuiltinESMExports();
    await fsp.rm(folder, { recursive: true, force: true });
  });
}

/** Tests write and read in it; modules that Node loads meanwhile are no business of a file's. */
function isInside(path: string): boolean {
  const full = resolve(path);
  return full.startsWith(folder + sep) || full.includes(`${sep}node_modules${sep}`);
}

/** All that strayed so far, which is then forgotten. */
export function takeStrayed(): string[] {
  return strayed.splice(0);
}

/** All that a checkpoint holds, as text that can be compared. */
async function valuesOf(checkpoint: Checkpoint): Promise<Values> {
  const values = new Map<string, string>();
  for (const [name, { shape }] of checkpoint.tensors) {
    if (shape.reduce((product, extent) => product * extent, 1) > 1e6) continue;
    try {
      const { data } = await checkpoint.read(name);
      values.set(
        name,
        `${shape.join()}: ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')}`,
      );
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  return values;
}

export async function readCheckpoint(path: string, base?: string): Promise<Values> {
  const checkpoint = await openCheckpoint(path, base === undefined ? {} : { base });
  try {
    return await valuesOf(checkpoint);
  } finally {
    await checkpoint.close();
  }
}

/** As the editor and the command line show it, too. */
export async function readAndList(path: string): Promise<Values> {
  await listTensors(path);
  return readCheckpoint(path);
}

/** What a file that may be anything gives; null where it is refused, in one sentence. */
async function outcomeOf(path: string, read: Read): Promise<Values | null> {
  try {
    return await read(path);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (!/^[^\n]*\.$/.test(error.message)) throw new Error('no sentence', { cause: error });
    // eslint-disable-next-line no-control-regex
    if (/[\x00-\x1f\x7f-\x9f]/.test(error.message))
      throw new Error('control characters', { cause: error });
    return null;
  }
}

export interface Trial {
  /** Files of one checkpoint, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Which of them is opened. */
  readonly opened: string;
  readonly read: Read;
  /** What is right where it is read at all. */
  readonly expected?: Values | undefined;
}

/** Runs `count` trials, several at a time, or as many as `together`. */
export async function run(
  count: number,
  trialOf: (k: number, random: Random) => Promise<Trial> | Trial,
  together = LANES,
): Promise<{ readonly accepted: number }> {
  takeStrayed();
  const failures: string[] = [];
  let accepted = 0;
  const one = async (k: number, lane: string): Promise<void> => {
    const own = join(folder, lane);
    await fsp.mkdir(own, { recursive: true });
    try {
      const trial = await trialOf(k, randomOf(SEED * 1_000_003 + k));
      for (const [name, bytes] of trial.files) await fsp.writeFile(join(own, name), bytes);
      const found = await outcomeOf(join(own, trial.opened), trial.read);
      if (found !== null) accepted += 1;
      const { expected } = trial;
      for (const [key, value] of (expected && found) ?? []) {
        if (value !== expected?.get(key)) throw new Error(`another value of ${key}`);
      }
    } catch (error) {
      failures.push(`${k}: ${inspect(error).slice(0, 1500)}`);
      await fsp.cp(own, join(tmpdir(), `basin-fuzz-failed-${k}`), { recursive: true, force: true });
    }
    await fsp.rm(own, { recursive: true, force: true });
  };
  for (let k = 0; k < count && failures.length < MAX_FAILURES; k += together) {
    const lanes = Array.from({ length: Math.min(together, count - k) }, (_, lane) => k + lane);
    const took = await processorTime(() =>
      Promise.all(lanes.map((each, lane) => one(each, `lane-${lane}`))),
    );
    if (took < MAX_SECONDS) continue;
    // Together they took longer than one may: which?
    for (const each of lanes) {
      const alone = await processorTime(() => one(each, 'alone'));
      if (alone >= MAX_SECONDS) failures.push(`${each}: takes ${alone.toFixed(1)} s`);
    }
  }
  expect(failures).toEqual([]);
  expect(takeStrayed()).toEqual([]);
  expect(leftOpen()).toEqual([]);
  // One is kept for the next file.
  expect(threads.size).toBeLessThan(2);
  return { accepted };
}

/** Files of the trials that are open, where the system tells. */
function leftOpen(): readonly string[] {
  const descriptors = '/proc/self/fd';
  if (!fs.existsSync(descriptors)) return [];
  return fs.readdirSync(descriptors).flatMap((name) => {
    try {
      const path = fs.readlinkSync(join(descriptors, name));
      return path.startsWith(folder + sep) ? [path] : [];
    } catch {
      // The descriptor that reads the folder is gone.
      return [];
    }
  });
}

async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const started = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1e6;
}

/** `count` files made of some, round and round. */
export async function many(
  names: readonly string[],
  count: number,
  change: Change,
  read: Read = readAndList,
  together = LANES,
): Promise<{ readonly accepted: number }> {
  const known = await Promise.all(names.map((name) => bytesOf(name)));
  const trialOf = (k: number, random: Random): Trial => {
    const name = basename(names[k % names.length]!);
    const changed = change(known[k % names.length]!, random);
    return { files: new Map([[name, changed]]), opened: name, read };
  };
  return run(count, trialOf, together);
}

export async function bytesOf(fixture: string): Promise<Uint8Array> {
  return fsp.readFile(join(fixtures, fixture));
}

/** The files of a folder of the fixtures. */
export async function filesOf(from: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const names = await fsp.readdir(join(fixtures, from));
  const files = new Map<string, Uint8Array>();
  for (const name of names.sort()) files.set(name, await fsp.readFile(join(fixtures, from, name)));
  return files;
}
