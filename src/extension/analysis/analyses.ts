import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { Interpolation } from '../../shared/comparison';
import type { AnalyzeOutcome, InterpolateParams, Progress } from '../../shared/engineProtocol';
import type { ResultDocument } from '../../shared/result';
import { english, type Message } from '../../shared/words/message';
import type { EngineClient } from '../client/engineClient';
import { EngineError } from '../client/engineError';
import type { Library } from '../checkpoints/library';
import type { Log } from '../log';
import { describeProgress } from './progressFraction';
import { resultPath, type ResultPlaces } from '../checkpoints/resultPlaces';
import { t } from '../../shared/words/text';
import { settings } from '../settings';

/** What to analyze: checkpoints of one configuration. */
export interface Order {
  readonly configuration: string;
  /** Absolute, in the form of the platform. */
  readonly checkpoints: readonly string[];
  /** Who asked: what the user asks for goes first. */
  readonly origin: 'user' | 'auto';
}

/** The loss to sample on the way from one checkpoint to another. The user asks for it. */
export type PathOrder = Pick<InterpolateParams, 'configuration' | 'from' | 'to' | 'path'>;

/** What is known when an order of analyses has ended. */
export interface Analyzed {
  readonly outcomes: readonly AnalyzeOutcome[];
  /** What keeps the results: a folder. */
  readonly store: string;
}

/** How an order ended. */
export type Ending<Answer = Analyzed> =
  | { readonly kind: 'done'; readonly answer: Answer }
  | { readonly kind: 'cancelled' }
  /** A sentence for the user, and whether it is about the engine itself. */
  | { readonly kind: 'failed'; readonly message: string | Message; readonly engine: boolean };

export interface Job<Answer = Analyzed> {
  readonly id: string;
  /** That it is about. */
  readonly checkpoints: readonly string[];
  readonly ending: Promise<Ending<Answer>>;
  readonly onProgress: vscode.Event<Progress>;
  cancel(): void;
}

/** An order as the queue sees it, whatever it is for. */
interface QueuedJob {
  readonly id: string;
  readonly checkpoints: readonly string[];
  readonly origin: Order['origin'];
  /** Of its checkpoints in the order. */
  readonly places: ReadonlyMap<string, number>;
  readonly source: vscode.CancellationTokenSource;
  readonly progressEmitter: vscode.EventEmitter<Progress>;
  /** Asks the engine, and ends the job by what it answers. */
  readonly run: (engine: EngineClient) => Promise<void>;
  /** Ends it without an answer. */
  readonly end: (ending: Exclude<Ending, { kind: 'done' }>) => void;
}

/** What is happening to one checkpoint. */
export type Activity =
  { readonly kind: 'queued' } | { readonly kind: 'running'; readonly progress: Progress | null };

/**
 * The queue of all that computes: analyses, and losses on the way between two checkpoints. The engine
 * uses every core for one, so there is one at a time; what the user asks for comes before what is
 * done unasked, and takes its place.
 */
export class Analyses implements vscode.Disposable {
  private readonly queue: QueuedJob[] = [];
  private running: QueuedJob | undefined;
  private lastProgress: Progress | undefined;
  private readonly partials = new Map<string, ResultDocument>();
  private subscribedTo: EngineClient | undefined;

  private readonly changeEmitter = new vscode.EventEmitter<void>();
  /** Something started, moved on or ended. */
  readonly onDidChange = this.changeEmitter.event;

  constructor(
    private readonly engine: () => Promise<EngineClient>,
    private readonly library: Library,
    private readonly places: ResultPlaces,
    private readonly log: Log,
  ) {}

  get busy(): boolean {
    return this.running !== undefined;
  }

  /** Of the running analysis. */
  get progress(): Progress | null {
    return this.lastProgress ?? null;
  }

  /** Checkpoints of what runs and of what waits. */
  get active(): string[] {
    const jobs = this.running === undefined ? this.queue : [this.running, ...this.queue];
    return jobs.flatMap(({ checkpoints }) => checkpoints);
  }

