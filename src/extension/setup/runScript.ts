import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { t } from '../../shared/words/text';
import { findInterpreter } from './interpreter';

/**
 * Runs a training script up to its line for Basin, in a terminal that the user sees: `export` ends
 * the script after it has written, so that nothing is trained again and no checkpoint is overwritten.
 *
 * @returns the exit status, and which Python it was; undefined where the terminal was closed.
 */
export async function runUpToExport(
  script: vscode.Uri,
): Promise<{ readonly status: number; readonly interpreter: string } | undefined> {
  const folder = vscode.workspace.getWorkspaceFolder(script);
  // Scripts are started where paths in them are relative to, which is mostly the project's folder.
  const place = folder?.uri ?? vscode.Uri.file(dirname(script.fsPath));
  const interpreter = await findInterpreter(place);
  const task = new vscode.Task(
    { type: 'process', task: 'basin-export' },
    folder ?? vscode.TaskScope.Workspace,
    t('Export for Basin'),
    'Basin',
    new vscode.ProcessExecution(interpreter, [script.fsPath], {
      cwd: place.fsPath,
      env: { BASIN_EXPORT: 'only' },
    }),
  );
  task.presentationOptions = {
    reveal: vscode.TaskRevealKind.Silent,
    panel: vscode.TaskPanelKind.Dedicated,
    clear: true,
  };
  return new Promise((resolve, reject) => {
    let execution: vscode.TaskExecution | undefined;
    const subscriptions = [
      vscode.tasks.onDidEndTaskProcess((event) => {
        if (event.execution.task.name === task.name) finish(event.exitCode);
      }),
      vscode.tasks.onDidEndTask((event) => {
        // One whose program cannot be started has no process that ends.
        if (event.execution === execution) setTimeout(finish, 200, undefined);
      }),
    ];
    const finish = (status: number | undefined): void => {
      for (const subscription of subscriptions) subscription.dispose();
      resolve(status === undefined ? undefined : { status, interpreter });
    };
    vscode.tasks.executeTask(task).then(
      (started) => {
        execution = started;
      },
      (error: unknown) => {
        finish(undefined);
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
