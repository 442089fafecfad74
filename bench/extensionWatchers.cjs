/* eslint-disable @typescript-eslint/no-require-imports -- VS Code loads it with require. */
// An extension that watches what Basin watches and does nothing: what VS Code itself does with events
// that somebody wants.
const vscode = require('vscode');

exports.activate = ({ subscriptions }) => {
  const listen = (pattern) => {
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    const nothing = () => undefined;
    watcher.onDidCreate(nothing);
    watcher.onDidChange(nothing);
    watcher.onDidDelete(nothing);
    subscriptions.push(watcher);
  };
  const checkpoints = '*.{ckpt,pt,pth,pth.tar,bin,safetensors,npz,keras,h5}';
  for (const pattern of [
    '**/basin.json',
    `**/${checkpoints}`,
    '**/{*.safetensors.index.json,*.bin.index.json,.metadata,model.json}',
    '**/.basin/results/**',
    '**',
  ]) {
    listen(pattern);
  }
  const { uri } = vscode.workspace.workspaceFolders[0];
  const folders = ['many', ...Array.from({ length: 10 }, (_, run) => `many/run-${run}`)];
  for (const folder of folders) {
    listen(
      new vscode.RelativePattern(vscode.Uri.joinPath(uri, folder), `{basin.json,${checkpoints}}`),
    );
  }
};
