import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { AnalyzeOutcome, Progress } from '../../shared/engineProtocol';
import type { ResultDocument } from '../../shared/result';
import type { EngineClient } from '../client/engineClient';
import { EngineError } from '../client/engineError';
import type { Library } from '../checkpoints/library';
import type { Log } from '../log';
import { describeProgress } from './progressFraction';
import { resultPath, type ResultPlaces } from '../checkpoints/resultPlaces';
import { t } from '../words/text';
import { settings } from '../settings';

/** What to analyze: checkpoints of one configuration. */
export interface Order {
  readonly configuration: string;
  /** Absolute, in the form of the platform. */
  readonly checkpoints: readonly string[];
  /** Who asked: what the user asks for goes first. */
  readonly origin: 'user' | 'auto';
}

/** How an order ended. */
export type Ending =
  | {
      readonly kind: 'done';
      readonly outcomes: readonly AnalyzeOutcome[];
      /** What keeps the results: a folder. */
      readonly store: string;
    }
  | { readonly kind: 'cancelled' }
  /** A sentence for the user, and whether it is about the engine itself. */
  | { readonly kind: 'failed'; readonly message: string; readonly engine: boolean };

export interface Job {
  readonly id: string;
  readonly order: Order;
  readonly ending: Promise<Ending>;
  readonly onProgress: vscode.Event<Progress>;
  cancel(): void;
}

interface QueuedJob extends Job {
  /** Of its checkpoints in the order. */
  readonly places: ReadonlyMap<string, number>;
  readonly source: vscode.CancellationTokenSource;
  readonly progressEmitter: vscode.EventEmitter<Progress>;
  readonly end: (ending: Ending) => void;
}

/** What is happening to one checkpoint. */
export type Activity =
  { readonly kind: 'queued' } | { readonly kind: 'running'; readonly progress: Progress | null };

/**
 * The queue of analyses. The engine uses every core for one, so there is one at a time; what the
 * user asks for comes before what is done unasked, and takes its place.
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
    return jobs.flatMap(({ order }) => order.checkpoints);
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
    if (!vscode.workspace.isTrusted) {
      throw new Error(t('Basin analyzes checkpoints in trusted workspaces only.'));
    }
    const job = createJob(order);
    if (order.origin === 'user') {
      const behind = this.queue.findIndex((queued) => queued.order.origin === 'auto');
      this.queue.splice(behind === -1 ? this.queue.length : behind, 0, job);
      if (this.running?.order.origin === 'auto') this.running.cancel();
    } else {
      this.queue.push(job);
    }
    job.source.token.onCancellationRequested(() => {
      this.drop(job);
    });
    this.changeEmitter.fire();
    void this.next();
    return job;
  }

  /** Cancels everything that runs or waits. */
  cancelAll(): void {
    for (const job of [...this.queue]) job.cancel();
    this.running?.cancel();
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
    const ending = await this.run(job);
    this.record(job, ending);
    this.running = undefined;
    this.lastProgress = undefined;
    this.partials.clear();
    job.end(ending);
    job.progressEmitter.dispose();
    this.changeEmitter.fire();
    void this.next();
  }

  private async run(job: QueuedJob): Promise<Ending> {
    const { configuration, checkpoints } = job.order;
    const stores = this.places.stores(configuration);
    try {
      const engine = await this.engine();
      this.subscribe(engine);
      this.log.info(`Analyzing ${checkpoints.length} checkpoint(s) of ${configuration}.`);
      const { outcomes } = await engine.analyze(
        {
          job: job.id,
          configuration,
          checkpoints,
          stores,
          runtime: settings.runtime(),
          // Its TensorFlow.js is code of the workspace.
          ...(vscode.workspace.isTrusted ? { tensorflowFolder: dirname(configuration) } : {}),
        },
        job.source.token,
      );
      return { kind: 'done', outcomes, store: stores[0] };
    } catch (error) {
      if (error instanceof EngineError) {
        return error.reason === 'cancelled'
          ? { kind: 'cancelled' }
          : { kind: 'failed', message: error.message, engine: error.reason !== 'input' };
      }
      const message = error instanceof Error ? error.message : String(error);
      return { kind: 'failed', message: t('Basin failed: {0}', message), engine: true };
    }
  }

  private record(job: QueuedJob, ending: Ending): void {
    switch (ending.kind) {
      case 'done':
        for (const outcome of ending.outcomes) {
          if (outcome.ok) {
            const file = resultPath(job.order.configuration, outcome.checkpoint, ending.store);
            this.library.setResult(outcome.checkpoint, outcome.document, file);
          } else {
            this.log.warn(`${outcome.checkpoint}: ${outcome.message}`);
            this.library.setError(outcome.checkpoint, outcome.message);
          }
        }
        break;
      case 'failed': {
        this.log.warn(`The analysis ended: ${ending.message}`);
        const at = this.lastProgress?.checkpoint ?? job.order.checkpoints[0];
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
    engine.onProgress((progress) => {
      // What comes late from a job that has ended is of no interest.
      if (this.running?.id !== progress.job) return;
      const before = this.lastProgress;
      this.lastProgress = progress;
      // The engine may tell of every grid row: what nobody can see is not passed on.
      if (before !== undefined && looksTheSame(before, progress)) return;
      this.running.progressEmitter.fire(progress);
      this.changeEmitter.fire();
    });
    engine.onPartial(({ job, checkpoint, document }) => {
      if (this.running?.id !== job) return;
      this.partials.set(checkpoint, document);
      this.changeEmitter.fire();
    });
  }
}

function looksTheSame(a: Progress, b: Progress): boolean {
  return a.checkpoint === b.checkpoint && describeProgress(a) === describeProgress(b);
}

function createJob(order: Order): QueuedJob {
  const source = new vscode.CancellationTokenSource();
  const progressEmitter = new vscode.EventEmitter<Progress>();
  let end: (ending: Ending) => void = () => undefined;
  const ending = new Promise<Ending>((resolve) => (end = resolve));
  return {
    id: randomUUID(),
    order,
    places: new Map(order.checkpoints.map((path, index) => [path, index])),
    ending,
    onProgress: progressEmitter.event,
    cancel: () => {
      source.cancel();
    },
    source,
    progressEmitter,
    end,
  };
}
