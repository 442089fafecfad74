import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { getLocation, type Location } from 'jsonc-parser';
import { glob } from 'tinyglobby';
import * as vscode from 'vscode';
import {
  findProblems,
  problemOfEngine,
  type Disk,
  type Fix,
  type Problem,
} from './basinJsonProblems';
import { hasCheckpointEnding } from '../../shared/checkpointNames';
import { distinct } from '../../shared/words/message';
import { BASIN_JSON } from '../checkpoints/configurations';
import type { Library } from '../checkpoints/library';
import type { Choice, FileChoices, KindChoice } from '../../shared/engineProtocol';
import type { EngineClient } from '../client/engineClient';
import { EngineError } from '../client/engineError';
import { problemsOf, type RunStates } from '../setup/runStates';
import { t, translated } from '../../shared/words/text';

const SOURCE = 'Basin';

export const BASIN_JSON_SELECTOR: vscode.DocumentSelector = {
  scheme: 'file',
  pattern: `**/${BASIN_JSON}`,
};

/** Nothing is checked before typing pauses this long. */
const PAUSE = 400;

/**
 * Marks what is wrong in an open basin.json where it is, and offers what would put it right; the
 * JSON schema's own marks stand beside these.
 */
export class BasinJsonChecks implements vscode.CodeActionProvider, vscode.Disposable {
  private readonly marks = vscode.languages.createDiagnosticCollection('basin');
  private readonly fixes = new Map<string, Map<string, readonly Fix[]>>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly library: Library,
    private readonly states: RunStates,
  ) {
    const later = (document: vscode.TextDocument): void => {
      this.checkLater(document);
    };
    this.subscriptions = [
      vscode.workspace.onDidOpenTextDocument(later),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        // What was said of other text says nothing of this one.
        states.forget(document.uri.fsPath);
        later(document);
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.forget(uri);
      }),
      library.onDidChange(() => {
        vscode.workspace.textDocuments.forEach(later);
      }),
    ];
    vscode.workspace.textDocuments.forEach(later);
  }

  provideCodeActions(
    document: vscode.TextDocument,
    _range: vscode.Range,
    { diagnostics }: vscode.CodeActionContext,
  ): vscode.CodeAction[] {
    const known = this.fixes.get(document.uri.toString());
    return diagnostics
      .filter(({ source }) => source === SOURCE)
      .flatMap((diagnostic) =>
        (known?.get(keyOf(diagnostic)) ?? []).map((fix) => actionOf(document, diagnostic, fix)),
      );
  }

  dispose(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    for (const subscription of this.subscriptions) subscription.dispose();
    this.marks.dispose();
  }

  private checkLater(document: vscode.TextDocument): void {
    if (vscode.languages.match(BASIN_JSON_SELECTOR, document) === 0) return;
    const key = document.uri.toString();
    clearTimeout(this.timers.get(key));
    this.timers.set(
      key,
      setTimeout(() => {
        this.timers.delete(key);
        void this.check(document);
      }, PAUSE),
    );
  }

  private async check(document: vscode.TextDocument): Promise<void> {
    const { version, uri } = document;
    const text = document.getText();
    const { checkBasinJson } = await import('./checkBasinJson');
    const problems = await findProblems(text, diskOf(dirname(uri.fsPath)), checkBasinJson);
    // What was typed meanwhile is checked by itself.
    const isOld = (): boolean => document.isClosed || document.version !== version;
    if (isOld()) return;
    if (!document.isDirty) {
      for (const each of this.ofEngine(document, problems)) problems.push(each);
      if (!problems.some(({ severity }) => severity === 'error')) {
        for (const each of await this.ofState(document)) problems.push(each);
        if (isOld()) return;
      }
    }
    const fixes = new Map<string, readonly Fix[]>();
    const marks = problems.map((problem) => {
      const mark = markOf(document, problem);
      fixes.set(keyOf(mark), problem.fixes);
      return mark;
    });
    this.fixes.set(uri.toString(), fixes);
    this.marks.set(uri, marks);
  }

  /** What analyses said of this file, where nothing else has been said already. */
  private ofEngine(document: vscode.TextDocument, known: readonly Problem[]): Problem[] {
    const path = document.uri.fsPath;
    const messages = this.library
      .all()
      .flatMap(({ run, error }) => (run.configuration === path && error !== null ? [error] : []));
    return distinct(messages).flatMap((message) => {
      const problem = problemOfEngine(document.getText(), message, path);
      const isSaid =
        problem === null || known.some(({ offset }) => offset === problem.offset && offset > 0);
      return isSaid ? [] : [problem];
    });
  }

  /** What keeps the run from being analysed, by its files as they are. */
  private async ofState(document: vscode.TextDocument): Promise<Problem[]> {
    const path = document.uri.fsPath;
    const known = await this.states.get(path);
    if (known === null) return [];
    const messages = known.ok ? problemsOf(known.state) : [known.message];
    return messages.map(
      (message) =>
        problemOfEngine(document.getText(), message, path) ?? {
          offset: 0,
          length: 1,
          message: translated(message),
          severity: 'error' as const,
          fixes: [],
        },
    );
  }

  private forget(uri: vscode.Uri): void {
    const key = uri.toString();
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
    this.fixes.delete(key);
    this.marks.delete(uri);
  }
}

