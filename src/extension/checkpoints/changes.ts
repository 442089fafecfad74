import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { largest } from '../../shared/extremes';
import type { ResultDocument } from '../../shared/result';
import { wholeTime, type Change, type Source } from '../../shared/sources';
import type { CheckpointFile } from './runs';

/** Size and time of a file; `null` where there is none. */
export interface FileStatus {
  readonly size: number;
  readonly modified: number;
}

/** Looks at files, at each once: thousands of results follow from the same few. */
export class FileStatuses {
  private readonly known = new Map<string, Promise<FileStatus | null>>();

  get(path: string): Promise<FileStatus | null> {
    let status = this.known.get(path);
    if (status === undefined) {
      status = stat(path).then(
        ({ size, mtimeMs }) => ({ size, modified: mtimeMs }),
        () => null,
      );
      this.known.set(path, status);
    }
    return status;
  }
}

/**
 * What is another than when a result was made, by size and time: the host reads no content. Equal
 * and not newer: a checkpoint that an older file replaced is another too.
 *
 * @param settings hash of the settings in the basin.json as they are now; `null` where nobody knows.
 */
export async function changesOf(
  { sources, timings }: ResultDocument,
  file: CheckpointFile,
  configuration: string,
  settings: string | null,
  statuses: FileStatuses,
): Promise<readonly Change[]> {
  if (sources === undefined) return ['unknown'];
  const written = timings.written ?? {};
  const folder = dirname(configuration);
  const changes = new Set<Change>();
  for (const source of sources) {
    const { kind, sha256, files } = source;
    switch (kind) {
      case 'checkpoint':
        if (!isFile(file, source, written)) changes.add(kind);
        break;
      case 'settings':
        if (settings !== null && settings !== sha256) changes.add(kind);
        break;
      case 'graph':
      case 'data':
      case 'other':
      case 'member':
      case 'probe':
        for (const { path, size } of files) {
          const status = await statuses.get(resolve(folder, path));
          if (status?.size !== size || wholeTime(status.modified) !== written[path]) {
            changes.add(kind);
            break;
          }
        }
        break;
    }
  }
  return [...changes];
}

/** Whether a checkpoint, with all its files together, is the one a result is of. */
function isFile(
  file: CheckpointFile,
  { files }: Source,
  written: Readonly<Record<string, number>>,
): boolean {
  const size = files.reduce((sum, each) => sum + each.size, 0);
  const modified = largest(files.map(({ path }) => written[path] ?? 0));
  return size === file.size && modified === wholeTime(file.modified);
}
