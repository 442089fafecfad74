import {
  createMessageConnection,
  ResponseError,
  type CancellationToken,
} from 'vscode-jsonrpc/node';
import { Socket } from 'node:net';
import { resolve } from 'node:path';
import packageJson from '../../../package.json';
import { FrameReader, FrameWriter } from '../../channel/frameStreams';
import {
  ANSWERS,
  CANCELLED_CODE,
  INPUT_ERROR_CODE,
  LOW_PRIORITY,
  type AnalyzeParams,
  type AnalyzeResult,
  type AnswerOf,
  type InterpolateParams,
  type Notifications,
  type ParamsOf,
  type Requests,
  type TensorStatisticsOutcome,
  type WeightsOutcome,
} from '../../shared/engineProtocol';
import type { Interpolation } from '../../shared/comparison';
import { InputError } from '../../shared/inputError';
import { parseMemorySize } from '../../shared/memorySize';
import { DEFAULT_RUNTIME } from '../../shared/runtimeSetting';
import { untilAborted } from '../aborted';
import { diffFiles } from '../checkpoint/diff';
import { inspect } from '../checkpoint/inspect';
import { listTensors } from '../checkpoint/tensors';
import { initRun } from '../init/initRun';
import { chooseRuntime, isSameRuntime } from '../runtime/chooseRuntime';
import { examineMachine } from '../runtime/machine';
import { compare } from '../study/results/compare';
import { runJob } from '../study/job';
import { lossBetween } from '../study/landscapes/lossBetween';
import { fileChoices } from '../study/configuration/fileChoices';
import { runState } from '../study/configuration/runState';
import { readStudy } from '../study/configuration/study';
import { defaultMemoryLimit } from '../study/pool/machineMemory';
import { WorkerPool } from '../study/pool/workerPool';
import { writeReport } from '../study/results/writeReport';
import { measureRun } from '../weights/measureRun';
import { measureTensors } from '../weights/measureTensors';
import { lowerPriority } from './priority';
import { Turns } from './turns';

/**
 * The engine process: answers the extension host on the pipe the host made for it. What libraries
 * print is on others.
 */
if (process.argv.includes(LOW_PRIORITY)) lowerPriority();
const answers = new Socket({ fd: ANSWERS, readable: false, writable: true });
const reader = new FrameReader(process.stdin);
const connection = createMessageConnection(reader, new FrameWriter(answers));

let pool: WorkerPool | undefined;
/** Each uses every core. */
const turns = new Turns();
/** Requests that have not been answered. */
let working = 0;

/**
 * Answers a request. The signal is given when the request is cancelled: what waits or only reads
 * ends at once, and what computes as soon as its workers are told.
 */
type Handler<Name extends keyof Requests> = (
  params: ParamsOf<Name>,
  signal: AbortSignal,
) => AnswerOf<Name> | Promise<AnswerOf<Name>>;

const handlers: { readonly [Name in keyof Requests]: Handler<Name> } = {
  'basin/inspect': ({ path }, signal) => untilAborted(inspect(path), signal),
  'basin/init': ({ folder }, signal) => untilAborted(initRun(folder, __dirname, signal), signal),
  'basin/runState': ({ configuration }, signal) =>
    untilAborted(runState(configuration, signal), signal),
  'basin/fileChoices': ({ configuration, text }, signal) =>
    untilAborted(fileChoices(configuration, text, signal), signal),
  'basin/tensors': ({ path }, signal) => untilAborted(listTensors(path), signal),
  'basin/tensorStatistics': async ({ job, path, indices, ...run }, signal) => {
    const onOutcome = (outcome: TensorStatisticsOutcome) => {
      tell('basin/tensorStatisticsDone', { job, outcome });
    };
    const measured = measureTensors(path, indices, { ...run, signal, onOutcome });
    await untilAborted(measured, signal);
    return null;
  },
  'basin/weights': async ({ job, paths }, signal) => {
    const onOutcome = (outcome: WeightsOutcome) => {
      tell('basin/weightsDone', { job, outcome });
    };
    await untilAborted(measureRun(paths, { signal, onOutcome }), signal);
    return null;
  },
  'basin/analyze': (params, signal) => turns.run(() => analyze(params, signal), signal),
  'basin/interpolate': (params, signal) => turns.run(() => interpolate(params, signal), signal),
  'basin/compare': ({ first, second, firstResult, secondResult }, signal) =>
    untilAborted(
      compare(first, second, { first: firstResult, second: secondResult }, signal),
      signal,
    ),
  'basin/diff': ({ first, second }, signal) =>
    untilAborted(diffFiles(first, second, signal), signal),
  'basin/report': async (params, signal) => {
    const written = writeReport({ ...params, assets: __dirname }, signal);
    const { count } = await untilAborted(written, signal);
    return { count };
  },
  'basin/doctor': () => examineMachine(packageJson.version, null, defaultMemoryLimit()),
  // But for this one.
  'basin/ping': () => ({ working: working - 1 }),
};