function markOf(document: vscode.TextDocument, problem: Problem): vscode.Diagnostic {
  const { offset, length, message, severity } = problem;
  const range = new vscode.Range(document.positionAt(offset), document.positionAt(offset + length));
  const mark = new vscode.Diagnostic(range, message, SEVERITIES[severity]);
  mark.source = SOURCE;
  return mark;
}

const SEVERITIES = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  hint: vscode.DiagnosticSeverity.Information,
} as const;

function keyOf({ range: { start }, message }: vscode.Diagnostic): string {
  return `${start.line}:${start.character} ${message}`;
}

function actionOf(
  document: vscode.TextDocument,
  diagnostic: vscode.Diagnostic,
  fix: Fix,
): vscode.CodeAction {
  const action = new vscode.CodeAction(fix.title, vscode.CodeActionKind.QuickFix);
  action.diagnostics = [diagnostic];
  switch (fix.kind) {
    case 'replace':
      action.edit = new vscode.WorkspaceEdit();
      action.edit.replace(document.uri, diagnostic.range, fix.text);
      action.isPreferred = true;
      break;
    case 'reveal':
      action.command = {
        command: 'revealInExplorer',
        title: fix.title,
        arguments: [vscode.Uri.file(resolve(dirname(document.uri.fsPath), fix.folder))],
      };
      break;
  }
  return action;
}

function diskOf(folder: string): Disk {
  return {
    isFile: async (path) => {
      try {
        return (await stat(resolve(folder, path))).isFile();
      } catch {
        return false;
      }
    },
    list: async (path) => {
      try {
        return await readdir(resolve(folder, path));
      } catch {
        return [];
      }
    },
    count: async (pattern) => {
      try {
        const found = await glob([pattern], {
          cwd: folder,
          onlyFiles: true,
          expandDirectories: false,
          ignore: ['**/node_modules/**', '**/.git/**', '**/.basin/**'],
        });
        return found.length;
      } catch {
        return 0;
      }
    },
  };
}

/** Endings of the files that each key names. */
const WANTED: readonly (readonly [key: string, fits: (name: string) => boolean])[] = [
  ['checkpoints/*', hasCheckpointEnding],
  ['model', (name) => name.endsWith('.onnx')],
  ['data/inputs', (name) => /\.np[yz]$/.test(name)],
  ['data/targets', (name) => /\.np[yz]$/.test(name)],
  ['objective/collocation/points', (name) => name.endsWith('.npz')],
];

/**
 * Completes basin.json: files of the kind a key names and the folders on the way, and what the files have
 * that are named already.
 */
export class BasinJsonPaths implements vscode.CompletionItemProvider {
  constructor(private readonly engine: () => Promise<EngineClient>) {}

  async provideCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.CompletionItem[]> {
    const offset = document.offsetAt(position);
    const location = getLocation(document.getText(), offset);
    const names = await this.names(document, location, offset, token);
    if (names !== null) return names;
    const node = location.previousNode;
    if (location.isAtPropertyKey || node?.type !== 'string') return [];
    if (offset <= node.offset || offset >= node.offset + node.length) return [];
    const wanted = WANTED.find(([key]) => location.matches(key.split('/')));
    if (wanted === undefined) return [];
    const typed = document.getText().slice(node.offset + 1, offset);
    const parent = typed.slice(0, typed.lastIndexOf('/') + 1);
    const range = new vscode.Range(
      document.positionAt(node.offset + 1 + parent.length),
      document.positionAt(node.offset + node.length - 1),
    );
    return completionsIn(join(dirname(document.uri.fsPath), parent), wanted, range);
  }

