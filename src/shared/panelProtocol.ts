import type { Progress } from './engineProtocol';
import type { ResultDocument } from './result';

/**
 * Messages between the extension host and the panel. The host always sends whole snapshots, never
 * deltas: a webview gets messages only while it is shown.
 */

/** Host to panel. */
export type ToPanel = Snapshot;

export interface Snapshot {
  readonly type: 'snapshot';
  /** Everything there is to show, in the order of training. */
  readonly entries: readonly PanelEntry[];
  /** Key of the entry to show first; the panel's own selection wins while it exists. */
  readonly selected: string | null;
  /** Of the analysis that is running, if any. */
  readonly progress: Progress | null;
}

export interface PanelEntry {
  /** Unique and stable: the checkpoint's absolute path, or what stands for it. */
  readonly key: string;
  /** Run the checkpoint belongs to: the folder's name. */
  readonly run: string;
  /** The checkpoint's file name. */
  readonly label: string;
  readonly document: ResultDocument | null;
  /** Why there is no document, or why it is not complete: a sentence. */
  readonly error: string | null;
}

/** Panel to host. */
export type FromPanel =
  /** The panel's script has started and wants a snapshot. */
  | { readonly type: 'ready' }
  | { readonly type: 'select'; readonly key: string }
  | { readonly type: 'analyze'; readonly key: string }
  | { readonly type: 'cancel' };
