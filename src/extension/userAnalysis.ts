import * as vscode from 'vscode';
import type { Analyses, Ending, Job } from './analyses';
import { checkpointLabel } from './checkpointLabel';
import type { CheckpointRecord } from './library';
import type { LandscapePanel } from './panel';
import { describeProgress, overallFraction } from './progressFraction';
import { describeResult } from './summary';

/**
 * Analyses the user asked for: with a notification that tells how far they are and can cancel
 * them, and a word at the end.
 */
export class UserAnalysis {
  constructor(
    private readonly analyses: Analyses,
    private readonly panel: LandscapePanel,
  ) {}

  /** Analyses checkpoints that have a configuration; those of one configuration are one job. */
  async run(records: readonly CheckpointRecord[]): Promise<void> {
    if (!(await this.mayAnalyze())) return;
    const [only] = records;
    if (records.length === 1 && only !== undefined) this.panel.follow(only.file.path);
    const byConfiguration = new Map<string, string[]>();
    for (const { file, run } of records) {
      if (run.configuration === null) continue;
      const paths = byConfiguration.get(run.configuration);
      if (paths === undefined) byConfiguration.set(run.configuration, [file.path]);
      else paths.push(file.path);
    }
    const jobs = [...byConfiguration].map(([configuration, checkpoints]) =>
      this.analyses.enqueue({ configuration, checkpoints, origin: 'user' }),
    );
    await Promise.all(jobs.map((job) => this.follow(job)));
  }

  private async mayAnalyze(): Promise<boolean> {
    if (vscode.workspace.isTrusted) return true;
    const manage = 'Manage Workspace Trust';
    const choice = await vscode.window.showWarningMessage(
      'Basin analyzes checkpoints in trusted workspaces only: an analysis runs the model and reads the files basin.json names.',
      manage,
    );
    if (choice === manage) await vscode.commands.executeCommand('workbench.trust.manage');
    return false;
  }

  private async follow(job: Job): Promise<void> {
    const { checkpoints } = job.order;
    const what =
      checkpoints.length === 1
        ? checkpointLabel(checkpoints[0] ?? '')
        : `${checkpoints.length} checkpoints`;
    const ending = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: `Basin: analyzing ${what}`,
        cancellable: true,
      },
      async (report, token) => {
        token.onCancellationRequested(() => {
          job.cancel();
        });
        let done = 0;
        job.onProgress((progress) => {
          const fraction = overallFraction(progress);
          const name = checkpoints.length === 1 ? '' : `${checkpointLabel(progress.checkpoint)}, `;
          report.report({
            message: `${name}${describeProgress(progress)}`,
            increment: Math.max(0, 100 * (fraction - done)),
          });
          done = Math.max(done, fraction);
        });
        return job.ending;
      },
    );
    void this.tell(ending, what);
  }

  private async tell(ending: Ending, what: string): Promise<void> {
    switch (ending.kind) {
      case 'cancelled':
        return;
      case 'failed':
        await showError(ending.message);
        return;
      case 'done':
        await this.tellDone(ending, what);
    }
  }

  private async tellDone(
    { outcomes }: Extract<Ending, { kind: 'done' }>,
    what: string,
  ): Promise<void> {
    const failed = outcomes.filter((outcome) => !outcome.ok);
    const first = failed[0];
    if (first !== undefined) {
      const others = failed.length > 1 ? ` (and ${failed.length - 1} more)` : '';
      await showError(`${checkpointLabel(first.checkpoint)}${others}: ${first.message}`);
      return;
    }
    const last = outcomes.at(-1);
    if (last?.ok !== true) return;
    // Who looks at it in the panel has seen it end.
    if (outcomes.length === 1 && this.panel.shows(last.checkpoint)) return;
    const open = 'Open Landscape';
    const summary = outcomes.length === 1 ? describeResult(last.document) : 'analyzed';
    const choice = await vscode.window.showInformationMessage(`${what}: ${summary}.`, open);
    if (choice === open) this.panel.open(last.checkpoint);
  }
}

async function showError(message: string): Promise<void> {
  const showLog = 'Show Log';
  const choice = await vscode.window.showErrorMessage(message, showLog);
  if (choice === showLog) await vscode.commands.executeCommand('basin.showLog');
}
