import * as vscode from 'vscode';
import { stateOf, type CheckpointState } from '../checkpoints/checkpointState';
import type { CheckpointRecord, Library, LibraryChange } from '../checkpoints/library';
import { settings } from '../settings';
import { describeResult } from '../words/summary';
import { t } from '../../shared/words/text';

/** Badges on checkpoint files in the explorer and on tabs: what Basin knows of them. */
export class CheckpointDecorations implements vscode.FileDecorationProvider, vscode.Disposable {
  private readonly emitter = new vscode.EventEmitter<vscode.Uri[] | undefined>();
  readonly onDidChangeFileDecorations = this.emitter.event;
  private readonly subscriptions: vscode.Disposable[];
  /** What has a badge, by path: only what is different is told of again. */
  private readonly told = new Map<string, string>();

  private enabled = settings.decorations();

  constructor(private readonly library: Library) {
    this.subscriptions = [
      library.onDidChange(({ paths }: LibraryChange) => {
        this.change(paths);
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('basin.decorations.enabled')) {
          this.enabled = settings.decorations();
          this.change(library.all().map(({ file }) => file.path));
        }
      }),
    ];
  }

  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    if (uri.scheme !== 'file' || !this.enabled) return undefined;
    const record = this.library.get(uri.fsPath);
    if (record === undefined) return undefined;
    const decoration = DECORATIONS[stateOf(record)];
    if (decoration === undefined) return undefined;
    const { badge, color } = decoration;
    const figures =
      record.result === null || record.writing ? '' : describeResult(record.result.document);
    const tooltip = ['Basin: ', decoration.tooltip(), figures && ` (${figures})`].join('');
    return new vscode.FileDecoration(
      badge,
      tooltip,
      color === undefined ? undefined : new vscode.ThemeColor(color),
    );
  }

  dispose(): void {
    this.emitter.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private change(paths: readonly string[]): void {
    const changed: vscode.Uri[] = [];
    for (const path of paths) {
      const record = this.enabled ? this.library.get(path) : undefined;
      const now = record === undefined ? undefined : badgeOf(record);
      if (now === this.told.get(path)) continue;
      if (now === undefined) this.told.delete(path);
      else this.told.set(path, now);
      changed.push(vscode.Uri.file(path));
    }
    if (changed.length > 0) this.emitter.fire(changed);
  }
}

/** What tells one badge, and what is said with it, from another; nothing where there is none. */
function badgeOf(record: CheckpointRecord): string | undefined {
  const state = stateOf(record);
  return DECORATIONS[state] && `${state} ${record.result?.written ?? ''}`;
}

interface Decoration {
  readonly badge: string;
  readonly tooltip: () => string;
  readonly color?: string;
}

/** Colours are those of the tree; what needs nobody has none. */
const DECORATIONS: Readonly<Partial<Record<CheckpointState, Decoration>>> = {
  analyzed: { badge: '✓', tooltip: () => t('analyzed') },
  outdated: {
    badge: '↻',
    tooltip: () => t('the result is outdated'),
    color: 'list.warningForeground',
  },
  writing: {
    badge: '…',
    tooltip: () => t('being written'),
    color: 'descriptionForeground',
  },
  failed: {
    badge: '!',
    tooltip: () => t('the last analysis failed'),
    color: 'list.errorForeground',
  },
};
