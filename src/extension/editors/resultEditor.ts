import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { FromPanel, ToPanel } from '../../shared/panelProtocol';
import type { ResultDocument } from '../../shared/result';
import { parseResult } from '../../shared/resultShape';
import type { Library } from '../checkpoints/library';
import { FileWatch } from './fileWatch';
import { bundledPage } from '../panel/bundledPage';
import { createNonce } from '../panel/panelHtml';
import { saveFromPage } from '../panel/leaving';
import { messageHtml } from './resultEditorMessage';
import { readFromPanel, summaryOf, versionOf } from '../panel/snapshot';
import { describeChanges } from '../words/outdated';
import { t, translated } from '../../shared/words/text';

export const RESULT_EDITOR_TYPE = 'basin.result';

/** Reading more than this in one piece would hold up the extension host. */
const MAX_BYTES = 24 * 1024 * 1024;

type Reading =
  | { readonly ok: true; readonly document: ResultDocument }
  /** A sentence. */
  | { readonly ok: false; readonly message: string };

/** Shows one result document with the panel's plots: all it needs is in the document. */
export class ResultEditor implements vscode.CustomReadonlyEditorProvider {
  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly library: Library,
  ) {}

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
    const dist = vscode.Uri.joinPath(this.extensionUri, 'dist');
    const view = new ResultView(uri, panel, dist, this.library);
    panel.onDidDispose(() => {
      view.dispose();
    });
  }
}

class ResultView implements vscode.Disposable {
  private readonly subscriptions: { dispose(): void }[] = [];
  private document: ResultDocument | null = null;
  /** Which page the webview has: that of the plots, or that of one sentence. */
  private page: 'plots' | 'message' | null = null;
  private readonly webview: vscode.Webview;

  constructor(
    private readonly uri: vscode.Uri,
    panel: vscode.WebviewPanel,
    private readonly dist: vscode.Uri,
    private readonly library: Library,
  ) {
    this.webview = panel.webview;
    this.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    this.subscriptions.push(
      this.webview.onDidReceiveMessage((message: unknown) => {
        if (isReopen(message)) {
          void vscode.commands.executeCommand('vscode.openWith', uri, 'default');
        } else this.answer(readFromPanel(message));
      }),
      new FileWatch(uri, {
        onChange: () => void this.load(),
        // Results are written whole.
        onWriting: () => undefined,
      }),
    );
    void this.load();
    this.subscriptions.push(
      library.onDidChange(() => {
        if (this.page === 'plots' && this.remark() !== this.told) this.send();
      }),
    );
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private async load(): Promise<void> {
    const reading = await read(this.uri);
    if (!reading.ok) {
      this.document = null;
      this.page = 'message';
      this.webview.html = messageHtml({
        title: t('{0} cannot be shown', basename(this.uri.path)),
        message: reading.message,
        button: t('Reopen as Text'),
        nonce: createNonce(),
      });
      return;
    }
    this.document = reading.document;
    if (this.page === 'plots') {
      this.send();
      return;
    }
    this.page = 'plots';
    this.webview.html = bundledPage(this.webview, this.dist, 'webview', true);
  }

  /** Whether the document still holds, where its checkpoint is known. */
  private remark(): string | null {
    const checkpoint = this.library.ofResult(this.uri.fsPath);
    const record = checkpoint === null ? undefined : this.library.get(checkpoint);
    return record?.outdated === true && record.result?.path === this.uri.fsPath
      ? describeChanges(record.changes)
      : null;
  }

  private told: string | null = null;

  private answer(asked: FromPanel | null): void {
    if (asked?.type === 'ready') this.send();
    if (asked?.type === 'save') void saveFromPage(asked, vscode.Uri.joinPath(this.uri, '..'));
    if (asked?.type === 'copy') void vscode.env.clipboard.writeText(asked.text);
    if (asked?.type !== 'document' || this.document === null) return;
    const { document } = this;
    const key = this.uri.toString();
    const version = versionOf(document);
    const message: ToPanel = { type: 'document', key, version, document };
    void this.webview.postMessage(message);
  }

  private send(): void {
    const { document } = this;
    if (document === null) return;
    const key = this.uri.toString();
    const error = (this.told = this.remark());
    const entry = {
      key,
      run: '',
      label: document.checkpoint.path,
      summary: summaryOf(document),
      error,
    };
    const snapshot: ToPanel = {
      type: 'snapshot',
      entries: [entry],
      selected: key,
      progress: null,
      readiness: {},
    };
    void this.webview.postMessage(snapshot);
  }
}

async function read(uri: vscode.Uri): Promise<Reading> {
  const name = basename(uri.path);
  let bytes: Uint8Array;
  try {
    const { size } = await vscode.workspace.fs.stat(uri);
    if (size > MAX_BYTES) {
      return {
        ok: false,
        message: t(
          '{0} has {1} MB, too many to show here: lower "resolution" in basin.json and analyze again.',
          name,
          Math.round(size / 1e6),
        ),
      };
    }
    bytes = await vscode.workspace.fs.readFile(uri);
  } catch {
    return { ok: false, message: t('{0} cannot be read: check that it is still there.', name) };
  }
  const reading = parseResult(new TextDecoder().decode(bytes));
  if (reading.ok) return reading;
  return {
    ok: false,
    message: t(
      'It is no result document of Basin that can be drawn: {0}. Analyze the checkpoint again, or look at the text.',
      translated(reading.why),
    ),
  };
}

function isReopen(message: unknown): boolean {
  return (
    typeof message === 'object' &&
    message !== null &&
    (message as { type?: unknown }).type === 'reopenAsText'
  );
}
