import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Part } from '../../shared/result';
import { STORE_FOLDER } from '../../shared/resultLocation';
import { wholeTime } from '../../shared/sources';
import { contentKey, readJson, writeWhole } from '../study/results/cache';
import type { StudyFile } from './studyFile';
import type { StudyTask } from './studyPlan';

/**
 * How a task ended, in a file of its own: whoever did the task writes it, whole, and nobody else. So
 * a failure is known to those that compute nothing, and many machines share a folder without locks.
 */
export interface TaskRecord {
  readonly checkpoint: string;
  readonly parts: readonly Part[];
  /** Null where there is a result. */
  readonly failure: { readonly status: 'failed' | 'diverged'; readonly why: string } | null;
  /** Of what a failure is of: a file that is another may not fail. */
  readonly files: FileIdentities;
}

/** Sizes and times of files; null where there is none. */
export type FileIdentities = Readonly<Record<string, readonly [size: number, time: number] | null>>;

/** The folder of a study's own files, beside its file. */
export function studyFolder(file: StudyFile): string {
  return join(file.folder, STORE_FOLDER, 'studies', file.name);
}

export async function writeRecord(
  file: StudyFile,
  task: StudyTask,
  configuration: string | null,
  outcome: Pick<TaskRecord, 'parts' | 'failure'>,
): Promise<void> {
  const files = await identitiesOf([task.path, ...(configuration === null ? [] : [configuration])]);
  const record: TaskRecord = { checkpoint: task.name, ...outcome, files };
  await writeWhole(fileOf(file, task, '.json'), `${JSON.stringify(record)}\n`);
}

/** @returns null where there is none that still holds. */
export async function readRecord(file: StudyFile, task: StudyTask): Promise<TaskRecord | null> {
  // Not there, or no record: the task is done again.
  const record = await readJson<TaskRecord>(fileOf(file, task, '.json'));
  return record !== null && (await areAsTheyWere(record.files)) ? record : null;
}

export async function identitiesOf(paths: readonly string[]): Promise<FileIdentities> {
  const files: Record<string, FileIdentities[string]> = {};
  for (const path of paths) files[path] = await identityOf(path);
  return files;
}

export async function areAsTheyWere(files: FileIdentities): Promise<boolean> {
  for (const [path, known] of Object.entries(files)) {
    const found = await identityOf(path);
    if (JSON.stringify(found) !== JSON.stringify(known)) return false;
  }
  return true;
}

async function identityOf(path: string): Promise<readonly [number, number] | null> {
  const found = await stat(path).catch(() => null);
  return found === null ? null : [found.size, wholeTime(found.mtimeMs)];
}

/** A file of a task's own. */
export function fileOf(file: StudyFile, task: StudyTask, ending: string): string {
  return join(studyFolder(file), 'tasks', `${contentKey(task.name).slice(0, 24)}${ending}`);
}
