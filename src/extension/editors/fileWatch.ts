import * as vscode from 'vscode';

/** What tells one version of a file from another. */
interface Version {
  readonly size: number;
  readonly modified: number;
}

/** Between two looks at a file that is being written, in milliseconds. */
const SETTLE = 500;
/** Between two looks behind the events: network disks send none. */
const POLL = 5000;

export interface FileListeners {
  /** The file is another than it was, and complete; or it is gone. */
  readonly onChange: () => void;
  /** Somebody is writing it. */
  readonly onWriting: () => void;
}

/** Follows one file while somebody looks at it. */
export class FileWatch implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[];
  private readonly poll: NodeJS.Timeout;
  private timer: NodeJS.Timeout | undefined;
  /** As it was when it was last told of; `null` where there was none. */
  private known: Version | null | undefined;
  private last: Version | null | undefined;
  private disposed = false;

  constructor(
    private readonly uri: vscode.Uri,
    private readonly listeners: FileListeners,
  ) {
    const folder = vscode.Uri.joinPath(uri, '..');
    const watcher = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(folder, '*'),
    );
    const look = (changed: vscode.Uri): void => {
      if (changed.toString() === uri.toString()) this.soon(0);
    };
    this.subscriptions = [
      watcher,
      watcher.onDidCreate(look),
      watcher.onDidChange(look),
      watcher.onDidDelete(look),
    ];
    this.poll = setInterval(() => {
      this.soon(0);
    }, POLL);
    this.soon(0);
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    clearInterval(this.poll);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private soon(milliseconds: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.look();
    }, milliseconds);
  }

  private async look(): Promise<void> {
    const now = await versionOf(this.uri);
    if (this.disposed) return;
    const { known, last } = this;
    this.last = now;
    if (known === undefined) {
      this.known = now;
    } else if (!same(now, known)) {
      if (same(now, last ?? null)) {
        this.known = now;
        this.listeners.onChange();
      } else {
        this.listeners.onWriting();
        this.soon(SETTLE);
      }
    }
  }
}

function same(a: Version | null, b: Version | null): boolean {
  return a?.size === b?.size && a?.modified === b?.modified;
}

async function versionOf(uri: vscode.Uri): Promise<Version | null> {
  try {
    const { size, mtime } = await vscode.workspace.fs.stat(uri);
    return { size, modified: mtime };
  } catch {
    return null;
  }
}
