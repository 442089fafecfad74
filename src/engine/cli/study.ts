import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { InputError } from '../../shared/inputError';
import { DEFAULT_RUNTIME } from '../../shared/runtimeSetting';
import { say } from '../../shared/words/message';
import { formatCount } from '../../shared/words/numbers';
import { chooseRuntime } from '../runtime/chooseRuntime';
import { Collection, withoutDocument, type Collected } from '../studies/collect';
import { MIN_SHARED_POINTS, runStudy } from '../studies/runStudy';
import {
  describeUnfinished,
  missingPoints,
  unfinishedOf,
  type Unfinished,
} from '../studies/begunLandscape';
import { parseShard, sharedTask, shardOf, shardsWith, tasksOf, type Shard } from '../studies/shard';
import { arrayOf, arrayPath, quoted, slurmScripts, writtenShards } from '../studies/slurmScript';
import { studyDocument, type StudyDocument } from '../studies/studyDocument';
import { readStudyFile, type StudyFile } from '../studies/studyFile';
import { writeStudyPage } from '../studies/studyPage';
import { planStudy, type StudyPlan } from '../studies/studyPlan';
import type { StudyRow } from '../studies/studyRow';
import { writeWhole } from '../study/results/cache';
import { ExitStatus } from './exitStatus';
import { complain, print, sayJson } from './output';
import { openWorkers, type WorkerFlags } from './workerFlags';
import { ProgressBar } from './progressBar';
import { nameOf, studyCsv, studyMarkdown, studyTables } from './studyTables';
import { table } from './table';

export interface StudyFlags extends WorkerFlags {
  readonly shard?: string;
  readonly shards?: number;
  readonly merge?: boolean;
  readonly submit?: 'slurm';
  readonly out?: readonly string[];
  readonly json?: boolean;
}

/** What a study can be written as, by its ending. */
const ENDINGS = ['.html', '.md', '.csv', '.json'];

function isPage(out: readonly string[]): boolean {
  return out.some((path) => extname(path).toLowerCase() === '.html');
}

/** An array of more tasks than this is more than most clusters take. */
const MAX_SHARDS = 1000;

/** Many runs and checkpoints: a table, a page; in shards for schedulers. */
export async function studyCommand(
  path: string,
  flags: StudyFlags,
  signal: AbortSignal,
): Promise<number> {
  const file = await readStudyFile(path);
  const plan = await planStudy(file);
  const out = (flags.out ?? []).map((each) => resolve(each));
  const wrong = out.find((each) => !ENDINGS.includes(extname(each).toLowerCase()));
  if (wrong !== undefined) {
    throw new InputError(
      say`${wrong} ends in none of ${ENDINGS.join(', ')}; name a file that does.`,
    );
  }
  if (flags.submit === 'slurm') return submit(file, plan, flags, out);
  if (flags.merge === true) return merge(file, plan, flags, out, signal);
  return run(file, plan, flags, out, signal);
}

async function run(
  file: StudyFile,
  plan: StudyPlan,
  flags: StudyFlags,
  out: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const shard = shardFrom(flags);
  const tasks = shard === null ? plan.tasks : tasksOf(plan.tasks, shard);
  const pool = openWorkers(chooseRuntime(DEFAULT_RUNTIME, null), flags);
  const bar = new ProgressBar();
  let status: number = ExitStatus.done;
  let done = 0;
  let collected: readonly Collected[];
  try {
    collected = await runStudy(file, tasks, pool, {
      isPage: isPage(out),
      shared: shard === null ? null : sharedTask(plan.tasks, shard),
      shards: shard?.count ?? null,
      signal,
      onProgress: (progress) => {
        bar.update(progress, `${done + 1} of ${tasks.length}`, undefined);
      },
      onRow: ({ row }) => {
        done += 1;
        bar.clear();
        if (row.status === 'failed') status = Math.max(status, ExitStatus.input);
        if (row.why !== null) complain(`${nameOf(row)}: ${row.why}`);
      },
      onFault: (fault) => {
        bar.clear();
        complain(fault.stack ?? fault.message);
        status = ExitStatus.fault;
      },
    });
  } finally {
    bar.clear();
    await pool.close();
  }
  const document = studyDocument(file, plan, collected, shard);
  await tell(document, collected, flags, out);
  return status;
}

/** As it is said, or as a scheduler's array says it. */
function shardFrom({ shard }: StudyFlags): Shard | null {
  if (shard !== undefined) return parseShard(shard);
  const found = shardOf(process.env);
  if (found === null) return null;
  const { index, count } = found.shard;
  complain(`Shard ${index + 1} of ${count}, by ${found.variable}.`);
  return found.shard;
}

async function merge(
  file: StudyFile,
  plan: StudyPlan,
  flags: StudyFlags,
  out: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const collection = new Collection(file, signal);
  const collected: Collected[] = [];
  const open: OpenTask[] = [];
  for (const [at, task] of plan.tasks.entries()) {
    signal.throwIfAborted();
    let found = await collection.collect(task);
    if (found.row.status === 'pending') {
      const unfinished = await unfinishedOf(file, task);
      found = because(found, unfinished);
      open.push({ at, row: found.row, unfinished });
    }
    collected.push(isPage(out) ? found : withoutDocument(found));
  }
  await tell(studyDocument(file, plan, collected, null), collected, flags, out);
  if (open.length === 0) return ExitStatus.done;
  for (const { row } of open) complain(`${nameOf(row)}: ${row.why ?? ''}`);
  complain(await whatIsOpen(file, plan, flags, open));
  return ExitStatus.input;
}

