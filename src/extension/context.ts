import { join } from 'node:path';
import * as vscode from 'vscode';
import { changeSampling } from './configuration/changeSampling';
import { Analyses } from './analysis/analyses';
import { AutoAnalyze } from './analysis/autoAnalyze';
import { BASIN_JSON_SELECTOR, BasinJsonChecks, BasinJsonPaths } from './configuration/basinJson';
import { CHECKPOINT_EDITOR_TYPES, CheckpointEditor, placeAmong } from './editors/checkpointEditor';
import { CheckpointFinder } from './checkpoints/checkpoints';
import { CheckpointLens, LENS_SELECTOR } from './code/codeLens';
import { CheckpointDecorations } from './views/decorations';
import type { Installation } from './documents/doctorDocument';
import { Documents } from './documents/documents';
import type { EngineClient } from './client/engineClient';
import { CheckpointHover, HOVER_SELECTOR } from './code/hover';
import { Inspections } from './checkpoints/inspections';
import { turn } from './turns/inTurns';
import { Library } from './checkpoints/library';
import { LandscapePanel, PANEL_TYPE } from './panel/panel';
import { RESULT_EDITOR_TYPE, ResultEditor } from './editors/resultEditor';
import { measureWithNotice, RunWeights } from './checkpoints/runWeights';
import { ResultPlaces } from './checkpoints/resultPlaces';
import { settings } from './settings';
import { RunStates } from './setup/runStates';
import { SetUpRun } from './setup/setUpRun';
import { StatusBar } from './views/statusBar';
import { RunTree, VIEW_ID, type TreeNode } from './views/tree';
import { t } from '../shared/words/text';
import { UserAnalysis } from './analysis/userAnalysis';
import { ViewProgress } from './views/viewProgress';
import { Watch } from './checkpoints/watch';

/**
 * Owns everything Basin has in a window, and ends all of it.
 *
 * The engine's process and the library that talks to it are loaded by the first who needs them.
 */
export class Context implements vscode.Disposable {
  readonly log: vscode.LogOutputChannel;
  readonly library: Library;
  readonly places: ResultPlaces;
  readonly analyses: Analyses;
  readonly inspections: Inspections;
  readonly watch: Watch;
  readonly userAnalysis: UserAnalysis;
  readonly documents: Documents;
  readonly setUpRun: SetUpRun;

  private readonly tree: RunTree;
  private readonly treeView: vscode.TreeView<TreeNode>;
  private readonly panel: LandscapePanel;
  private readonly owned: vscode.Disposable[] = [];
  private client: Promise<EngineClient> | undefined;
  private disposed = false;

