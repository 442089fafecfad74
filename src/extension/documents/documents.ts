import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { Interpolation } from '../../shared/comparison';
import { checkpointLabel } from '../words/checkpointLabel';
import { comparisonDocument } from './comparisonDocument';
import { doctorDocument, type Diagnosis, type Installation } from './doctorDocument';
import type { EngineClient } from '../client/engineClient';
import type { Library } from '../checkpoints/library';
import { escapeMarkdown } from '../words/markdown';
import type { ResultPlaces } from '../checkpoints/resultPlaces';
import { settings } from '../settings';
import { t, translated } from '../words/text';

const SCHEME = 'basin';

/** What a document is about; it is in its address, so that it can be written anew any time. */
export type Subject =
  | { readonly kind: 'doctor' }
  | {
      readonly kind: 'comparison';
      readonly first: string;
      readonly second: string;
      /** With the loss on the way from the first to the second. */
      readonly along?: Path;
    };

type Path = Interpolation['path'];

/** Documents that Basin writes for the user to read: comparisons, and the state of its engine. */
export class Documents implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly emitter = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.emitter.event;
  private readonly registration: vscode.Disposable;

  constructor(
    private readonly engine: () => Promise<EngineClient>,
    private readonly library: Pick<Library, 'get'>,
    private readonly places: ResultPlaces,
    private readonly installation: () => Installation,
  ) {
    this.registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  /** Shows a document, written anew: as a preview where Markdown has one. */
  async show(subject: Subject): Promise<void> {
    const uri = addressOf(subject);
    // Of one that is open already.
    this.emitter.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    try {
      await vscode.commands.executeCommand('markdown.showPreview', uri);
    } catch {
      await vscode.window.showTextDocument(document, { preview: true });
    }
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
        return this.compare(subject, token);
      case undefined:
        return '';
    }
  }

  /** Runs the model, so that it needs the trust an analysis needs. */
  private async sampleBetween(
    engine: EngineClient,
    from: string,
    to: string,
    path: Path,
    token: vscode.CancellationToken,
  ): Promise<Interpolation> {
    const configuration = this.library.get(from)?.run.configuration ?? null;
    if (!vscode.workspace.isTrusted) {
      throw new Error(t('Basin analyzes checkpoints in trusted workspaces only.'));
    }
    if (configuration === null) throw new Error(t('No basin.json names this checkpoint.'));
    const job = randomUUID();
    const source = new vscode.CancellationTokenSource();
    const listeners: { dispose: () => unknown }[] = [
      source,
      token.onCancellationRequested(() => {
        source.cancel();
      }),
    ];
    try {
      return await vscode.window.withProgress(
        {
          location: vscode.ProgressLocation.Notification,
          title: t('Basin: the loss from {0} to {1}', checkpointLabel(from), checkpointLabel(to)),
          cancellable: true,
        },
        (report, cancelled) => {
          let done = 0;
          listeners.push(
            cancelled.onCancellationRequested(() => {
              source.cancel();
            }),
            engine.onProgress(({ job: of, fraction }) => {
              if (of !== job) return;
              report.report({ increment: Math.max(0, 100 * (fraction - done)) });
              done = Math.max(done, fraction);
            }),
          );
          const params = {
            job,
            configuration,
            from,
            to,
            path,
            stores: this.places.stores(configuration),
            runtime: settings.runtime(),
            tensorflowFolder: dirname(configuration),
          };
          return engine.interpolate(params, source.token);
        },
      );
    } finally {
      for (const listener of listeners) listener.dispose();
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
      const report = await engine.doctor(token);
      return { ok: true, report, milliseconds: Date.now() - begun };
    } catch (error) {
      return { ok: false, message: sentence(error) };
    }
  }

  private async compare(
    { first, second, along }: Extract<Subject, { kind: 'comparison' }>,
    token: vscode.CancellationToken,
  ): Promise<string> {
    try {
      const engine = await this.engine();
      const firstResult = this.library.get(first)?.result?.path;
      const secondResult = this.library.get(second)?.result?.path;
      const params = {
        first,
        second,
        ...(firstResult === undefined ? {} : { firstResult }),
        ...(secondResult === undefined ? {} : { secondResult }),
      };
      const comparison = await engine.compare(params, token);
      if (along === undefined) return comparisonDocument(comparison);
      const interpolation = await this.sampleBetween(engine, first, second, along, token);
      return comparisonDocument({ ...comparison, interpolation });
    } catch (error) {
      return `# ${escapeMarkdown(`${checkpointLabel(first)} → ${checkpointLabel(second)}`)}\n\n${escapeMarkdown(sentence(error))}\n`;
    }
  }
}

/** An address may come from anywhere: what is not known is no path. */
function isPath(value: unknown): value is Path {
  return value === 'line' || value === 'curve';
}

function addressOf(subject: Subject): vscode.Uri {
  switch (subject.kind) {
    case 'doctor':
      return vscode.Uri.from({ scheme: SCHEME, path: `/${t('Basin Doctor')}.md` });
    case 'comparison': {
      const { first, second, along } = subject;
      const name = (path: string): string => checkpointLabel(path).replaceAll(/[/\\]/g, ' ');
      return vscode.Uri.from({
        scheme: SCHEME,
        path: `/${name(first)} → ${name(second)}.md`,
        query: JSON.stringify([first, second, ...(along === undefined ? [] : [along])]),
      });
    }
  }
}

/** An address may come from anywhere: what is not known is nothing. */
function subjectOf(uri: vscode.Uri): Subject | undefined {
  if (uri.query === '') return { kind: 'doctor' };
  try {
    const [first, second, along] = JSON.parse(uri.query) as unknown[];
    if (typeof first !== 'string' || typeof second !== 'string') return undefined;
    return { kind: 'comparison', first, second, ...(isPath(along) ? { along } : {}) };
  } catch {
    return undefined;
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? translated(error.message) : t('Basin failed: {0}', String(error));
}
