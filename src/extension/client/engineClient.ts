import { spawn, type ChildProcess } from 'node:child_process';
import { access } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import {
  createMessageConnection,
  Emitter,
  ResponseError,
  type CancellationToken,
  type Disposable,
  type MessageConnection,
  type RequestType,
} from 'vscode-jsonrpc/node';
import type { Interpolation } from '../../shared/comparison';
import {
  ANSWERS,
  INPUT_ERROR_CODE,
  type AnalyzeParams,
  type AnalyzeResult,
  type CompareParams,
  type CompareResult,
  type DoctorReport,
  type InitParams,
  type InitResult,
  type InspectParams,
  type InterpolateParams,
  type Inspection,
  type PartialDocument,
  type Progress,
  type ReportParams,
  type ReportResult,
  type TensorListing,
  type TensorsParams,
  type TensorStatisticsDone,
  type TensorStatisticsParams,
} from '../../shared/engineProtocol';
import { BackOff } from './backOff';
import { FrameReader, FrameWriter } from '../../channel/frameStreams';
import { EngineError } from './engineError';
import { Heartbeat, type Verdict } from './heartbeat';
import type { Log } from '../log';
import { onLines } from './outputLines';
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
} from '../../channel/requests';

export interface EngineOptions {
  /** The engine's script, absolute. */
  readonly script: string;
  /** Minutes without a request after which the process is stopped; 0 keeps it. */
  readonly idleMinutes: () => number;
  /** Seconds without a sign of life after which a working engine is ended; 0: never. */
  readonly silentSeconds?: () => number;
  /** Milliseconds the engine has to answer a cancelled request before it is ended. */
  readonly cancelGrace?: number;
  readonly backOff?: BackOff;
}

interface Engine {
  readonly process: ChildProcess;
  readonly connection: MessageConnection;
  /** Rejects, with the reason for the user, when the process has ended. */
  readonly gone: Promise<never>;
  /** Requests it was sent and has not answered. */
  readonly waiting: Set<object>;
  /** Whether Basin itself ended it. */
  stopping: boolean;
}

/**
 * The engine's process as the host sees it: started by the first request, stopped when idle,
 * started again after a crash by the next request.
 *
 * A request never hangs: when the process ends, whatever waits for it is rejected with an
 * `EngineError` whose message can be shown.
 */
export class EngineClient implements Disposable {
  private engine: Engine | undefined;
  private starting: Promise<Engine> | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  private pending = 0;
  private disposed = false;
  private readonly backOff: BackOff;
  private readonly cancelGrace: number;

  private readonly progressEmitter = new Emitter<Progress>();
  readonly onProgress = this.progressEmitter.event;
  private readonly partialEmitter = new Emitter<PartialDocument>();
  readonly onPartial = this.partialEmitter.event;

  private readonly tensorStatisticsEmitter = new Emitter<TensorStatisticsDone>();
  readonly onTensorStatistics = this.tensorStatisticsEmitter.event;

  constructor(
    private readonly options: EngineOptions,
    private readonly log: Log,
  ) {
    this.backOff = options.backOff ?? new BackOff();
    this.cancelGrace = options.cancelGrace ?? 10_000;
  }

  /** Process id of the running engine. */
  get pid(): number | undefined {
    return this.engine?.process.pid;
  }

  /** @throws EngineError */
  inspect(params: InspectParams, token: CancellationToken): Promise<Inspection> {
    return this.request(inspectRequest, params, token);
  }

  /** @throws EngineError */
  init(params: InitParams, token: CancellationToken): Promise<InitResult> {
    return this.request(initRequest, params, token);
  }

  /** @throws EngineError */
  tensors(params: TensorsParams, token: CancellationToken): Promise<TensorListing> {
    return this.request(tensorsRequest, params, token);
  }

  /** Each is told by `onTensorStatistics` as it is done. @throws EngineError */
  async measureTensors(params: TensorStatisticsParams, token: CancellationToken): Promise<void> {
    await this.request(tensorStatisticsRequest, params, token);
  }

  /** @throws EngineError */
  analyze(params: AnalyzeParams, token: CancellationToken): Promise<AnalyzeResult> {
    return this.request(analyzeRequest, params, token);
  }

