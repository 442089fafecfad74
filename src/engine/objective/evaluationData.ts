import type { Configuration } from '../../shared/configuration';
import { InputError } from '../../shared/inputError';
import { sizeOf } from '../tensor';
import type { PointSet } from './batches';
import { findSamples, openSamples, type SampleArray, type SampleOptions } from './sampleArray';

/** Evaluation samples, as the loss programs take them. */
export interface EvaluationData {
  readonly kind: 'samples';
  /** One: all the samples. */
  readonly sets: readonly PointSet[];
  readonly samples: number;
  readonly inputs: SampleArray;
  readonly targets: Targets;
}

export type Targets =
  /** Class indices, one for each sample. */
  | { readonly kind: 'classes'; readonly array: SampleArray }
  /** Arrays of the shape of the model's output. */
  | { readonly kind: 'values'; readonly array: SampleArray };

/** Most samples in one run of a program. */
const LARGEST_BATCH = 256;

/**
 * Opens the evaluation data a configuration names. Every value that is used is looked at once.
 *
 * @param folder what relative names are relative to.
 * @throws InputError when files are missing or do not fit each other or the objective.
 */
export async function loadEvaluationData(
  data: NonNullable<Configuration['data']>,
  kind: 'classification' | 'regression',
  folder: string,
  options: SampleOptions = {},
): Promise<EvaluationData> {
  if (data.targets === undefined) {
    throw new InputError(
      `"data.targets" is missing, which ${kind} needs; name the array of targets, as in "val.npz#y".`,
      'missing',
    );
  }
  const named = data.inputs as string;
  const inputs = await findSamples(named, folder, options);
  const targets = await findSamples(data.targets, folder, options);
  const samples = countSamples(inputs, targets, { ...data, inputs: named, targets: data.targets });
  const isClasses = kind === 'classification';
  if (isClasses && sizeOf(targets.shape) !== targets.shape[0]) {
    throw new InputError(
      `${data.targets} has shape [${targets.shape.join(', ')}]; classification needs one class index for each sample.`,
    );
  }
  return {
    kind: 'samples',
    sets: [{ role: 'loss', points: samples, largestBatch: LARGEST_BATCH }],
    samples,
    inputs: await openSamples(named, inputs, samples, 'values', options),
    targets: {
      kind: isClasses ? 'classes' : 'values',
      array: await openSamples(
        data.targets,
        targets,
        samples,
        isClasses ? 'classes' : 'values',
        options,
      ),
    },
  };
}

/**
 * How many samples of two arrays are used.
 *
 * @throws InputError where they do not belong together.
 */
export function countSamples(
  inputs: { readonly shape: readonly number[] },
  targets: { readonly shape: readonly number[] },
  names: { readonly inputs: string; readonly targets: string; readonly limit?: number | undefined },
): number {
  const available = inputs.shape[0] ?? 0;
  if (inputs.shape.length < 2 || available === 0) {
    throw new InputError(
      `${names.inputs} has shape [${inputs.shape.join(', ')}]; inputs need samples along the first axis and at least one more axis.`,
    );
  }
  if (targets.shape[0] !== available) {
    throw new InputError(
      `${names.targets} has ${targets.shape[0] ?? 0} samples and ${names.inputs} has ${available}; both must have as many.`,
      'mismatch',
    );
  }
  return Math.min(available, names.limit ?? available);
}
