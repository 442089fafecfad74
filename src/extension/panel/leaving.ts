import * as vscode from 'vscode';
import { t } from '../../shared/words/text';

/** Asks where a file from a page goes, beside what it was made from, and writes it there. */
export async function saveFromPage(
  { name, base64 }: { readonly name: string; readonly base64: string },
  folder: vscode.Uri | undefined,
): Promise<void> {
  // A page is not to be believed: a name is no path.
  const file = name.replace(/[\\/:*?"<>|\p{Cc}]+/gu, '-').replace(/^\.+/, '') || 'basin';
  const uri = await vscode.window.showSaveDialog(
    folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, file) },
  );
  if (uri === undefined) return;
  try {
    await vscode.workspace.fs.writeFile(uri, Buffer.from(base64, 'base64'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    void vscode.window.showErrorMessage(t('{0} cannot be written: {1}', file, why));
  }
}

/** The folder that is open, where there is one. */
export function openFolder(): vscode.Uri | undefined {
  return vscode.workspace.workspaceFolders?.[0]?.uri;
}
