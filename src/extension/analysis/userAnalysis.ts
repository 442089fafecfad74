import * as vscode from 'vscode';
import type { Interpolation } from '../../shared/comparison';
import type { Progress } from '../../shared/engineProtocol';
import type { Analyses, Analyzed, Ending, Job } from './analyses';
import { checkpointLabel } from '../words/checkpointLabel';
import type { CheckpointRecord } from '../checkpoints/library';
import { plural, t, translated } from '../../shared/words/text';
import type { LandscapePanel } from '../panel/panel';
import { describeProgress, overallFraction } from './progressFraction';
import { describeResult } from '../words/summary';

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

  /**
   * The loss on the way from one checkpoint to another, by the basin.json of the first; `undefined`
   * where it was cancelled or cannot be had, which the user has been told.
   */
  async lossBetween(
    from: CheckpointRecord,
    to: CheckpointRecord,
    path: Interpolation['path'],
  ): Promise<Interpolation | undefined> {
    const { configuration } = from.run;
    if (configuration === null || !(await this.mayAnalyze())) return undefined;
    const labels = [from, to].map(({ file }) => checkpointLabel(file.path));
    const ending = await follow(
      this.analyses.enqueuePath({ configuration, from: from.file.path, to: to.file.path, path }),
      t('Basin: the loss from {0} to {1}', ...labels),
      ({ fraction }) => [fraction],
    );
    switch (ending.kind) {
      case 'done':
        return ending.answer;
      case 'failed':
        await showError(translated(ending.message), ending.engine);
        return undefined;
      case 'cancelled':
        return undefined;
    }
  }

  private async mayAnalyze(): Promise<boolean> {
    if (vscode.workspace.isTrusted) return true;
    const manage = t('Manage Workspace Trust');
    const choice = await vscode.window.showWarningMessage(
      t(
        'Basin analyzes checkpoints in trusted workspaces only: an analysis runs the model and reads the files basin.json names.',
      ),
      manage,
    );
    if (choice === manage) await vscode.commands.executeCommand('workbench.trust.manage');
    return false;
  }

  private async follow(job: Job): Promise<void> {
    const { checkpoints } = job;
    const what =
      checkpoints.length === 1
        ? checkpointLabel(checkpoints[0] ?? '')
        : plural(checkpoints.length, 'checkpoint');
    const ending = await follow(job, t('Basin: analyzing {0}', what), (progress) => {
      const name = checkpoints.length === 1 ? '' : `${checkpointLabel(progress.checkpoint)}, `;
      return [overallFraction(progress), `${name}${describeProgress(progress)}`];
    });
    void this.tell(ending, what);
  }

  private async tell(ending: Ending, what: string): Promise<void> {
    switch (ending.kind) {
      case 'cancelled':
        return;
      case 'failed':
        await showError(translated(ending.message), ending.engine);
        return;
      case 'done':
        await this.tellDone(ending.answer, what);
    }
  }

  private async tellDone({ outcomes }: Analyzed, what: string): Promise<void> {
    const failed = outcomes.filter((outcome) => !outcome.ok);
    const first = failed[0];
    if (first !== undefined) {
      const label = checkpointLabel(first.checkpoint);
      const which = failed.length > 1 ? t('{0} and {1} more', label, failed.length - 1) : label;
      await showError(`${which}: ${translated(first.message)}`, false);
      return;
    }
    const last = outcomes.at(-1);
    if (last?.ok !== true) return;
    // Who looks at it in the panel has seen it end.
    if (outcomes.length === 1 && this.panel.shows(last.checkpoint)) return;
    const open = t('Open Landscape');
    const summary = outcomes.length === 1 ? describeResult(last.document) : t('analyzed');
    const choice = await vscode.window.showInformationMessage(`${what}: ${summary}.`, open);
    if (choice === open) this.panel.open(last.checkpoint);
  }
}

/** A notification that tells how far a job is and can cancel it, until it has ended. */
async function follow<Answer>(
  job: Job<Answer>,
  title: string,
  describe: (progress: Progress) => readonly [fraction: number, message?: string],
): Promise<Ending<Answer>> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (report, token) => {
      token.onCancellationRequested(() => {
        job.cancel();
      });
      const advance = advancing(report);
      job.onProgress((progress) => {
        advance(...describe(progress));
      });
      return job.ending;
    },
  );
}

/** A bar that is told how far it is, and never goes back. */
function advancing(
  bar: vscode.Progress<{ message?: string; increment?: number }>,
): (fraction: number, message?: string) => void {
  let done = 0;
  return (fraction, message) => {
    const increment = Math.max(0, 100 * (fraction - done));
    bar.report({ increment, ...(message === undefined ? {} : { message }) });
    done = Math.max(done, fraction);
  };
}

/** @param engine Whether it is the engine that does not work, rather than what it was given. */
async function showError(message: string, engine: boolean): Promise<void> {
  const showLog = t('Show Log');
  const runDoctor = t('Run Doctor');
  const choice = await vscode.window.showErrorMessage(
    message,
    ...(engine ? [runDoctor] : []),
    showLog,
  );
  if (choice === showLog) await vscode.commands.executeCommand('basin.showLog');
  if (choice === runDoctor) await vscode.commands.executeCommand('basin.runDoctor');
}
