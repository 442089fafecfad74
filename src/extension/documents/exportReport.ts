import { basename, dirname, join, sep } from 'node:path';
import * as vscode from 'vscode';
import type { EngineClient } from '../client/engineClient';
import { EngineError, saidBy } from '../client/engineError';
import type { Run } from '../checkpoints/runs';
import type { ResultPlaces } from '../checkpoints/resultPlaces';
import { t, translated } from '../../shared/words/text';
import { isBelow } from '../../shared/pathNames';
import { windowLanguage } from '../panel/windowLanguage';

/**
 * Writes the panel with every result of a basin.json as one page, where the user wants it.
 *
 * It is what `basin report` does, in the language of the editor.
 *
 * @param runs all there are: results of some may lie outside of the folder.
 */
export async function exportReport(
  configuration: string,
  runs: readonly Run[],
  places: ResultPlaces,
  engine: () => Promise<EngineClient>,
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
  const configurations = new Set(runs.flatMap((run) => run.configuration ?? []));
  const stores = [...configurations].flatMap((each) =>
    each === configuration || isBelow(folder, each, { sep })
      ? places.outside(each).map((store) => ({ folder: dirname(each), store }))
      : [],
  );
  try {
    const client = await engine();
    await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: t('Writing the report'),
      },
      (_, token) =>
        client.request(
          'basin/report',
          { folder, stores, out: target.fsPath, ...windowLanguage() },
          token,
        ),
    );
  } catch (error) {
    if (error instanceof EngineError && error.reason === 'cancelled') return;
    const why = translated(saidBy(error));
    await vscode.window.showErrorMessage(t('The report was not written: {0}', why));
    return;
  }
  const open = t('Open');
  const choice = await vscode.window.showInformationMessage(
    t('The report is in {0}.', target.fsPath),
    open,
  );
  if (choice === open) await vscode.env.openExternal(target);
}
