import { basename, relative, sep } from 'node:path';
import { checkpointName, runFolder } from './checkpointLabel';
import { compareInTraining, placeInTraining } from './checkpointNames';

/** A checkpoint as the file system tells of it. */
export interface CheckpointFile {
  /** Absolute, in the form of the platform: the file, or the index of several that belong together. */
  readonly path: string;
  /** Bytes, of all its files together. */
  readonly size: number;
  /** Milliseconds since the epoch, of the file that was written last. */
  readonly modified: number;
  /** Whether files that belong to it are not there yet. */
  readonly incomplete?: boolean;
}

/** A basin.json that could be read. */
export interface ConfigurationFile {
  /** Absolute. */
  readonly path: string;
  /** Globs of checkpoints, relative to the file's folder, with forward slashes. */
  readonly checkpoints: readonly string[];
  /** Absolute paths of the files it names as data or model: these are no checkpoints. */
  readonly inputs: readonly string[];
}

/** A folder of checkpoints: what one training run left. */
export interface Run {
  /** The folder, absolute: unique. */
  readonly folder: string;
  readonly name: string;
  /** Where the folder is, for telling runs of the same name apart. */
  readonly location: string;
  /** The basin.json its checkpoints are analyzed with, if there is one. */
  readonly configuration: string | null;
  /** In the order of training. */
  readonly checkpoints: readonly CheckpointFile[];
}

/** Checkpoint files, and the configuration that names them or `null`. */
export interface Finding {
  readonly configuration: string | null;
  readonly files: readonly CheckpointFile[];
}

/**
 * Groups checkpoints into runs by their folders.
 *
 * Where several configurations name the same checkpoint, the nearest one is its own: the one in
 * the deepest folder.
 *
 * @param roots Workspace folders, absolute: locations are told relative to them.
 */
export function groupRuns(findings: readonly Finding[], roots: readonly string[]): Run[] {
  const owner = new Map<string, string | null>();
  const files = new Map<string, CheckpointFile>();
  for (const { configuration, files: found } of findings) {
    for (const file of found) {
      files.set(file.path, file);
      const known = owner.get(file.path);
      if (known === undefined || depth(configuration) > depth(known)) {
        owner.set(file.path, configuration);
      }
    }
  }

  const groups = new Map<string, { configuration: string | null; files: CheckpointFile[] }>();
  for (const [path, file] of files) {
    const configuration = owner.get(path) ?? null;
    const folder = runFolder(path);
    const group = groups.get(folder);
    if (group === undefined) {
      groups.set(folder, { configuration, files: [file] });
    } else if (group.configuration === null && configuration !== null) {
      // Where a configuration speaks for a folder, only what it names is a checkpoint.
      groups.set(folder, { configuration, files: [file] });
    } else if (group.configuration === null || configuration !== null) {
      group.files.push(file);
      if (depth(configuration) > depth(group.configuration)) group.configuration = configuration;
    }
  }

  return [...groups]
    .map(([folder, group]) => ({
      folder,
      name: basename(folder),
      location: locationOf(folder, roots),
      configuration: group.configuration,
      checkpoints: group.files
        .map((file) => ({ file, place: placeInTraining(checkpointName(file.path)) }))
        .sort((a, b) => compareInTraining(a.place, b.place))
        .map(({ file }) => file),
    }))
    .sort(
      (a, b) =>
        Number(a.configuration === null) - Number(b.configuration === null) ||
        (a.location < b.location ? -1 : a.location > b.location ? 1 : 0),
    );
}

function depth(configuration: string | null): number {
  return configuration === null ? -1 : configuration.split(sep).length;
}

function locationOf(folder: string, roots: readonly string[]): string {
  const root = roots.find((r) => folder === r || folder.startsWith(r.endsWith(sep) ? r : r + sep));
  if (root === undefined) return folder;
  const inside = relative(root, folder).split(sep).join('/');
  return roots.length > 1 ? [basename(root), inside].filter(Boolean).join('/') : inside || '.';
}