  constructor(private readonly extension: vscode.ExtensionContext) {
    this.log = this.own(vscode.window.createOutputChannel('Basin', { log: true }));
    const { storageUri } = extension;
    this.places = new ResultPlaces(
      storageUri?.scheme === 'file' ? storageUri.fsPath : null,
      settings.resultsLocation,
    );
    this.library = this.own(new Library(this.places, this.log));
    this.analyses = this.own(
      new Analyses(() => this.engine(), this.library, this.places, this.log),
    );
    this.inspections = new Inspections(() => this.engine());
    const weights = this.own(new RunWeights(() => this.engine(), this.log));
    this.documents = this.own(
      new Documents(
        () => this.engine(),
        (path) => this.library.get(path)?.result?.path,
        () => this.installation(),
      ),
    );
    this.watch = this.own(new Watch(new CheckpointFinder(), this.library, this.places, this.log));
    const states = this.own(
      new RunStates(this.library, this.watch.onDidTouchInputs, () => this.engine()),
    );
    this.tree = this.own(new RunTree(this.library, this.analyses, states));
    this.treeView = this.own(
      vscode.window.createTreeView(VIEW_ID, {
        treeDataProvider: this.tree,
        showCollapseAll: true,
        canSelectMany: true,
      }),
    );
    this.panel = this.own(
      new LandscapePanel(
        extension.extensionUri,
        this.library,
        this.analyses,
        states,
        weights,
        {
          measureWeights: (path) => {
            const run = this.library.get(path)?.run;
            const title = t('Basin: reading the weights of the run');
            if (run !== undefined) void measureWithNotice(weights, run, title);
          },
          analyze: (path) => {
            const record = this.library.get(path);
            if (record !== undefined) void this.userAnalysis.run([record]);
          },
          resample: (path, setting, value) => {
            void this.resample(path, setting, value);
          },
          lossBetween: async (first, second) => {
            const [from, to] = [this.library.get(first), this.library.get(second)];
            return from && to && this.userAnalysis.lossBetween(from, to, 'line');
          },
          cancel: () => {
            this.analyses.cancelAll();
          },
          selected: (path) => {
            this.revealInTree(path);
          },
        },
        this.log,
      ),
    );
    this.userAnalysis = new UserAnalysis(this.analyses, this.panel);
    this.own(new StatusBar(this.analyses));
    this.own(new ViewProgress(this.analyses, VIEW_ID));
    this.own(vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, this.panel));
    this.own(
      vscode.languages.registerHoverProvider(
        HOVER_SELECTOR,
        new CheckpointHover(this.library, this.inspections, weights),
      ),
    );
    this.own(
      vscode.languages.registerCodeLensProvider(
        LENS_SELECTOR,
        this.own(new CheckpointLens(this.library)),
      ),
    );
    this.own(
      vscode.languages.registerCodeActionsProvider(
        BASIN_JSON_SELECTOR,
        this.own(new BasinJsonChecks(this.library, states)),
        { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] },
      ),
    );
    this.own(
      vscode.languages.registerCompletionItemProvider(
        BASIN_JSON_SELECTOR,
        new BasinJsonPaths(() => this.engine()),
        '"',
        '/',
        '#',
      ),
    );
    this.own(
      vscode.window.registerFileDecorationProvider(
        this.own(new CheckpointDecorations(this.library)),
      ),
    );
    this.own(
      this.library.onDidChange(({ runs }) => {
        if (runs) this.setContextKeysSoon();
      }),
    );
    this.own(
      this.analyses.onDidChange(() => {
        this.setBusyKey();
      }),
    );
    const tensors = new CheckpointEditor(
      extension.extensionUri,
      () => this.engine(),
      this.log,
      (path) => {
        const run = this.library.get(path)?.run;
        return placeAmong(run?.checkpoints.map((each) => each.path) ?? [], path);
      },
    );
    for (const type of CHECKPOINT_EDITOR_TYPES) {
      this.own(vscode.window.registerCustomEditorProvider(type, tensors));
    }
    this.own(
      vscode.window.registerCustomEditorProvider(
        RESULT_EDITOR_TYPE,
        new ResultEditor(extension.extensionUri, this.library),
      ),
    );
    this.setUpRun = new SetUpRun(
      this.library,
      this.watch,
      this.userAnalysis,
      states,
      () => this.engine(),
      (path) => {
        this.openPanel(path);
      },
    );
    this.own(new AutoAnalyze(this.library, this.analyses));
  }

  /** The engine's client; the process itself starts with its first request. */
  engine(): Promise<EngineClient> {
    this.client ??= turn()
      .then(() => import('./client/engineClient'))
      .then(({ EngineClient: Client }) => {
        const client = new Client(
          {
            script: this.engineScript,
            idleMinutes: settings.engineIdleMinutes,
            silentSeconds: settings.engineSilentSeconds,
            lowPriority: () => settings.enginePriority() === 'low',
          },
          this.log,
        );
        if (this.disposed) client.dispose();
        return client;
      });
    return this.client;
  }

  /** Rows of the tree that are selected. */
  get selectedRows(): readonly TreeNode[] {
    return this.treeView.selection;
  }

  openPanel(path: string | null): void {
    this.panel.open(path);
  }

  dispose(): void {
    this.disposed = true;
    for (const disposable of this.owned.reverse()) disposable.dispose();
    void this.client?.then((client) => {
      client.dispose();
    });
  }

  private installation(): Installation {
    const { version } = this.extension.extension.packageJSON as { readonly version: string };
    return {
      version,
      vscode: vscode.version,
      platform: `${process.platform}-${process.arch}`,
      script: this.engineScript,
      executable: process.execPath,
      trusted: vscode.workspace.isTrusted,
    };
  }

  private get engineScript(): string {
    return join(this.extension.extensionPath, 'dist', 'engine.js');
  }

  private own<T extends vscode.Disposable>(disposable: T): T {
    this.owned.push(disposable);
    return disposable;
  }

  private async resample(
    path: string,
    setting: 'range' | 'resolution',
    value: number,
  ): Promise<void> {
    const record = this.library.get(path);
    const configuration = record?.run.configuration;
    if (record === undefined || configuration === null || configuration === undefined) return;
    if (await changeSampling(configuration, setting, value)) await this.userAnalysis.run([record]);
  }

  private revealInTree(path: string): void {
    if (!this.treeView.visible || this.library.get(path) === undefined) return;
    void this.treeView.reveal(this.tree.checkpointNode(path), { select: true, focus: false });
  }

  private setContextKeysSoon(): void {
    this.contextKeys ??= turn().then(() => {
      this.contextKeys = undefined;
      return this.setContextKeys();
    });
  }

  private contextKeys: Promise<void> | undefined;

  /** What `when` clauses in package.json ask for; with thousands of paths a turn for each step. */
  private async setContextKeys(): Promise<void> {
    const records = this.library.all();
    await turn();
    const paths: string[] = [];
    for (const { file, run } of records) if (run.configuration !== null) paths.push(file.path);
    // Thousands of paths are not sent again for every file that grew.
    const known = this.configuredPaths;
    if (paths.length === known?.length && paths.every((path, i) => path === known[i])) return;
    await turn();
    // Of two that are on their way the later one is right.
    if (this.disposed || this.contextKeys !== undefined) return;
    this.configuredPaths = paths;
    setKey('basin.configured', paths.length > 0);
    setKey('basin.checkpointPaths', paths);
  }

  private configuredPaths: readonly string[] | undefined;

  private setBusyKey(): void {
    if (this.busyKey === this.analyses.busy) return;
    this.busyKey = this.analyses.busy;
    setKey('basin.analyzing', this.busyKey);
  }

  private busyKey = false;
}

function setKey(name: string, value: unknown): void {
  void vscode.commands.executeCommand('setContext', name, value);
}
