import * as vscode from 'vscode';
import type { Activity, Analyses } from '../analysis/analyses';
import { checkpointName } from '../words/checkpointLabel';
import { stateOf, type CheckpointState } from '../checkpoints/checkpointState';
import { turn } from '../turns/inTurns';
import type { CheckpointRecord, Library } from '../checkpoints/library';
import { escapeMarkdown } from '../words/markdown';
import { describeProgress } from '../analysis/progressFraction';
import type { Run } from '../checkpoints/runs';
import { isComplete, isReady, stateWords, type RunStates } from '../setup/runStates';
import { describeResult, fileLine, resultFacts, resultNotes } from '../words/summary';
import { describeChanges } from '../words/outdated';
import { t, translated } from '../../shared/words/text';
import { putDataBeside, whyUnconfigured } from '../words/unconfigured';

export const VIEW_ID = 'basin.runs';

/** A row of the tree. */
export type TreeNode =
  | { readonly kind: 'run'; readonly folder: string }
  | { readonly kind: 'checkpoint'; readonly path: string };

/** Rows are not drawn again more often than this. */
const REDRAW = 150;
/** Where more rows of a run are different, the run is drawn anew. */
const ROW_BY_ROW = 100;
/** So many rows are put together in one turn. */
const ROWS = 64;

