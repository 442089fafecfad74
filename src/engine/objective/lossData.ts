import type { Configuration } from '../../shared/configuration';
import { InputError } from '../../shared/inputError';
import type { OnnxModel } from '../graph/onnx/importOnnx';
import { readArray } from '../checkpoint/npy';
import { sizeOf } from '../tensor';
import { floats, loadEvaluationData, type EvaluationData } from './evaluationData';
import { joinModel, type JoinedInput, type JoinedModel } from './joinedModel';
import type { LossTerm } from './lossTerm';
import { outputSet, OutputTerm, type OutputData } from './outputTerm';
import { collocate, type CollocationData } from './pde/collocation';
import { readPdeProblem } from './pde/pdeProblem';
import { ConditionTerm, ErrorTerm } from './pde/pdeTerm';
import { SupervisedTerm } from './supervisedTerm';

/** All a loss needs beside the graph and its weights, as it crosses to a worker. */
export type LossData = EvaluationData | CollocationData | OutputData;

/**
 * The graph of a model as its objective wants it: with one input and one output.
 *
 * @param bytes of the ONNX file.
 */
export function lossModel(
  bytes: Uint8Array,
  path: string,
  { objective }: Pick<Configuration, 'objective'>,
): JoinedModel {
  return objective.kind === 'pde' || objective.kind === 'output'
    ? joinModel(bytes, path)
    : { bytes, inputs: [] };
}

/**
 * Reads or samples what an objective needs.
 *
 * @param model of the joined bytes.
 * @param joined what they were joined from.
 * @param folder of the configuration.
 * @throws InputError when data are missing, or do not fit each other, the graph or the objective.
 */
export async function loadLossData(
  { data, objective }: Configuration,
  model: OnnxModel,
  { inputs }: Pick<JoinedModel, 'inputs'>,
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
      return loadOutputData(data, model, inputs, folder);
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

/** @param wanted inputs of the graph before they were joined. */
async function loadOutputData(
  data: Configuration['data'],
  model: OnnxModel,
  wanted: readonly JoinedInput[],
  folder: string,
): Promise<OutputData> {
  const names = [data?.inputs, data?.targets].filter((name) => name !== undefined);
  if (names.length !== wanted.length) {
    const all = wanted.map(({ name }) => name).join(', ');
    throw new InputError(
      `${model.path} takes ${wanted.length === 0 ? 'no inputs' : all} and "data" names ${names.length === 0 ? 'no array' : names.join(', ')}; name an array for each input, the first as "inputs" and a second as "targets".`,
      'mismatch',
    );
  }
  const arrays = await Promise.all(names.map((name) => readArray(name, folder)));
  const available = arrays.length === 0 ? 1 : (arrays[0]!.shape[0] ?? 0);
  const samples = Math.min(available, data?.limit ?? available);
  arrays.forEach(({ shape }, i) => {
    if (shape[0] !== available || available === 0) {
      throw new InputError(
        `${names[i]!} has shape [${shape.join(', ')}]; the first axis is the samples, of which there are ${available === 0 ? 'none' : available}.`,
        'mismatch',
      );
    }
    requireShape(shape.slice(1), wanted[i]!.shape, `${names[i]!} has samples`, model.path);
  });
  const values = arrays.map((array, i) =>
    floats(array, names[i]!, samples * sizeOf(array.shape.slice(1))),
  );
  const only = arrays.length === 1 ? arrays[0]!.shape.slice(1) : null;
  const inputShape = only ?? [Math.max(1, sum(values.map((own) => own.length / samples)))];
  return {
    kind: 'output',
    sets: [outputSet(model, inputShape, samples)],
    samples,
    inputShape,
    inputs: only === null ? columns(values, samples) : values[0]!,
  };
}

/** Arrays of as many rows beside each other; one column of zeros where there are none. */
function columns(arrays: readonly Float32Array[], rows: number): Float32Array {
  const widths = arrays.map((array) => array.length / rows);
  const width = Math.max(1, sum(widths));
  const joined = new Float32Array(rows * width);
  let offset = 0;
  arrays.forEach((array, i) => {
    const own = widths[i]!;
    for (let row = 0; row < rows; row += 1) {
      joined.set(array.subarray(row * own, (row + 1) * own), row * width + offset);
    }
    offset += own;
  });
  return joined;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** @throws InputError where the graph takes samples of another shape. */
function requireInput(model: OnnxModel, sampleShape: readonly number[], what: string): void {
  requireShape(sampleShape, model.inputShape.slice(1), what, model.path);
}

function requireShape(
  shape: readonly number[],
  wanted: readonly (number | null)[],
  what: string,
  path: string,
): void {
  const fits =
    wanted.length === shape.length &&
    wanted.every((extent, axis) => extent === null || extent === shape[axis]);
  if (!fits) {
    throw new InputError(
      `${what} of shape [${shape.join(', ')}] and ${path} takes [${wanted.map((extent) => extent ?? '?').join(', ')}]; give the inputs the shape the model was exported with.`,
      'mismatch',
    );
  }
}
