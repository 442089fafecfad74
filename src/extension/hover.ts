import { basename, dirname, isAbsolute, resolve } from 'node:path';
import * as vscode from 'vscode';
import { hasCheckpointEnding } from './checkpointNames';
import { statAll } from './checkpoints';
import { EngineError } from './engineError';
import type { Inspections } from './inspections';
import type { Library } from './library';
import { commandLink, escapeMarkdown } from './markdown';
import type { CheckpointFile } from './runs';
import { stringAt } from './stringAtPosition';
import { describeInspection, fileLine, resultFacts } from './summary';

/** Where a path to a checkpoint may stand. */
export const HOVER_SELECTOR: vscode.DocumentSelector = [
  'python',
  'typescript',
  'typescriptreact',
  'javascript',
  'javascriptreact',
  'json',
  'jsonc',
].map((language) => ({ language, scheme: 'file' }));

/** The only commands a hover may run. */
const COMMANDS = ['basin.analyzeCheckpoint', 'basin.openLandscape'];

/** Tells of a checkpoint where its path stands in code: its header and its last good result. */
export class CheckpointHover implements vscode.HoverProvider {
  constructor(
    private readonly library: Library,
    private readonly inspections: Inspections,
  ) {}

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | null> {
    const literal = stringAt(document.lineAt(position.line).text, position.character);
    if (literal === null || !hasCheckpointEnding(literal.text)) return null;
    const files = await statAll(this.candidates(document.uri.fsPath, literal.text));
    const file = files[0];
    if (file === undefined || token.isCancellationRequested) return null;

    const header = await this.header(file, token);
    if (header === null) return null;
    const range = new vscode.Range(position.line, literal.start, position.line, literal.end);
    return new vscode.Hover(this.text(file, header, files.length - 1), range);
  }

  /** Where the path may lead, the likeliest first. */
  private candidates(documentPath: string, text: string): string[] {
    if (isAbsolute(text)) return [text];
    const folders = [
      dirname(documentPath),
      ...(vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath),
      ...this.library.runs.flatMap(({ configuration }) =>
        configuration === null ? [] : [dirname(configuration)],
      ),
    ];
    return [...new Set(folders.map((folder) => resolve(folder, text)))];
  }

  /** A line about the header, or `null` when nobody waits for it any more. */
  private async header(
    file: CheckpointFile,
    token: vscode.CancellationToken,
  ): Promise<string | null> {
    if (this.library.get(file.path)?.writing === true) return 'The file is being written.';
    try {
      return describeInspection(await this.inspections.inspect(file, token));
    } catch (error) {
      if (error instanceof EngineError && error.reason === 'cancelled') return null;
      return error instanceof Error ? error.message : String(error);
    }
  }

  private text(file: CheckpointFile, header: string, others: number): vscode.MarkdownString {
    const record = this.library.get(file.path);
    const error = record?.error ?? null;
    const result = record?.result ?? null;
    const text = new vscode.MarkdownString();
    text.isTrusted = { enabledCommands: COMMANDS };
    text.appendMarkdown(
      `**${escapeMarkdown(basename(file.path))}** — ${escapeMarkdown(vscode.workspace.asRelativePath(dirname(file.path)))}\n\n`,
    );
    text.appendMarkdown(`${escapeMarkdown(header)}  \n${escapeMarkdown(fileLine(file))}\n`);
    // Before the figures: a long hover scrolls.
    text.appendMarkdown(`\n${links(file.path, record?.run.configuration ?? null)}\n`);
    if (others > 0) {
      text.appendMarkdown(
        `\nThe same path leads to ${others} more ${others === 1 ? 'file' : 'files'} beside other basin.json files.\n`,
      );
    }
    if (error !== null) text.appendMarkdown(`\n${escapeMarkdown(error)}\n`);
    if (result !== null) {
      const facts = resultFacts(result.document);
      if (facts.length > 0) {
        text.appendMarkdown('\n| | |\n|:--|:--|\n');
        for (const { name, value } of facts) {
          text.appendMarkdown(`| ${escapeMarkdown(name)} | ${escapeMarkdown(value)} |\n`);
        }
      }
      if (record?.outdated === true) {
        text.appendMarkdown('\nThe checkpoint or its basin.json is newer than this result.\n');
      }
    }
    return text;
  }
}

function links(path: string, configuration: string | null): string {
  if (configuration === null) return 'No basin.json names this checkpoint.';
  const open = commandLink('Open landscape', 'basin.openLandscape', path);
  // Analyzing needs trust; reading what was analyzed does not.
  if (!vscode.workspace.isTrusted) return open;
  return `${commandLink('Analyze', 'basin.analyzeCheckpoint', path)} · ${open}`;
}
