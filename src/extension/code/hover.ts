import * as vscode from 'vscode';
import type { ResultDocument } from '../../shared/result';
import type { WeightFigures } from '../../shared/weightFigures';
import { checkpointName, runFolder } from '../words/checkpointLabel';
import { hasCheckpointEnding } from '../../shared/checkpointNames';
import { candidates, checkpointsNamed, type Surroundings } from '../checkpoints/checkpointPaths';
import { statAll } from '../checkpoints/checkpoints';
import { EngineError, saidBy } from '../client/engineError';
import type { Inspections } from '../checkpoints/inspections';
import { landscapePicture, PICTURE_EDGE, type PictureTheme } from './landscapePicture';
import type { Library } from '../checkpoints/library';
import { commandLink, escapeHtml, escapeMarkdown } from '../words/markdown';
import { pathAt } from './pathAtPosition';
import { hasHoles } from './pathPattern';
import { relativeTime } from '../words/relativeTime';
import type { CheckpointFile, Run } from '../checkpoints/runs';
import type { RunWeights } from '../checkpoints/runWeights';
import { describeWeights } from '../words/weights';
import { describeInspection, fileLine, resultFacts, resultNotes } from '../words/summary';
import { documentsOf, surroundingsOf } from './surroundings';
import { describeChanges } from '../words/outdated';
import { t, translated } from '../../shared/words/text';
import { whyUnconfigured } from '../words/unconfigured';

/** Where a path to a checkpoint may stand. */
export const HOVER_SELECTOR: vscode.DocumentSelector = [
  ...documentsOf([
    'python',
    'typescript',
    'typescriptreact',
    'javascript',
    'javascriptreact',
    'json',
    'jsonc',
    'yaml',
    'dockercompose',
    'toml',
    'shellscript',
  ]),
  // Without an extension for TOML, its files are plain text.
  { language: 'plaintext', scheme: 'file', pattern: '**/*.toml' },
];

/** The only commands a hover may run. */
const COMMANDS = ['basin.analyzeCheckpoint', 'basin.openLandscape', 'basin.setUpRun'];

/** Tells of a checkpoint where its path stands in code: its header and its last good result. */
export class CheckpointHover implements vscode.HoverProvider {
  private readonly pictures = new WeakMap<
    NonNullable<ResultDocument['landscape']>,
    { readonly theme: PictureTheme; readonly source: string | null }
  >();

  constructor(
    private readonly library: Library,
    private readonly inspections: Inspections,
    private readonly weights: RunWeights,
  ) {}

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | null> {
    const written = pathAt(
      document.lineAt(position.line).text,
      position.character,
      document.languageId,
    );
    if (written === null) return null;
    const found = await this.find(written.text, surroundingsOf(document, this.library));
    const file = found[0];
    if (file === undefined || token.isCancellationRequested) return null;

    const record = this.library.get(file.path);
    const [header, weights] = await Promise.all([
      this.header(file, token),
      record === undefined || record.writing ? undefined : this.weights.soon(record.run, file.path),
    ]);
    if (header === null) return null;
    const range = new vscode.Range(position.line, written.start, position.line, written.end);
    const others = this.othersLine(found.length - 1, hasHoles(written.text));
    const result = record?.result ?? null;
    const figures =
      result === null ? [] : [this.figures(result.document), ...notesOf(result.document)];
    return new vscode.Hover([this.text(file, header, weights, others), ...figures], range);
  }

  /** The files a path leads to, the likeliest first. */
  private async find(written: string, surroundings: Surroundings): Promise<CheckpointFile[]> {
    if (hasCheckpointEnding(written) && !hasHoles(written)) {
      const files = await statAll(candidates(written, surroundings));
      if (files.length > 0) return files;
    }
    return checkpointsNamed(written, surroundings, this.library.all()).map(({ file }) => file);
  }

  private othersLine(others: number, holes: boolean): string | null {
    if (others === 0) return null;
    if (holes) {
      return others === 1
        ? t('The newest of 2 checkpoints that fit this path.')
        : t('The newest of {0} checkpoints that fit this path.', others + 1);
    }
    return others === 1
      ? t('The same path leads to 1 more file beside other basin.json files.')
      : t('The same path leads to {0} more files beside other basin.json files.', others);
  }

