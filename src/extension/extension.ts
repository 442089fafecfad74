import * as vscode from 'vscode';
import { registerCommands } from './commands';
import { Context } from './context';
import { engineTemplates } from './words/engineTemplates';
import { speak } from '../shared/words/text';

/** Called by VS Code in a workspace with checkpoints, or by the first use of a command or view. */
export function activate(extension: vscode.ExtensionContext): void {
  speak(vscode.l10n.t, vscode.l10n.bundle === undefined ? undefined : engineTemplates);
  const context = new Context(extension);
  extension.subscriptions.push(context);
  for (const command of registerCommands(context)) extension.subscriptions.push(command);
  // Not waited for: activation ends before the disk has answered.
  void context.watch.search();
}
