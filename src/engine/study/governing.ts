import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../../shared/inputError';
import { say } from '../../shared/words/message';

/** The basin.json of a checkpoint: beside it or above. @throws InputError where there is none. */
export function governing(checkpoint: string): string {
  const found = governingOf(dirname(resolve(checkpoint)));
  if (found !== null) return found;
  const folder = impliedFolder(resolve(checkpoint));
  if (folder !== null) return join(folder, 'basin.json');
  throw new InputError(
    say`${checkpoint} has no basin.json beside or above it, which says which graph and data belong to it; "basin init" prepares its folder.`,
    'missing',
  );
}

/**
 * The folder whose models of Keras or TensorFlow.js need no basin.json: that of the model, or the one
 * above it with the data, as TensorFlow.js saves each model in a folder of its own.
 */
function impliedFolder(checkpoint: string): string | null {
  const name = basename(checkpoint);
  const own = dirname(checkpoint);
  if (name === 'model.json') {
    const above = dirname(own);
    const hasData = (folder: string): boolean =>
      existsSync(join(folder, 'data.npz')) || existsSync(join(folder, 'x.npy'));
    return !hasData(own) && hasData(above) ? above : own;
  }
  return /\.keras$|(?<!\.weights)\.h5$/.test(name) ? own : null;
}

/** The basin.json in a folder, or the nearest above it. */
export function governingOf(folder: string): string | null {
  const candidate = join(folder, 'basin.json');
  if (existsSync(candidate)) return candidate;
  return dirname(folder) === folder ? null : governingOf(dirname(folder));
}
