import { execFile } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import type { Log } from './log';
import { t } from './text';

/** Longer than any page takes to write. */
const PATIENCE = 120_000;

/**
 * Writes the panel with every result of a basin.json as one page, where the user wants it.
 *
 * It is what `basin report` does, and the same program does it.
 *
 * @param program `dist/basin.js` of the extension.
 */
export async function exportReport(
  configuration: string,
  program: string,
  log: Log,
): Promise<void> {
  const folder = dirname(configuration);
  const target = await vscode.window.showSaveDialog({
    title: t('Export Report'),
    saveLabel: t('Export'),
    defaultUri: vscode.Uri.file(join(folder, `${basename(folder)}.html`)),
    filters: { HTML: ['html'] },
  });
  if (target === undefined) return;
  if (target.scheme !== 'file') {
    await vscode.window.showErrorMessage(
      t('A report can only be written to a disk of the machine that has the checkpoints.'),
    );
    return;
  }
  try {
    await promisify(execFile)(
      process.execPath,
      [program, 'report', folder, '--out', target.fsPath],
      { env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' }, timeout: PATIENCE },
    );
  } catch (error) {
    const said = (error as { stderr?: unknown }).stderr;
    const message = typeof said === 'string' && said.trim() !== '' ? said.trim() : String(error);
    log.error(`The report was not written: ${message}`);
    await vscode.window.showErrorMessage(t('The report was not written: {0}', message));
    return;
  }
  const open = t('Open');
  const choice = await vscode.window.showInformationMessage(
    t('The report is in {0}.', target.fsPath),
    open,
  );
  if (choice === open) await vscode.env.openExternal(target);
}