  activity(path: string): Activity | null {
    const index = this.running?.places.get(path);
    if (index !== undefined) {
      const progress = this.lastProgress;
      if (progress?.checkpoint === path) return { kind: 'running', progress };
      const current = progress?.index ?? 0;
      if (index === current) return { kind: 'running', progress: null };
      return index > current ? { kind: 'queued' } : null;
    }
    return this.queue.some((job) => job.places.has(path)) ? { kind: 'queued' } : null;
  }

  /** The document of a checkpoint that is being analyzed, as far as it is known. */
  partial(path: string): ResultDocument | null {
    return this.partials.get(path) ?? null;
  }

  /**
   * Puts an order into the queue.
   *
   * @throws when the workspace is not trusted: callers ask first, and this is the wall.
   */
  enqueue(order: Order): Job {
    const { configuration, checkpoints, origin } = order;
    const stores = this.places.stores(configuration);
    return this.put(checkpoints, origin, {
      ask: async (engine, job, token) => {
        this.log.info(`Analyzing ${checkpoints.length} checkpoint(s) of ${configuration}.`);
        const params = { job, checkpoints, ...this.computing(configuration) };
        const { outcomes } = await engine.request('basin/analyze', params, token);
        return { outcomes, store: stores[0] };
      },
      record: (ending) => {
        this.record(order, ending);
      },
    });
  }

  /** As `enqueue`, for the loss between two checkpoints. */
  enqueuePath({ configuration, from, to, path }: PathOrder): Job<Interpolation> {
    return this.put([from], 'user', {
      ask: (engine, job, token) => {
        this.log.info(`Sampling the loss from ${from} to ${to}.`);
        const params = { job, from, to, path, ...this.computing(configuration) };
        return engine.request('basin/interpolate', params, token);
      },
      record: (ending) => {
        if (ending.kind === 'failed')
          this.log.warn(`The loss was not sampled: ${english(ending.message)}`);
      },
    });
  }

  private put<Answer>(
    checkpoints: readonly string[],
    origin: Order['origin'],
    work: Work<Answer>,
  ): Job<Answer> {
    if (!vscode.workspace.isTrusted) {
      throw new Error(t('Basin analyzes checkpoints in trusted workspaces only.'));
    }
    const { job, queued } = createJob(checkpoints, origin, work);
    if (origin === 'user') {
      const behind = this.queue.findIndex((other) => other.origin === 'auto');
      this.queue.splice(behind === -1 ? this.queue.length : behind, 0, queued);
      if (this.running?.origin === 'auto') this.running.source.cancel();
    } else {
      this.queue.push(queued);
    }
    queued.source.token.onCancellationRequested(() => {
      this.drop(queued);
    });
    this.changeEmitter.fire();
    void this.next();
    return job;
  }

  /** What the engine is told of a configuration and of what it computes with. */
  private computing(configuration: string) {
    return {
      configuration,
      stores: this.places.stores(configuration),
      runtime: settings.runtime(),
      // Its TensorFlow.js is code of the workspace.
      ...(vscode.workspace.isTrusted ? { tensorflowFolder: dirname(configuration) } : {}),
    };
  }

  /** Cancels everything that runs or waits. */
  cancelAll(): void {
    for (const job of [...this.queue]) job.source.cancel();
    this.running?.source.cancel();
  }

  dispose(): void {
    this.cancelAll();
    this.changeEmitter.dispose();
  }

  private drop(job: QueuedJob): void {
    const index = this.queue.indexOf(job);
    if (index === -1) return;
    this.queue.splice(index, 1);
    job.end({ kind: 'cancelled' });
    this.changeEmitter.fire();
  }

