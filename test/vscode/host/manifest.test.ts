import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';

interface Manifest {
  readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}

describe('the extension', () => {
  const extension = vscode.extensions.getExtension('basin.basin');

  it('is active in a workspace with checkpoints without being asked', async () => {
    assert.ok(extension, 'the extension is installed');
    for (const until = Date.now() + 30_000; !extension.isActive && Date.now() < until;) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(extension.isActive, true);
  });

  it('has every command it says it has, and no other', async () => {
    const manifest = extension?.packageJSON as Manifest;
    const contributed = manifest.contributes.commands.map(({ command }) => command).sort();
    const registered = (await vscode.commands.getCommands(true))
      .filter((name) => /^basin\.[a-zA-Z]+$/.test(name))
      .sort();
    assert.deepEqual(registered, contributed);
  });

  it('has the settings it reads, with their defaults', () => {
    const settings = vscode.workspace.getConfiguration('basin');
    assert.equal(settings.get('autoAnalyze'), false);
    assert.equal(settings.get('engine.idleMinutes'), 5);
  });
});
