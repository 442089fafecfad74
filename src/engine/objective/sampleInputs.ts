import type { Configuration } from '../../shared/configuration';
import { InputError } from '../../shared/inputError';
import { say, type Message } from '../../shared/words/message';
import type { StoredArray } from '../checkpoint/numpy/storedArray';
import type { Graph } from '../graph/graph';
import type { Node } from '../graph/operations';
import type { Model } from '../graph/model';
import type { ModelInput } from '../graph/onnx/importOnnx';
import type { FloatArray } from '../tensor';
import type { PointSet } from './batches';
import { TERM } from './lossTerm';
import {
  findSamples,
  isWhole,
  openSamples,
  samplesAt,
  type SampleArray,
  type SampleOptions,
} from './sampleArray';

/** The array that one input of the graph is given. */
export interface NamedSamples {
  /** Name of the input. */
  readonly input: string;
  readonly array: SampleArray;
}

/** Arrays for the inputs of a graph, found; their elements are not looked at yet. */
export interface FoundInputs {
  readonly found: readonly FoundInput[];
  /** Along the first axis of every array. */
  readonly available: number;
  /** Full sentences. */
  readonly notes: readonly Message[];
}

interface FoundInput {
  readonly input: ModelInput;
  /** As the configuration names the array. */
  readonly name: string;
  readonly array: StoredArray;
}

type Data = NonNullable<Configuration['data']>;

/** Most samples in one run of a program. */
const MAX_BATCH = 256;

/**
 * Finds an array for every input that the graph's output depends on.
 *
 * @param takesTargets whether "targets" name an array for an input too: of the labels.
 * @throws InputError where arrays are missing, left over, or do not fit the inputs.
 */
export async function findInputs(
  model: Model,
  data: Data | undefined,
  takesTargets: boolean,
  folder: string,
  options: SampleOptions,
): Promise<FoundInputs> {
  const names = arraysOfInputs(model, data, takesTargets);
  const found = await Promise.all(
    [...names].map(async ([input, name]): Promise<FoundInput> => {
      return { input, name, array: await findSamples(name, folder, options) };
    }),
  );
  const [first] = found;
  const available = first?.array.shape[0] ?? 1;
  for (const { input, name, array } of found) {
    const { shape } = array;
    if (shape[0] !== available || available === 0) {
      throw new InputError(
        shape.length === 0 || available === 0
          ? say`${name} has shape [${shape.join(', ')}]; the first axis is the samples, of which there must be some.`
          : say`${name} has ${shape[0] ?? 0} samples and ${first!.name} has ${available}; all arrays must have as many.`,
        'mismatch',
      );
    }
    requireShape(shape.slice(1), input.shape, say`${name} has samples`, model.path);
    if (input.type !== 'float' && !isWhole(array)) {
      throw new InputError(
        say`${name} holds ${array.type} and ${input.name} of ${model.path} takes whole numbers; save the array as int64, as in numpy.asarray(…, dtype="int64").`,
        'mismatch',
      );
    }
  }
  const ignored = found.filter(({ input }) => !input.isUsed).map(({ input }) => input.name);
  return {
    found,
    available,
    notes:
      ignored.length === 0
        ? []
        : [
            say`The output of the graph does not depend on ${ignored.join(', ')}: what "data.inputs" names for it changes no number.`,
          ],
  };
}

/** Looks at the arrays' values and keeps them if they are few. */
export async function openInputs(
  found: readonly FoundInput[],
  samples: number,
  options: SampleOptions,
): Promise<readonly NamedSamples[]> {
  const inputs: NamedSamples[] = [];
  for (const { input, name, array } of found) {
    if (!input.isUsed) continue;
    inputs.push({
      input: input.name,
      array: await openSamples(name, array, samples, options, (values, start) => {
        if (input.type !== 'boolean') return;
        const other = values.findIndex((value) => value !== 0 && value !== 1);
        if (other < 0) return;
        throw new InputError(
          say`${name} holds ${values[other]!} in the samples from ${start} on, and ${input.name} takes true and false; save the array as bool.`,
          'mismatch',
        );
      }),
    });
  }
  return inputs;
}

