import { basename, join } from 'node:path';
import {
  CONFIGURATION_FILE,
  configurationSchema,
  type WrittenConfiguration,
} from '../../shared/configuration';
import { mayHoldConfiguration } from '../../shared/impliedRun';
import { InputError, type InputErrorReason } from '../../shared/inputError';
import { english, type Message } from '../../shared/words/message';
import { writeWhole } from '../study/results/cache';
import { readConfiguredModel } from '../study/configuration/graphSource';
import { completed } from '../study/configuration/impliedSettings';

/** What is minimised where a model does not say it: any loss that needs data will do to ask for them. */
const SOME_LOSS = { kind: 'regression', loss: 'squared' } as const;

/** Whether a checkpoint of this name is one of Keras or TensorFlow.js: no Python of PyTorch exports it. */
export function isSavedModel(path: string): boolean {
  return mayHoldConfiguration(basename(path)) || path.endsWith('.weights.h5');
}

/**
 * Writes the basin.json of models that hold their own graph and, where they were compiled, their loss:
 * the checkpoints, and the data where they lie beside them.
 *
 * @param globs of the checkpoints, relative to the folder.
 * @param files that they name, relative, in natural order.
 * @returns What is missing still: full sentences.
 * @throws InputError where the last one holds no graph, or one that cannot be built.
 */
export async function writeImplied(
  folder: string,
  globs: readonly string[],
  files: readonly string[],
): Promise<readonly Message[]> {
  const last = files.at(-1)!;
  // What holds weights alone is told before anything is written.
  await readConfiguredModel(join(folder, last), last);
  const path = join(folder, CONFIGURATION_FILE);
  const written = configurationSchema.parse({ checkpoints: [...globs] });
  const checkpoints = files.map((file) => join(folder, file));
  const missing = new Map<string, Message>();
  const dataOf = async (settings: WrittenConfiguration, known: readonly InputErrorReason[]) => {
    try {
      return (await completed(settings, path, folder, checkpoints)).configuration.data;
    } catch (error) {
      if (!(error instanceof InputError) || !known.includes(error.reason)) throw error;
      missing.set(english(error.said), error.said);
      return undefined;
    }
  };
  // A loss that Basin does not take can be replaced, a layer that it does not build cannot.
  const data =
    (await dataOf(written, ['missing', 'mismatch', 'unsupported'])) ??
    (await dataOf({ ...written, objective: SOME_LOSS }, ['missing']));
  const settings = { checkpoints: globs, ...(data === undefined ? {} : { data }) };
  await writeWhole(path, `${JSON.stringify(settings, null, 2)}\n`);
  return [...missing.values()];
}