for (const [name, handler] of Object.entries(handlers)) {
  connection.onRequest(name, (params: unknown, token: CancellationToken) =>
    answer((signal) => handler(params as never, signal), token),
  );
}
// The host is gone: so is the need for an engine.
connection.onClose(() => process.exit(0));
// Whoever writes there is no host of ours.
reader.onError((error) => {
  console.error(`The engine was sent what it cannot read: ${error.message}`);
  process.exit(1);
});
connection.listen();

/** Errors as the protocol has them: what the user can put right has a code of its own. */
async function answer<Answer>(
  work: (signal: AbortSignal) => Answer | Promise<Answer>,
  token: CancellationToken,
): Promise<Answer> {
  const controller = new AbortController();
  const cancelled = token.onCancellationRequested(() => {
    controller.abort();
  });
  working += 1;
  try {
    if (token.isCancellationRequested) controller.abort();
    controller.signal.throwIfAborted();
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) {
      throw new ResponseError(CANCELLED_CODE, 'The request was cancelled.');
    }
    if (error instanceof InputError) {
      throw new ResponseError(INPUT_ERROR_CODE, error.message, error.said);
    }
    throw error;
  } finally {
    working -= 1;
    cancelled.dispose();
  }
}

function tell<Name extends keyof Notifications>(
  ...[name, what]: readonly [Name, Notifications[Name]]
): void {
  void connection.sendNotification(name, what);
}

async function poolFor({
  runtime,
  tensorflowFolder,
}: Pick<AnalyzeParams, 'runtime' | 'tensorflowFolder'>): Promise<WorkerPool> {
  const chosen = chooseRuntime(runtime ?? DEFAULT_RUNTIME, tensorflowFolder ?? null);
  if (pool !== undefined && !isSameRuntime(pool.runtime, chosen)) {
    await pool.close();
    pool = undefined;
  }
  pool ??= new WorkerPool({ runtime: chosen });
  const { memoryLimit = '' } = runtime ?? {};
  pool.memoryLimit =
    memoryLimit.trim() === '' ? null : parseMemorySize(memoryLimit, '"basin.memoryLimit"');
  return pool;
}

async function interpolate(params: InterpolateParams, signal: AbortSignal): Promise<Interpolation> {
  const { job, configuration, from, to, path, stores } = params;
  const study = await readStudy(configuration, stores);
  const workers = await poolFor(params);
  return lossBetween(study, workers, resolve(from), resolve(to), path, {
    signal,
    onProgress: (fraction) => {
      const place = { checkpoint: from, index: 0, count: 1, part: 'landscape' as const };
      tell('basin/progress', { job, ...place, fraction });
    },
  });
}

async function analyze(
  { job, configuration, checkpoints, only, stores, ...runtime }: AnalyzeParams,
  signal: AbortSignal,
): Promise<AnalyzeResult> {
  const study = await readStudy(configuration, stores);
  const workers = await poolFor(runtime);
  const outcomes = await runJob(study, workers, {
    checkpoints: checkpoints?.map((path) => resolve(path)),
    only,
    signal,
    onProgress: (progress) => {
      tell('basin/progress', { job, ...progress });
    },
    onPartial: (checkpoint, document) => {
      tell('basin/partial', { job, checkpoint, document });
    },
  });
  for (const outcome of outcomes) {
    if (outcome.ok || outcome.fault === undefined) continue;
    console.error(outcome.fault.stack);
  }
  return {
    outcomes: outcomes.map((outcome) =>
      outcome.ok
        ? { checkpoint: outcome.checkpoint, ok: true, document: outcome.document }
        : { checkpoint: outcome.checkpoint, ok: false, message: outcome.message },
    ),
  };
}