/** Which array each input is given, by the configuration. */
function arraysOfInputs(
  { inputs, path }: Model,
  data: Data | undefined,
  takesTargets: boolean,
): ReadonlyMap<ModelInput, string> {
  const used = inputs.filter(({ isUsed }) => isUsed);
  const given = data?.inputs;
  const targets = takesTargets ? data?.targets : undefined;
  if (given === undefined || typeof given === 'string') {
    const names = [given, targets].filter((name) => name !== undefined);
    const [list] = [used, inputs].filter(({ length }) => length === names.length);
    if (list !== undefined) return new Map(list.map((input, i) => [input, names[i]!]));
    const named = names.length === 0 ? say`no array` : names.join(', ');
    throw new InputError(
      used.length === 0
        ? say`${path} takes no inputs and "data" names ${named}; leave "data" out.`
        : say`${path} takes ${used.map(described).join(', ')} and "data" names ${named}; name an array for each input, as in "inputs": {${used.map(({ name }) => `"${name}": "val.npz#${name}"`).join(', ')}}.`,
      'mismatch',
    );
  }
  const stranger = Object.keys(given).find((name) => inputs.every((input) => input.name !== name));
  if (stranger !== undefined) {
    throw new InputError(
      say`"data.inputs" names ${stranger}, which is no input of ${path}; its inputs are ${inputs.map(described).join(', ')}.`,
      'mismatch',
    );
  }
  const arrays = new Map<ModelInput, string>();
  for (const input of inputs) {
    const name = given[input.name];
    if (name !== undefined) arrays.set(input, name);
  }
  const missing = used.filter((input) => !arrays.has(input));
  if (targets !== undefined) {
    if (missing.length === 0) {
      throw new InputError(
        say`"data.targets" names ${targets}, and every input of ${path} has an array in "data.inputs" already; leave "targets" out.`,
        'mismatch',
      );
    }
    if (missing.length === 1) arrays.set(missing.pop()!, targets);
  }
  if (missing.length > 0) {
    throw new InputError(
      say`"data.inputs" names no array for ${missing.map(described).join(', ')} of ${path}; add it there, as in "${missing[0]!.name}": "val.npz#${missing[0]!.name}".`,
      'missing',
    );
  }
  return arrays;
}

function described({ name, shape }: ModelInput): string {
  return `${name} [${shape.map((extent) => extent ?? '?').join(', ')}]`;
}

/** How many samples a graph takes at once, where it takes no other number. */
export function fixedBatch({ inputs }: Pick<Model, 'inputs'>): number | null {
  return (
    inputs.find(({ isUsed, shape: [batch] }) => isUsed && typeof batch === 'number')?.shape[0] ??
    null
  );
}

/**
 * How samples are cut into batches: as many at once as the graph takes.
 *
 * @throws InputError where it takes a number that does not divide that of the samples.
 */
export function sampleSet(
  model: Pick<Model, 'inputs' | 'path'>,
  samples: number,
): { readonly set: PointSet; readonly notes: readonly Message[] } {
  const batch = fixedBatch(model);
  const set = (largestBatch: number): PointSet => ({ role: 'loss', points: samples, largestBatch });
  if (batch === null) return { set: set(MAX_BATCH), notes: [] };
  if (samples % batch !== 0) {
    const most = samples - (samples % batch);
    throw new InputError(
      most > 0
        ? say`${model.path} takes exactly ${batch} samples at once and there are ${samples}; set "data.limit" to ${most}, or export the model with a dynamic batch axis.`
        : say`${model.path} takes exactly ${batch} samples at once and there are ${samples}; export the model with a dynamic batch axis.`,
      'mismatch',
    );
  }
  return {
    // Batches of derivatives are no smaller: the graph takes no other number.
    set: { ...set(batch), derivativeBatch: batch },
    notes:
      batch === samples
        ? []
        : [
            say`The graph takes exactly ${batch} samples at once, so that they are computed ${batch} at a time; exported with a dynamic batch axis it takes less time.`,
          ],
  };
}

const INPUT = `${TERM}input:`;

/** Nodes for the inputs of a number of samples, by the names of the graph's inputs. */
export function inputNodes(
  g: Graph,
  inputs: readonly NamedSamples[],
  count: number,
): ReadonlyMap<string, Node> {
  return new Map(
    inputs.map(({ input, array }) => [input, g.input(INPUT + input, [count, ...array.shape])]),
  );
}

/** Their values. */
export function inputValues(
  inputs: readonly NamedSamples[],
  start: number,
  count: number,
): Map<string, FloatArray> {
  return new Map(inputs.map(({ input, array }) => [INPUT + input, samplesAt(array, start, count)]));
}

/** @throws InputError where samples are not of the shape [batch, …] that the graph takes. */
function requireShape(
  shape: readonly number[],
  taken: readonly (number | null)[],
  what: Message,
  path: string,
): void {
  // A graph may leave the shape of an input unsaid.
  if (taken.length === 0) return;
  const wanted = taken.slice(1);
  const fits =
    wanted.length === shape.length &&
    wanted.every((extent, axis) => extent === null || extent === shape[axis]);
  if (!fits) {
    throw new InputError(
      say`${what} of shape [${shape.join(', ')}] and ${path} takes [${wanted.map((extent) => extent ?? '?').join(', ')}]; give the inputs the shape the model was exported with.`,
      'mismatch',
    );
  }
}
