import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';
import { eventually, inWorkspace } from './workspace';

describe('basin.json', () => {
  it('is JSON with comments', async () => {
    const document = await vscode.workspace.openTextDocument(
      inWorkspace('runs', 'resnet', 'basin.json'),
    );
    assert.equal(document.languageId, 'jsonc');
  });

  it('is checked against its schema', async () => {
    const uri = vscode.Uri.file(inWorkspace('wrong', 'basin.json'));
    await vscode.workspace.fs.writeFile(
      uri,
      Buffer.from('{ "checkpoints": [], "modle": "m.onnx" }\n'),
    );
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document);
    // The name that nothing knows is the schema's to tell, the graph that is not named Basin's own.
    await eventually('diagnostics', () => {
      const found = vscode.languages.getDiagnostics(uri).map(({ message }) => message);
      return ['modle', '"model" is missing'].every((part) =>
        found.some((message) => message.includes(part)),
      )
        ? found
        : undefined;
    });
    await vscode.workspace.fs.delete(vscode.Uri.file(inWorkspace('wrong')), { recursive: true });
  });

  it('is completed', async () => {
    const uri = vscode.Uri.file(inWorkspace('runs', 'resnet', 'basin.json'));
    const document = await vscode.workspace.openTextDocument(uri);
    const inside = document.positionAt(document.getText().indexOf('"checkpoints"'));
    const labels = await eventually('completions', async () => {
      const list = await vscode.commands.executeCommand<vscode.CompletionList>(
        'vscode.executeCompletionItemProvider',
        uri,
        inside,
      );
      const found = list.items.map(({ label }) =>
        typeof label === 'string' ? label : label.label,
      );
      return found.length > 0 ? found : undefined;
    });
    assert.ok(labels.includes('topology'), `among ${labels.join(', ')}`);
  });
});
