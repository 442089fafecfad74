import * as vscode from 'vscode';
import type { Analyses } from '../analysis/analyses';
import { checkpointLabel } from '../words/checkpointLabel';
import { describeProgress } from '../analysis/progressFraction';
import { t } from '../../shared/words/text';

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
        ? t('starting…')
        : `${checkpointLabel(progress.checkpoint)}: ${describeProgress(progress)}`;
    this.item.text = `$(loading~spin) ${what}`;
    this.item.tooltip =
      progress === null || progress.count < 2
        ? t('Basin is analyzing a checkpoint. Open the landscape.')
        : t(
            'Basin is analyzing checkpoint {0} of {1}. Open the landscape.',
            progress.index + 1,
            progress.count,
          );
    this.item.accessibilityInformation = { label: t('Basin: analyzing {0}', what) };
    this.item.show();
  }
}