  /** @throws EngineError */
  compare(params: CompareParams, token: CancellationToken): Promise<CompareResult> {
    return this.request(compareRequest, params, token);
  }

  /** How far it is is told by `onProgress`. @throws EngineError */
  interpolate(params: InterpolateParams, token: CancellationToken): Promise<Interpolation> {
    return this.request(interpolateRequest, params, token);
  }

  /** @throws EngineError */
  report(params: ReportParams, token: CancellationToken): Promise<ReportResult> {
    return this.request(reportRequest, params, token);
  }

  /** @throws EngineError */
  doctor(token: CancellationToken): Promise<DoctorReport> {
    return this.request(doctorRequest, null, token);
  }

  /** Ends the process, if there is one; the next request starts another. */
  stop(): void {
    clearTimeout(this.idleTimer);
    if (this.engine !== undefined) this.end(this.engine);
  }

  dispose(): void {
    this.disposed = true;
    this.stop();
    this.progressEmitter.dispose();
    this.partialEmitter.dispose();
    this.tensorStatisticsEmitter.dispose();
  }

  private async request<P, R>(
    type: RequestType<P, R, void>,
    params: P,
    token: CancellationToken,
  ): Promise<R> {
    this.pending++;
    clearTimeout(this.idleTimer);
    try {
      const engine = await this.running();
      if (token.isCancellationRequested) throw new EngineError('Cancelled.', 'cancelled');
      const grace = this.endIfDeafTo(token, engine);
      const waiting = {};
      engine.waiting.add(waiting);
      try {
        const result = await Promise.race([
          engine.connection.sendRequest(type, params, token),
          engine.gone,
        ]);
        this.backOff.succeeded();
        return result;
      } finally {
        engine.waiting.delete(waiting);
        grace.dispose();
      }
    } catch (error) {
      throw this.explain(error, token);
    } finally {
      this.pending--;
      this.stopWhenIdle();
    }
  }

  /** A computation that does not yield hears no cancellation: after the grace it is ended. */
  private endIfDeafTo(token: CancellationToken, engine: Engine): Disposable {
    let timer: NodeJS.Timeout | undefined;
    const listener = token.onCancellationRequested(() => {
      timer = setTimeout(() => {
        this.log.warn(
          `The engine did not answer a cancellation within ${this.cancelGrace / 1000} s: ended.`,
        );
        this.end(engine);
        engine.process.kill('SIGKILL');
      }, this.cancelGrace);
    });
    return {
      dispose: () => {
        clearTimeout(timer);
        listener.dispose();
      },
    };
  }

  private explain(error: unknown, token: CancellationToken): EngineError {
    if (token.isCancellationRequested) return new EngineError('Cancelled.', 'cancelled');
    if (error instanceof EngineError) return error;
    if (error instanceof ResponseError && error.code === INPUT_ERROR_CODE) {
      return new EngineError(error.message, 'input');
    }
    const message = error instanceof Error ? error.message : String(error);
    this.log.error(`A request to the engine failed: ${message}`);
    return new EngineError(`Basin's engine failed: ${message}`, 'fault');
  }

  /** The running engine; starts one where there is none. */
  private async running(): Promise<Engine> {
    if (this.engine !== undefined) return this.engine;
    this.starting ??= this.start().finally(() => (this.starting = undefined));
    return this.starting;
  }

