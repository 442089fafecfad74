import { join } from 'node:path';
import * as vscode from 'vscode';
import { BASIN_JSON } from '../checkpoints/configurations';
import type { Run } from '../checkpoints/runs';
import { t } from '../../shared/words/text';

/**
 * Opens a basin.json to be filled in, beside the checkpoints of a run that has none. Nothing is
 * written until the user saves it.
 */
export async function newConfiguration(runs: readonly Run[]): Promise<void> {
  const folder = await chooseFolder(runs);
  if (folder === undefined) return;
  const path = join(folder.path, BASIN_JSON);
  const document = await vscode.workspace.openTextDocument(
    vscode.Uri.file(path).with({ scheme: 'untitled' }),
  );
  const editor = await vscode.window.showTextDocument(document);
  if (document.getText() === '') {
    await editor.insertSnippet(new vscode.SnippetString(template(folder.glob)));
  }
}

interface Choice {
  readonly path: string;
  readonly glob: string;
}

async function chooseFolder(runs: readonly Run[]): Promise<Choice | undefined> {
  const choices = runs
    .filter((run) => run.configuration === null)
    .map((run) => ({
      label: run.name,
      description: run.location,
      path: run.folder,
      glob: `*${extension(run.checkpoints[0]?.path ?? '.pt')}`,
    }));
  const roots = (vscode.workspace.workspaceFolders ?? [])
    .filter((folder) => folder.uri.scheme === 'file')
    .filter((folder) => !choices.some(({ path }) => path === folder.uri.fsPath))
    .map((folder) => ({
      label: folder.name,
      description: '',
      path: folder.uri.fsPath,
      glob: '**/epoch-*.pt',
    }));
  const all = [...choices, ...roots];
  if (all.length === 0) {
    void vscode.window.showInformationMessage(
      t('Open a folder with checkpoints first: basin.json is kept beside them.'),
    );
    return undefined;
  }
  if (all.length === 1) return all[0];
  return vscode.window.showQuickPick(all, {
    title: t('Create basin.json'),
    placeHolder: t('Folder of the checkpoints'),
  });
}

function extension(path: string): string {
  return /\.[A-Za-z0-9]+$/.exec(path)?.[0] ?? '.pt';
}

/** As a snippet: the tab key goes from one thing to fill in to the next. */
function template(glob: string): string {
  return `{
  // ${t('The checkpoints of this run, relative to this file.')}
  "checkpoints": ["\${1:${glob}}"],
  // ${t('The graph of the model, an ONNX export: in Python, the snippet basin-export writes it.')}
  "model": "\${2:model.onnx}",
  // ${t('Arrays to evaluate the loss on: FILE.npy, or FILE.npz#NAME.')}
  "data": { "inputs": "\${3:eval.npz#x}", "targets": "\${4:eval.npz#y}" },
  "objective": { "kind": "\${5|classification,regression|}" }
}
`;
}