  /**
   * Outputs and inputs of the graph, arrays after `FILE.npz#` and kinds of objectives; null where none is
   * asked for.
   */
  private async names(
    document: vscode.TextDocument,
    location: Location,
    offset: number,
    token: vscode.CancellationToken,
  ): Promise<vscode.CompletionItem[] | null> {
    const node = location.previousNode;
    if (node === undefined) return null;
    if (offset <= node.offset || offset >= node.offset + node.length) return null;
    const typed = document.getText().slice(node.offset + 1, offset);
    const isOutput = location.matches(['output']);
    const isInput = location.isAtPropertyKey && location.matches(['data', 'inputs', '*']);
    const isKind = !location.isAtPropertyKey && location.matches(['objective', 'kind']);
    const file = location.matches(['data', '**']) ? /^(.+\.npz)#/.exec(typed)?.[1] : undefined;
    if (!isOutput && !isInput && !isKind && file === undefined) return null;
    const choices = await this.choices(document, token);
    if (choices === null) return null;
    const at: Place = { document, offset: node.offset, length: node.length, typed };
    if (isKind) return choices.kinds.map((choice, place) => kindItem(at, choice, place));
    const { inputs, outputs, arrays } = choices;
    if (file === undefined) return (isInput ? inputs : outputs).map((one) => nameItem(at, one));
    return (arrays[file] ?? []).map(({ name, shape }) =>
      nameItem(at, { name: `${file}#${name}`, shape }),
    );
  }

  private async choices(
    document: vscode.TextDocument,
    token: vscode.CancellationToken,
  ): Promise<FileChoices | null> {
    if (!vscode.workspace.isTrusted) return null;
    try {
      const engine = await this.engine();
      const params = { configuration: document.uri.fsPath, text: document.getText() };
      return await engine.request('basin/fileChoices', params, token);
    } catch (error) {
      // Without the engine there is nothing to choose from; the keys are still completed.
      if (error instanceof EngineError) return null;
      throw error;
    }
  }
}

/** A string of a document, with its quotes. */
interface Place {
  readonly document: vscode.TextDocument;
  readonly offset: number;
  readonly length: number;
  /** What of it is before the cursor. */
  readonly typed: string;
}

/** What stands in quotes at a place is replaced by a name. */
function nameItem(
  { document, offset, length, typed }: Place,
  { name, shape }: Choice,
): vscode.CompletionItem {
  const label = { label: name, ...(shape === null ? {} : { description: shape }) };
  const item = new vscode.CompletionItem(label, vscode.CompletionItemKind.Value);
  // With the quotes, as the schema's own proposals: these come first.
  item.range = new vscode.Range(document.positionAt(offset), document.positionAt(offset + length));
  item.insertText = JSON.stringify(name);
  // What is there already hides no choice; what is typed of a name does.
  item.filterText = `"${name.startsWith(typed) ? name : typed + name}"`;
  item.sortText = ' ';
  return item;
}

/** Kinds that fit graph and data first; of the others, why they do not. */
function kindItem(at: Place, { kind, problem }: KindChoice, place: number): vscode.CompletionItem {
  const shape = problem === null ? null : t('does not fit graph and data');
  const item = nameItem(at, { name: kind, shape });
  item.sortText = ` ${place}`;
  if (problem !== null) item.documentation = translated(problem);
  item.preselect = place === 0;
  return item;
}

async function completionsIn(
  folder: string,
  [key, fits]: (typeof WANTED)[number],
  range: vscode.Range,
): Promise<vscode.CompletionItem[]> {
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  const items: vscode.CompletionItem[] = [];
  const endings = new Set<string>();
  for (const entry of entries.slice(0, 2000)) {
    const { name } = entry;
    if (name.startsWith('.') || name === 'node_modules') continue;
    if (entry.isDirectory()) {
      const item = new vscode.CompletionItem(`${name}/`, vscode.CompletionItemKind.Folder);
      item.command = { command: 'editor.action.triggerSuggest', title: '' };
      items.push(item);
    } else if (fits(name)) {
      items.push(new vscode.CompletionItem(name, vscode.CompletionItemKind.File));
      endings.add(/\.[^.]+$/.exec(basename(name))?.[0] ?? '');
    }
  }
  if (key === 'checkpoints/*') {
    for (const ending of endings) {
      const item = new vscode.CompletionItem(`*${ending}`, vscode.CompletionItemKind.Value);
      item.detail = t('Every checkpoint of this ending');
      item.sortText = ' ';
      items.push(item);
    }
  }
  for (const item of items) {
    item.range = range;
    item.filterText = typeof item.label === 'string' ? item.label : item.label.label;
  }
  return items;
}
