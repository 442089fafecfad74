import * as vscode from 'vscode';
import type { Analyses } from './analyses';
import type { CheckpointRecord, Library } from '../checkpoints/library';
import { settings } from '../settings';

/**
 * Analyses complete checkpoints that have no result yet without being asked, the newest first and
 * one at a time. Off unless `basin.autoAnalyze` is set and the workspace is trusted.
 */
export class AutoAnalyze implements vscode.Disposable {
  /** Versions that were tried in this window: a failure or a cancellation is not repeated. */
  private readonly tried = new Map<string, number>();
  private readonly subscriptions: vscode.Disposable[];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly library: Library,
    private readonly analyses: Analyses,
  ) {
    const consider = (): void => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        this.startNext();
      }, 500);
    };
    this.subscriptions = [
      library.onDidChange(consider),
      analyses.onDidChange(consider),
      vscode.workspace.onDidGrantWorkspaceTrust(consider),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('basin.autoAnalyze')) consider();
      }),
    ];
    consider();
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private startNext(): void {
    if (!settings.autoAnalyze() || !vscode.workspace.isTrusted || this.analyses.busy) return;
    const next = newestWithoutResult(this.library.all(), this.tried);
    if (next === undefined || next.run.configuration === null) return;
    const { path, modified } = next.file;
    this.tried.set(path, modified);
    const job = this.analyses.enqueue({
      configuration: next.run.configuration,
      checkpoints: [path],
      origin: 'auto',
    });
    void job.ending.then((ending) => {
      // The user's own analysis took its place: its turn comes again.
      if (ending.kind === 'cancelled' && this.analyses.busy) this.tried.delete(path);
    });
  }
}

function newestWithoutResult(
  records: readonly CheckpointRecord[],
  tried: ReadonlyMap<string, number>,
): CheckpointRecord | undefined {
  let newest: CheckpointRecord | undefined;
  for (const record of records) {
    const { file, run, writing, result, outdated } = record;
    if (newest !== undefined && file.modified <= newest.file.modified) continue;
    if (run.configuration === null || writing || (result !== null && !outdated)) continue;
    if (tried.get(file.path) !== file.modified) newest = record;
  }
  return newest;
}
