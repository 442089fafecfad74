import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { CHECKPOINT_GLOB, MANIFEST_GLOB } from '../../shared/checkpointNames';
import { statAll, type CheckpointFinder } from './checkpoints';
import { BASIN_JSON } from './configurations';
import { turn } from '../turns/inTurns';
import { RESULT_SUFFIX } from '../../shared/result';
import { RESULT_FOLDER } from '../../shared/resultLocation';
import type { Library } from './library';
import type { Log } from '../log';
import type { ResultPlaces } from './resultPlaces';

/** One save makes many events; nothing is looked at before they pause this long … */
const COALESCE = 400;
/** … or before they have gone on for this long, as while a large file is being written. */
const MAX_COALESCE = 1500;
/** While a file is being written it is looked at this often. */
const SETTLE = 500;
/** Behind the events: network disks send none. */
const POLL = 60_000;
/** Every so many polls the whole workspace is searched, not only where something was found. */
const SEARCH_EVERY = 10;
/** Graphs and evaluation data: results follow from them. */
const INPUT_GLOB = '**/*.{onnx,npy,npz}';
/** Folders watched one by one, beside the workspace as a whole. */
const MAX_FOLDERS = 200;

/**
 * Keeps the library true to the disk: watches configurations, checkpoints and results, follows
 * files until they are complete, and polls behind the events.
 */
