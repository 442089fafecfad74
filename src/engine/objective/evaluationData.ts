import type { Configuration } from '../../shared/configuration';
import { InputError } from '../../shared/inputError';
import { readArray } from '../checkpoint/npy';
import { sizeOf, type Tensor } from '../tensor';
import type { PointSet } from './batches';

/** Evaluation samples, as the loss programs take them. */
export interface EvaluationData {
  readonly kind: 'samples';
  /** One: all the samples. */
  readonly sets: readonly PointSet[];
  readonly samples: number;
  /** Of one sample. */
  readonly inputShape: readonly number[];
  readonly inputs: Float32Array;
  readonly targets: Targets;
}

export type Targets =
  /** Class indices. */
  | { readonly kind: 'classes'; readonly classes: Int32Array }
  /** Arrays of the shape of the model's output. */
  | { readonly kind: 'values'; readonly shape: readonly number[]; readonly values: Float32Array };

/** Most samples in one run of a program. */
const LARGEST_BATCH = 256;

/**
 * Reads the evaluation data a configuration names.
 *
 * @param folder what relative names are relative to.
 * @throws InputError when files are missing or do not fit each other or the objective.
 */
export async function loadEvaluationData(
  data: NonNullable<Configuration['data']>,
  kind: 'classification' | 'regression',
  folder: string,
): Promise<EvaluationData> {
  if (data.targets === undefined) {
    throw new InputError(
      `"data.targets" is missing, which ${kind} needs; name the array of targets, as in "val.npz#y".`,
      'missing',
    );
  }
  const inputs = await readArray(data.inputs, folder);
  const targets = await readArray(data.targets, folder);
  const samples = countSamples(inputs, targets, { ...data, targets: data.targets });
  const inputShape = inputs.shape.slice(1);
  return {
    kind: 'samples',
    sets: [{ role: 'loss', points: samples, largestBatch: LARGEST_BATCH }],
    samples,
    inputShape,
    inputs: floats(inputs, data.inputs, samples * sizeOf(inputShape)),
    targets:
      kind === 'classification'
        ? classTargets(targets, data.targets, samples)
        : {
            kind: 'values',
            shape: targets.shape.slice(1),
            values: floats(targets, data.targets, samples * sizeOf(targets.shape.slice(1))),
          },
  };
}

/**
 * How many samples of two arrays are used.
 *
 * @throws InputError where they do not belong together.
 */
export function countSamples(
  inputs: Tensor,
  targets: Tensor,
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

function classTargets(targets: Tensor, name: string, samples: number): Targets {
  if (sizeOf(targets.shape) !== targets.shape[0]) {
    throw new InputError(
      `${name} has shape [${targets.shape.join(', ')}]; classification needs one class index for each sample.`,
    );
  }
  const classes = Int32Array.from({ length: samples }, (_, i) => Number(targets.data[i]));
  const bad = classes.findIndex((value, i) => value < 0 || value !== Number(targets.data[i]));
  if (bad >= 0) {
    throw new InputError(
      `${name}: sample ${bad} has the target ${String(targets.data[bad])}, which is no class index.`,
    );
  }
  return { kind: 'classes', classes };
}

/** The first numbers of an array, in single precision. @throws InputError where one is not finite. */
export function floats({ data }: Tensor, name: string, length: number): Float32Array {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i += 1) values[i] = Number(data[i]);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new InputError(
      `${name} holds ${String(data[bad])} at element ${bad}; evaluation data must be finite.`,
    );
  return values;
}
