import { modify } from 'jsonc-parser';
import * as vscode from 'vscode';
import { IMPLIED_CHECKPOINTS } from '../../shared/impliedRun';

/**
 * Changes one setting of the landscape in a basin.json, where it stands, and saves it: comments stay, and
 * the change can be undone.
 *
 * A run that needed no basin.json gets one that says what was implied.
 *
 * @returns whether it was written.
 */
export async function changeSampling(
  configuration: string,
  setting: 'range' | 'resolution',
  value: number,
): Promise<boolean> {
  const uri = vscode.Uri.file(configuration);
  await writeWhereNone(uri);
  const document = await vscode.workspace.openTextDocument(uri);
  const edits = modify(document.getText(), ['landscape', setting], value, {
    formattingOptions: { insertSpaces: true, tabSize: 2 },
  });
  const edit = new vscode.WorkspaceEdit();
  for (const { offset, length, content } of edits) {
    const place = new vscode.Range(
      document.positionAt(offset),
      document.positionAt(offset + length),
    );
    edit.replace(uri, place, content);
  }
  return (await vscode.workspace.applyEdit(edit)) && (await document.save());
}

async function writeWhereNone(uri: vscode.Uri): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  const text = JSON.stringify({ checkpoints: IMPLIED_CHECKPOINTS }, null, 2);
  edit.createFile(uri, { ignoreIfExists: true, contents: Buffer.from(`${text}\n`) });
  await vscode.workspace.applyEdit(edit);
}
