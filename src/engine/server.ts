import {
  createMessageConnection,
  ResponseError,
  type CancellationToken,
} from 'vscode-jsonrpc/node';
import { Socket } from 'node:net';
import { resolve } from 'node:path';
import packageJson from '../../package.json';
import { FrameReader, FrameWriter } from '../channel/frameStreams';
import {
  analyzeRequest,
  compareRequest,
  doctorRequest,
  initRequest,
  inspectRequest,
  interpolateRequest,
  partialNotification,
  pingRequest,
  progressNotification,
  reportRequest,
  tensorsRequest,
  tensorStatisticsNotification,
  tensorStatisticsRequest,
} from '../channel/requests';
import {
  ANSWERS,
  INPUT_ERROR_CODE,
  type AnalyzeParams,
  type AnalyzeResult,
  type InterpolateParams,
} from '../shared/engineProtocol';
import type { Interpolation } from '../shared/comparison';
import { InputError } from '../shared/inputError';
import { DEFAULT_RUNTIME } from '../shared/runtimeSetting';
import { inspect } from './checkpoint/inspect';
import { listTensors, measureTensors } from './checkpoint/tensors';
import { initRun } from './init/initRun';
import { chooseRuntime, isSameRuntime } from './runtime/chooseRuntime';
import { examineMachine } from './runtime/machine';
import { compare } from './study/compare';
import { runJob } from './study/job';
import { lossBetween } from './study/lossBetween';
import { readStudy } from './study/study';
import { WorkerPool } from './study/workerPool';
import { writeReport } from './study/writeReport';

/**
 * The engine process: answers the extension host on the pipe the host made for it. What libraries
 * print is on others.
 */
const answers = new Socket({ fd: ANSWERS, readable: false, writable: true });
const reader = new FrameReader(process.stdin);
const connection = createMessageConnection(reader, new FrameWriter(answers));

let pool: WorkerPool | undefined;
/** Analyses run one after the other: each uses every core. */
let last: Promise<unknown> = Promise.resolve();
/** Requests that have not been answered: all that are not answered at once go through `answering`. */
let working = 0;

connection.onRequest(inspectRequest, ({ path }) => answering(() => inspect(path)));
connection.onRequest(initRequest, ({ folder }, token) =>
  cancellable(token, (signal) => answering(() => initRun(folder, __dirname, signal))),
);
connection.onRequest(pingRequest, () => ({ working }));
connection.onRequest(tensorsRequest, ({ path }) => answering(() => listTensors(path)));
connection.onRequest(tensorStatisticsRequest, ({ job, path, indices }, token) =>
  cancellable(token, (signal) =>
    answering(async () => {
      await measureTensors(path, indices, signal, (outcome) => {
        void connection.sendNotification(tensorStatisticsNotification, { job, outcome });
      });
      return null;
    }),
  ),
);
connection.onRequest(compareRequest, ({ first, second, firstResult, secondResult }) =>
  answering(() => compare(first, second, { first: firstResult, second: secondResult })),
);
connection.onRequest(interpolateRequest, (params, token) =>
  answering(() => inTurn(() => cancellable(token, (signal) => interpolate(params, signal)))),
);
connection.onRequest(reportRequest, (params) =>
  answering(async () => ({ count: await writeReport({ ...params, assets: __dirname }) })),
);
connection.onRequest(doctorRequest, () => examineMachine(packageJson.version));
connection.onRequest(analyzeRequest, (params, token) =>
  answering(() => inTurn(() => cancellable(token, (signal) => analyze(params, signal)))),
);
// The host is gone: so is the need for an engine.
connection.onClose(() => process.exit(0));
// Whoever writes there is no host of ours.
reader.onError((error) => {
  console.error(`The engine was sent what it cannot read: ${error.message}`);
  process.exit(1);
});
connection.listen();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work);
  last = result.catch(() => undefined);
  return result;
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
  return (pool ??= new WorkerPool({ runtime: chosen }));
}

async function interpolate(params: InterpolateParams, signal: AbortSignal): Promise<Interpolation> {
  const { job, configuration, from, to, path, stores } = params;
  const study = await readStudy(configuration, stores);
  const workers = await poolFor(params);
  return lossBetween(study, workers, resolve(from), resolve(to), path, {
    signal,
    onProgress: (fraction) => {
      const place = { checkpoint: from, index: 0, count: 1, part: 'landscape' as const };
      void connection.sendNotification(progressNotification, { job, ...place, fraction });
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
      void connection.sendNotification(progressNotification, { job, ...progress });
    },
    onPartial: (checkpoint, document) => {
      void connection.sendNotification(partialNotification, { job, checkpoint, document });
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

/** Runs `work` with a signal that is given when the token is. */
async function cancellable<T>(
  token: CancellationToken,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const cancelled = token.onCancellationRequested(() => {
    controller.abort();
  });
  if (token.isCancellationRequested) controller.abort();
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) {
      throw new ResponseError(REQUEST_CANCELLED, 'The request was cancelled.');
    }
    throw error;
  } finally {
    cancelled.dispose();
  }
}

/** The language server protocol's code for a request that was cancelled. */
const REQUEST_CANCELLED = -32800;

/** Errors as the protocol has them: what the user can put right has a code of its own. */
async function answering<T>(work: () => Promise<T>): Promise<T> {
  working += 1;
  try {
    return await work();
  } catch (error) {
    if (error instanceof InputError) throw new ResponseError(INPUT_ERROR_CODE, error.message);
    throw error;
  } finally {
    working -= 1;
  }
}
