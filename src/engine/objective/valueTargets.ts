import type {
  BinaryObjective,
  Objective,
  RegressionObjective,
} from '../../shared/objectiveConfiguration';
import { InputError } from '../../shared/inputError';
import { say, type Message } from '../../shared/words/message';
import type { StoredArray } from '../checkpoint/numpy/storedArray';
import { sizeOf } from '../tensor';
import { isSameButForOnes } from './outputShape';
import { openSamples, type SampleArray, type SampleOptions } from './sampleArray';

/** What an output is compared with element by element. */
export type ValueTargets =
  | {
      readonly kind: 'values';
      readonly array: SampleArray;
      readonly loss: RegressionObjective['loss'];
      /** Of the Huber loss. */
      readonly delta: number;
    }
  /** From 0 to 1. */
  | {
      readonly kind: 'labels';
      readonly array: SampleArray;
      /** Factors of targets that are 1: one, or one for each element of the last axis. */
      readonly positiveWeights: readonly number[];
      /** How far they are moved towards one half. */
      readonly smoothing: number;
    };

/**
 * Looks at the targets of a regression, or of a binary classification.
 *
 * @param output shape of the graph's output, with the batch.
 * @param path of the graph, for messages.
 * @throws InputError where they are not for that output.
 */
export async function openValueTargets(
  objective: Extract<Objective, { kind: 'binary' | 'regression' }>,
  { name, array: stored }: { readonly name: string; readonly array: StoredArray },
  output: readonly number[],
  samples: number,
  path: string,
  options: SampleOptions,
): Promise<{ readonly targets: ValueTargets; readonly notes: readonly Message[] }> {
  if (!isSameButForOnes(stored.shape.slice(1), output.slice(1))) {
    throw new InputError(
      say`The targets ${name} have shape [${stored.shape.join(', ')}] and ${path} gives [${output.join(', ')}]; save them in the shape of the output, their elements in its order.`,
      'mismatch',
    );
  }
  if (objective.kind === 'regression') {
    const { loss, delta = 1 } = objective;
    const array = await openSamples(name, stored, samples, options);
    return { targets: { kind: 'values', array, loss, delta }, notes: [] };
  }
  const positiveWeights = weightsOf(objective, output, path);
  const width = sizeOf(stored.shape.slice(1));
  let [ones, zeros, others] = [0, 0, 0];
  const array = await openSamples(name, stored, samples, options, (values, start) => {
    for (let i = 0; i < values.length; i += 1) {
      const value = values[i]!;
      if (value === 0) zeros += 1;
      else if (value === 1) ones += 1;
      else if (value > 0 && value < 1) others += 1;
      else {
        const sample = start + Math.floor(i / width);
        throw new InputError(
          say`${name}: sample ${sample} has the target ${value}, and those of "binary" are from 0 to 1; give 0 for no and 1 for yes, or choose "classification" for class indices.`,
          'mismatch',
        );
      }
    }
  });
  const only = others > 0 || (ones > 0 && zeros > 0) ? null : ones > 0 ? 1 : 0;
  return {
    targets: { kind: 'labels', array, positiveWeights, smoothing: objective.labelSmoothing ?? 0 },
    notes:
      only === null
        ? []
        : [
            say`Every target is ${only}: a network that always answers so has no loss, and accuracy says nothing.`,
          ],
  };
}

function weightsOf(
  { positiveWeight = 1 }: BinaryObjective,
  output: readonly number[],
  path: string,
): readonly number[] {
  if (typeof positiveWeight === 'number') return [positiveWeight];
  const labels = output.length < 2 ? 1 : output.at(-1)!;
  if (positiveWeight.length !== labels && positiveWeight.length !== 1) {
    throw new InputError(
      say`"objective.positiveWeight" has ${positiveWeight.length} factors and ${path} gives [${output.join(', ')}]; give one for each of the ${labels} labels along its last axis, or one number.`,
      'mismatch',
    );
  }
  return positiveWeight;
}
