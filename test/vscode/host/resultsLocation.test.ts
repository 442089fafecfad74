import { strict as assert } from 'node:assert';
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { ResultDocument } from '../../../src/shared/result';
import { eventually, inWorkspace } from './workspace';

describe('basin.resultsLocation', () => {
  const checkpoint = inWorkspace('runs', 'kept', 'epoch-030.pt');
  const store = inWorkspace('runs', 'kept', '.basin');
  const name = 'epoch-030.pt.basin.json';

  const choose = async (location: 'extension' | undefined): Promise<void> => {
    await vscode.workspace
      .getConfiguration('basin')
      .update('resultsLocation', location, vscode.ConfigurationTarget.Workspace);
  };

  const analyze = async (): Promise<void> => {
    await vscode.commands.executeCommand('basin.analyzeCheckpoint', vscode.Uri.file(checkpoint));
  };

  const figuresInHover = async (): Promise<boolean> => {
    const uri = vscode.Uri.file(inWorkspace('kept.py'));
    await vscode.workspace.fs.writeFile(uri, Buffer.from('load("runs/kept/epoch-030.pt")\n'));
    await vscode.workspace.openTextDocument(uri);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      uri,
      new vscode.Position(0, 12),
    );
    return hovers
      .flatMap(({ contents }) => contents)
      .some(
        (content) => content instanceof vscode.MarkdownString && content.value.includes('Trace'),
      );
  };

  const isInStore = async (): Promise<boolean> => {
    const files = await readdir(store, { recursive: true }).catch(() => []);
    return files.some((file) => file.endsWith(name));
  };

  before(async () => {
    for (const file of ['basin.json', 'model.onnx', 'epoch-030.pt']) {
      await cp(inWorkspace('runs', 'resnet', file), inWorkspace('runs', 'kept', file));
    }
    await vscode.commands.executeCommand('basin.refresh');
  });

  after(async () => {
    await choose(undefined);
    await rm(inWorkspace('runs', 'kept'), { recursive: true, force: true });
  });

  it('keeps results out of the folder from the next analysis on', async () => {
    await choose('extension');
    await analyze();
    assert.equal(await readdir(store).catch(() => 'none'), 'none', 'nothing is in the folder');
    await eventually('its figures in the hover', async () =>
      (await figuresInHover()) ? true : undefined,
    );
  });

  it('compares what is kept there', async () => {
    const address = vscode.Uri.from({
      scheme: 'basin',
      path: '/kept.md',
      query: JSON.stringify([checkpoint, checkpoint]),
    });
    const document = await vscode.workspace.openTextDocument(address);
    assert.match(document.getText(), /\| loss \| .* \| 0 \|/);
  });

  it('shows it still after the way back, and computes nothing twice', async () => {
    await choose(undefined);
    await vscode.commands.executeCommand('basin.refresh');
    assert.equal(await figuresInHover(), true);
    await analyze();
    assert.equal(await isInStore(), true);
    const cached = await readdir(join(store, 'cache'));
    // Evaluation data that are packed are unpacked wherever parts are written.
    const parts = cached.filter((file) => !file.startsWith('unpacked-'));
    assert.deepEqual(parts, [], 'no part was computed again');
    const text = await readFile(join(store, 'results', name), 'utf8');
    assert.equal((JSON.parse(text) as ResultDocument).checkpoint.path, 'epoch-030.pt');
  });
});
