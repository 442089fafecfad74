import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { FromCheckpointPage, ToCheckpointPage } from '../../shared/checkpointEditorProtocol';
import type { TensorListing, TensorStatisticsOutcome } from '../../shared/engineProtocol';
import type { EngineClient } from '../client/engineClient';
import { EngineError, saidBy } from '../client/engineError';
import { FileWatch } from './fileWatch';
import type { Log } from '../log';
import { bundledPage } from '../panel/bundledPage';
import { t, translated } from '../../shared/words/text';

/**
 * One editor under two names, as a name has one priority: files that hold weights and nothing else open in
 * it, since the text editor only says that they are binary; those that may be anything offer it.
 */
export const CHECKPOINT_EDITOR_TYPES = ['basin.checkpoint', 'basin.tensors'] as const;

/** Milliseconds between two messages to the page while tensors are read. */
const BETWEEN = 100;
/** More places than this in one wish are no wish. */
const MAX_INDICES = 1_000_000;

/** What tensors of a checkpoint are compared with: the run's first checkpoint, and the one before. */
export interface PlaceInRun {
  readonly first?: string;
  readonly previous?: string;
}

/** Of checkpoints in the order of training; of the first, and of what is in no run, there is none. */
export function placeAmong(paths: readonly string[], path: string): PlaceInRun {
  const place = paths.indexOf(path);
  const [first, previous] = [paths[0], paths[place - 1]];
  return place > 0 && first !== undefined && previous !== undefined ? { first, previous } : {};
}

/** Shows what is in a checkpoint: read by the engine, in a table, without a way to change it. */
export class CheckpointEditor implements vscode.CustomReadonlyEditorProvider {
  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly engine: () => Promise<EngineClient>,
    private readonly log: Log,
    private readonly placeInRun: (path: string) => PlaceInRun,
  ) {}

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
    const view = new CheckpointView(uri, panel.webview, this.engine, this.log, this.placeInRun);
    panel.onDidDispose(() => {
      view.dispose();
    });
    const dist = vscode.Uri.joinPath(this.extensionUri, 'dist');
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [dist] };
    webview.html = bundledPage(webview, dist, 'checkpoint');
  }
}

/** One page and the file it shows. */
class CheckpointView implements vscode.Disposable {
  private readonly subscriptions: { dispose(): void }[] = [];
  private version = 0;
  private listing: Extract<ToCheckpointPage, { type: 'listing' }> | null = null;
  private failure: string | null = null;
  /** By place in the file; of this version. */
  private readonly outcomes = new Map<number, TensorStatisticsOutcome>();
  private loading: vscode.CancellationTokenSource | null = null;
  private measuring: vscode.CancellationTokenSource | null = null;
  private jobs = 0;
  private disposed = false;

  constructor(
    private readonly uri: vscode.Uri,
    private readonly webview: vscode.Webview,
    private readonly engine: () => Promise<EngineClient>,
    private readonly log: Log,
    private readonly placeInRun: (path: string) => PlaceInRun,
  ) {
    this.subscriptions.push(
      webview.onDidReceiveMessage((message: unknown) => {
        this.receive(message);
      }),
      new FileWatch(uri, {
        onChange: () => void this.load(),
        onWriting: () => {
          if (this.listing !== null) this.post({ type: 'writing' });
        },
      }),
    );
    void this.load();
  }