/** A task that a merge finds not done. */
interface OpenTask {
  /** Among all tasks. */
  readonly at: number;
  readonly row: StudyRow;
  readonly unfinished: Unfinished | null;
}

/** With how far its landscape is. */
function because(found: Collected, unfinished: Unfinished | null): Collected {
  if (unfinished === null) return found;
  const why = `${found.row.why ?? ''} ${describeUnfinished(unfinished)}`.trim();
  return { ...found, row: { ...found.row, why } };
}

/** How much is missing, whose it is, and what does it. */
async function whatIsOpen(
  file: StudyFile,
  plan: StudyPlan,
  { shards }: StudyFlags,
  open: readonly OpenTask[],
): Promise<string> {
  const written = await writtenShards(file);
  const begun = open.flatMap(({ unfinished }) => unfinished?.shards ?? []).at(-1);
  const count = written ?? shards ?? begun;
  const left = open.reduce(
    (sum, { unfinished }) => sum + (unfinished === null ? 0 : missingPoints(unfinished)),
    0,
  );
  const points =
    left === 0 ? '' : `, and of landscapes that were begun ${formatCount(left)} points are missing`;
  const missing = `${open.length} of ${plan.tasks.length} checkpoints are not analyzed yet${points}`;
  const study = `basin study ${quoted(file.path)}`;
  if (count === undefined) {
    return `${missing}; finish them with: ${study} (--merge --shards N says which of N shards have some)`;
  }
  const array = arrayOf(
    open.flatMap(({ at, unfinished }) => {
      const all = shardsWith(at, plan.tasks.length, count);
      return isShared(file, unfinished) ? all : all.slice(0, 1);
    }),
  );
  const how =
    written !== null
      ? `submit them again with: sbatch --array=${array} ${quoted(arrayPath(file))}`
      : /^\d+$/.test(array)
        ? `finish them with: ${study} --shard ${array}/${count}`
        : `finish them with: ${study} --shard i/${count}, each of them for i, or all in one process with: ${study}`;
  return `${missing}. Of ${count} shards these have some: ${array}; ${how}`;
}

/** Whether shards beside the one that has the checkpoint can sample points of it. */
function isShared({ only }: StudyFile, unfinished: Unfinished | null): boolean {
  if (unfinished !== null) {
    return missingPoints(unfinished) > 0 && unfinished.points >= MIN_SHARED_POINTS;
  }
  return only === undefined || only.includes('landscape') || only.includes('topology');
}

function defaultShards({ tasks }: StudyPlan): number {
  return Math.min(tasks.length, MAX_SHARDS);
}

/** Writes the scripts and hands them to Slurm, the merge behind the array. */
async function submit(
  file: StudyFile,
  plan: StudyPlan,
  flags: StudyFlags,
  out: readonly string[],
): Promise<number> {
  const shards = flags.shards ?? defaultShards(plan);
  const {
    array,
    merge: merging,
    logs,
  } = slurmScripts(file, {
    shards,
    command: [process.execPath, resolve(process.argv[1]!)],
    out: out.length > 0 ? out : [join(file.folder, `${file.name}.html`)],
  });
  await mkdir(logs, { recursive: true });
  for (const { path, text } of [array, merging]) await writeWhole(path, text);
  const first = sbatch(['--parsable', array.path]);
  const second = sbatch([
    '--parsable',
    `--dependency=afterany:${first}`,
    '--kill-on-invalid-dep=yes',
    merging.path,
  ]);
  if (flags.json === true)
    await sayJson({ array: first, merge: second, shards, script: array.path });
  else {
    print(
      `Array ${first}: ${shards} shards of ${plan.tasks.length} checkpoints; then job ${second} merges them. Scripts: ${array.path}, ${merging.path}`,
    );
  }
  return ExitStatus.done;
}

/** @returns the job's number. @throws InputError with what Slurm says. */
function sbatch(args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync('sbatch', [...args], { encoding: 'utf8' });
  if (error !== undefined) {
    throw new InputError(
      say`sbatch cannot be started (${error.message}); the script is written, submit it where Slurm is: sbatch ${args.at(-1)!}`,
      'missing',
    );
  }
  if (status !== 0) {
    throw new InputError(
      say`Slurm does not take ${args.at(-1)!}: ${stderr.trim()}; correct "slurm" in the study's file, or the script.`,
    );
  }
  // The job's number, and a cluster's name behind a semicolon.
  return stdout.trim().split(';')[0]!;
}

/** The tables, or the document as JSON, and the files that are asked for. */
async function tell(
  document: StudyDocument,
  collected: readonly Collected[],
  flags: StudyFlags,
  out: readonly string[],
): Promise<void> {
  for (const path of out) {
    switch (extname(path).toLowerCase()) {
      case '.html':
        await writeStudyPage(collected, __dirname, path);
        break;
      case '.md':
        await writeWhole(path, studyMarkdown(document));
        break;
      case '.csv':
        await writeWhole(path, studyCsv(document));
        break;
      default:
        await writeWhole(path, `${JSON.stringify(document)}\n`);
    }
  }
  if (flags.json === true) {
    await sayJson(document);
    return;
  }
  for (const { title, header, rows } of studyTables(document)) {
    print(`\n${title}\n${table(header, rows)}`);
  }
  for (const note of document.notes) complain(`Note: ${note}`);
  for (const path of out) print(`\n${path} is written.`);
}
