import { basename, relative, sep } from 'node:path';
import { checkpointName, runFolder, runName } from '../words/checkpointLabel';
import { compareInTraining, placeInTraining } from '../../shared/checkpointNames';
import { isBelow, nameIn } from '../../shared/pathNames';
import { sortInPieces } from '../turns/sortInPieces';

/** So many files are handled between two places where the work may be interrupted. */
const PIECE = 256;

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
  /** Hash of the settings that results follow from. */
  readonly settings: string;
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
  /** Why it is one without a basin.json, or what it would take; null where nothing speaks for that. */
  readonly implied: Implied | null;
  /** In the order of training. */
  readonly checkpoints: readonly CheckpointFile[];
}

/**
 * Of a folder without a basin.json: `whole` where models of Keras or TensorFlow.js lie beside data, which
 * is all that an analysis needs; `no data` where only these are missing.
 */
export type Implied = 'whole' | 'no data';

/** Checkpoint files, and the configuration that names them or `null`. */
export interface Finding {
  /** Where it would be, of files that need none. */
  readonly configuration: string | null;
  readonly implied?: Implied;
  readonly files: readonly CheckpointFile[];
}

/**
 * Groups checkpoints into runs by their folders; yields where it may be interrupted.
 *
 * Where several configurations name the same checkpoint, the nearest one is its own: the one in
 * the deepest folder.
 *
 * @param roots Workspace folders, absolute: locations are told relative to them.
 */
export function* groupRuns(
  findings: readonly Finding[],
  roots: readonly string[],
): Generator<undefined, Run[]> {
  const owned = new Map<string, { file: CheckpointFile; owner: Owner }>();
  for (const { configuration, implied = null, files: found } of findings) {
    const owner = { configuration, implied, depth: depth(configuration) };
    for (const file of found) {
      const known = owned.get(file.path);
      if (known === undefined) owned.set(file.path, { file, owner });
      else {
        known.file = file;
        if (owner.depth > known.owner.depth) known.owner = owner;
      }
      if (owned.size % PIECE === 0) yield;
    }
  }

  const groups = new Map<string, { owner: Owner; files: CheckpointFile[] }>();
  let count = 0;
  for (const [path, { file, owner }] of owned) {
    if (++count % PIECE === 0) yield;
    const folder = runFolder(path);
    const group = groups.get(folder);
    if (group === undefined) {
      groups.set(folder, { owner, files: [file] });
    } else if (group.owner.configuration === null && owner.configuration !== null) {
      // Where a configuration speaks for a folder, only what it names is a checkpoint.
      groups.set(folder, { owner, files: [file] });
    } else if (group.owner.configuration === null || owner.configuration !== null) {
      group.files.push(file);
      if (owner.depth > group.owner.depth) group.owner = owner;
      else if (group.owner.implied === null && owner.depth === -1) group.owner = owner;
    }
  }

  const runs: Run[] = [];
  for (const [folder, group] of groups) {
    const places = [];
    for (const file of group.files) {
      places.push({ file, place: placeInTraining(checkpointName(file.path)) });
      if (places.length % PIECE === 0) yield;
    }
    const sorted = yield* sortInPieces(places, (a, b) => compareInTraining(a.place, b.place));
    runs.push({
      folder,
      name: runName(folder),
      location: locationOf(folder, roots),
      configuration: group.owner.configuration,
      implied: group.owner.implied,
      checkpoints: sorted.map(({ file }) => file),
    });
    yield;
  }
  return runs.sort(
    (a, b) =>
      Number(a.configuration === null) - Number(b.configuration === null) ||
      (a.location < b.location ? -1 : a.location > b.location ? 1 : 0),
  );
}

/** A configuration, and in how many folders it is. */
interface Owner {
  readonly configuration: string | null;
  readonly implied: Implied | null;
  readonly depth: number;
}

function depth(configuration: string | null): number {
  return configuration === null ? -1 : configuration.split(sep).length;
}

function locationOf(folder: string, roots: readonly string[]): string {
  const root = roots.find((each) => folder === each || isBelow(each, folder, { sep }));
  if (root === undefined) return folder;
  const inside = nameIn(root, folder, { relative, sep });
  return roots.length > 1 ? [basename(root), inside].filter(Boolean).join('/') : inside || '.';
}
