import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Configuration, WrittenConfiguration } from '../../../shared/configuration';
import { DATA_ARCHIVE, DATA_ARRAYS } from '../../../shared/impliedRun';
import { InputError } from '../../../shared/inputError';
import { say, type Message } from '../../../shared/words/message';
import { nameIn } from '../../../shared/pathNames';
import { printable, printableValue } from '../../checkpoint/fault';
import { openCheckpoint } from '../../checkpoint/openCheckpoint';
import { compiledLoss } from '../../objective/compiledLoss';
import { KerasModel } from '../../graph/keras/kerasModel';
import { printed } from '../../graph/keras/printed';
import { holdsConfiguration, readConfiguredModel, type ConfiguredModel } from './graphSource';

/** A configuration with all that an analysis needs. */
export interface Completed {
  readonly configuration: Configuration;
  /** Which settings are from the model's own file, or from files beside it. */
  readonly implied: ReadonlySet<ImpliedSetting>;
  /** What was left of the compile configuration: full sentences. */
  readonly notes: readonly Message[];
  /** The model as it was read for this; null where nothing of it was needed. */
  readonly configured: ConfiguredModel | null;
}

export type ImpliedSetting = 'model' | 'objective' | 'data';

/**
 * Completes what a basin.json leaves to the model's own file: the graph, the loss it was compiled with,
 * and data beside it.
 *
 * @param checkpoints absolute, the last of which says what none of the settings does.
 * @param own the checkpoint whose configuration is taken; the last if absent.
 * @throws InputError that says what is missing and what to write.
 */
export async function completed(
  written: WrittenConfiguration,
  path: string,
  folder: string,
  checkpoints: readonly string[],
  own: string | undefined = checkpoints.at(-1),
): Promise<Completed> {
  const implied = new Set<ImpliedSetting>();
  if (written.model === undefined && own === undefined) {
    throw new InputError(
      say`${path}: no file matches "checkpoints" (${written.checkpoints.join(', ')}); check the globs, which are relative to this file.`,
      'missing',
    );
  }
  const name = written.model ?? nameIn(folder, own!, { relative, sep });
  if (written.model === undefined) implied.add('model');
  const { objective } = written;
  const needsData = objective?.kind !== 'pde' && objective?.kind !== 'output';
  const file = join(folder, name);
  if (written.model !== undefined && objective !== undefined) {
    const isWhole = written.data !== undefined || !needsData || !existsSync(file);
    if (isWhole || !(await holdsConfiguration(file))) {
      return {
        configuration: { ...written, model: name, objective },
        implied,
        notes: [],
        configured: null,
      };
    }
  }
  if (!existsSync(file)) {
    throw new InputError(
      say`${path}: "model" names ${name}, which does not exist; export the model's graph to ONNX there.`,
      'missing',
    );
  }
  if (!(await holdsConfiguration(file))) {
    throw new InputError(
      written.model === undefined
        ? say`${path}: "model" is missing, and ${name} holds no graph; name the graph's ONNX export.`
        : say`${path}: "objective" is missing, and an ONNX graph does not say what is minimised; choose a "kind", as in "objective": {"kind": "classification"}.`,
      'missing',
    );
  }
  const configured = await readConfiguredModel(file, name);
  const { bytes, training } = configured;
  const model = new KerasModel(bytes, name);
  let { output } = written;
  let notes: readonly Message[] = [];
  let loss = objective;
  if (loss === undefined) {
    const compiled = printed(() =>
      compiledLoss(training, model, output, (each) => new KerasModel(bytes, name, each)),
    );
    implied.add('objective');
    ({ objective: loss, output } = compiled);
    notes = compiled.notes.map((note) => printableValue(note));
  }
  let { data } = written;
  if (data === undefined && needsData) {
    const used = model.inputs.filter((input) => input.isUsed).map((input) => input.name);
    data = await dataBeside(folder, used, name);
    implied.add('data');
  }
  const configuration = {
    ...written,
    model: name,
    objective: loss,
    ...(output === undefined ? {} : { output }),
    ...(data === undefined ? {} : { data }),
  };
  return { configuration, implied, notes, configured };
}

/**
 * Data beside a model: `data.npz` with the arrays x and y, or with one array for each input by its name;
 * or `x.npy` and `y.npy`.
 *
 * @throws InputError that says what to put there.
 */
async function dataBeside(
  folder: string,
  inputs: readonly string[],
  model: string,
): Promise<NonNullable<Configuration['data']>> {
  if (existsSync(join(folder, DATA_ARCHIVE))) {
    const archive = await openCheckpoint(join(folder, DATA_ARCHIVE));
    try {
      const has = (name: string): boolean => archive.tensors.has(name);
      const isNamed = inputs.length > 0 && inputs.every(has);
      if (has('y') && (has('x') || isNamed)) {
        const named = Object.fromEntries(inputs.map((name) => [name, `${DATA_ARCHIVE}#${name}`]));
        return { inputs: has('x') ? `${DATA_ARCHIVE}#x` : named, targets: `${DATA_ARCHIVE}#y` };
      }
    } finally {
      await archive.close();
    }
  }
  if (DATA_ARRAYS.every((name) => existsSync(join(folder, name)))) {
    const [x, y] = DATA_ARRAYS;
    return { inputs: x!, targets: y! };
  }
  const arrays = inputs.length === 1 ? 'x' : inputs.map((name) => printable(name)).join(', ');
  throw new InputError(
    say`${model} has its graph, but there are no data to evaluate it on; save them beside it as ${DATA_ARCHIVE} with the arrays ${arrays} and y, or name them as "data" in ${join(folder, 'basin.json')}.`,
    'missing',
  );
}