  private async next(): Promise<void> {
    if (this.running !== undefined) return;
    const job = this.queue.shift();
    if (job === undefined) return;
    this.running = job;
    this.lastProgress = undefined;
    this.changeEmitter.fire();
    try {
      const engine = await this.engine();
      this.subscribe(engine);
      await job.run(engine);
    } catch (error) {
      job.end(failure(error));
    }
    this.running = undefined;
    this.lastProgress = undefined;
    this.partials.clear();
    job.progressEmitter.dispose();
    this.changeEmitter.fire();
    void this.next();
  }

  private record({ configuration, checkpoints }: Order, ending: Ending): void {
    switch (ending.kind) {
      case 'done':
        for (const outcome of ending.answer.outcomes) {
          if (outcome.ok) {
            const file = resultPath(configuration, outcome.checkpoint, ending.answer.store);
            this.library.setResult(outcome.checkpoint, outcome.document, file);
          } else {
            this.log.warn(`${outcome.checkpoint}: ${english(outcome.message)}`);
            this.library.setError(outcome.checkpoint, outcome.message);
          }
        }
        break;
      case 'failed': {
        this.log.warn(`The analysis ended: ${english(ending.message)}`);
        const at = this.lastProgress?.checkpoint ?? checkpoints[0];
        if (at !== undefined) this.library.setError(at, ending.message);
        break;
      }
      case 'cancelled':
        this.log.info('The analysis was cancelled.');
        break;
    }
  }

  private subscribe(engine: EngineClient): void {
    if (this.subscribedTo === engine) return;
    this.subscribedTo = engine;
    engine.onNotification('basin/progress', (progress) => {
      // What comes late from a job that has ended is of no interest.
      if (this.running?.id !== progress.job) return;
      const before = this.lastProgress;
      this.lastProgress = progress;
      // The engine may tell of every grid row: what nobody can see is not passed on.
      if (before !== undefined && looksTheSame(before, progress)) return;
      this.running.progressEmitter.fire(progress);
      this.changeEmitter.fire();
    });
    engine.onNotification('basin/partial', ({ job, checkpoint, document }) => {
      if (this.running?.id !== job) return;
      this.partials.set(checkpoint, document);
      this.changeEmitter.fire();
    });
  }
}

function looksTheSame(a: Progress, b: Progress): boolean {
  return a.checkpoint === b.checkpoint && describeProgress(a) === describeProgress(b);
}

/** What an order asks of the engine, and what becomes of the answer. */
interface Work<Answer> {
  readonly ask: (
    engine: EngineClient,
    job: string,
    token: vscode.CancellationToken,
  ) => Promise<Answer>;
  readonly record: (ending: Ending<Answer>) => void;
}

function createJob<Answer>(
  checkpoints: readonly string[],
  origin: Order['origin'],
  { ask, record }: Work<Answer>,
): { readonly job: Job<Answer>; readonly queued: QueuedJob } {
  const id = randomUUID();
  const source = new vscode.CancellationTokenSource();
  const progressEmitter = new vscode.EventEmitter<Progress>();
  let resolve: (ending: Ending<Answer>) => void = () => undefined;
  const ending = new Promise<Ending<Answer>>((yes) => (resolve = yes));
  const end = (how: Ending<Answer>): void => {
    record(how);
    resolve(how);
  };
  return {
    job: {
      id,
      checkpoints,
      ending,
      onProgress: progressEmitter.event,
      cancel: () => {
        source.cancel();
      },
    },
    queued: {
      id,
      checkpoints,
      origin,
      places: new Map(checkpoints.map((path, index) => [path, index])),
      source,
      progressEmitter,
      run: async (engine) => {
        end({ kind: 'done', answer: await ask(engine, id, source.token) });
      },
      end,
    },
  };
}

function failure(error: unknown): Exclude<Ending, { kind: 'done' }> {
  if (error instanceof EngineError) {
    return error.reason === 'cancelled'
      ? { kind: 'cancelled' }
      : { kind: 'failed', message: error.said, engine: error.reason !== 'input' };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'failed', message: t('Basin failed: {0}', message), engine: true };
}
