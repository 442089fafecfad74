import {
  areDirectionsDouble,
  fillDirection,
  finishDirections,
  type RandomDirectionSettings,
} from '../../landscape/directions';
import type { LoadedWeights, WeightEntry } from '../../objective/weights';
import { sharedZeros } from '../pool/sharedVector';
import type { FloatArray } from '../../tensor';
import type { WorkerPool } from '../pool/workerPool';

/** Weights that one task makes random numbers for, or a tensor's if it has more. */
const PART = 2 ** 21;

/**
 * Random directions in memory that all workers see, made once. Those of large networks are made by
 * all workers: the numbers of a tensor depend on no other.
 *
 * @throws InputError where fewer weights move than there are dimensions.
 */
export async function sharedDirections(
  pool: WorkerPool,
  { theta, parameters }: LoadedWeights,
  settings: RandomDirectionSettings,
  signal?: AbortSignal,
): Promise<readonly FloatArray[]> {
  const vectors = Array.from({ length: settings.dimensions }, () =>
    sharedZeros(theta.length, areDirectionsDouble(theta)),
  );
  const parts = partsOf(parameters.entries);
  await Promise.all(
    vectors.flatMap((vector, index) =>
      parts.map(async (entries) => {
        const part = { vector, theta, layout: { entries, size: theta.length }, index, settings };
        if (parts.length === 1) fillDirection(part);
        else await pool.run<'direction'>({ kind: 'direction', part }, signal);
      }),
    ),
  );
  finishDirections(vectors, settings);
  return vectors;
}

/** Tensors in groups of about as many weights. */
function partsOf(entries: readonly WeightEntry[]): readonly (readonly WeightEntry[])[] {
  const parts: WeightEntry[][] = [[]];
  let weights = 0;
  for (const entry of entries) {
    if (weights > 0 && weights + entry.size > PART) {
      parts.push([]);
      weights = 0;
    }
    parts.at(-1)!.push(entry);
    weights += entry.size;
  }
  return parts;
}
