import * as vscode from 'vscode';
import type { Analyses } from './analyses';
import { checkpointLabel } from './checkpointLabel';
import { describeProgress } from './progressFraction';

/** One item, there only while Basin works; a click shows what is worked on. */
export class StatusBar implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private readonly subscription: vscode.Disposable;

  constructor(private readonly analyses: Analyses) {
    this.item = vscode.window.createStatusBarItem('basin', vscode.StatusBarAlignment.Left, 0);
    this.item.name = 'Basin';
    this.item.command = 'basin.openLandscape';
    this.subscription = analyses.onDidChange(() => {
      this.show();
    });
  }

  dispose(): void {
    this.subscription.dispose();
    this.item.dispose();
  }

  private show(): void {
    const { busy, progress } = this.analyses;
    if (!busy) {
      this.item.hide();
      return;
    }
    const what =
      progress === null
        ? 'starting'
        : `${checkpointLabel(progress.checkpoint)}: ${describeProgress(progress)}`;
    this.item.text = `$(loading~spin) ${what}`;
    this.item.tooltip =
      progress === null || progress.count < 2
        ? 'Basin is analyzing a checkpoint. Open the landscape.'
        : `Basin is analyzing checkpoint ${progress.index + 1} of ${progress.count}. Open the landscape.`;
    this.item.accessibilityInformation = { label: `Basin: analyzing, ${what}` };
    this.item.show();
  }
}
