import * as vscode from 'vscode';
import type { Interpolation } from '../../shared/comparison';
import type { ToPanel } from '../../shared/panelProtocol';
import type { Analyses } from '../analysis/analyses';
import type { Library } from '../checkpoints/library';
import type { RunWeights } from '../checkpoints/runWeights';
import type { Log } from '../log';
import { stateWords, type RunStates } from '../setup/runStates';
import { bundledPage } from './bundledPage';
import { openFolder, saveFromPage } from './leaving';
import { makeSnapshot, readFromPanel, shownDocument, versionOf } from './snapshot';

export const PANEL_TYPE = 'basin.panel';

/** Snapshots are whole: between two there is at least this, and the last one has arrived. */
const RESEND = 500;

export interface PanelActions {
  readonly analyze: (path: string) => void;
  /** Reads the weights of all checkpoints of its run. */
  readonly measureWeights: (path: string) => void;
  readonly cancel: () => void;
  /** Changes basin.json and analyses the checkpoint again. */
  readonly resample: (path: string, setting: 'range' | 'resolution', value: number) => void;
  /** The loss on the straight line; undefined where it cannot be had, which the user was told. */
  readonly lossBetween: (first: string, second: string) => Promise<Interpolation | undefined>;
  /** The panel shows this checkpoint now. */
  readonly selected: (path: string) => void;
}

/** The panel beside the code: one for each window. */
export class LandscapePanel implements vscode.Disposable, vscode.WebviewPanelSerializer {
  private panel: vscode.WebviewPanel | undefined;
  private selected: string | null = null;
  private ready = false;
  private timer: NodeJS.Timeout | undefined;
  /** Whether something changed after the snapshot that is on its way. */
  private stale = false;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly library: Library,
    private readonly analyses: Analyses,
    private readonly states: RunStates,
    private readonly weights: RunWeights,
    private readonly actions: PanelActions,
    private readonly log: Log,
  ) {
    const resend = (): void => {
      this.resend();
    };
    this.subscriptions = [
      library.onDidChange(resend),
      analyses.onDidChange(resend),
      states.onDidChange(resend),
      weights.onDidChange(resend),
    ];
  }

  /** Whether the user sees this checkpoint in the panel now. */
  shows(path: string): boolean {
    return this.panel?.visible === true && this.selected === path;
  }

  /** Shows this checkpoint if the panel is there; it is not opened for it. */
  follow(path: string): void {
    this.selected = path;
    void this.send();
  }

  /** Shows the panel; with a path, this checkpoint in it. The editor keeps the focus. */
  open(path: string | null): void {
    if (path !== null) this.selected = path;
    if (this.panel === undefined) {
      this.adopt(
        vscode.window.createWebviewPanel(
          PANEL_TYPE,
          'Basin',
          { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
          {},
        ),
      );
      return;
    }
    this.panel.reveal(undefined, true);
    if (path !== null) void this.send();
  }

  /** A panel that was open when the window was closed. What it showed is its own state. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.panel?.dispose();
    this.adopt(panel);
    return Promise.resolve();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.panel?.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private adopt(panel: vscode.WebviewPanel): void {
    this.panel = panel;
    this.ready = false;
    // What was on its way to another page never arrives.
    clearTimeout(this.timer);
    this.timer = undefined;
    const dist = vscode.Uri.joinPath(this.extensionUri, 'dist');
    const { webview } = panel;
    panel.iconPath = {
      light: vscode.Uri.joinPath(this.extensionUri, 'media', 'panel-light.svg'),
      dark: vscode.Uri.joinPath(this.extensionUri, 'media', 'panel-dark.svg'),
    };
    webview.options = { enableScripts: true, localResourceRoots: [dist] };
    webview.onDidReceiveMessage((message: unknown) => {
      this.receive(message);
    });
    panel.onDidDispose(() => {
      if (this.panel !== panel) return;
      this.panel = undefined;
      this.ready = false;
    });
    panel.onDidChangeViewState(() => {
      // A hidden page is gone; when it is shown again it starts anew and says 'ready'.
      if (!panel.visible) this.ready = false;
    });
    webview.html = bundledPage(webview, dist, 'webview');
  }

  private receive(message: unknown): void {
    const known = readFromPanel(message);
    switch (known?.type) {
      case 'ready':
        this.ready = true;
        void this.send();
        break;
      case 'select':
        this.selected = known.key;
        this.actions.selected(known.key);
        break;
      case 'document':
        this.sendDocument(known.key);
        break;
      case 'analyze':
        this.actions.analyze(known.key);
        break;
      case 'weights':
        this.actions.measureWeights(known.key);
        break;
      case 'cancel':
        this.actions.cancel();
        break;
      case 'resample':
        this.actions.resample(known.key, known.setting, known.value);
        break;
      case 'path':
        void this.sendPath(known.first, known.second);
        break;
      case 'save':
        void saveFromPage(known, openFolder());
        break;
      case 'copy':
        void vscode.env.clipboard.writeText(known.text);
        break;
      case undefined:
        this.log.warn('The panel sent a message Basin does not know.');
        break;
    }
  }

  private resend(): void {
    if (this.panel === undefined || !this.ready) return;
    if (this.timer !== undefined) this.stale = true;
    this.timer ??= setTimeout(() => {
      this.stale = false;
      void this.send().finally(() => {
        this.timer = undefined;
        if (this.stale) this.resend();
      });
    }, RESEND);
  }

  private sendDocument(key: string): void {
    const record = this.library.get(key);
    const document = record && shownDocument(record, this.analyses.partial(key));
    // Of one that is gone meanwhile there is another snapshot.
    if (!document || this.panel === undefined || !this.ready) return;
    const version = versionOf(document);
    const message: ToPanel = { type: 'document', key, version, document };
    void this.panel.webview.postMessage(message);
  }

  private async sendPath(first: string, second: string): Promise<void> {
    const path = await this.actions.lossBetween(first, second);
    const message: ToPanel = { type: 'path', first, second, path: path ?? null };
    if (this.ready) await this.panel?.webview.postMessage(message);
  }

  private async send(): Promise<void> {
    if (this.panel === undefined || !this.ready) return;
    const snapshot: ToPanel = makeSnapshot({
      records: this.library.all(),
      partial: (path) => this.analyses.partial(path),
      weights: ({ run, file }) => this.weights.peek(run, file.path),
      selected: this.selected,
      progress: this.analyses.progress,
      readiness: (run) => stateWords(this.states.peek(run), run.implied),
    });
    await this.panel.webview.postMessage(snapshot);
  }
}
