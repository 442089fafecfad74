import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { CONFIGURATION_FILE } from '../../shared/configuration';
import type { InitResult } from '../../shared/engineProtocol';
import { isFolderModel, mayHoldConfiguration } from '../../shared/impliedRun';
import { InputError } from '../../shared/inputError';
import { say, type Message } from '../../shared/words/message';
import { inspect } from '../checkpoint/inspect';
import { writeWhole } from '../study/results/cache';
import { describesNetwork, holdsConfiguration } from '../study/configuration/graphSource';
import { MAX_DEPTH, groupCheckpoints, isSearched, type CheckpointGroup } from './checkpointGlobs';
import { isSavedModel, writeImplied } from './savedModel';

/** The file that exports a run from Python; beside the bundles. */
export const EXPORT_FILE = 'basin_export.py';

/** More files than this are no run's folder. */
const MAX_FILES = 100_000;

/** How many checkpoints of a folder have their headers looked at. */
const MAX_OPENED = 16;

/**
 * Prepares a folder of checkpoints for its export from Python: writes `basin_export.py` into it, with
 * the globs of the checkpoints that are there. Models that Keras or TensorFlow.js saved need none: their
 * `basin.json` is written at once. One that is there stays as it is.
 *
 * @param assets folder that holds the file to write.
 * @throws InputError where there is no such folder, it holds no checkpoint, or none can be read.
 */
export async function initRun(
  folder: string,
  assets: string,
  signal?: AbortSignal,
): Promise<InitResult> {
  const place = resolve(folder);
  const kind = await stat(place).catch(() => null);
  if (kind?.isDirectory() !== true) {
    throw new InputError(
      say`${folder} is no folder; name the one that holds the checkpoints of a run.`,
      'missing',
    );
  }
  const groups = groupCheckpoints(await filesBelow(place, signal));
  const { readable, unreadable } = await readHeaders(place, groups, signal);
  const first = readable[0];
  if (first === undefined) {
    const [why] = unreadable;
    throw why === undefined
      ? new InputError(
          say`${folder} holds no checkpoint (.pt, .pth, .ckpt, .bin, .safetensors, .npz, .keras, .h5), here or in folders such as checkpoint-500; name the folder of a run, or train first.`,
          'missing',
        )
      : new InputError(why, 'unsupported');
  }
  // Of the same model: what has other tensors is another network's, or no weights at all.
  const same = readable.filter(({ tensors }) => tensors === first.tensors);
  const others = readable
    .filter(({ tensors }) => tensors !== first.tensors)
    .map(
      ({ group: { glob } }) =>
        say`${glob} holds other tensors than ${first.group.glob}: if it is another network, prepare its own folder.`,
    );
  const isConfigured = existsSync(join(place, CONFIGURATION_FILE));
  const needsExport = !isSavedModel(first.group.files.at(-1)!);
  // Weights alone beside models that hold them say nothing more.
  const models = same.filter(({ group }) => holdsGraph(group));
  const used = needsExport || models.length === 0 ? same : models;
  const globs = used.map(({ group }) => group.glob);
  const result = {
    folder: place,
    checkpoints: globs,
    count: used.reduce((sum, { group }) => sum + group.files.length, 0),
    parameters: first.parameters,
    needsExport,
    isConfigured,
  };
  if (!needsExport) {
    const { files } = used.at(-1)!.group;
    const missing = isConfigured ? [] : await writeImplied(place, globs, files);
    const left = [...unreadable, ...others, ...missing];
    return { ...result, file: join(place, CONFIGURATION_FILE), left };
  }
  const built = await builtWithoutExport(place, used.at(-1)!.group.files.at(-1)!);
  const file = join(place, EXPORT_FILE);
  const source = await readFile(join(assets, EXPORT_FILE), 'utf8');
  await writeWhole(
    file,
    source.replace(/^CHECKPOINTS = .*$/m, () => `CHECKPOINTS = ${pythonList(globs)}`),
  );
  return { ...result, file, left: [...unreadable, ...others, ...built] };
}

/** What is said where the graph stands beside a checkpoint, as Hugging Face saves it. */
async function builtWithoutExport(folder: string, last: string): Promise<readonly Message[]> {
  const name = [...last.split('/').slice(0, -1), 'config.json'].join('/');
  if (!(await describesNetwork(join(folder, name)))) return [];
  return [
    say`${name} describes a network whose graph Basin builds by itself: instead of the export, a ${CONFIGURATION_FILE} with "model": "${name}", "data" and "objective" will do.`,
  ];
}

function holdsGraph({ files }: CheckpointGroup): boolean {
  return mayHoldConfiguration(basename(files.at(-1)!));
}

async function filesBelow(folder: string, signal: AbortSignal | undefined): Promise<string[]> {
  const files: string[] = [];
  const walk = async (below: string, depth: number): Promise<void> => {
    signal?.throwIfAborted();
    const entries = await readdir(join(folder, below), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (files.length >= MAX_FILES) return;
      if (entry.isFile()) files.push(path);
      else if (entry.isDirectory() && depth < MAX_DEPTH && isSearched(entry.name)) {
        await walk(path, depth + 1);
      }
    }
  };
  await walk('', 0);
  return files;
}

interface ReadableGroup {
  readonly group: CheckpointGroup;
  /** Names and shapes of the tensors: the same for checkpoints of one network. */
  readonly tensors: string;
  readonly parameters: number;
}

/** What the last checkpoint of each group holds. */
async function readHeaders(
  folder: string,
  groups: readonly CheckpointGroup[],
  signal: AbortSignal | undefined,
): Promise<{
  readonly readable: readonly ReadableGroup[];
  readonly unreadable: readonly Message[];
}> {
  const readable: ReadableGroup[] = [];
  const unreadable: Message[] = [];
  for (const group of groups.slice(0, MAX_OPENED)) {
    signal?.throwIfAborted();
    const last = join(folder, group.files.at(-1)!);
    // Many things are called model.json.
    if (isFolderModel(last) && !(await holdsConfiguration(last))) continue;
    try {
      const { tensors, parameters } = await inspect(last);
      if (parameters === 0) continue;
      const names = tensors.map(({ name, shape }) => `${name} ${shape.join('x')}`).sort();
      readable.push({ group, tensors: names.join('\n'), parameters });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      // The weights of a model.json are no checkpoint by themselves.
      if (last.endsWith('.bin') && existsSync(join(dirname(last), 'model.json'))) continue;
      unreadable.push(error.said);
    }
  }
  return { readable, unreadable };
}

/** As Python writes it: JSON's strings are Python's too. */
function pythonList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(', ')}]`;
}
