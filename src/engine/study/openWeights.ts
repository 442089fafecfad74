import type { Checkpoint } from '../checkpoint/checkpoint';
import { openChosen } from '../checkpoint/chosenWeights';
import { matchNames, severalSets } from '../checkpoint/names/matchNames';
import { openCheckpoint, type OpenOptions } from '../checkpoint/openCheckpoint';
import { basename } from 'node:path';
import { InputError } from '../../shared/inputError';
import { untilAborted } from '../aborted';
import type { Model } from '../graph/model';

/** Opens the weights of a checkpoint that are chosen. @throws InputError; the signal's reason. */
export async function openWeights(
  path: string,
  choice: OpenOptions,
  signal?: AbortSignal,
  open: (path: string, options: OpenOptions) => Promise<Checkpoint> = openCheckpoint,
): Promise<Checkpoint> {
  const opening = openChosen(path, choice, open);
  return untilAborted(opening, signal).catch((error: unknown) => {
    // What is opened too late is closed.
    if (signal?.aborted === true) opening.then((late) => late.close()).catch(() => undefined);
    throw error;
  });
}

/**
 * Refuses a file with several sets of weights for one graph, of which none was chosen.
 *
 * @param checkpoint the set that was taken.
 * @throws InputError that lists them.
 */
export async function refuseOtherSets(model: Model, checkpoint: Checkpoint): Promise<void> {
  const { variants = [], part = '', path } = checkpoint;
  if (variants.length === 0) return;
  const required = new Map(
    model.weights.flatMap(({ name, shape, aliasOf, isOptional }) =>
      aliasOf === null && !isOptional ? [[name, shape] as const] : [],
    ),
  );
  const fitting: string[] = [];
  for (const place of [part, ...variants]) {
    const other = await openCheckpoint(path, { weights: place });
    try {
      matchNames(required, other, { isChosen: true });
      fitting.push(place);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    } finally {
      await other.close();
    }
  }
  if (fitting.length > 1) throw severalSets(basename(path), fitting);
}
