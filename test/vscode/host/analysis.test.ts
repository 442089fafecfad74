import { strict as assert } from 'node:assert';
import { readFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { ResultDocument } from '../../../src/shared/result';
import { eventually, inWorkspace } from './workspace';

describe('analyzing a checkpoint', () => {
  it('leaves its result beside the basin.json', async () => {
    const checkpoint = inWorkspace('runs', 'resnet', 'epoch-030.pt');
    // Done when the command is: the notification at the end is not waited for.
    await vscode.commands.executeCommand('basin.analyzeCheckpoint', vscode.Uri.file(checkpoint));
    const text = await readFile(
      inWorkspace('runs', 'resnet', '.basin', 'results', 'epoch-030.pt.basin.json'),
      'utf8',
    );
    const document = JSON.parse(text) as ResultDocument;
    assert.equal(document.schema, 1);
    assert.equal(document.checkpoint.path, 'epoch-030.pt');
    assert.ok(document.metrics && Number(document.metrics.loss) > 0);
    assert.ok(document.landscape);
    assert.equal(document.landscape.values.length, 11 * 11);
    assert.ok(document.topology);
    assert.equal(document.hessian?.eigenvalues.length, 2);
  });

  it('tells its figures in the hover', async () => {
    const uri = vscode.Uri.file(inWorkspace('figures.py'));
    await vscode.workspace.fs.writeFile(uri, Buffer.from('load("runs/resnet/epoch-030.pt")\n'));
    await vscode.workspace.openTextDocument(uri);
    await eventually('a hover with figures', async () => {
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
        'vscode.executeHoverProvider',
        uri,
        new vscode.Position(0, 12),
      );
      const text = hovers
        .flatMap(({ contents }) => contents)
        .map((content) => (content instanceof vscode.MarkdownString ? content.value : ''))
        .join('\n');
      const wanted = ['Loss, accuracy', 'λmax', 'Trace', 'saddle', 'Average persistence'];
      return wanted.every((word) => text.includes(word)) ? true : undefined;
    });
  });
});
