import { InputError } from '../../shared/inputError';
import type { Checkpoint } from '../checkpoint/checkpoint';

/** The checkpoints a graph is to be joined with. */
export interface Checkpoints {
  readonly paths: readonly string[];
  /** @throws InputError when it cannot be read. */
  readonly open: (path: string) => Promise<Checkpoint>;
}

/**
 * Opens one after the other, the given one first, and closes each but that: those that cannot be read
 * are passed over.
 */
export async function* inTurn(
  { paths, open }: Checkpoints,
  first: Checkpoint,
  signal: AbortSignal | undefined,
): AsyncGenerator<Checkpoint, void> {
  yield first;
  for (const path of paths) {
    signal?.throwIfAborted();
    if (path === first.path) continue;
    let checkpoint: Checkpoint;
    try {
      checkpoint = await open(path);
    } catch (error) {
      if (error instanceof InputError) continue;
      throw error;
    }
    try {
      yield checkpoint;
    } finally {
      await checkpoint.close();
    }
  }
}
