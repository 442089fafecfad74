import type { Progress } from './engineProtocol';
import type { Interpolation } from './comparison';
import type { EntryExtents } from './entryExtents';
import type { EntryFigures } from './entryFigures';
import type { ResultDocument } from './result';
import type { WeightFigures } from './weightFigures';
import type { Message } from './words/message';

/**
 * Messages between the extension host and the panel. The host always sends whole snapshots, never
 * deltas: a webview gets messages only while it is shown. A snapshot says which documents there are
 * and has none of them: the panel asks for the one it shows, once for each version.
 */

/** Host to panel. */
export type ToPanel = Snapshot | DocumentMessage | PathMessage;

export interface Snapshot {
  readonly type: 'snapshot';
  /** Everything there is to show, in the order of training. */
  readonly entries: readonly PanelEntry[];
  /** Key of the entry to show first; the panel's own selection wins while it exists. */
  readonly selected: string | null;
  /** Of the analysis that is running, if any. */
  readonly progress: Progress | null;
  /** Of runs that are known to be ready, or not, by their names. */
  readonly readiness: Readonly<Record<string, Readiness>>;
}

/** Whether a run can be analysed. */
export interface Readiness {
  /** `graph ✓ data ✓ weights ✓ probe ✓`. */
  readonly marks: string;
  /** What is in the way: sentences. */
  readonly problems: readonly string[];
}

export interface PanelEntry {
  /** Unique and stable: the checkpoint's absolute path, or what stands for it. */
  readonly key: string;
  /** Run the checkpoint belongs to: the folder's name. */
  readonly run: string;
  /** The checkpoint's file name. */
  readonly label: string;
  /** Of its document; `null` where there is none. */
  readonly summary: EntrySummary | null;
  /** Why there is no document, or why it is not complete: a sentence. */
  readonly error: string | Message | null;
  /** Of its weights alone, where they were read. */
  readonly weights?: WeightFigures;
  /** In a study: what tells its run from the others. */
  readonly factors?: Readonly<Record<string, string>>;
}

/** What is said of a checkpoint among the others. */
export interface EntrySummary {
  /** Another number for another document. */
  readonly version: number;
  readonly epoch: number | null;
  readonly step: number | null;
  readonly figures: EntryFigures;
  /** For one scale over a training; absent on pages of before. */
  readonly extents?: EntryExtents;
}

/** The answer to `document`. */
export interface DocumentMessage {
  readonly type: 'document';
  readonly key: string;
  readonly version: number;
  readonly document: ResultDocument;
}

/** The answer to `path`: the loss between two checkpoints, or a sentence why there is none. */
export interface PathMessage {
  readonly type: 'path';
  readonly first: string;
  readonly second: string;
  /** Null where it was cancelled or cannot be had: the user has been told. */
  readonly path: Interpolation | null;
}

/** What a page on its own holds: a snapshot, and every document by its key. */
export interface PageContent {
  readonly snapshot: Snapshot;
  readonly documents: Readonly<Record<string, ResultDocument>>;
}

/** Panel to host. */
export type FromPanel =
  /** The panel's script has started and wants a snapshot. */
  | { readonly type: 'ready' }
  /** It shows this entry, and has not this version of its document. */
  | { readonly type: 'document'; readonly key: string }
  | { readonly type: 'select'; readonly key: string }
  | { readonly type: 'analyze'; readonly key: string }
  /** Read the weights of all checkpoints of its run. */
  | { readonly type: 'weights'; readonly key: string }
  | { readonly type: 'cancel' }
  /** Sample its landscape wider or finer: basin.json is changed, and the checkpoint analysed again. */
  | {
      readonly type: 'resample';
      readonly key: string;
      readonly setting: 'range' | 'resolution';
      readonly value: number;
    }
  /** Sample the loss on the straight line between two checkpoints. */
  | { readonly type: 'path'; readonly first: string; readonly second: string }
  /** A plot as a file: its name, and its bytes. */
  | { readonly type: 'save'; readonly name: string; readonly base64: string }
  | { readonly type: 'copy'; readonly text: string };