/** Runs and their checkpoints, with what is known of each. */
export class RunTree implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  private readonly emitter = new vscode.EventEmitter<TreeNode[] | undefined>();
  readonly onDidChangeTreeData = this.emitter.event;
  private readonly subscriptions: vscode.Disposable[];
  private timer: NodeJS.Timeout | undefined;
  /** Whether rows may have come or gone since the last time. */
  private wholly = false;
  /** What the rows said of running analyses when they were last drawn. */
  private activities = new Map<string, string>();
  /** Checkpoints of which something else is known since then. */
  private readonly changed = new Set<string>();
  /** Runs whose own row says something else, by folder. */
  private readonly changedRuns = new Set<string>();
  /** What rows of runs said when they were last drawn, by folder. */
  private readonly descriptions = new Map<string, string>();
  private listing: Promise<void> = Promise.resolve();
  private asked = 0;
  private putTogether: Promise<void> = Promise.resolve();
  /** One object for each row, so that VS Code recognises it. */
  private readonly nodes = new Map<string, TreeNode>();

  constructor(
    private readonly library: Library,
    private readonly analyses: Analyses,
    private readonly states: RunStates,
  ) {
    this.subscriptions = [
      library.onDidChange(({ runs, paths }) => {
        if (runs) this.wholly = true;
        else for (const path of paths) this.changed.add(path);
        this.redraw();
      }),
      analyses.onDidChange(() => {
        this.redraw();
      }),
      states.onDidChange((configuration) => {
        const of = library.runs.filter((run) => run.configuration === configuration);
        for (const { folder } of of) this.changedRuns.add(folder);
        this.redraw();
      }),
    ];
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node === undefined) return this.library.runs.map((run) => this.runNode(run.folder));
    if (node.kind === 'checkpoint') return [];
    // VS Code asks for the rows of all open runs at once, and handles each answer in one piece.
    await (this.listing = this.listing.then(turn));
    return (this.run(node.folder)?.checkpoints ?? []).map(({ path }) => this.checkpointNode(path));
  }

  /** What costs words is put together for the one row that is pointed at. */
  async resolveTreeItem(item: vscode.TreeItem, node: TreeNode): Promise<vscode.TreeItem> {
    if (node.kind === 'run') {
      const run = this.run(node.folder);
      if (run !== undefined) item.tooltip = await this.aboutSetup(run);
      return item;
    }
    const record = this.library.get(node.path);
    if (record !== undefined) item.tooltip = tooltip(record);
    return item;
  }

  /** Whether a run is ready to be analysed, and what is in the way. */
  private async aboutSetup({ folder, configuration, implied }: Run): Promise<string> {
    if (configuration === null) {
      const data = implied === 'no data' ? [putDataBeside()] : [];
      const setUp = t('No basin.json names these checkpoints yet. A click sets the run up.');
      return [folder, setUp, ...data].join('\n');
    }
    const { marks, problems } = stateWords(await this.states.get(configuration), implied);
    const how =
      implied === null
        ? t('Analyzed with {0}', configuration)
        : t(
            'Analyzed without a basin.json: graph and loss are the model’s own, its data lie beside it.',
          );
    return [folder, how, marks, ...problems].filter(Boolean).join('\n');
  }

  getParent(node: TreeNode): TreeNode | undefined {
    if (node.kind === 'run') return undefined;
    const record = this.library.get(node.path);
    return record === undefined ? undefined : this.runNode(record.run.folder);
  }

  async getTreeItem(node: TreeNode): Promise<vscode.TreeItem> {
    // VS Code asks for all rows of a run at once.
    if (++this.asked % ROWS === 0) this.putTogether = this.putTogether.then(turn);
    await this.putTogether;
    if (node.kind === 'run') {
      const run = this.run(node.folder);
      return run === undefined ? new vscode.TreeItem('') : this.runItem(run);
    }
    const record = this.library.get(node.path);
    return record === undefined ? new vscode.TreeItem('') : this.checkpointItem(record);
  }

  /** The row of a checkpoint, for revealing it. */
  checkpointNode(path: string): TreeNode {
    return this.node(`checkpoint:${path}`, { kind: 'checkpoint', path });
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.emitter.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private redraw(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const before = this.activities;
      this.activities = this.describeActivities();
      if (this.wholly) {
        this.wholly = false;
        this.changed.clear();
        this.changedRuns.clear();
        this.emitter.fire(undefined);
        return;
      }
      for (const path of new Set([...before.keys(), ...this.activities.keys()])) {
        if (before.get(path) !== this.activities.get(path)) this.changed.add(path);
      }
      const rows = new Set(this.rowsOf(this.changed));
      for (const folder of this.changedRuns) rows.add(this.runNode(folder));
      this.changed.clear();
      this.changedRuns.clear();
      if (rows.size > 0) this.emitter.fire([...rows]);
    }, REDRAW);
  }

  /** Rows to draw for checkpoints that are different: runs where their own rows are. */
  private rowsOf(paths: ReadonlySet<string>): TreeNode[] {
    const byRun = new Map<string, string[]>();
    for (const path of paths) {
      const run = this.library.get(path)?.run;
      if (run === undefined) continue;
      const known = byRun.get(run.folder);
      if (known === undefined) byRun.set(run.folder, [path]);
      else known.push(path);
    }
    return [...byRun].flatMap(([folder, changed]) => {
      const run = this.run(folder);
      const drawn = this.descriptions.get(folder);
      const wholly =
        changed.length > ROW_BY_ROW ||
        (run !== undefined && drawn !== undefined && drawn !== this.describeRun(run));
      return wholly ? [this.runNode(folder)] : changed.map((path) => this.checkpointNode(path));
    });
  }

  private describeActivities(): Map<string, string> {
    const activities = new Map<string, string>();
    for (const path of this.analyses.active) {
      const activity = this.library.get(path) && this.analyses.activity(path);
      // Thousands may wait; what they say is the same.
      if (activity?.kind === 'queued') activities.set(path, '');
      else if (activity) activities.set(path, describeActivity(activity));
    }
    return activities;
  }

  private run(of: string): Run | undefined {
    return this.library.runs.find(({ folder }) => folder === of);
  }

  private runNode(folder: string): TreeNode {
    return this.node(`run:${folder}`, { kind: 'run', folder });
  }

  private node(id: string, node: TreeNode): TreeNode {
    const known = this.nodes.get(id);
    if (known !== undefined) return known;
    this.nodes.set(id, node);
    return node;
  }

  private runItem(run: Run): vscode.TreeItem {
    const configured = run.configuration !== null;
    const item = new vscode.TreeItem(
      run.name,
      configured
        ? vscode.TreeItemCollapsibleState.Expanded
        : vscode.TreeItemCollapsibleState.Collapsed,
    );
    item.id = `run:${run.folder}`;
    const known = this.states.peek(run);
    item.iconPath =
      known === null || isReady(known)
        ? new vscode.ThemeIcon('folder')
        : new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
    item.contextValue = configured ? 'run configured' : 'run';
    if (!configured) item.command = { command: OPEN_SELECTED_ROW, title: t('Set Up This Run') };
    item.description = this.describeRun(run);
    this.descriptions.set(run.folder, item.description);
    item.accessibilityInformation = {
      label: [
        t('Run {0}', run.name),
        ...this.aboutRun(run, stateWords(known, run.implied).marks).toReversed(),
        ...stateWords(known, run.implied).problems,
      ].join(', '),
    };
    return item;
  }

  private describeRun(run: Run): string {
    const known = this.states.peek(run);
    // Four marks leave no room for the rest: all of them together are a word.
    const state = isComplete(known) ? t('ready ✓') : stateWords(known, run.implied).marks;
    return this.aboutRun(run, state).join(' · ');
  }

  /** The state first: a narrow side bar cuts off what comes last. */
  private aboutRun(run: Run, state: string): string[] {
    const isSaid = run.location === '.' || `/${run.name}`.endsWith(`/${run.location}`);
    const location = isSaid ? '' : run.location;
    if (run.configuration === null) {
      const what =
        run.implied === 'no data' ? t('no data: add data.npz') : t('no basin.json: set up');
      return [what, location].filter(Boolean);
    }
    const count = t(
      '{0}/{1} analyzed',
      this.library.analyzedIn(run.folder),
      run.checkpoints.length,
    );
    return [state, count, location].filter(Boolean);
  }

  private checkpointItem(record: CheckpointRecord): vscode.TreeItem {
    const { path } = record.file;
    const activity = this.analyses.activity(path);
    const name = checkpointName(path);
    const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.None);
    const state = stateOf(record);
    item.id = `checkpoint:${path}`;
    item.contextValue = [
      'checkpoint',
      record.run.configuration === null ? '' : 'configured',
      record.result === null ? '' : 'result',
      activity === null ? 'idle' : 'busy',
    ]
      .filter(Boolean)
      .join(' ');
    item.iconPath = icon(activity?.kind ?? state);
    item.description =
      activity === null ? describeState(record, state) : describeActivity(activity);
    item.accessibilityInformation = { label: `${name}, ${item.description}` };
    item.command = {
      command: OPEN_SELECTED_ROW,
      title: record.run.configuration === null ? t('Set Up This Run') : t('Open Landscape'),
    };
    return item;
  }
}

