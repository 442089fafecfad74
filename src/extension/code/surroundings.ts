import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { Surroundings } from '../checkpoints/checkpointPaths';
import type { Library } from '../checkpoints/library';

/** Where a document is: cells of a notebook are where the notebook is. */
export function surroundingsOf(document: vscode.TextDocument, library: Library): Surroundings {
  const { uri } = document;
  const onDisk = uri.scheme === 'file' || uri.scheme === 'vscode-notebook-cell';
  return {
    folder: onDisk ? dirname(uri.with({ scheme: 'file', fragment: '' }).fsPath) : null,
    roots: (vscode.workspace.workspaceFolders ?? [])
      .filter(({ uri: root }) => root.scheme === 'file')
      .map(({ uri: root }) => root.fsPath),
    runs: library.runs,
  };
}

/** Schemes of documents that a user writes code in. */
const SCHEMES = ['file', 'untitled', 'vscode-notebook-cell', 'git'];

/** Documents of these languages, on disk, not saved yet, and in notebooks. */
export function documentsOf(languages: readonly string[]): vscode.DocumentFilter[] {
  return SCHEMES.flatMap((scheme) => languages.map((language) => ({ language, scheme })));
}
