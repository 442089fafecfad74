import { dirname, join } from 'node:path';
import { parse } from 'jsonc-parser';
import type { Configuration } from '../../../shared/configuration';
import type { Choice, FileChoices, KindChoice } from '../../../shared/engineProtocol';
import { InputError } from '../../../shared/inputError';
import { tooDeep } from '../../../shared/nesting';
import type { Message } from '../../../shared/words/message';
import {
  objective as objectiveSchema,
  type Objective,
} from '../../../shared/objectiveConfiguration';
import { dataFilesOf } from '../../../shared/sources';
import { openCheckpoint } from '../../checkpoint/openCheckpoint';
import { OnnxModel } from '../../graph/onnx/importOnnx';
import { readModelFile } from '../../graph/onnx/modelFile';
import { loadLossData, openModel } from '../../objective/lossData';

/** So many samples tell whether an objective fits. */
const MAX_SAMPLES = 512;

/**
 * What a basin.json leaves to choose from, by the files it names: it may be unfinished, and what cannot be
 * looked at is left out.
 *
 * @param path of the basin.json; it need not be there.
 * @throws the signal's reason.
 */
export async function fileChoices(
  path: string,
  text: string,
  signal?: AbortSignal,
): Promise<FileChoices> {
  const folder = dirname(path);
  const root: unknown =
    tooDeep(text) === null
      ? parse(text.replace(/^\uFEFF/, ''), [], { allowTrailingComma: true })
      : undefined;
  const bytes = await orNull(() => modelOf(root, folder, signal));
  const model = bytes === null ? null : await orNull(() => new OnnxModel(bytes, 'model.onnx'));
  return {
    inputs: (model?.inputs ?? []).map(({ name, shape }) => ({ name, shape: listed(shape) })),
    outputs: [...(model?.outputShapes ?? [])].map(([name, shape]) => ({
      name,
      shape: listed(shape),
    })),
    arrays: await arraysOf(root, folder),
    kinds: await kindsFor(root, bytes, folder, signal),
  };
}

async function modelOf(
  root: unknown,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | null> {
  const name = valueAt(root, 'model');
  return typeof name === 'string' ? readModelFile(join(folder, name), name, signal) : null;
}

/** Arrays in the files that "data" names. */
async function arraysOf(root: unknown, folder: string): Promise<Record<string, readonly Choice[]>> {
  const arrays: Record<string, readonly Choice[]> = {};
  for (const file of dataFilesOf(root)) {
    if (!file.endsWith('.npz')) continue;
    const tensors = await orNull(async () => {
      const opened = await openCheckpoint(join(folder, file));
      await opened.close();
      return [...opened.tensors.values()];
    });
    arrays[file] = (tensors ?? []).map(({ name, dtype, shape }) => ({
      name,
      shape: `${dtype} ${listed(shape)}`,
    }));
  }
  return arrays;
}

/** Every kind is tried as an analysis would; those that fit come first. */
async function kindsFor(
  root: unknown,
  bytes: Uint8Array | null,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<readonly KindChoice[]> {
  const hasTargets = typeof valueAt(valueAt(root, 'data'), 'targets') === 'string';
  const kinds = ['classification', 'binary', 'regression', 'output', 'pde'] as const;
  const choices: KindChoice[] = [];
  for (const kind of kinds) {
    // An equation is not to be guessed.
    if (bytes === null || kind === 'pde') choices.push({ kind, problem: null });
    else {
      signal?.throwIfAborted();
      const problem = await problemWith(kind, root, bytes, folder, signal);
      choices.push({ kind, problem });
    }
  }
  const rank = ({ kind, problem }: KindChoice): number =>
    problem !== null ? 3 : kind === 'pde' ? 2 : kind === 'output' && hasTargets ? 1 : 0;
  return choices.sort((a, b) => rank(a) - rank(b));
}

async function problemWith(
  kind: 'classification' | 'binary' | 'regression' | 'output',
  root: unknown,
  bytes: Uint8Array,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<Message | null> {
  const written = valueAt(root, 'objective');
  const own = valueAt(written, 'kind') === kind ? written : {};
  const ignore = { ignore: -100 };
  const given = { ...(kind === 'classification' ? ignore : {}), ...(own as object), kind };
  const objective = objectiveSchema.safeParse(given);
  const data = valueAt(root, 'data') as Configuration['data'];
  const output = valueAt(root, 'output');
  const configuration = {
    objective: objective.success ? objective.data : ({ kind } as Objective),
    ...(typeof output === 'string' ? { output } : {}),
    ...(data === undefined ? {} : { data: { ...data, limit: data.limit ?? MAX_SAMPLES } }),
  };
  try {
    const model = await openModel(bytes, String(valueAt(root, 'model')), configuration, folder);
    await loadLossData(configuration as Configuration, model, folder, { signal });
    return null;
  } catch (error) {
    signal?.throwIfAborted();
    // What is not finished may be anything.
    return error instanceof InputError ? error.said : null;
  }
}

function listed(shape: readonly (number | null)[]): string {
  return `[${shape.map((extent) => extent ?? '?').join(', ')}]`;
}

async function orNull<Value>(work: () => Value | Promise<Value>): Promise<Value | null> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return null;
  }
}

function valueAt(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
