import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  ResponseError,
  type CancellationToken,
} from 'vscode-jsonrpc/node';
import { resolve } from 'node:path';
import packageJson from '../../package.json';
import {
  ANALYZE,
  DOCTOR,
  INPUT_ERROR_CODE,
  INSPECT,
  PARTIAL,
  PROGRESS,
  type AnalyzeParams,
  type AnalyzeResult,
  type DoctorReport,
  type Inspection,
  type InspectParams,
  type PartialDocument,
  type Progress,
} from '../shared/engineProtocol';
import { InputError } from '../shared/inputError';
import { inspect } from './checkpoint/inspect';
import { defaultRuntime, examineMachine } from './runtime/machine';
import { runJob } from './study/job';
import { readStudy } from './study/study';
import { WorkerPool } from './study/workerPool';

/** The engine process: answers the extension host over the channel it was forked with. */
const connection = createMessageConnection(
  new IPCMessageReader(process),
  new IPCMessageWriter(process),
);

let pool: WorkerPool | undefined;
/** Analyses run one after the other: each uses every core. */
let last: Promise<unknown> = Promise.resolve();

connection.onRequest(INSPECT, ({ path }: InspectParams) =>
  answering<Inspection>(() => inspect(path)),
);
connection.onRequest(DOCTOR, (): DoctorReport => examineMachine(packageJson.version));
connection.onRequest(ANALYZE, (params: AnalyzeParams, token: CancellationToken) => {
  const result = last.then(() => answering(() => analyze(params, token)));
  last = result.catch(() => undefined);
  return result;
});
// The host is gone: so is the need for an engine.
connection.onClose(() => process.exit(0));
process.on('disconnect', () => process.exit(0));
connection.listen();

async function analyze(
  { job, configuration, checkpoints, only }: AnalyzeParams,
  token: CancellationToken,
): Promise<AnalyzeResult> {
  const controller = new AbortController();
  const cancelled = token.onCancellationRequested(() => {
    controller.abort();
  });
  if (token.isCancellationRequested) controller.abort();
  try {
    const runtime = defaultRuntime();
    const study = await readStudy(configuration);
    pool ??= new WorkerPool();
    const outcomes = await runJob(study, pool, runtime, {
      checkpoints: checkpoints?.map((path) => resolve(path)),
      only,
      signal: controller.signal,
      onProgress: (progress) => {
        void connection.sendNotification(PROGRESS, { job, ...progress } satisfies Progress);
      },
      onPartial: (checkpoint, document) => {
        void connection.sendNotification(PARTIAL, {
          job,
          checkpoint,
          document,
        } satisfies PartialDocument);
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
  } catch (error) {
    if (controller.signal.aborted) {
      throw new ResponseError(REQUEST_CANCELLED, 'The analysis was cancelled.');
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
  try {
    return await work();
  } catch (error) {
    if (error instanceof InputError) throw new ResponseError(INPUT_ERROR_CODE, error.message);
    throw error;
  }
}