/**
 * What a click on a row runs. It has no arguments: VS Code forgets those of a row that is drawn
 * again, and a click on the old one would find nothing.
 */
export const OPEN_SELECTED_ROW = '_basin.openSelectedRow';

function describeActivity(activity: Activity): string {
  if (activity.kind === 'queued') return t('waiting');
  return activity.progress === null ? t('starting…') : describeProgress(activity.progress);
}

function describeState(record: CheckpointRecord, state: CheckpointState): string {
  const known = record.result === null ? '' : describeResult(record.result.document);
  switch (state) {
    case 'writing':
      return t('being written');
    case 'failed':
      return [known, t('failed')].filter(Boolean).join(' · ');
    case 'outdated':
      return [known, t('outdated')].filter(Boolean).join(' · ');
    case 'analyzed':
      return known;
    case 'open':
    case 'unconfigured':
      return '';
  }
}

function icon(state: CheckpointState | 'queued' | 'running'): vscode.ThemeIcon {
  switch (state) {
    case 'running':
      return new vscode.ThemeIcon('loading~spin');
    case 'queued':
      return new vscode.ThemeIcon('watch');
    case 'writing':
      return new vscode.ThemeIcon('edit');
    case 'failed':
      return new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
    case 'outdated':
      return new vscode.ThemeIcon('history', new vscode.ThemeColor('list.warningForeground'));
    case 'analyzed':
      return new vscode.ThemeIcon('pass-filled', new vscode.ThemeColor('charts.green'));
    case 'open':
      return new vscode.ThemeIcon('circle-outline');
    case 'unconfigured':
      return new vscode.ThemeIcon('file-binary');
  }
}

function tooltip(record: CheckpointRecord): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.appendMarkdown(`**${escapeMarkdown(checkpointName(record.file.path))}**\n\n`);
  text.appendMarkdown(`${escapeMarkdown(fileLine(record.file))}\n\n`);
  if (record.error !== null) text.appendMarkdown(`${escapeMarkdown(translated(record.error))}\n\n`);
  if (record.result !== null) {
    if (record.outdated) {
      text.appendMarkdown(`${escapeMarkdown(describeChanges(record.changes))}\n\n`);
    }
    text.appendMarkdown(
      resultFacts(record.result.document)
        .map(({ name, value }) => `- ${escapeMarkdown(name)}: ${escapeMarkdown(value)}`)
        .join('\n'),
    );
    for (const note of resultNotes(record.result.document)) {
      text.appendMarkdown(`\n\n${escapeMarkdown(note)}`);
    }
  } else if (record.run.configuration === null) {
    text.appendMarkdown(escapeMarkdown(whyUnconfigured(record.run)));
  } else if (record.error === null) {
    text.appendMarkdown(escapeMarkdown(t('Not analyzed yet.')));
  }
  return text;
}
