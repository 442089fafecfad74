import type { CheckpointRecord } from './library';

/** What there is to say of a checkpoint in one word. */
export type CheckpointState =
  /** The file is being written. */
  | 'writing'
  /** The last analysis gave no result. */
  | 'failed'
  | 'outdated'
  | 'analyzed'
  /** Not yet analyzed. */
  | 'open'
  /** No basin.json names it. */
  | 'unconfigured';

export function stateOf(record: CheckpointRecord): CheckpointState {
  if (record.writing) return 'writing';
  if (record.error !== null) return 'failed';
  if (record.result !== null) return record.outdated ? 'outdated' : 'analyzed';
  return record.run.configuration === null ? 'unconfigured' : 'open';
}
