import type { Configuration } from '../../shared/configuration';
import type { Objective } from '../../shared/objectiveConfiguration';
import { InputError } from '../../shared/inputError';
import type { Model } from '../graph/model';
import { say, type Message } from '../../shared/words/message';
import { splitBatches, type PointSet } from './batches';
import { openClassTargets, type ClassTargets } from './classTargets';
import { samplesOutputShape } from './outputShape';
import { findSamples, type SampleOptions } from './sampleArray';
import { findInputs, openInputs, sampleSet, type NamedSamples } from './sampleInputs';
import { openValueTargets, type ValueTargets } from './valueTargets';

/** Evaluation samples with targets, as the loss programs take them. */
export interface EvaluationData {
  readonly kind: 'samples';
  /** One: all the samples. */
  readonly sets: readonly PointSet[];
  readonly samples: number;
  readonly inputs: readonly NamedSamples[];
  readonly targets: ClassTargets | ValueTargets;
  /** Full sentences about the data. */
  readonly notes: readonly Message[];
}

/** Objectives that compare an output with targets. */
export type SupervisedObjective = Extract<
  Objective,
  { kind: 'classification' | 'binary' | 'regression' }
>;

/**
 * Opens the evaluation data a configuration names. Every value that is used is looked at once.
 *
 * @param folder what relative names are relative to.
 * @throws InputError when files are missing or do not fit each other, the graph or the objective.
 */
export async function loadEvaluationData(
  data: NonNullable<Configuration['data']>,
  objective: SupervisedObjective,
  model: Model,
  folder: string,
  options: SampleOptions = {},
): Promise<EvaluationData> {
  const { kind } = objective;
  if (data.targets === undefined) {
    throw new InputError(
      say`"data.targets" is missing, which ${kind} needs; name the array of targets, as in "val.npz#y".`,
      'missing',
    );
  }
  const inputs = await findInputs(model, data, false, folder, options);
  const [first] = inputs.found;
  const found = { name: data.targets, array: await findSamples(data.targets, folder, options) };
  const { available } = inputs;
  if (first !== undefined && found.array.shape[0] !== available) {
    throw new InputError(
      say`${found.name} has ${found.array.shape[0] ?? 0} samples and ${first.name} has ${available}; both must have as many.`,
      'mismatch',
    );
  }
  const samples = Math.min(available, data.limit ?? available);
  const { set, notes: setNotes } = sampleSet(model, samples);
  const output = samplesOutputShape(model, inputs.found, splitBatches([set])[0]!.size);
  const { targets, notes } =
    objective.kind === 'classification'
      ? await openClassTargets(objective, found, output, samples, model.path, options)
      : await openValueTargets(objective, found, output, samples, model.path, options);
  const weight = targets.kind === 'classes' ? { weight: targets.total } : {};
  return {
    kind: 'samples',
    sets: [{ ...set, ...weight }],
    samples,
    inputs: await openInputs(inputs.found, samples, options),
    targets,
    notes: [...inputs.notes, ...setNotes, ...notes],
  };
}
