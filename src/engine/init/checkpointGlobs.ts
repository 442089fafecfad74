import {
  isCheckpointFolder,
  isCheckpointName,
  isIgnoredFolder,
  shardsOf,
} from '../../shared/checkpointNames';
import { isFolderModel } from '../../shared/impliedRun';

/** Checkpoints of one kind: the files that one glob names. */
export interface CheckpointGroup {
  /** Relative to the folder, with forward slashes. */
  readonly glob: string;
  /** Relative paths, in natural order. */
  readonly files: readonly string[];
}

/** Deep enough for `checkpoint-500/model.safetensors` and `lightning_logs/version_0/checkpoints/…`. */
export const MAX_DEPTH = 4;

/** Whether a folder is looked into for checkpoints of the run. */
export function isSearched(name: string): boolean {
  return !name.startsWith('.') && !isIgnoredFolder(name) && name !== '__pycache__';
}

/**
 * The checkpoints among the files of a folder, in groups that each one glob names: names that differ
 * in their numbers alone, as `epoch-1.pt` and `epoch-2.pt`, or `checkpoint-500/model.safetensors` and
 * the same file of `checkpoint-1000`. The largest group comes first.
 *
 * @param files relative to the folder, with forward slashes.
 */
export function groupCheckpoints(files: readonly string[]): readonly CheckpointGroup[] {
  const groups = new Map<string, string[]>();
  for (const file of files) {
    const parts = file.split('/');
    const name = parts.at(-1)!;
    if (!isCheckpointName(name) && shardsOf(name) === null && !isFolderModel(name)) continue;
    const stem = name.replace(/\.[A-Za-z]\w*$/, '');
    // A folder that is a checkpoint differs by its number; its files have one name in each.
    const isFolder = parts.length > 1 && isCheckpointFolder(parts.at(-2)!);
    const last = isFolder ? name : escaped(stem).replace(NUMBERS, '*') + name.slice(stem.length);
    const glob = [
      ...parts
        .slice(0, -1)
        .map((part) => (isCheckpointFolder(part) ? part.replace(/\d+$/, '*') : escaped(part))),
      last,
    ].join('/');
    const group = groups.get(glob);
    if (group === undefined) groups.set(glob, [file]);
    else group.push(file);
  }
  const collator = new Intl.Collator('en', { numeric: true });
  return [...groups]
    .map(([glob, found]) =>
      found.length === 1 && !/checkpoint-\*|^[^/]*[-_=]\*/.test(glob)
        ? { glob: found[0]!.split('/').map(escaped).join('/'), files: found }
        : { glob, files: [...found].sort(collator.compare) },
    )
    .sort((a, b) => b.files.length - a.files.length || (a.glob < b.glob ? -1 : 1));
}

/** A number, with the sign and the fraction that losses in names have. */
const NUMBERS = /\d+(?:\.\d+)?/g;

/** What a glob reads as something else stands for itself. */
function escaped(part: string): string {
  return part.replace(/[[\]{}()!*?\\]/g, (sign) => `\\${sign}`);
}
