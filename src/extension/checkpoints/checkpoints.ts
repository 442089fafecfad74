import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import * as vscode from 'vscode';
import {
  CHECKPOINT_GLOB,
  countShards,
  IGNORED_GLOB,
  isCheckpointMagic,
  isCheckpointName,
  isTensorflowJsModel,
  MANIFEST_GLOB,
  needsMagic,
  shardsOf,
} from '../../shared/checkpointNames';
import { BASIN_JSON, readConfiguration } from './configurations';
import { impliedRuns } from './impliedRuns';
import { inPieces, inTurns, turn } from '../turns/inTurns';
import { oneFolderATurn } from '../turns/oneFolderATurn';
import {
  groupRuns,
  type CheckpointFile,
  type ConfigurationFile,
  type Finding,
  type Run,
} from './runs';

/** What a look at the workspace found. */
export interface Discovery {
  readonly configurations: readonly ConfigurationFile[];
  readonly runs: readonly Run[];
  /** Sentences about basin.json files that could not be used, by path. */
  readonly problems: ReadonlyMap<string, string>;
}

/** More checkpoints without a configuration than this are not listed. */
const MAX_LOOSE = 2000;

/**
 * Finds basin.json files, the checkpoints their globs name, and checkpoints that none names.
 *
 * Searching the workspace is VS Code's own search, outside this process; `rescan` only looks again
 * where the last search found something to look at, and is what a poll can afford.
 */
export class CheckpointFinder {
  private configurationPaths: readonly string[] = [];
  private loosePaths: readonly string[] = [];
  /** By path and time of modification: whether a file's first bytes are a checkpoint's. */
  private readonly magic = new Map<string, { modified: number; ok: boolean }>();

  async search(): Promise<Discovery> {
    const [configurations, loose, manifests] = await Promise.all([
      vscode.workspace.findFiles(`**/${BASIN_JSON}`, IGNORED_GLOB),
      vscode.workspace.findFiles(CHECKPOINT_GLOB, IGNORED_GLOB, MAX_LOOSE),
      vscode.workspace.findFiles(MANIFEST_GLOB, IGNORED_GLOB, MAX_LOOSE),
    ]);
    this.configurationPaths = filePaths(configurations);
    this.loosePaths = [
      ...filePaths(loose).filter((path) => isCheckpointName(basename(path))),
      ...filePaths(manifests),
    ];
    return this.rescan();
  }

  async rescan(): Promise<Discovery> {
    const problems = new Map<string, string>();
    const configurations: ConfigurationFile[] = [];
    for (const reading of await Promise.all(this.configurationPaths.map(readConfiguration))) {
      if (reading.ok) configurations.push(reading.file);
      else problems.set(reading.path, reading.message);
    }

    const findings: Finding[] = [];
    for (const configuration of configurations) {
      await turn();
      try {
        findings.push({
          configuration: configuration.path,
          files: await statAll(
            await namedBy(configuration, (folder, sentence) => problems.set(folder, sentence)),
          ),
        });
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        problems.set(configuration.path, `${configuration.path}: its checkpoints: ${why}.`);
      }
    }

    const inputs = new Set(configurations.flatMap((configuration) => configuration.inputs));
    const loose = await statAll(this.loosePaths.filter((path) => !inputs.has(path)));
    const kept = await inTurns(loose, (file) => this.isCheckpoint(file));
    const files = loose.filter((_, index) => kept[index]);
    const implied = await impliedRuns(files, this.configurationPaths);
    for (const finding of implied.findings) findings.push(finding);
    findings.push({ configuration: null, files });
    for (const configuration of implied.configurations) configurations.push(configuration);

    const roots = (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath);
    return { configurations, runs: await inPieces(groupRuns(findings, roots)), problems };
  }