  dispose(): void {
    this.disposed = true;
    this.loading?.cancel();
    this.measuring?.cancel();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private receive(message: unknown): void {
    const known = readFromPage(message);
    switch (known?.type) {
      case 'ready':
        this.sendAll();
        break;
      case 'measure':
        if (known.version === this.version) void this.measure(known.indices);
        break;
      case 'stop':
        this.measuring?.cancel();
        break;
      case 'reload':
        void this.load();
        break;
      case undefined:
        this.log.warn('The page of a checkpoint sent a message Basin does not know.');
        break;
    }
  }

  /** Reads the header, of the file as it is now. */
  private async load(): Promise<void> {
    this.loading?.cancel();
    this.measuring?.cancel();
    const source = (this.loading = new vscode.CancellationTokenSource());
    try {
      if (this.uri.scheme !== 'file') {
        throw new EngineError(
          t(
            'Basin reads checkpoints on the machine’s own file system only: open the folder on the machine that has this one.',
          ),
          'input',
        );
      }
      const engine = await this.engine();
      const listing = await engine.request(
        'basin/tensors',
        { path: this.uri.fsPath },
        source.token,
      );
      if (source.token.isCancellationRequested) return;
      this.version++;
      this.outcomes.clear();
      this.failure = null;
      this.listing = this.message(listing);
    } catch (error) {
      if (error instanceof EngineError && error.reason === 'cancelled') return;
      this.listing = null;
      this.failure = translated(saidBy(error));
    } finally {
      source.dispose();
      if (this.loading === source) this.loading = null;
    }
    this.sendAll();
  }

  private message({ table, ...listing }: TensorListing): typeof this.listing {
    return {
      type: 'listing',
      version: this.version,
      name: basename(this.uri.path),
      listing,
      // A buffer of its own: it may be a part of what came over the channel.
      table: Uint8Array.from(table).buffer,
      outcomes: [],
    };
  }

  private sendAll(): void {
    if (this.listing !== null) {
      this.post({ ...this.listing, outcomes: [...this.outcomes.values()] });
    } else if (this.failure !== null) {
      this.post({ type: 'failed', name: basename(this.uri.path), message: this.failure });
    }
  }

  /** Measures these tensors, and no others any more. */
  private async measure(indices: readonly number[]): Promise<void> {
    this.measuring?.cancel();
    const source = (this.measuring = new vscode.CancellationTokenSource());
    const { version } = this;
    const job = `${this.uri.toString()} ${++this.jobs}`;
    let left = indices.length;
    let gathered: TensorStatisticsOutcome[] = [];
    const flush = (error: string | null = null): void => {
      if (this.measuring !== source || this.version !== version) return;
      this.post({ type: 'outcomes', version, outcomes: gathered, left, error });
      gathered = [];
    };
    const timer = setInterval(() => {
      if (gathered.length > 0) flush();
    }, BETWEEN);
    let listener: { dispose(): void } | undefined;
    try {
      const engine = await this.engine();
      listener = engine.onNotification('basin/tensorStatisticsDone', ({ job: of, outcome }) => {
        if (of !== job || this.version !== version) return;
        this.outcomes.set(outcome.index, outcome);
        gathered.push(outcome);
        left--;
      });
      await engine.request(
        'basin/tensorStatistics',
        { job, path: this.uri.fsPath, indices, ...this.placeInRun(this.uri.fsPath) },
        source.token,
      );
      left = 0;
      flush();
    } catch (error) {
      const cancelled = error instanceof EngineError && error.reason === 'cancelled';
      left = 0;
      flush(cancelled ? null : translated(saidBy(error)));
    } finally {
      clearInterval(timer);
      listener?.dispose();
      if (this.measuring === source) this.measuring = null;
      source.dispose();
    }
  }

  private post(message: ToCheckpointPage): void {
    if (!this.disposed) void this.webview.postMessage(message);
  }
}

/** A message of the page, or `null` for anything else: a page is not to be believed. */
function readFromPage(message: unknown): FromCheckpointPage | null {
  if (typeof message !== 'object' || message === null) return null;
  const { type, version, indices } = message as Record<string, unknown>;
  switch (type) {
    case 'ready':
    case 'stop':
    case 'reload':
      return { type };
    case 'measure':
      return typeof version === 'number' &&
        Array.isArray(indices) &&
        indices.length <= MAX_INDICES &&
        indices.every((index) => Number.isSafeInteger(index) && Number(index) >= 0)
        ? { type, version, indices: indices as number[] }
        : null;
    default:
      return null;
  }
}
