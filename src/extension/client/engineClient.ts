import { spawn, type ChildProcess } from 'node:child_process';
import { access } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import {
  createMessageConnection,
  Emitter,
  ResponseError,
  type CancellationToken,
  type Disposable,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import {
  ANSWERS,
  INPUT_ERROR_CODE,
  LOW_PRIORITY,
  type AnswerOf,
  type Notifications,
  type ParamsOf,
  type Pong,
  type Requests,
} from '../../shared/engineProtocol';
import { english, say, type Message } from '../../shared/words/message';
import { BackOff } from './backOff';
import { FrameReader, FrameWriter } from '../../channel/frameStreams';
import { EngineError } from './engineError';
import { Heartbeat, type Verdict } from './heartbeat';
import type { Log } from '../log';
import { onLines } from './outputLines';

export interface EngineOptions {
  /** The engine's script, absolute. */
  readonly script: string;
  /** Minutes without a request after which the process is stopped; 0 keeps it. */
  readonly idleMinutes: () => number;
  /** Seconds without a sign of life after which a working engine is ended; 0: never. */
  readonly silentSeconds?: () => number;
  /** Milliseconds the engine has to answer a cancelled request before nobody waits for it. */
  readonly cancelGrace?: number;
  /** Whether what runs beside it keeps its cores; asked when it is started. */
  readonly lowPriority?: () => boolean;
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

  /** Where each kind of notification is told of. */
  private readonly emitters = new Map<string, Emitter<unknown>>();
  /** Given when the client is disposed of. */
  private readonly shutdown = new AbortController();

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

  /** Tells what the engine says without being asked. */
  onNotification<Name extends keyof Notifications>(
    name: Name,
    listener: (what: Notifications[Name]) => void,
  ): Disposable {
    return this.emitterOf(name).event((what) => {
      listener(what as Notifications[Name]);
    });
  }

  /** Ends the process, if there is one; the next request starts another. */
  stop(): void {
    clearTimeout(this.idleTimer);
    if (this.engine !== undefined) this.end(this.engine);
  }

  dispose(): void {
    this.disposed = true;
    this.shutdown.abort();
    this.stop();
    for (const emitter of this.emitters.values()) emitter.dispose();
  }

  private emitterOf(name: string): Emitter<unknown> {
    let emitter = this.emitters.get(name);
    if (emitter === undefined) this.emitters.set(name, (emitter = new Emitter()));
    return emitter;
  }

  /**
   * Asks the engine, which is started where it does not run.
   *
   * @throws EngineError
   */
  async request<Name extends keyof Requests>(
    name: Name,
    params: ParamsOf<Name>,
    token: CancellationToken,
  ): Promise<AnswerOf<Name>> {
    this.pending++;
    clearTimeout(this.idleTimer);
    const cancelled = cancellationOf(token);
    try {
      // Heard while it waits to be started, too.
      const engine = await Promise.race([this.running(), cancelled.promise]);
      const waiting = {};
      engine.waiting.add(waiting);
      const deaf = this.givingUpOn(token, engine, waiting);
      try {
        const result = await Promise.race([
          engine.connection.sendRequest<AnswerOf<Name>>(name, params, token),
          engine.gone,
          deaf.promise,
        ]);
        this.backOff.succeeded();
        return result;
      } finally {
        engine.waiting.delete(waiting);
        deaf.dispose();
      }
    } catch (error) {
      throw this.explain(error, token);
    } finally {
      cancelled.dispose();
      this.pending--;
      this.stopWhenIdle();
    }
  }

  /**
   * Rejects some time after the token is given: a computation that does not yield hears nothing. The
   * engine is ended only where nobody else waits for it; where somebody does, its silence is found
   * out by the heartbeat.
   */
  private givingUpOn(
    token: CancellationToken,
    engine: Engine,
    own: object,
  ): Disposable & { readonly promise: Promise<never> } {
    let timer: NodeJS.Timeout | undefined;
    const { promise, reject } = rejectable();
    const listener = token.onCancellationRequested(() => {
      timer = setTimeout(() => {
        const others = [...engine.waiting].some((each) => each !== own);
        this.log.warn(
          `The engine did not answer a cancellation within ${this.cancelGrace / 1000} s: ${others ? 'it goes on for others' : 'ended'}.`,
        );
        if (!others) {
          this.end(engine);
          engine.process.kill('SIGKILL');
        }
        reject(cancellation());
      }, this.cancelGrace);
    });
    return {
      promise,
      dispose: () => {
        clearTimeout(timer);
        listener.dispose();
      },
    };
  }

  private explain(error: unknown, token: CancellationToken): EngineError {
    if (token.isCancellationRequested) return cancellation();
    if (error instanceof EngineError) return error;
    if (error instanceof ResponseError && error.code === INPUT_ERROR_CODE) {
      return new EngineError((error.data as Message | undefined) ?? error.message, 'input');
    }
    const message = error instanceof Error ? error.message : String(error);
    this.log.error(`A request to the engine failed: ${message}`);
    return new EngineError(say`Basin's engine failed: ${message}`, 'fault');
  }

  /** The running engine; starts one where there is none. */
  private async running(): Promise<Engine> {
    if (this.engine !== undefined) return this.engine;
    if (this.starting === undefined) {
      this.starting = this.start().finally(() => (this.starting = undefined));
      // Whoever asked for it may have been cancelled meanwhile.
      this.starting.catch(() => undefined);
    }
    return this.starting;
  }

  private async start(): Promise<Engine> {
    const wait = this.backOff.remaining();
    if (wait > 0) {
      this.log.info(`The engine ended unexpectedly several times: starting it in ${wait} ms.`);
      await pause(wait, undefined, { signal: this.shutdown.signal }).catch(() => undefined);
      // All who asked were cancelled: the next one starts it.
      if (this.pending === 0) throw cancellation();
    }
    const { script } = this.options;
    try {
      await access(script);
    } catch {
      throw new EngineError(
        say`Basin's engine is missing: ${script} does not exist. Install the extension again.`,
        'start',
      );
    }
    if (this.disposed) throw new EngineError(say`Basin is shutting down.`, 'gone');
    const engine = this.launch(script);
    this.engine = engine;
    return engine;
  }

  private launch(script: string): Engine {
    // VS Code's own executable is a Node when it is told so: nothing has to be installed.
    const environment: NodeJS.ProcessEnv = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
    delete environment.NODE_OPTIONS;
    // The last one is where it answers.
    const low = this.options.lowPriority?.() === true;
    const child = spawn(process.execPath, [script, ...(low ? [LOW_PRIORITY] : [])], {
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
    connection.onNotification((name, what) => {
      this.emitterOf(name).fire(what);
    });
    // Losing the channel is told by the end of the process, with its reason.
    connection.onError(([error]) => {
      this.log.debug(`Engine channel: ${error.message}`);
    });
    connection.listen();

    const { promise: gone, reject } = rejectable();
    const engine: Engine = {
      process: child,
      connection,
      gone,
      waiting: new Set(),
      stopping: false,
    };
    const heartbeat = new Heartbeat(
      {
        ping: () => connection.sendRequest<Pong>('basin/ping' satisfies keyof Requests, {}),
        waiting: engine.waiting,
      },
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
    const ended = (said: Message, reason: 'gone' | 'start'): void => {
      if (over) return;
      over = true;
      heartbeat.dispose();
      if (this.engine === engine) this.engine = undefined;
      if (!engine.stopping) {
        this.backOff.failed();
        this.log.error(english(said));
      }
      reject(new EngineError(said, reason));
      connection.dispose();
    };
    child.on('error', (error) => {
      ended(say`Basin's engine could not be started: ${error.message}.`, 'start');
    });
    child.once('exit', (code, signal) => {
      const how = signal ?? say`exit status ${code ?? '?'}`;
      if (engine.stopping) this.log.info(`Engine stopped (${english(how)}).`);
      ended(
        engine.stopping
          ? say`Basin’s engine was stopped.`
          : say`Basin's engine ended unexpectedly (${how}). The next analysis starts it again; finished parts are kept.`,
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

/** A promise that is only ever rejected, and of which nobody need take notice. */
function rejectable(): {
  readonly promise: Promise<never>;
  readonly reject: (reason: EngineError) => void;
} {
  let reject: (reason: EngineError) => void = () => undefined;
  const promise = new Promise<never>((_, no) => (reject = no));
  promise.catch(() => undefined);
  return { promise, reject };
}

/** Rejects when the token is given. */
function cancellationOf(
  token: CancellationToken,
): Disposable & { readonly promise: Promise<never> } {
  const { promise, reject } = rejectable();
  const listener = token.onCancellationRequested(() => {
    reject(cancellation());
  });
  if (token.isCancellationRequested) reject(cancellation());
  return {
    promise,
    dispose: () => {
      listener.dispose();
    },
  };
}

function cancellation(): EngineError {
  return new EngineError(say`Cancelled.`, 'cancelled');
}

function describeVerdict(verdict: Verdict): Message {
  const after = say`The next analysis starts it again; finished parts are kept.`;
  return verdict.kind === 'silent'
    ? say`Basin's engine did not answer for ${verdict.seconds} s and was ended. ${after}`
    : say`An answer of Basin's engine was lost, and it was ended. ${after}`;
}