  private async start(): Promise<Engine> {
    const wait = this.backOff.remaining();
    if (wait > 0) {
      this.log.info(`The engine ended unexpectedly several times: starting it in ${wait} ms.`);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    const { script } = this.options;
    try {
      await access(script);
    } catch {
      throw new EngineError(
        `Basin's engine is missing: ${script} does not exist. Install the extension again.`,
        'start',
      );
    }
    if (this.disposed) throw new EngineError('Basin is shutting down.', 'gone');
    const engine = this.launch(script);
    this.engine = engine;
    return engine;
  }

  private launch(script: string): Engine {
    // VS Code's own executable is a Node when it is told so: nothing has to be installed.
    const environment: NodeJS.ProcessEnv = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
    delete environment.NODE_OPTIONS;
    // The last one is where it answers.
    const child = spawn(process.execPath, [script], {
      env: environment,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    this.log.info(`Engine started, process ${child.pid ?? '?'}.`);
    this.logLines(child);

    const reader = new FrameReader(child.stdio[ANSWERS] as Readable);
    const connection = createMessageConnection(reader, new FrameWriter(child.stdin), {
      error: (m) => {
        this.log.error(m);
      },
      warn: (m) => {
        this.log.warn(m);
      },
      info: (m) => {
        this.log.info(m);
      },
      log: (m) => {
        this.log.debug(m);
      },
    });
    connection.onNotification(progressNotification, (progress) => {
      this.progressEmitter.fire(progress);
    });
    connection.onNotification(partialNotification, (partial) => {
      this.partialEmitter.fire(partial);
    });
    connection.onNotification(tensorStatisticsNotification, (done) => {
      this.tensorStatisticsEmitter.fire(done);
    });
    // Losing the channel is told by the end of the process, with its reason.
    connection.onError(([error]) => {
      this.log.debug(`Engine channel: ${error.message}`);
    });
    connection.listen();

    let reject: (reason: EngineError) => void = () => undefined;
    const gone = new Promise<never>((_, no) => (reject = no));
    gone.catch(() => undefined);
    const engine: Engine = {
      process: child,
      connection,
      gone,
      waiting: new Set(),
      stopping: false,
    };
    const heartbeat = new Heartbeat(
      { ping: () => connection.sendRequest(pingRequest), waiting: engine.waiting },
      {
        limit: this.options.silentSeconds ?? (() => 60),
        onVerdict: (verdict) => {
          // Nobody waits for its end: one that hangs in the system may take its time to die.
          ended(describeVerdict(verdict), 'gone');
          child.kill('SIGKILL');
        },
      },
    );

    // Whatever comes after it cannot be read either.
    reader.onError(() => {
      ended(describeVerdict({ kind: 'lost' }), 'gone');
      child.kill('SIGKILL');
    });

    let over = false;
    const ended = (sentence: string, reason: 'gone' | 'start'): void => {
      if (over) return;
      over = true;
      heartbeat.dispose();
      if (this.engine === engine) this.engine = undefined;
      if (!engine.stopping) {
        this.backOff.failed();
        this.log.error(sentence);
      }
      reject(new EngineError(sentence, reason));
      connection.dispose();
    };
    child.on('error', (error) => {
      ended(`Basin's engine could not be started: ${error.message}.`, 'start');
    });
    child.once('exit', (code, signal) => {
      const how = signal ?? `exit status ${code ?? '?'}`;
      if (engine.stopping) this.log.info(`Engine stopped (${how}).`);
      ended(
        engine.stopping
          ? 'Basin’s engine was stopped.'
          : `Basin's engine ended unexpectedly (${how}). The next analysis starts it again; finished parts are kept.`,
        'gone',
      );
    });
    return engine;
  }

  /** What the engine prints goes to the log. */
  private logLines(child: ChildProcess): void {
    if (child.stdout) {
      onLines(child.stdout, (line) => {
        this.log.debug(`engine: ${line}`);
      });
    }
    if (child.stderr) {
      onLines(child.stderr, (line) => {
        this.log.warn(`engine: ${line}`);
      });
    }
  }

  /** Asks the process to end, and ends it when it does not. */
  private end(engine: Engine): void {
    engine.stopping = true;
    if (this.engine === engine) this.engine = undefined;
    engine.process.stdin?.end();
    const force = setTimeout(() => engine.process.kill('SIGKILL'), 2000);
    engine.process.once('exit', () => {
      clearTimeout(force);
    });
    engine.process.kill('SIGTERM');
  }

  private stopWhenIdle(): void {
    clearTimeout(this.idleTimer);
    const minutes = this.options.idleMinutes();
    if (this.pending > 0 || minutes <= 0 || this.disposed) return;
    this.idleTimer = setTimeout(() => {
      if (this.engine === undefined) return;
      this.log.info(`Engine idle for ${minutes} min: stopping it.`);
      this.stop();
    }, minutes * 60_000);
    this.idleTimer.unref();
  }
}

function describeVerdict(verdict: Verdict): string {
  const after = 'The next analysis starts it again; finished parts are kept.';
  return verdict.kind === 'silent'
    ? `Basin's engine did not answer for ${verdict.seconds} s and was ended. ${after}`
    : `An answer of Basin's engine was lost, and it was ended. ${after}`;
}
