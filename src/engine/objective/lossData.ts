import type { Configuration } from '../../shared/configuration';
import { InputError } from '../../shared/inputError';
import { readRows } from '../checkpoint/numpy/storedArray';
import type { Model } from '../graph/model';
import { say } from '../../shared/words/message';
import { openNetwork } from '../graph/openNetwork';
import { ClassTerm } from './classTerm';
import { loadEvaluationData, type EvaluationData } from './evaluationData';
import { likelyOutput, type TargetShape } from './likelyOutput';
import type { LossTerm } from './lossTerm';
import { outputSet, OutputTerm, type OutputData } from './outputTerm';
import { collocate } from './pde/collocation';
import type { CollocationData } from './pde/collocationData';
import { readPdeProblem } from './pde/pdeProblem';
import { ConditionTerm, ErrorTerm } from './pde/pdeTerm';
import { requirePointInputs } from './pde/pointNetwork';
import { requireLogits } from './requireLogits';
import { asFloats, findSamples, isWhole, type SampleOptions } from './sampleArray';
import { findInputs, openInputs } from './sampleInputs';
import { ValueTerm } from './valueTerm';

/** All a loss needs beside the graph and its weights, as it crosses to a worker. */
export type LossData = EvaluationData | CollocationData | OutputData;

/**
 * The graph of a model with the output its objective means.
 *
 * @param bytes of the ONNX file, or as `kerasModelBytes` wrote them.
 * @param path for messages.
 * @param folder of the configuration.
 * @throws InputError where the file cannot be read, or leaves open which output is meant.
 */
export async function openModel(
  bytes: Uint8Array,
  path: string,
  { data, objective, output }: Pick<Configuration, 'data' | 'objective' | 'output'>,
  folder: string,
): Promise<Model> {
  const model = openNetwork(bytes, path, output);
  // A network may give every unknown of an equation by itself.
  if (objective.kind !== 'pde' && model.outputs.length > 1) {
    const targets = await targetShape(data?.targets, folder);
    const name = likelyOutput(model.outputShapes, objective, targets);
    throw new InputError(
      say`${path} has ${model.outputs.length} outputs: ${model.outputList}; say which one is meant, as in "output": "${name}".`,
      'mismatch',
    );
  }
  if (objective.kind === 'classification' || objective.kind === 'binary') {
    requireLogits(model, objective.kind);
  }
  return model;
}

/** So many targets tell how many classes there are. */
const ROWS_OF_CLASSES = 4096;

/** What the file of the targets says; null where there is none that can be read. */
async function targetShape(
  targets: string | undefined,
  folder: string,
): Promise<TargetShape | null> {
  if (targets === undefined) return null;
  try {
    const array = await findSamples(targets, folder);
    const { shape } = array;
    if (!isWhole(array)) return { shape, isWhole: false, classes: null };
    const { data } = readRows(array, 0, Math.min(shape[0] ?? 0, ROWS_OF_CLASSES));
    let classes = 0;
    for (const value of asFloats(data)) classes = Math.max(classes, value + 1);
    return { shape, isWhole: true, classes };
  } catch (error) {
    // Once the output is named, the data say what is wrong with them.
    if (!(error instanceof InputError)) throw error;
    return null;
  }
}

/**
 * Reads or samples what an objective needs.
 *
 * @param folder of the configuration.
 * @throws InputError when data are missing, or do not fit each other, the graph or the objective.
 */
export async function loadLossData(
  { data, objective }: Configuration,
  model: Model,
  folder: string,
  options: SampleOptions = {},
): Promise<LossData> {
  switch (objective.kind) {
    case 'classification':
    case 'binary':
    case 'regression':
      if (data === undefined) throw new Error('The configuration was not checked.');
      return loadEvaluationData(data, objective, model, folder, options);
    case 'pde': {
      const problem = readPdeProblem(objective, data !== undefined);
      requirePointInputs(model, problem.notation.variables.length);
      return collocate(problem, objective, data, folder);
    }
    case 'output':
      return loadOutputData(data, model, folder, options);
  }
}

/** The terms of the loss, one for each of the data's sets. */
export function lossTerms(data: LossData, model: Model): readonly LossTerm[] {
  switch (data.kind) {
    case 'samples': {
      const { inputs, targets } = data;
      return targets.kind === 'classes'
        ? [new ClassTerm(inputs, targets)]
        : [new ValueTerm(inputs, targets)];
    }
    case 'collocation': {
      const problem = readPdeProblem(data.objective, data.measurements !== null);
      return data.sets.map(({ role }, set) =>
        role === 'loss'
          ? new ConditionTerm(problem, data, set, model)
          : new ErrorTerm(problem, data, model),
      );
    }
    case 'output':
      return [new OutputTerm(data)];
  }
}

/** What the arrays of the data are known again by: their values, or a hash of them. */
export function contentOf(data: LossData): readonly (Uint8Array | string)[] {
  switch (data.kind) {
    case 'samples':
      return [...data.inputs, data.targets].map(({ array }) => array.digest);
    case 'collocation':
      return [...data.points, ...(data.measurements === null ? [] : [data.measurements])].map(
        ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
      );
    case 'output':
      return data.inputs.map(({ array }) => array.digest);
  }
}

async function loadOutputData(
  data: Configuration['data'],
  model: Model,
  folder: string,
  options: SampleOptions,
): Promise<OutputData> {
  const { found, available, notes } = await findInputs(model, data, true, folder, options);
  const samples = Math.min(available, data?.limit ?? available);
  const { set, notes: setNotes } = outputSet(model, found, samples);
  return {
    kind: 'output',
    sets: [set],
    samples,
    inputs: await openInputs(found, samples, options),
    notes: [...notes, ...setNotes],
  };
}
