import type { Configuration } from '../../shared/configuration';
import { InputError } from '../../shared/inputError';
import type { OnnxModel } from '../graph/onnx/importOnnx';
import { sizeOf } from '../tensor';
import { loadEvaluationData, type EvaluationData } from './evaluationData';
import { joinModel, type JoinedInput, type JoinedModel } from './joinedModel';
import type { LossTerm } from './lossTerm';
import { outputSet, OutputTerm, type OutputData } from './outputTerm';
import { collocate, type CollocationData } from './pde/collocation';
import { readPdeProblem } from './pde/pdeProblem';
import { ConditionTerm, ErrorTerm } from './pde/pdeTerm';
import { findSamples, openSamples, type SampleOptions } from './sampleArray';
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
  { data, objective, output }: Configuration,
  model: OnnxModel,
  { inputs }: Pick<JoinedModel, 'inputs'>,
  folder: string,
  options: SampleOptions = {},
): Promise<LossData> {
  if (output !== undefined || (data !== undefined && typeof data.inputs !== 'string')) {
    throw new InputError(
      `"output" and "data.inputs" by name are not computed with yet; leave them out.`,
      'unsupported',
    );
  }
  switch (objective.kind) {
    case 'binary':
      throw new InputError('"objective.kind": "binary" is not computed yet.', 'unsupported');
    case 'classification':
    case 'regression': {
      if (data === undefined) throw new Error('The configuration was not checked.');
      const { kind, ...more } = objective;
      if (Object.values(more).some((value) => value !== undefined && value !== 'squared')) {
        throw new InputError(`Settings of ${kind} are not computed with yet.`, 'unsupported');
      }
      const loaded = await loadEvaluationData(data, objective.kind, folder, options);
      requireInput(model, loaded.inputs.shape, `${data.inputs as string} has samples`);
      return loaded;
    }
    case 'pde': {
      const problem = readPdeProblem(objective, data !== undefined);
      const { length } = problem.notation.variables;
      requireInput(model, [length], `"variables" makes points`);
      return collocate(problem, objective, data, folder);
    }
    case 'output':
      return loadOutputData(data, model, inputs, folder, options);
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

/** What the arrays of the data are known again by: their values, or a hash of them. */
export function contentOf(data: LossData): readonly (Uint8Array | string)[] {
  switch (data.kind) {
    case 'samples':
      return [data.inputs.digest, data.targets.array.digest];
    case 'collocation':
      return [...data.points, ...(data.measurements === null ? [] : [data.measurements])].map(
        ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
      );
    case 'output':
      return data.inputs.map(({ digest }) => digest);
  }
}

/** @param wanted inputs of the graph before they were joined. */
async function loadOutputData(
  data: Configuration['data'],
  model: OnnxModel,
  wanted: readonly JoinedInput[],
  folder: string,
  options: SampleOptions,
): Promise<OutputData> {
  const names = [data?.inputs as string | undefined, data?.targets].filter(
    (name) => name !== undefined,
  );
  if (names.length !== wanted.length) {
    const all = wanted.map(({ name }) => name).join(', ');
    throw new InputError(
      `${model.path} takes ${wanted.length === 0 ? 'no inputs' : all} and "data" names ${names.length === 0 ? 'no array' : names.join(', ')}; name an array for each input, the first as "inputs" and a second as "targets".`,
      'mismatch',
    );
  }
  const arrays = await Promise.all(names.map((name) => findSamples(name, folder, options)));
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
  const only = arrays.length === 1 ? arrays[0]!.shape.slice(1) : null;
  const columns = arrays.reduce((sum, { shape }) => sum + sizeOf(shape.slice(1)), 0);
  const inputShape = only ?? [Math.max(1, columns)];
  const set = outputSet(model, inputShape, samples);
  const inputs = [];
  for (const [i, array] of arrays.entries()) {
    inputs.push(await openSamples(names[i]!, array, samples, 'values', options));
  }
  return { kind: 'output', sets: [set], samples, inputShape, inputs };
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
