import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { compareCheckpointNames } from '../../shared/checkpointNames';
import { isBelow, withEditorsDrive } from '../../shared/pathNames';
import type { CheckpointRecord } from './library';
import { fits, hasHoles, pathPattern } from '../code/pathPattern';
import type { CheckpointFile, Run } from './runs';

/** Where a path is written, and what it may lead to. */
export interface Surroundings {
  /** The folder of the file it is written in; `null` for one that is on no disk. */
  readonly folder: string | null;
  /** Folders of the workspace. */
  readonly roots: readonly string[];
  readonly runs: readonly Run[];
}

/** Files a path without holes may lead to, absolute, the likeliest first. */
export function candidates(written: string, { folder, roots, runs }: Surroundings): string[] {
  const path = plain(written);
  if (isAbsolute(path)) return [resolve(path)];
  const folders = [
    ...(folder === null ? [] : [folder]),
    ...roots,
    ...runs.flatMap(({ configuration }) =>
      configuration === null ? [] : [dirname(configuration)],
    ),
  ];
  return [...new Set(folders.map((from) => resolve(from, path)))];
}

/** `file://./runs/model` and `~/runs/x.pt` as paths. */
function plain(written: string): string {
  const named = written.replace(/^(file|localstorage|indexeddb):\/\//, '');
  const path = sep === '/' ? named : withEditorsDrive(named);
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}

/**
 * Known checkpoints that a path in code names: the one it leads to, or where it has holes, or
 * leads nowhere by itself, all that it fits, the newest first. Of several projects in a workspace
 * the one the code is in is meant.
 */
export function checkpointsNamed(
  written: string,
  surroundings: Surroundings,
  records: readonly CheckpointRecord[],
): CheckpointRecord[] {
  if (!hasHoles(written)) {
    const paths = candidates(written, surroundings);
    for (const path of paths) {
      // TensorFlow.js is given a folder and writes a model.json into it.
      const found = records.find(
        ({ file }) => file.path === path || file.path === join(path, 'model.json'),
      );
      if (found !== undefined) return [found];
    }
  }
  const pattern = pathPattern(plain(written));
  if (pattern === null) return [];
  const fitting = records
    .filter(({ file }) => {
      const path = sep === '/' ? file.path : file.path.replaceAll(sep, '/');
      return fits(pattern, path) || (path.endsWith('/model.json') && fits(pattern, dirname(path)));
    })
    .sort((a, b) => newestFirst(a.file, b.file));
  const { folder } = surroundings;
  const near =
    folder === null ? [] : fitting.filter(({ file }) => isBelow(folder, file.path, { sep }));
  return near.length > 0 ? near : fitting;
}

/** Saved within a second, as by a copy, it is the names that tell the order of training. */
function newestFirst(a: CheckpointFile, b: CheckpointFile): number {
  const seconds = Math.floor(b.modified / 1000) - Math.floor(a.modified / 1000);
  return seconds !== 0 ? seconds : compareCheckpointNames(b.path, a.path);
}
