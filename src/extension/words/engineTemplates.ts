import { readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import type { Templates } from '../../shared/words/message';

let read: Templates | undefined;

/**
 * The engine's sentences in the language of the window: `l10n/engine.*.json` beside the texts that
 * VS Code has found. Read once, when the first sentence is shown; empty where there are none.
 */
export function engineTemplates(): Templates {
  return (read ??= templatesBeside(vscode.l10n.uri?.fsPath));
}

function templatesBeside(bundle: string | undefined): Templates {
  if (bundle === undefined) return {};
  try {
    const file = bundle.replace(/bundle\.l10n\.(?=[^\\/]*$)/, 'engine.');
    return JSON.parse(readFileSync(file, 'utf8')) as Templates;
  } catch {
    // What the engine says is then said as it says it.
    return {};
  }
}