  /** A line about the header, or `null` when nobody waits for it any more. */
  private async header(
    file: CheckpointFile,
    token: vscode.CancellationToken,
  ): Promise<string | null> {
    if (this.library.get(file.path)?.writing === true) return t('The file is being written.');
    try {
      return describeInspection(await this.inspections.inspect(file, token));
    } catch (error) {
      if (error instanceof EngineError && error.reason === 'cancelled') return null;
      return translated(saidBy(error));
    }
  }

  private text(
    file: CheckpointFile,
    header: string,
    weights: WeightFigures | undefined,
    others: string | null,
  ): vscode.MarkdownString {
    const record = this.library.get(file.path);
    const error = record?.error ?? null;
    const text = new vscode.MarkdownString();
    text.isTrusted = { enabledCommands: COMMANDS };
    text.appendMarkdown(
      `**${escapeMarkdown(checkpointName(file.path))}** — ${escapeMarkdown(vscode.workspace.asRelativePath(runFolder(file.path)))} — ${links(file.path, record?.run)}\n\n`,
    );
    const age = relativeTime(file.modified, Date.now(), vscode.env.language);
    text.appendMarkdown(
      `${escapeMarkdown(header)}  \n${escapeMarkdown(`${fileLine(file)} (${age})`)}\n`,
    );
    if (weights !== undefined) {
      text.appendMarkdown(`\n${escapeMarkdown(describeWeights(weights))}\n`);
    }
    if (others !== null) text.appendMarkdown(`\n${escapeMarkdown(others)}\n`);
    if (error !== null) text.appendMarkdown(`\n${escapeMarkdown(translated(error))}\n`);
    if (record?.outdated === true) {
      text.appendMarkdown(`\n${escapeMarkdown(describeChanges(record.changes))}\n`);
    }
    return text;
  }

  /**
   * The picture with the figures beside it, all in sight: a long hover scrolls. Markdown has no
   * such table, HTML does; it is apart from the text, which holds words of files and runs commands.
   */
  private figures(document: ResultDocument): vscode.MarkdownString {
    const facts = resultFacts(document);
    const picture = this.picture(document, facts.length);
    const rows = facts.map(
      ({ name, value }, row) =>
        `<tr>${row === 0 ? picture : ''}<td>${escapeHtml(name)}</td><td>${escapeHtml(value)}</td></tr>`,
    );
    const figures = new vscode.MarkdownString(`<table>${rows.join('')}</table>`);
    figures.supportHtml = true;
    return figures;
  }

  /** The landscape as a cell as high as the table, drawn once for each document and theme. */
  private picture({ landscape }: ResultDocument, rows: number): string {
    if (landscape === undefined) return '';
    const theme = currentTheme();
    let drawn = this.pictures.get(landscape);
    if (drawn?.theme !== theme) {
      const image = landscapePicture(landscape, theme);
      const source = image === null ? null : `data:image/png;base64,${image.toString('base64')}`;
      drawn = { theme, source };
      this.pictures.set(landscape, drawn);
    }
    if (drawn.source === null) return '';
    const alt = escapeHtml(t('The loss around the checkpoint, as a contour map'));
    return `<td rowspan="${rows}"><img src="${drawn.source}" alt="${alt}" width="${PICTURE_EDGE}" height="${PICTURE_EDGE}"></td>`;
  }
}

/** What must be known to judge the figures, below them. */
function notesOf(document: ResultDocument): vscode.MarkdownString[] {
  const notes = resultNotes(document);
  if (notes.length === 0) return [];
  const list = notes.map((note) => `- ${escapeMarkdown(note)}`).join('\n');
  return [new vscode.MarkdownString(list)];
}

function currentTheme(): PictureTheme {
  switch (vscode.window.activeColorTheme.kind) {
    case vscode.ColorThemeKind.Light:
      return 'light';
    case vscode.ColorThemeKind.HighContrast:
      return 'high-contrast';
    case vscode.ColorThemeKind.HighContrastLight:
      return 'high-contrast-light';
    case vscode.ColorThemeKind.Dark:
      return 'dark';
  }
}

function links(path: string, run: Run | undefined): string {
  if (run === undefined || run.configuration === null) {
    return `${escapeMarkdown(whyUnconfigured(run ?? { implied: null }))} ${commandLink(t('Set Up This Run'), 'basin.setUpRun', path)}`;
  }
  const open = commandLink(t('Open landscape'), 'basin.openLandscape', path);
  // Analyzing needs trust; reading what was analyzed does not.
  if (!vscode.workspace.isTrusted) return open;
  return `${commandLink(t('Analyze'), 'basin.analyzeCheckpoint', path)} · ${open}`;
}