  private async isCheckpoint(file: CheckpointFile): Promise<boolean> {
    const name = basename(file.path);
    const isModel = name === 'model.json';
    if (name === '.metadata') return isDistributed(file.path);
    if (!needsMagic(file.path) && !isModel) return true;
    const known = this.magic.get(file.path);
    if (known?.modified === file.modified) return known.ok;
    const head = await firstBytes(file.path, isModel ? 4096 : 32);
    const ok = isModel
      ? isTensorflowJsModel(Buffer.from(head).toString('latin1'))
      : isCheckpointMagic(head);
    this.magic.set(file.path, { modified: file.modified, ok });
    return ok;
  }
}

/**
 * Absolute paths of the files a configuration's globs name, without those it names as its inputs, in
 * the form of the platform.
 */
async function namedBy(
  configuration: ConfigurationFile,
  onProblem: (folder: string, sentence: string) => void,
): Promise<string[]> {
  const folder = dirname(configuration.path);
  const found = await glob([...configuration.checkpoints], {
    cwd: folder,
    onlyFiles: true,
    expandDirectories: false,
    fs: oneFolderATurn((unreadable, { code }) => {
      const path = resolve(folder, unreadable);
      onProblem(
        path,
        `${path} cannot be read (${code ?? 'unknown error'}): checkpoints in it are not listed. Allow reading it, or leave it out of the globs of ${configuration.path}.`,
      );
    }),
    // As the engine does it: a configuration's globs mean what they say.
    ignore: ['**/node_modules/**', '**/.git/**', '**/.basin/**'],
  });
  const inputs = new Set(configuration.inputs);
  return inPieces(absolutePaths(folder, found, inputs));
}

function* absolutePaths(
  folder: string,
  found: readonly string[],
  without: ReadonlySet<string>,
): Generator<undefined, string[]> {
  const paths: string[] = [];
  for (const each of found) {
    const path = resolve(folder, each);
    if (!without.has(path)) paths.push(path);
    if (paths.length % 256 === 0) yield;
  }
  return paths;
}

/** Checkpoints as they are now; those that are gone meanwhile are left out. */
export async function statAll(paths: readonly string[]): Promise<CheckpointFile[]> {
  const found = await inTurns(paths, async (path): Promise<CheckpointFile | null> => {
    try {
      const status = await stat(path);
      if (!status.isFile()) return null;
      const own = { path, size: status.size, modified: status.mtimeMs };
      return await withItsFiles(own);
    } catch {
      return null;
    }
  });
  return found.filter((file) => file !== null);
}

/** An index with the files it stands for. */
async function withItsFiles(index: CheckpointFile): Promise<CheckpointFile> {
  const folder = dirname(index.path);
  const name = basename(index.path);
  const shards = shardsOf(name);
  if (shards !== null) {
    const { names, missing } = countShards(shards, await readdir(folder));
    return { ...(await together(index, names)), incomplete: missing > 0 };
  }
  if (name === '.metadata') {
    const names = (await readdir(folder)).filter((each) => each.endsWith('.distcp'));
    return together(index, names);
  }
  if (name === 'model.json') {
    const names = (await readdir(folder)).filter((each) => each.endsWith('.bin'));
    return together(index, names);
  }
  return index;
}

async function together(index: CheckpointFile, names: readonly string[]): Promise<CheckpointFile> {
  const folder = dirname(index.path);
  let { size, modified } = index;
  for (const status of await Promise.all(names.map((name) => stat(join(folder, name))))) {
    size += status.size;
    modified = Math.max(modified, status.mtimeMs);
  }
  return { path: index.path, size, modified };
}

async function isDistributed(metadata: string): Promise<boolean> {
  try {
    return (await readdir(dirname(metadata))).some((name) => name.endsWith('.distcp'));
  } catch {
    return false;
  }
}

async function firstBytes(path: string, count: number): Promise<Uint8Array> {
  try {
    const handle = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(count), 0, count, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return new Uint8Array();
  }
}

/** The engine and its checkpoints are on this machine's disks: other schemes are not listed. */
function filePaths(uris: readonly vscode.Uri[]): string[] {
  return uris.filter((uri) => uri.scheme === 'file').map((uri) => uri.fsPath);
}