export class Watch implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[] = [];
  private readonly folders = new Map<string, vscode.Disposable>();
  private storage: vscode.Disposable | undefined;
  private readonly touched = new Set<string>();
  /** When the first event came that has not been followed yet. */
  private touchedSince: number | undefined;
  private mustSearch = false;
  private coalesceTimer: NodeJS.Timeout | undefined;
  private settleTimer: NodeJS.Timeout | undefined;
  private readonly pollTimer: NodeJS.Timeout;
  private work: Promise<void> = Promise.resolve();
  private disposed = false;
  private saidPollFound = false;
  private polls = 0;
  private inputsTouched = false;
  private readonly inputsEmitter = new vscode.EventEmitter<void>();
  /** A graph, an array of data or a basin.json came, went or was written. */
  readonly onDidTouchInputs = this.inputsEmitter.event;

  constructor(
    private readonly finder: CheckpointFinder,
    private readonly library: Library,
    private readonly places: ResultPlaces,
    private readonly log: Log,
  ) {
    for (const pattern of [`**/${BASIN_JSON}`, CHECKPOINT_GLOB, MANIFEST_GLOB]) {
      this.subscriptions.push(this.watch(pattern, true));
    }
    this.subscriptions.push(
      this.watch(`**/${RESULT_FOLDER}/**`, false),
      this.watch(INPUT_GLOB, false),
      this.watchFoldersThemselves(),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (!event.affectsConfiguration('basin.resultsLocation')) return;
        this.watchStorage();
        void this.search();
      }),
      vscode.workspace.onDidChangeWorkspaceFolders(() => void this.search()),
    );
    this.watchStorage();
    this.pollTimer = setInterval(() => void this.poll(), POLL);
  }

  /** Looks through the whole workspace again. */
  search(): Promise<void> {
    return this.enqueue(async () => {
      this.mustSearch = false;
      this.touched.clear();
      await this.library.update(await this.finder.search());
      await this.watchFolders();
    });
  }

  dispose(): void {
    this.disposed = true;
    this.inputsEmitter.dispose();
    clearTimeout(this.coalesceTimer);
    clearTimeout(this.settleTimer);
    clearInterval(this.pollTimer);
    for (const subscription of [
      ...this.subscriptions,
      ...this.folders.values(),
      ...(this.storage === undefined ? [] : [this.storage]),
    ]) {
      subscription.dispose();
    }
  }

  /**
   * @param pattern What to watch.
   * @param finds Whether a file that comes or goes changes the list of checkpoints.
   */
  private watch(pattern: vscode.GlobPattern, finds: boolean): vscode.Disposable {
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    watcher.onDidCreate((uri) => {
      this.touch(uri, finds);
    });
    watcher.onDidDelete((uri) => {
      this.touch(uri, finds);
    });
    watcher.onDidChange((uri) => {
      this.touch(uri, uri.path.endsWith(`/${BASIN_JSON}`));
    });
    return watcher;
  }

  /**
   * What is in a folder that has just been made may never be told of: training makes the folder of
   * a run and saves into it at once. Nor is what was in a folder that is deleted or moved away.
   */
  private watchFoldersThemselves(): vscode.Disposable {
    const watcher = vscode.workspace.createFileSystemWatcher('**', false, true, false);
    watcher.onDidCreate((uri) => {
      if (looksLikeFolder(uri.path)) this.touch(uri, true);
    });
    watcher.onDidDelete((uri) => {
      if (this.library.isAbove(uri.fsPath)) this.touch(uri, true);
    });
    return watcher;
  }

  /** Results outside of the workspace: those of another window on the same folders. */
  private watchStorage(): void {
    this.storage?.dispose();
    this.storage = undefined;
    const { folder, isOutside } = this.places;
    if (folder === null || !isOutside) return;
    const pattern = new vscode.RelativePattern(vscode.Uri.file(folder), `**/*${RESULT_SUFFIX}`);
    this.storage = this.watch(pattern, false);
  }

  private touch(uri: vscode.Uri, search: boolean): void {
    if (uri.scheme !== 'file') return;
    this.touched.add(uri.fsPath);
    this.inputsTouched ||= /\.(?:onnx|npy|npz)$|\/basin\.json$/.test(uri.path);
    this.mustSearch ||= search;
    const now = Date.now();
    this.touchedSince ??= now;
    const left = Math.max(0, this.touchedSince + MAX_COALESCE - now);
    clearTimeout(this.coalesceTimer);
    this.coalesceTimer = setTimeout(
      () => {
        this.touchedSince = undefined;
        void this.lookAtTouched();
      },
      Math.min(COALESCE, left),
    );
  }

  private async lookAtTouched(): Promise<void> {
    const { inputsTouched } = this;
    this.inputsTouched = false;
    await (this.mustSearch ? this.search() : this.lookAtFiles());
    if (inputsTouched && !this.disposed) this.inputsEmitter.fire();
  }

  private lookAtFiles(): Promise<void> {
    return this.enqueue(async () => {
      const paths = [...this.touched];
      this.touched.clear();
      const checkpoints = new Set<string>();
      for (const path of paths) {
        if (isTemporary(path)) continue;
        const checkpoint =
          this.library.get(path) === undefined ? this.library.ofResult(path) : path;
        if (checkpoint === null) {
          // A file that a glob may name, or a folder of results: where to look is known.
          await this.library.update(await this.finder.rescan());
          return;
        }
        checkpoints.add(checkpoint);
      }
      await this.library.refresh(await statAll([...checkpoints]));
    });
  }

  private poll(): Promise<void> {
    this.polls++;
    return this.enqueue(async () => {
      const quiet = this.touched.size === 0 && this.library.writing().length === 0;
      const search = this.polls % SEARCH_EVERY === 0;
      const found = await (search ? this.finder.search() : this.finder.rescan());
      const changed = await this.library.update(found);
      if (changed && quiet && !this.saidPollFound) {
        this.saidPollFound = true;
        this.log.warn(
          `Files changed without an event (a network disk, or files.watcherExclude): Basin looks every ${POLL / 1000} s.`,
        );
      }
    });
  }

  /** Looks at files that are being written until they are complete. */
  private settle(): Promise<void> {
    return this.enqueue(async () => {
      await this.library.refresh(await statAll(this.library.writing()));
    });
  }

  /** One look at a time; a failure is logged and does not stop the next. */
  private enqueue(task: () => Promise<void>): Promise<void> {
    this.work = this.work
      .then(() => (this.disposed ? undefined : task()))
      .catch((error: unknown) => {
        this.log.error(`Looking for checkpoints failed: ${String(error)}`);
      })
      .finally(() => {
        clearTimeout(this.settleTimer);
        if (this.disposed || this.library.writing().length === 0) return;
        this.settleTimer = setTimeout(() => void this.settle(), SETTLE);
      });
    return this.work;
  }

  /**
   * Folders of runs are watched one by one as well: `files.watcherExclude` may hide them from the
   * watcher of the workspace, and they may lie outside of it.
   */
  private async watchFolders(): Promise<void> {
    const wanted = new Set<string>();
    for (const run of this.library.runs) {
      wanted.add(run.folder);
      if (run.configuration !== null) wanted.add(dirname(run.configuration));
      if (wanted.size >= MAX_FOLDERS) break;
    }
    for (const [folder, watcher] of this.folders) {
      if (wanted.has(folder)) continue;
      watcher.dispose();
      this.folders.delete(folder);
    }
    for (const folder of wanted) {
      if (this.folders.has(folder)) continue;
      await turn();
      if (this.disposed) return;
      const pattern = new vscode.RelativePattern(
        vscode.Uri.file(folder),
        `{${BASIN_JSON},${CHECKPOINT_GLOB.replace('**/', '')}}`,
      );
      this.folders.set(folder, this.watch(pattern, true));
    }
  }
}

/** Results are written beside their place, and then moved to it. */
function isTemporary(path: string): boolean {
  return path.endsWith('.tmp');
}

/** Leaves out what a project makes all the time and what never holds checkpoints. */
function looksLikeFolder(path: string): boolean {
  const inside = /\/(node_modules|\.git|\.basin|__pycache__)(\/|$)/.test(path);
  return !inside && /\/[^/.][^/]*$/.test(path) && !/\.(py|pyc|json|txt|log|csv|md)$/.test(path);
}
