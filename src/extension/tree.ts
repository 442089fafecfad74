import * as vscode from 'vscode';
import type { Activity, Analyses } from './analyses';
import { checkpointName } from './checkpointLabel';
import { stateOf, type CheckpointState } from './checkpointState';
import type { CheckpointRecord, Library } from './library';
import { escapeMarkdown } from './markdown';
import { describeProgress } from './progressFraction';
import type { Run } from './runs';
import { describeResult, fileLine, resultFacts } from './summary';
import { t } from './text';

export const VIEW_ID = 'basin.runs';

/** A row of the tree. */
export type TreeNode =
  | { readonly kind: 'run'; readonly folder: string }
  | { readonly kind: 'checkpoint'; readonly path: string };

/** Rows are not drawn again more often than this. */
const REDRAW = 150;

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
  /** One object for each row, so that VS Code recognises it. */
  private readonly nodes = new Map<string, TreeNode>();

  constructor(
    private readonly library: Library,
    private readonly analyses: Analyses,
  ) {
    this.subscriptions = [
      library.onDidChange(() => {
        this.wholly = true;
        this.redraw();
      }),
      analyses.onDidChange(() => {
        this.redraw();
      }),
    ];
  }

  getChildren(node?: TreeNode): TreeNode[] {
    if (node === undefined) return this.library.runs.map((run) => this.runNode(run.folder));
    if (node.kind === 'checkpoint') return [];
    const run = this.library.runs.find(({ folder }) => folder === node.folder);
    return (run?.checkpoints ?? []).map(({ path }) => this.checkpointNode(path));
  }

  getParent(node: TreeNode): TreeNode | undefined {
    if (node.kind === 'run') return undefined;
    const record = this.library.get(node.path);
    return record === undefined ? undefined : this.runNode(record.run.folder);
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    if (node.kind === 'run') {
      const run = this.library.runs.find(({ folder }) => folder === node.folder);
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
        this.emitter.fire(undefined);
        return;
      }
      const paths = new Set([...before.keys(), ...this.activities.keys()]);
      const changed = [...paths].filter((path) => before.get(path) !== this.activities.get(path));
      if (changed.length > 0) this.emitter.fire(changed.map((path) => this.checkpointNode(path)));
    }, REDRAW);
  }

  private describeActivities(): Map<string, string> {
    const activities = new Map<string, string>();
    for (const { file } of this.library.all()) {
      const activity = this.analyses.activity(file.path);
      if (activity !== null) activities.set(file.path, describeActivity(activity));
    }
    return activities;
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
    const records = run.checkpoints.flatMap(({ path }) => this.library.get(path) ?? []);
    const analyzed = records.filter(({ result }) => result !== null).length;
    item.id = `run:${run.folder}`;
    item.iconPath = new vscode.ThemeIcon('folder');
    item.contextValue = configured ? 'run configured' : 'run';
    item.description = [
      run.location === run.name ? '' : run.location,
      configured ? t('{0}/{1} analyzed', analyzed, records.length) : t('no basin.json'),
    ]
      .filter(Boolean)
      .join(' · ');
    item.accessibilityInformation = {
      label: `${t('Run {0}', run.name)}, ${item.description}`,
    };
    item.tooltip =
      run.configuration !== null
        ? `${run.folder}\n${t('Analyzed with {0}', run.configuration)}`
        : `${run.folder}\n${t('No basin.json names these checkpoints: create one to analyze them.')}`;
    return item;
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
    item.tooltip = tooltip(record);
    if (record.run.configuration !== null) {
      item.command = { command: OPEN_SELECTED_ROW, title: t('Open Landscape') };
    }
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
  if (record.error !== null) text.appendMarkdown(`${escapeMarkdown(record.error)}\n\n`);
  if (record.result !== null) {
    if (record.outdated) {
      text.appendMarkdown(
        `${escapeMarkdown(t('The checkpoint or its basin.json is newer than this result.'))}\n\n`,
      );
    }
    text.appendMarkdown(
      resultFacts(record.result.document)
        .map(({ name, value }) => `- ${escapeMarkdown(name)}: ${escapeMarkdown(value)}`)
        .join('\n'),
    );
  } else if (record.run.configuration === null) {
    text.appendMarkdown(escapeMarkdown(t('No basin.json names this checkpoint.')));
  } else if (record.error === null) {
    text.appendMarkdown(escapeMarkdown(t('Not analyzed yet.')));
  }
  return text;
}
