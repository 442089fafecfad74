import { strict as assert } from 'node:assert';
import { stat, utimes } from 'node:fs/promises';
import * as vscode from 'vscode';
import { eventually, inWorkspace } from './workspace';

const exists = async (path: string): Promise<true | undefined> => {
  try {
    await stat(path);
    return true;
  } catch {
    return undefined;
  }
};

describe('basin.autoAnalyze', () => {
  const result = (name: string): string =>
    inWorkspace('runs', 'resnet', '.basin', 'results', `${name}.basin.json`);

  it('analyses the newest checkpoint without being asked', async () => {
    const newest = inWorkspace('runs', 'resnet', 'epoch-001.pt');
    assert.equal(await exists(result('epoch-001.pt')), undefined);
    await utimes(newest, new Date(), new Date());
    await vscode.commands.executeCommand('basin.refresh');
    // Until it counts as complete.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const settings = vscode.workspace.getConfiguration('basin');
    await settings.update('autoAnalyze', true, vscode.ConfigurationTarget.Workspace);
    try {
      await eventually('a result', () => exists(result('epoch-001.pt')), 60_000);
      assert.equal(await exists(result('epoch-000.pt')), undefined, 'the older ones come later');
    } finally {
      await settings.update('autoAnalyze', undefined, vscode.ConfigurationTarget.Workspace);
      await vscode.commands.executeCommand('basin.cancelAnalysis');
    }
  });
});
