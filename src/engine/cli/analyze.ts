import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../../shared/inputError';
import { fromScalar, RESULT_SUFFIX, type Part, type ResultDocument } from '../../shared/result';
import { defaultRuntime } from '../runtime/machine';
import { writeWhole } from '../study/cache';
import { runJob, type JobOutcome } from '../study/job';
import { findConfigurations, nameInStudy, readStudy, type Study } from '../study/study';
import { WorkerPool } from '../study/workerPool';
import { ExitStatus } from './exitStatus';
import { figure, percent } from './numbers';
import { ProgressBar } from './progressBar';
import { line } from './table';

export interface AnalyzeFlags {
  readonly checkpoint?: readonly string[];
  readonly only?: readonly Part[];
  readonly out?: string;
  readonly json?: boolean;
  readonly workers?: number;
}

/** Analyses all that a path stands for, a line of a table for each checkpoint as it is done. */
export async function analyzeCommand(
  path: string,
  flags: AnalyzeFlags,
  signal: AbortSignal,
): Promise<number> {
  const runtime = defaultRuntime();
  const selection = await select(path, flags.checkpoint);
  const isOne =
    selection.length === 1 &&
    (selection[0]!.checkpoints ?? selection[0]!.study.checkpoints).length === 1;
  const pool = new WorkerPool(flags.workers === undefined ? {} : { size: flags.workers });
  const bar = new ProgressBar();
  const results: Result[] = [];
  let status: number = ExitStatus.done;
  const fail = (message: string, fault?: Error): void => {
    bar.clear();
    console.error(fault?.stack ?? message);
    status = Math.max(status, fault === undefined ? ExitStatus.input : ExitStatus.fault);
  };
  const note = flags.json === true ? () => undefined : print;
  try {
    for (const [number, { study, checkpoints }] of selection.entries()) {
      if (number > 0) note('');
      note(study.folder === process.cwd() ? study.path : study.folder);
      note(line(HEADER, WIDTHS, 'right'));
      try {
        await runJob(study, pool, runtime, {
          checkpoints,
          only: flags.only,
          signal,
          onProgress: (progress) => {
            bar.update(progress, nameInStudy(study, progress.checkpoint));
          },
          onOutcome: (outcome: JobOutcome) => {
            bar.clear();
            if (!outcome.ok) {
              fail(outcome.message, outcome.fault);
              return;
            }
            results.push({ study, document: outcome.document });
            note(line(row(outcome.document), WIDTHS, 'right'));
          },
        });
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        fail(error.message);
      }
    }
  } finally {
    bar.clear();
    await pool.close();
  }
  if (flags.out !== undefined) await writeDocuments(flags.out, results);
  if (flags.json === true) {
    const documents = results.map(({ document }) => document);
    console.log(JSON.stringify(isOne ? (documents[0] ?? null) : documents));
  }
  return status;
}

interface Selected {
  readonly study: Study;
  /** All if undefined. */
  readonly checkpoints: readonly string[] | undefined;
}

interface Result {
  readonly study: Study;
  readonly document: ResultDocument;
}

/** The studies of a path and which of their checkpoints are asked for. */
async function select(
  path: string,
  wanted: readonly string[] | undefined,
): Promise<readonly Selected[]> {
  const isCheckpoint =
    existsSync(path) && statSync(path).isFile() && !/\.jsonc?$/.test(basename(path));
  const configurations = isCheckpoint ? [governing(path)] : await findConfigurations(path);
  const studies = await Promise.all(configurations.map(readStudy));
  const asked = isCheckpoint ? [path] : wanted;
  if (asked === undefined) return studies.map((study) => ({ study, checkpoints: undefined }));

  const bases = [process.cwd(), ...studies.map(({ folder }) => folder)];
  const chosen = new Map<Study, string[]>();
  for (const name of asked) {
    const candidates = bases.map((base) => resolve(base, name));
    const study = studies.find(({ checkpoints }) =>
      candidates.some((file) => checkpoints.includes(file)),
    );
    const file = candidates.find((candidate) => study?.checkpoints.includes(candidate) === true);
    if (study === undefined || file === undefined) {
      throw new InputError(
        `${name} is no checkpoint of ${configurations.join(', ')}; name a file that its "checkpoints" match.`,
        'missing',
      );
    }
    chosen.set(study, [...(chosen.get(study) ?? []), file]);
  }
  return [...chosen].map(([study, checkpoints]) => ({ study, checkpoints }));
}

/** The basin.json of a checkpoint: beside it or above. */
function governing(checkpoint: string): string {
  let folder = dirname(resolve(checkpoint));
  for (;;) {
    const candidate = join(folder, 'basin.json');
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder) break;
    folder = dirname(folder);
  }
  throw new InputError(
    `${checkpoint} has no basin.json beside or above it, which says which graph and data belong to it; write one.`,
    'missing',
  );
}

async function writeDocuments(folder: string, results: readonly Result[]): Promise<void> {
  const several = new Set(results.map(({ study }) => study)).size > 1;
  for (const { study, document } of results) {
    const name = document.checkpoint.path.replaceAll('../', '_up/') + RESULT_SUFFIX;
    const file = join(folder, several ? basename(study.folder) : '', name);
    await writeWhole(file, `${JSON.stringify(document)}\n`);
  }
}

const HEADER = [
  'checkpoint',
  'loss',
  'accuracy',
  'λmax',
  'trace',
  '± s.e.',
  'saddles',
  'avg. pers.',
];
const WIDTHS = [22, 9, 9, 9, 9, 8, 7, 10];

function row({ checkpoint, metrics, hessian, topology }: ResultDocument): readonly string[] {
  const none = '–';
  return [
    checkpoint.path,
    metrics === undefined ? none : figure(fromScalar(metrics.loss)),
    metrics?.accuracy === undefined ? none : percent(metrics.accuracy),
    hessian === undefined ? none : figure(hessian.eigenvalues[0]!.value),
    hessian === undefined ? none : figure(hessian.trace.value),
    hessian === undefined ? none : figure(hessian.trace.standardError, 2),
    topology === undefined ? none : String(topology.saddles),
    topology === undefined ? none : figure(topology.summaries.withEssential.mean),
  ];
}

function print(text: string): void {
  console.log(text);
}
