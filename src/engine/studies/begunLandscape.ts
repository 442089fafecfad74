import { rm } from 'node:fs/promises';
import { formatCount } from '../../shared/words/numbers';
import { readJson, writeWhole, Cache } from '../study/results/cache';
import type { BegunLandscape } from '../study/landscapes/landscapePart';
import { sampledPoints } from '../study/landscapes/sharedPoints';
import type { StudyFile } from './studyFile';
import type { StudyTask } from './studyPlan';
import { areAsTheyWere, fileOf, identitiesOf, type FileIdentities } from './taskRecord';

/**
 * Which landscape a task has begun, in a file beside its record: so that who computes nothing can say
 * how far it is without opening the checkpoint. All shards that sample it write the same.
 */
interface BegunRecord extends BegunLandscape {
  /** Of how many shards it is; null where one process does all. */
  readonly shards: number | null;
  /** What it was begun with: of another checkpoint or other settings it would be another landscape. */
  readonly files: FileIdentities;
}

/** How far a landscape is that nobody has finished. */
export interface Unfinished {
  /** Points of the grid; with `refine` as many as there are at most. */
  readonly points: number;
  readonly sampled: number;
  readonly isRefined: boolean;
  /** Whether it is put together: what is missing is what follows from it. */
  readonly isWhole: boolean;
  readonly shards: number | null;
}

const ENDING = '.landscape.json';

export async function writeBegun(
  file: StudyFile,
  task: StudyTask,
  configuration: string,
  shards: number | null,
  landscape: BegunLandscape,
): Promise<void> {
  const files = await identitiesOf([task.path, configuration]);
  const record: BegunRecord = { ...landscape, shards, files };
  await writeWhole(fileOf(file, task, ENDING), `${JSON.stringify(record)}\n`);
}

export async function removeBegun(file: StudyFile, task: StudyTask): Promise<void> {
  await rm(fileOf(file, task, ENDING), { force: true }).catch(() => undefined);
}

/** @returns null where none was begun, or with another checkpoint or other settings. */
export async function unfinishedOf(file: StudyFile, task: StudyTask): Promise<Unfinished | null> {
  const record = await readJson<BegunRecord>(fileOf(file, task, ENDING));
  if (record === null || !(await areAsTheyWere(record.files))) return null;
  const { folder, key, points, isRefined, shards } = record;
  const cache = new Cache(folder);
  const isWhole = cache.has(key);
  const sampled = isWhole ? points : await sampledPoints(cache, key);
  return { points, sampled, isRefined, isWhole, shards };
}

/** Points that somebody has to sample, at most. */
export function missingPoints({ points, sampled, isWhole }: Unfinished): number {
  return isWhole ? 0 : points - sampled;
}

/** As a row says it. */
export function describeUnfinished({ points, sampled, isRefined, isWhole }: Unfinished): string {
  if (isWhole) return 'Its landscape is there, what follows from it is not.';
  const [some, all] = [formatCount(sampled), formatCount(points)];
  if (sampled === points)
    return `All ${all} points of its landscape are there, not yet put together.`;
  if (isRefined) return `Of its landscape ${some} points are there, of ${all} at most.`;
  return `Of its landscape ${some} of ${all} points are there, ${formatCount(points - sampled)} are not.`;
}
