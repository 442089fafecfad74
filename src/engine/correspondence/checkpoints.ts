import type { Checkpoint } from '../checkpoint/checkpoint';

/** The checkpoints a graph is to be joined with. */
export interface Checkpoints {
  readonly paths: readonly string[];
  /** @throws InputError when it cannot be read. */
  readonly open: (path: string) => Promise<Checkpoint>;
}
