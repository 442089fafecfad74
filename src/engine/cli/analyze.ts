import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import { InputError } from '../../shared/inputError';
import {
  RESULT_SUFFIX,
  type Part,
  type ProbeAgreement,
  type ResultDocument,
} from '../../shared/result';
import { chooseRuntime } from '../runtime/chooseRuntime';
import { DEFAULT_RUNTIME, type Precision, type RuntimeSetting } from '../../shared/runtimeSetting';
import { writeWhole } from '../study/results/cache';
import { runJob, type JobOutcome } from '../study/job';
import { holdsConfiguration } from '../study/configuration/graphSource';
import {
  findConfigurations,
  nameInStudy,
  readStudy,
  type Study,
} from '../study/configuration/study';
import { ExitStatus } from './exitStatus';
import { governing, governingOf } from '../study/configuration/governing';
import { ProgressBar } from './progressBar';
import { lastLine, legendOf, ResultTable, type Measure } from './resultTable';
import { english, say } from '../../shared/words/message';
import { isBelow } from '../../shared/pathNames';
import { complain, printPart, sayJson } from './output';
import { openWorkers, type WorkerFlags } from './workerFlags';

export interface AnalyzeFlags extends WorkerFlags {
  readonly checkpoint?: readonly string[];
  readonly only?: readonly Part[];
  readonly out?: string;
  readonly json?: boolean;
  readonly runtime?: RuntimeSetting['runtime'];
  readonly provider?: string;
  readonly precision?: Precision;
  /** A folder whose TensorFlow.js may be run. */
  readonly tensorflow?: string;
}

/** Analyses all that a path stands for, a line of a table for each checkpoint as it is done. */
export async function analyzeCommand(
  path: string,
  flags: AnalyzeFlags,
  signal: AbortSignal,
): Promise<number> {
  const started = performance.now();
  const setting: RuntimeSetting = {
    runtime: flags.runtime ?? DEFAULT_RUNTIME.runtime,
    provider: flags.provider ?? DEFAULT_RUNTIME.provider,
    precision: flags.precision ?? DEFAULT_RUNTIME.precision,
  };
  const folder = flags.tensorflow === undefined ? null : resolve(flags.tensorflow);
  const runtime = chooseRuntime(setting, folder);
  const selection = await select(path, flags.checkpoint);
  const isOne =
    selection.length === 1 &&
    (selection[0]!.checkpoints ?? selection[0]!.study.checkpoints).length === 1;
  const pool = openWorkers(runtime, flags);
  const bar = new ProgressBar();
  // On a terminal the bar is on the line a row would grow on, and shows its first figures.
  const grows = !(process.stdout.isTTY && process.stderr.isTTY);
  const write = (text: string): void => {
    if (flags.json !== true) printPart(text);
  };
  const results: Result[] = [];
  let status: number = ExitStatus.done;
  let table: ResultTable | undefined;
  const fail = (message: string, fault?: Error): void => {
    bar.clear();
    table?.abandon();
    complain(fault?.stack ?? message);
    status = Math.max(status, fault === undefined ? ExitStatus.input : ExitStatus.fault);
  };
  try {
    for (const [number, { study, checkpoints }] of selection.entries()) {
      const names = (checkpoints ?? study.checkpoints).map((path) => nameInStudy(study, path));
      if (number > 0) write('\n');
      write(`${study.folder}\n`);
      const refined = study.configuration.landscape.refine !== false;
      const rows = new ResultTable(
        names,
        measureOf(study),
        refined,
        study.configuration.hessian,
        write,
      );
      table = rows;
      rows.header();
      let known: ResultDocument | undefined;
      try {
        await runJob(study, pool, {
          checkpoints,
          only: flags.only,
          signal,
          onProgress: (progress) => {
            bar.update(progress, nameInStudy(study, progress.checkpoint), known);
          },
          onPartial: (_, document) => {
            known = document;
            if (grows) rows.show(document);
          },
          onOutcome: (outcome: JobOutcome) => {
            bar.clear();
            known = undefined;
            if (!outcome.ok) {
              rows.failed(nameInStudy(study, outcome.checkpoint));
              fail(english(outcome.message), outcome.fault);
              return;
            }
            results.push({ study, document: outcome.document });
            rows.finish(outcome.document);
          },
        });
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        fail(error.message);
      }
      const own = results.filter((result) => result.study === study);
      rows.further();
      const legend = new Set(own.flatMap(({ document }) => legendOf(document)));
      for (const line of legend) write(`${line}\n`);
      const agreement = own[0]?.document.probe;
      if (agreement !== undefined) console.error(agreementLine(agreement));
      const documents = own.map(({ document }) => document);
      for (const line of noteLines(study, documents)) complain(line);
    }
  } finally {
    bar.clear();
    table?.abandon();
    await pool.close();
    if (flags.out !== undefined) await writeDocuments(flags.out, results);
  }
  const asked = selection.flatMap(({ study, checkpoints }) => checkpoints ?? study.checkpoints);
  write(`${lastLine(results.length, asked.length, performance.now() - started)}\n`);
  if (flags.json === true) {
    const documents = results.map(({ document }) => document);
    await sayJson(isOne ? (documents[0] ?? null) : documents);
  }
  return status;
}

