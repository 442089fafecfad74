import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';

/** What the Python extension tells of environments, as far as it is asked. */
interface PythonApi {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    resolveEnvironment(
      path: unknown,
    ): Promise<{ readonly executable: { readonly uri?: vscode.Uri } } | undefined>;
  };
}

/**
 * The Python a script of this folder is run with: the one chosen in the Python extension, an
 * environment in the folder, or `python3`.
 */
export async function findInterpreter(folder: vscode.Uri): Promise<string> {
  return (await chosenInPython(folder)) ?? (await environmentIn(folder.fsPath)) ?? usual();
}

async function chosenInPython(folder: vscode.Uri): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension<PythonApi>('ms-python.python');
  if (extension === undefined) return undefined;
  try {
    const { environments } = await extension.activate();
    const chosen = environments?.getActiveEnvironmentPath(folder);
    if (environments === undefined || chosen === undefined) return undefined;
    const found = await environments.resolveEnvironment(chosen);
    return found?.executable.uri?.fsPath;
  } catch {
    return undefined;
  }
}

async function environmentIn(folder: string): Promise<string | undefined> {
  const program = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  for (const name of ['.venv', 'venv', 'env']) {
    const path = join(folder, name, ...program);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not there, or no environment.
    }
  }
  return undefined;
}

function usual(): string {
  return process.platform === 'win32' ? 'python' : 'python3';
}
