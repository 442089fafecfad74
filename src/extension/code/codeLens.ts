import * as vscode from 'vscode';
import { checkpointLabel } from '../words/checkpointLabel';
import { checkpointsNamed } from '../checkpoints/checkpointPaths';
import type { CheckpointRecord, Library } from '../checkpoints/library';
import { plural, t } from '../../shared/words/text';
import { relativeTime } from '../words/relativeTime';
import { findSavedCalls } from './savedCalls';
import { settings } from '../settings';
import { describeResult } from '../words/summary';
import { documentsOf, surroundingsOf } from './surroundings';

export const LENS_SELECTOR: vscode.DocumentSelector = documentsOf([
  'python',
  'typescript',
  'typescriptreact',
  'javascript',
  'javascriptreact',
]);

/** Longer files were not written by hand. */
const MAX_TEXT_LENGTH = 500_000;
/** How old what was saved is, is told anew this often. */
const AGING = 60_000;

/** Above the lines that save and load checkpoints: what was saved last, and its figures. */
export class CheckpointLens implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly emitter = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.emitter.event;
  private readonly subscriptions: vscode.Disposable[];
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly library: Library) {
    const change = (): void => {
      this.emitter.fire();
    };
    this.subscriptions = [
      library.onDidChange(change),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('basin.codeLens.enabled')) change();
      }),
    ];
    this.timer = setInterval(change, AGING);
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (!settings.codeLens()) return [];
    const text = document.getText();
    if (text.length > MAX_TEXT_LENGTH) return [];
    const records = this.library.all();
    if (records.length === 0) return [];
    const surroundings = surroundingsOf(document, this.library);
    const language = document.languageId === 'python' ? 'python' : 'javascript';
    return findSavedCalls(text, language).flatMap(({ kind, path, start, end }) => {
      const found = checkpointsNamed(path, surroundings, records);
      const [newest] = found;
      if (newest === undefined) return [];
      const range = new vscode.Range(document.positionAt(start), document.positionAt(end));
      if (newest.run.configuration === null) {
        return new vscode.CodeLens(range, {
          title: `${titleOf(kind, newest, found.length)} · ${t('Set Up This Run')}`,
          tooltip: t('Prepare the analysis of these checkpoints: graph, data and loss'),
          command: 'basin.setUpRun',
          arguments: [newest.file.path],
        });
      }
      return new vscode.CodeLens(range, {
        title: titleOf(kind, newest, found.length),
        tooltip: t('Open the loss landscape of {0}', checkpointLabel(newest.file.path)),
        command: 'basin.openLandscape',
        arguments: [newest.file.path],
      });
    });
  }

  dispose(): void {
    clearInterval(this.timer);
    this.emitter.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

function titleOf(kind: 'save' | 'load', record: CheckpointRecord, count: number): string {
  const { file, writing, result, outdated } = record;
  const label = checkpointLabel(file.path);
  const when = relativeTime(file.modified, Date.now(), vscode.env.language);
  const parts = [
    kind === 'save' ? t('Saved last: {0}, {1}', label, when) : t('{0}, saved {1}', label, when),
  ];
  if (writing) parts.push(t('being written'));
  else if (result !== null) parts.push(describeResult(result.document));
  else if (record.run.configuration !== null) parts.push(t('not analyzed yet'));
  if (outdated && !writing) parts.push(t('outdated'));
  if (count > 1) parts.push(plural(count, 'checkpoint'));
  return parts.join(' · ');
}
