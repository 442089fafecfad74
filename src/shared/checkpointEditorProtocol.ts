import type { TensorListing, TensorStatisticsOutcome } from './engineProtocol';

/**
 * Messages between the extension host and the page that shows what is in a checkpoint. A page that
 * says `ready` is sent all there is; what it missed while it was hidden is in that.
 */

/** Host to page. */
export type ToCheckpointPage =
  | {
      readonly type: 'listing';
      /** Raised with every change of the file: statistics belong to a version. */
      readonly version: number;
      /** The file's name. */
      readonly name: string;
      readonly listing: Omit<TensorListing, 'table'>;
      /** A `TensorTable` as JSON in UTF-8. */
      readonly table: ArrayBuffer;
      /** What has been measured already. */
      readonly outcomes: readonly TensorStatisticsOutcome[];
    }
  | {
      readonly type: 'outcomes';
      readonly version: number;
      readonly outcomes: readonly TensorStatisticsOutcome[];
      /** Tensors that are still to be measured. */
      readonly left: number;
      /** Why the rest will not be: a sentence. */
      readonly error: string | null;
    }
  /** Nothing can be shown: a sentence. */
  | { readonly type: 'failed'; readonly name: string; readonly message: string }
  /** What is shown is older than the file, which is still being written. */
  | { readonly type: 'writing' };

/** Page to host. */
export type FromCheckpointPage =
  | { readonly type: 'ready' }
  /** Measure these, in this order, and nothing else any more. */
  | { readonly type: 'measure'; readonly version: number; readonly indices: readonly number[] }
  | { readonly type: 'stop' }
  | { readonly type: 'reload' };
