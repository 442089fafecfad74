import * as vscode from 'vscode';
import type { Interpolation } from '../../shared/comparison';
import { checkpointLabel } from '../words/checkpointLabel';
import { comparisonDocument } from './comparisonDocument';
import { differenceDocument } from './differenceDocument';
import { doctorDocument, type Diagnosis, type Installation } from './doctorDocument';
import type { EngineClient } from '../client/engineClient';
import { saidBy } from '../client/engineError';
import { escapeMarkdown } from '../words/markdown';
import { t, translated } from '../../shared/words/text';

const SCHEME = 'basin';

/** What a document is about; it is in its address, so that it can be written anew any time. */
export type Subject =
  | { readonly kind: 'doctor' }
  | { readonly kind: 'comparison'; readonly first: string; readonly second: string }
  /** Of tensors. */
  | { readonly kind: 'difference'; readonly first: string; readonly second: string };

/** Documents that Basin writes for the user to read: comparisons, and the state of its engine. */
export class Documents implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly emitter = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.emitter.event;
  private readonly registration: vscode.Disposable;
  /** The loss between two checkpoints where that was asked for, by the address of their comparison. */
  private readonly paths = new Map<string, Interpolation>();

  constructor(
    private readonly engine: () => Promise<EngineClient>,
    /** Where the result of a checkpoint is, if it has one. */
    private readonly resultOf: (checkpoint: string) => string | undefined,
    private readonly installation: () => Installation,
  ) {
    this.registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  /** Shows a document, written anew: as a preview where Markdown has one. */
  async show(subject: Subject): Promise<void> {
    const uri = addressOf(subject);
    this.paths.delete(uri.toString());
    // Of one that is open already.
    this.emitter.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    try {
      await vscode.commands.executeCommand('markdown.showPreview', uri);
    } catch {
      await vscode.window.showTextDocument(document, { preview: true });
    }
  }

  /** Adds the loss between two checkpoints to their comparison, until that is shown anew. */
  addPath(first: string, second: string, interpolation: Interpolation): void {
    const uri = addressOf({ kind: 'comparison', first, second });
    this.paths.set(uri.toString(), interpolation);
    this.emitter.fire(uri);
  }

  async provideTextDocumentContent(
    uri: vscode.Uri,
    token: vscode.CancellationToken,
  ): Promise<string> {
    const subject = subjectOf(uri);
    switch (subject?.kind) {
      case 'doctor':
        return doctorDocument(this.installation(), await this.diagnose(token));
      case 'comparison':
        return this.compare(subject, this.paths.get(uri.toString()), token);
      case 'difference':
        return this.difference(subject, token);
      case undefined:
        return '';
    }
  }

  dispose(): void {
    this.registration.dispose();
    this.emitter.dispose();
  }

  private async diagnose(token: vscode.CancellationToken): Promise<Diagnosis> {
    try {
      const engine = await this.engine();
      const begun = Date.now();
      const report = await engine.request('basin/doctor', {}, token);
      return { ok: true, report, milliseconds: Date.now() - begun };
    } catch (error) {
      return { ok: false, message: sentence(error) };
    }
  }

  private async compare(
    { first, second }: Extract<Subject, { kind: 'comparison' }>,
    interpolation: Interpolation | undefined,
    token: vscode.CancellationToken,
  ): Promise<string> {
    try {
      const engine = await this.engine();
      const [firstResult, secondResult] = [this.resultOf(first), this.resultOf(second)];
      const params = {
        first,
        second,
        ...(firstResult === undefined ? {} : { firstResult }),
        ...(secondResult === undefined ? {} : { secondResult }),
      };
      const comparison = await engine.request('basin/compare', params, token);
      return comparisonDocument({
        ...comparison,
        ...(interpolation === undefined ? {} : { interpolation }),
      });
    } catch (error) {
      return failed(first, second, error);
    }
  }

  private async difference(
    { first, second }: Extract<Subject, { kind: 'difference' }>,
    token: vscode.CancellationToken,
  ): Promise<string> {
    try {
      const engine = await this.engine();
      const difference = await engine.request('basin/diff', { first, second }, token);
      return differenceDocument(difference, [checkpointLabel(first), checkpointLabel(second)]);
    } catch (error) {
      return failed(first, second, error);
    }
  }
}

/** Of a document that could not be written. */
function failed(first: string, second: string, error: unknown): string {
  return `# ${escapeMarkdown(`${checkpointLabel(first)} → ${checkpointLabel(second)}`)}\n\n${escapeMarkdown(sentence(error))}\n`;
}

function addressOf(subject: Subject): vscode.Uri {
  switch (subject.kind) {
    case 'doctor':
      return vscode.Uri.from({ scheme: SCHEME, path: `/${t('Basin Doctor')}.md` });
    case 'comparison':
    case 'difference': {
      const { kind, first, second } = subject;
      const name = (path: string): string => checkpointLabel(path).replaceAll(/[/\\]/g, ' ');
      return vscode.Uri.from({
        scheme: SCHEME,
        path: `/${kind === 'difference' ? `${t('Tensors')} ` : ''}${name(first)} → ${name(second)}.md`,
        query: JSON.stringify(kind === 'difference' ? [first, second, kind] : [first, second]),
      });
    }
  }
}

/** An address may come from anywhere: what is not known is nothing. */
function subjectOf(uri: vscode.Uri): Subject | undefined {
  if (uri.query === '') return { kind: 'doctor' };
  try {
    const [first, second, kind = 'comparison'] = JSON.parse(uri.query) as unknown[];
    if (typeof first !== 'string' || typeof second !== 'string') return undefined;
    return kind === 'comparison' || kind === 'difference' ? { kind, first, second } : undefined;
  } catch {
    return undefined;
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? translated(saidBy(error)) : t('Basin failed: {0}', String(error));
}
