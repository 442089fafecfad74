import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { glob } from 'tinyglobby';
import { checkConfiguration } from '../../../shared/checkConfiguration';
import {
  CONFIGURATION_FILE,
  configurationSchema,
  type WrittenConfiguration,
} from '../../../shared/configuration';
import { IMPLIED_CHECKPOINTS } from '../../../shared/impliedRun';
import { InputError } from '../../../shared/inputError';
import { STORE_FOLDER } from '../../../shared/resultLocation';
import { say, type Message } from '../../../shared/words/message';
import { nameIn } from '../../../shared/pathNames';
import { readJsonc } from './jsonc';
import { completed, type Completed } from './impliedSettings';

/** A basin.json, read, with the checkpoints it names. */
export interface Study extends Completed {
  /** Of the basin.json, absolute; where it would be, if there is none. */
  readonly path: string;
  /** Whether there is a basin.json: a folder of models of Keras with data beside them needs none. */
  readonly hasFile: boolean;
  readonly folder: string;
  /** Absolute, in natural order of their names: epoch-9 before epoch-10. */
  readonly checkpoints: readonly string[];
  /** What keeps results and finished parts. */
  readonly stores: Stores;
}

/** Absolute folders: the first is written to, what others hold is found there too. */
export type Stores = readonly [string, ...string[]];

/**
 * Reads a basin.json.
 *
 * @param stores `.basin` beside it where nothing else is said.
 * @throws InputError with the line and column of what is wrong in it, or where it names a graph or
 *   checkpoints that are not there.
 */
export async function readStudy(path: string, stores?: Stores): Promise<Study> {
  const study = await readSettings(path, stores);
  requireGraph(study);
  requireCheckpoints(study);
  return study;
}

/**
 * Reads a basin.json as it is: graph and checkpoints may be missing.
 *
 * @throws InputError with the line and column of what is wrong in it.
 */
export async function readSettings(path: string, stores?: Stores): Promise<Study> {
  const folder = dirname(resolve(path));
  const hasFile = basename(path) !== CONFIGURATION_FILE || existsSync(path);
  const written = hasFile ? await writtenIn(path) : impliedConfiguration(folder);
  const found = await glob([...written.checkpoints], {
    cwd: folder,
    absolute: true,
    onlyFiles: true,
    expandDirectories: false,
    ignore: ['**/node_modules/**', '**/.git/**', '**/.basin/**'],
  });
  const checkpoints = found.map((file) => resolve(file)).sort(naturalOrder);
  if (!hasFile && checkpoints.length === 0) {
    throw new InputError(noConfiguration(folder), 'missing');
  }
  return {
    path: resolve(path),
    folder,
    hasFile,
    ...(await completed(written, path, folder, checkpoints)),
    checkpoints,
    stores: stores ?? [join(folder, STORE_FOLDER)],
  };
}

async function writtenIn(path: string): Promise<WrittenConfiguration> {
  return checkedConfiguration(await readJsonc(path, MAX_BYTES), path);
}

/** @throws InputError where a folder holds nothing that speaks for itself. */
function impliedConfiguration(folder: string): WrittenConfiguration {
  if (!existsSync(folder)) {
    throw new InputError(say`${folder} does not exist; check the path.`, 'missing');
  }
  return configurationSchema.parse({ checkpoints: [...IMPLIED_CHECKPOINTS] });
}

function noConfiguration(path: string): Message {
  return say`${path} holds no ${CONFIGURATION_FILE}, here or below; "basin init" prepares a folder of checkpoints.`;
}

/** @throws InputError where the graph's file is not there. */
export function requireGraph({ path, folder, configuration: { model } }: Study): void {
  if (existsSync(join(folder, model))) return;
  throw new InputError(
    say`${path}: "model" names ${model}, which does not exist; export the model's graph to ONNX there.`,
    'missing',
  );
}

/** @throws InputError where the globs name no file. */
export function requireCheckpoints({ path, configuration, checkpoints }: Study): void {
  if (checkpoints.length > 0) return;
  throw new InputError(
    say`${path}: no file matches "checkpoints" (${configuration.checkpoints.join(', ')}); check the globs, which are relative to this file.`,
    'missing',
  );
}

/** The basin.json files a path stands for: itself, or those in a folder or below it. */
export async function findConfigurations(path: string): Promise<readonly string[]> {
  const kind = await stat(path).catch(() => null);
  if (kind === null) throw new InputError(say`${path} does not exist; check the path.`, 'missing');
  if (kind.isFile()) return [resolve(path)];
  const own = join(path, CONFIGURATION_FILE);
  if (existsSync(own)) return [resolve(own)];
  const found = await below(path, 0);
  if (found.length === 0) {
    if (await speaksForItself(path)) return [resolve(own)];
    throw new InputError(noConfiguration(path), 'missing');
  }
  return found.map((file) => resolve(file)).sort(naturalOrder);
}

/** Whether a folder without a basin.json holds models that have a configuration of their own. */
async function speaksForItself(folder: string): Promise<boolean> {
  const found = await glob([...IMPLIED_CHECKPOINTS], {
    cwd: folder,
    absolute: true,
    onlyFiles: true,
    expandDirectories: false,
    ignore: ['node_modules/**', '.basin/**'],
  });
  return found.length > 0;
}

/** Deep enough for every layout of runs, and an end to folders that contain themselves. */
const MAX_DEPTH = 6;

async function below(folder: string, depth: number): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile() && entry.name === CONFIGURATION_FILE) found.push(path);
    const skipped = entry.name.startsWith('.') || entry.name === 'node_modules';
    if (entry.isDirectory() && !skipped && depth < MAX_DEPTH) {
      for (const each of await below(path, depth + 1)) found.push(each);
    }
  }
  return found;
}

/** A file's path as documents name it: relative to the study's folder, with forward slashes. */
export function nameInStudy(study: Study, path: string): string {
  return nameIn(study.folder, path, { relative, sep });
}

/** Of a basin.json, which somebody wrote by hand. */
const MAX_BYTES = 16 * 2 ** 20;

function checkedConfiguration(value: unknown, path: string): WrittenConfiguration {
  const checked = checkConfiguration(value);
  if (!checked.ok) {
    const [problem] = checked.problems;
    const { message, path: setting } = problem!;
    throw new InputError(
      setting.length === 0
        ? say`${path}: ${message}.`
        : say`${path}: "${setting.join('.')}" ${message}.`,
    );
  }
  return checked.configuration;
}

const collator = new Intl.Collator('en', { numeric: true });

/** epoch-9 before epoch-10. */
export function naturalOrder(a: string, b: string): number {
  return collator.compare(a, b);
}
