import * as vscode from 'vscode';
import type { Analyses } from '../analysis/analyses';

/** The bar above the tree and the badge on its icon, while anything is analyzed. */
export class ViewProgress implements vscode.Disposable {
  private end: (() => void) | undefined;
  private readonly subscription: vscode.Disposable;

  constructor(analyses: Analyses, viewId: string) {
    this.subscription = analyses.onDidChange(() => {
      if (analyses.busy && this.end === undefined) {
        void vscode.window.withProgress({ location: { viewId } }, () => this.begin());
      } else if (!analyses.busy) {
        this.finish();
      }
    });
  }

  dispose(): void {
    this.subscription.dispose();
    this.finish();
  }

  private begin(): Promise<void> {
    return new Promise((resolve) => (this.end = resolve));
  }

  private finish(): void {
    this.end?.();
    this.end = undefined;
  }
}
