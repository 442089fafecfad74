import { modify } from 'jsonc-parser';
import * as vscode from 'vscode';

/**
 * Changes one setting of the landscape in a basin.json, where it stands, and saves it: comments stay, and
 * the change can be undone.
 *
 * @returns whether it was written.
 */
export async function changeSampling(
  configuration: string,
  setting: 'range' | 'resolution',
  value: number,
): Promise<boolean> {
  const uri = vscode.Uri.file(configuration);
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
