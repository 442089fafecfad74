import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import * as vscode from 'vscode';

/** The throwaway copy of the example that the suite runs in. */
export function inWorkspace(...path: string[]): string {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, 'a folder is open');
  return join(folder.uri.fsPath, ...path);
}

/** Tries until the condition gives something. */
export async function eventually<T>(
  what: string,
  attempt: () => Promise<T | undefined> | T | undefined,
  milliseconds = 30_000,
): Promise<T> {
  for (const until = Date.now() + milliseconds; Date.now() < until;) {
    const value = await attempt();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${what}: not within ${milliseconds / 1000} s`);
}