/** That the probe was compared, and how well it agrees. */
function agreementLine({ torch, output, loss, gradient }: ProbeAgreement): string {
  const compared = [
    ...(output === null ? [] : ['outputs']),
    ...(loss === null ? [] : ['loss']),
    ...(gradient === null ? [] : ['gradients']),
  ];
  const off = Math.max(output ?? 0, loss ?? 0, gradient ?? 0);
  const whose = torch === null ? 'those of the framework' : `PyTorch ${torch}`;
  return `Probe: ${compared.join(', ')} agree with ${whose} to ${off.toExponential(0)}.`;
}

/** Checkpoints a note is said to be of; the others are counted. */
const MAX_NAMED = 3;

/** Every note once, with the checkpoints it is of where those are not all. */
function noteLines(study: Study, documents: readonly ResultDocument[]): readonly string[] {
  const names = new Map<string, string[]>();
  for (const { notes, checkpoint } of documents) {
    for (const note of new Set(notes)) {
      const of = names.get(note) ?? [];
      of.push(nameInStudy(study, checkpoint.path));
      names.set(note, of);
    }
  }
  return [...names].map(([note, of]) => {
    if (of.length === documents.length) return `Note: ${note}`;
    const more = of.length > MAX_NAMED ? ` and ${of.length - MAX_NAMED} more` : '';
    return `Note (${of.slice(0, MAX_NAMED).join(', ')}${more}): ${note}`;
  });
}

function measureOf({ configuration }: Study): Measure {
  const { kind } = configuration.objective;
  return kind === 'classification' || kind === 'binary' ? 'accuracy' : 'error';
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
  const isFile = existsSync(path) && statSync(path).isFile();
  // The index of shards stands for them.
  const isJson = /(?<!\.index)\.jsonc?$/.test(basename(path));
  const isCheckpoint = isFile && (!isJson || (await holdsConfiguration(path)));
  const configurations = isCheckpoint ? [governing(path)] : await configurationsOf(path);
  const studies = await Promise.all(
    configurations.map((configuration) => readStudy(configuration)),
  );
  const inside = isFile ? undefined : checkpointsOfPart(path, studies);
  const asked = isCheckpoint ? [path] : (wanted ?? inside);
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
        say`${name} is no checkpoint of ${configurations.join(', ')}; name a file that its "checkpoints" match.`,
        'missing',
      );
    }
    chosen.set(study, [...(chosen.get(study) ?? []), file]);
  }
  return [...chosen].map(([study, checkpoints]) => ({ study, checkpoints }));
}

/** Those in a folder or below it; of a folder that is a part of a run, the one above it. */
async function configurationsOf(path: string): Promise<readonly string[]> {
  try {
    return await findConfigurations(path);
  } catch (error) {
    const above = governingOf(resolve(path));
    if (above === null || !existsSync(path)) throw error;
    return [above];
  }
}

/** Of a folder below a basin.json, as checkpoint-500, the checkpoints in it; undefined of others. */
function checkpointsOfPart(path: string, studies: readonly Study[]): string[] | undefined {
  const [only] = studies;
  const folder = resolve(path);
  if (studies.length !== 1 || only === undefined || !isBelow(only.folder, folder, { sep })) {
    return undefined;
  }
  const inside = only.checkpoints.filter((file) => isBelow(folder, file, { sep }));
  if (inside.length > 0) return inside;
  throw new InputError(
    say`${path} holds no checkpoint of ${only.path}; name a folder whose files its "checkpoints" match.`,
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
