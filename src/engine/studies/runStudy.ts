import type { Progress } from '../../shared/engineProtocol';
import { InputError, type InputErrorReason } from '../../shared/inputError';
import { PARTS } from '../../shared/result';
import { dimensionsOf, type Configuration } from '../../shared/configuration';
import { english, say, type Message } from '../../shared/words/message';
import { governing } from '../study/configuration/governing';
import { runJob } from '../study/job';
import { readStudy } from '../study/configuration/study';
import type { WorkerPool } from '../study/pool/workerPool';
import { removeBegun, writeBegun } from './begunLandscape';
import { collected as collectedFrom, Collection, withoutDocument, type Collected } from './collect';
import type { SharedTask } from './shard';
import type { StudyFile } from './studyFile';
import type { StudyTask } from './studyPlan';
import { analyzedRow, failedRow } from './studyRow';
import { writeRecord } from './taskRecord';

export interface StudyHooks {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: Omit<Progress, 'job'>) => void;
  /** A task is done, now or before. */
  readonly onRow?: (collected: Collected) => void;
  readonly onFault?: (fault: Error) => void;
  /** Whether the documents are wanted beside the rows. */
  readonly isPage?: boolean;
  /** The task whose landscape other shards sample too. */
  readonly shared?: SharedTask<StudyTask> | null;
  /** Of how many shards this is one; null where it does all. */
  readonly shards?: number | null;
}

/**
 * Does the tasks of a study that are not done. What is done is taken from where it is kept; a task
 * that fails is a row that says so.
 *
 * @returns in the order of the tasks.
 * @throws the signal's reason.
 */
export async function runStudy(
  file: StudyFile,
  tasks: readonly StudyTask[],
  pool: WorkerPool,
  hooks: StudyHooks = {},
): Promise<readonly Collected[]> {
  const collection = new Collection(file, hooks.signal);
  const done = new Map<StudyTask, Collected>();
  const finish = (collected: Collected): void => {
    done.set(collected.task, hooks.isPage === true ? collected : withoutDocument(collected));
    hooks.onRow?.(collected);
  };
  const open = new Map<string, StudyTask[]>();
  for (const task of tasks) {
    hooks.signal?.throwIfAborted();
    const collected = await collection.collect(task);
    // What failed may not fail any more: of data the record knows nothing.
    if (collected.document !== null) {
      finish(collected);
      continue;
    }
    try {
      const configuration = governing(task.path);
      open.set(configuration, [...(open.get(configuration) ?? []), task]);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      finish(await failed(file, task, null, error));
    }
  }
  for (const [configuration, own] of open) {
    await analyzeAll(file, configuration, own, pool, hooks, finish);
  }
  if (hooks.shared && !tasks.includes(hooks.shared.task)) {
    await helpWith(file, hooks.shared, pool, hooks, collection);
  }
  return tasks.map((task) => done.get(task)!);
}

/** Landscapes of fewer points are not divided: to open a checkpoint takes longer than they do. */
export const MIN_SHARED_POINTS = 1000;

/** How many points a landscape would have at most. */
function pointsOf({ landscape }: Configuration): number {
  const steps = [landscape.resolution].flat();
  return Array.from({ length: dimensionsOf(landscape) }, (_, i) => steps[i] ?? steps[0]!).reduce(
    (product, count) => product * count,
    1,
  );
}

/**
 * Samples a part of the landscape of another shard's task. What is wrong with the task is that shard's
 * to say.
 */
async function helpWith(
  file: StudyFile,
  { task, team }: SharedTask<StudyTask>,
  pool: WorkerPool,
  { signal, onProgress, onFault, shards = null }: StudyHooks,
  collection: Collection,
): Promise<void> {
  const wanted = file.only ?? PARTS;
  if (!wanted.includes('landscape') && !wanted.includes('topology')) return;
  if ((await collection.collect(task)).row.status !== 'pending') return;
  try {
    const configuration = governing(task.path);
    const study = await readStudy(configuration);
    if (pointsOf(study.configuration) < MIN_SHARED_POINTS) return;
    await runJob(study, pool, {
      checkpoints: [task.path],
      only: ['landscape'],
      teamOf: () => team,
      isStored: false,
      signal,
      onLandscape: (_, begun) => writeBegun(file, task, configuration, shards, begun),
      ...(onProgress === undefined ? {} : { onProgress }),
      onOutcome: (outcome) => {
        if (!outcome.ok && outcome.fault !== undefined) onFault?.(outcome.fault);
      },
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof InputError)) throw error;
  }
}

/** The tasks that one basin.json governs. */
async function analyzeAll(
  file: StudyFile,
  configuration: string,
  tasks: readonly StudyTask[],
  pool: WorkerPool,
  { signal, onProgress, onFault, shared, shards = null }: StudyHooks,
  finish: (collected: Collected) => void,
): Promise<void> {
  const waiting = new Map(tasks.map((task) => [task.path, task]));
  const take = (path: string): StudyTask => {
    const task = waiting.get(path)!;
    waiting.delete(path);
    return task;
  };
  try {
    const study = await readStudy(configuration);
    const known = new Set(study.checkpoints);
    for (const task of tasks) {
      if (known.has(task.path)) continue;
      const error = new InputError(
        say`${task.path} is not among the "checkpoints" of ${configuration}; add it there.`,
        'mismatch',
      );
      finish(await failed(file, take(task.path), configuration, error));
    }
    if (waiting.size === 0) return;
    await runJob(study, pool, {
      checkpoints: [...waiting.keys()],
      only: file.only,
      teamOf: (path) =>
        shared?.task.path === path && pointsOf(study.configuration) >= MIN_SHARED_POINTS
          ? shared.team
          : undefined,
      signal,
      onLandscape: (path, begun) =>
        writeBegun(file, waiting.get(path)!, configuration, shards, begun),
      ...(onProgress === undefined ? {} : { onProgress }),
      onOutcome: async (outcome) => {
        const task = take(outcome.checkpoint);
        if (!outcome.ok) {
          if (outcome.fault !== undefined) onFault?.(outcome.fault);
          finish(await failed(file, task, configuration, outcome));
          return;
        }
        const { document } = outcome;
        const parts = file.only ?? PARTS;
        await writeRecord(file, task, configuration, { parts, failure: null });
        await removeBegun(file, task);
        finish(collectedFrom(task, analyzedRow(task, document), document));
      },
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof InputError)) throw error;
    // What all of them need is wrong.
    for (const path of [...waiting.keys()]) {
      finish(await failed(file, take(path), configuration, error));
    }
  }
}

async function failed(
  file: StudyFile,
  task: StudyTask,
  configuration: string | null,
  { message, reason }: { readonly message: string | Message; readonly reason?: InputErrorReason },
): Promise<Collected> {
  const parts = file.only ?? PARTS;
  const status = reason === 'diverged' ? 'diverged' : 'failed';
  const failure = { status, why: english(message) } as const;
  await writeRecord(file, task, configuration, { parts, failure });
  return collectedFrom(task, failedRow(task, failure), null);
}
