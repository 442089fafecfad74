import type { Configuration } from '../../shared/configuration';
import { InputError } from '../../shared/inputError';
import type { OnnxModel } from '../graph/onnx/importOnnx';
import { readArray } from '../checkpoint/npy';
import { sizeOf } from '../tensor';
import { floats, loadEvaluationData, type EvaluationData } from './evaluationData';
import type { LossTerm } from './lossTerm';
import { outputSet, OutputTerm, type OutputData } from './outputTerm';
import { collocate, type CollocationData } from './pde/collocation';
import { readPdeProblem } from './pde/pdeProblem';
import { ConditionTerm, ErrorTerm } from './pde/pdeTerm';
import { SupervisedTerm } from './supervisedTerm';

/** All a loss needs beside the graph and its weights, as it crosses to a worker. */
export type LossData = EvaluationData | CollocationData | OutputData;

/**
 * Reads or samples what an objective needs.
 *
 * @param folder of the configuration.
 * @throws InputError when data are missing, or do not fit each other, the graph or the objective.
 */
export async function loadLossData(
  { data, objective }: Configuration,
  model: OnnxModel,
  folder: string,
): Promise<LossData> {
  switch (objective.kind) {
    case 'classification':
    case 'regression': {
      if (data === undefined) throw new Error('The configuration was not checked.');
      const loaded = await loadEvaluationData(data, objective.kind, folder);
      requireInput(model, loaded.inputShape, `${data.inputs} has samples`);
      return loaded;
    }
    case 'pde': {
      const problem = readPdeProblem(objective, data !== undefined);
      const { length } = problem.notation.variables;
      requireInput(model, [length], `"variables" makes points`);
      return collocate(problem, objective, data, folder);
    }
    case 'output':
      return loadOutputData(data, model, folder);
  }
}

/** The terms of the loss, one for each of the data's sets. @param path of the graph. */
export function lossTerms(data: LossData, path: string): readonly LossTerm[] {
  switch (data.kind) {
    case 'samples':
      return [new SupervisedTerm(data, path)];
    case 'collocation': {
      const problem = readPdeProblem(data.objective, data.measurements !== null);
      return data.sets.map(({ role }, set) =>
        role === 'loss'
          ? new ConditionTerm(problem, data, set, path)
          : new ErrorTerm(problem, data, path),
      );
    }
    case 'output':
      return [new OutputTerm(data)];
  }
}

/** The arrays of the data, to know them again by. */
export function contentOf(data: LossData): readonly (Float32Array | Float64Array | Int32Array)[] {
  switch (data.kind) {
    case 'samples':
      return [
        data.inputs,
        data.targets.kind === 'classes' ? data.targets.classes : data.targets.values,
      ];
    case 'collocation':
      return [...data.points, ...(data.measurements === null ? [] : [data.measurements])];
    case 'output':
      return [data.inputs];
  }
}

async function loadOutputData(
  data: Configuration['data'],
  model: OnnxModel,
  folder: string,
): Promise<OutputData> {
  if (data === undefined) {
    throw new InputError(
      `"data" is missing: ${model.path} takes ${model.inputName}; name its array in "data.inputs".`,
      'missing',
    );
  }
  if (data.targets !== undefined) {
    throw new InputError(
      `"data.targets" has no use where the graph's own output is the loss; leave it out.`,
    );
  }
  const inputs = await readArray(data.inputs, folder);
  const available = inputs.shape[0] ?? 0;
  if (available === 0) {
    throw new InputError(`${data.inputs} holds no samples; they lie along the first axis.`);
  }
  const samples = Math.min(available, data.limit ?? available);
  const inputShape = inputs.shape.slice(1);
  requireInput(model, inputShape, `${data.inputs} has samples`);
  return {
    kind: 'output',
    sets: [outputSet(model, inputShape, samples)],
    samples,
    inputShape,
    inputs: floats(inputs, data.inputs, samples * sizeOf(inputShape)),
  };
}

/** @throws InputError where the graph takes samples of another shape. */
function requireInput(model: OnnxModel, sampleShape: readonly number[], what: string): void {
  const wanted = model.inputShape.slice(1);
  const fits =
    wanted.length === sampleShape.length &&
    wanted.every((extent, axis) => extent === null || extent === sampleShape[axis]);
  if (!fits) {
    throw new InputError(
      `${what} of shape [${sampleShape.join(', ')}] and ${model.path} takes [${wanted.map((extent) => extent ?? '?').join(', ')}]; give the inputs the shape the model was exported with.`,
      'mismatch',
    );
  }
}
