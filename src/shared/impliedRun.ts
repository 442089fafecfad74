/**
 * Folders that need no basin.json: a saved model of Keras or TensorFlow.js has its graph and loss with it,
 * and data of a known name lie beside it. What is such a folder is told by names alone.
 */

/** Arrays x and y, or one for each input by its name, and y. */
export const DATA_ARCHIVE = 'data.npz';
/** Instead of an archive: both. */
export const DATA_ARRAYS: readonly string[] = ['x.npy', 'y.npy'];

/** Globs of the checkpoints of such a folder, relative to it. */
export const IMPLIED_CHECKPOINTS: readonly string[] = [
  ...['*.keras', '*.h5', 'model.json', '*/model.json'],
  '!*.weights.h5',
];

/** Where TensorFlow.js saves a model: each in a folder of its own. */
const FOLDER_MODEL = 'model.json';

/** Whether a file is named as a model of TensorFlow.js is; so are many other things. */
export function isFolderModel(path: string): boolean {
  return /(^|[\\/])model\.json$/.test(path);
}

/** Whether a file of this name may be a model with a configuration. */
export function mayHoldConfiguration(fileName: string): boolean {
  return fileName === FOLDER_MODEL || /\.keras$|(?<!\.weights)\.h5$/.test(fileName);
}

/**
 * The folder that holds a model's data: its own, or of a `model.json` the one above where only that has
 * them.
 *
 * @param hasData whether a folder holds data of the known names.
 */
export function impliedFolder(
  fileName: string,
  own: string,
  above: string,
  hasData: (folder: string) => boolean,
): string {
  return fileName === FOLDER_MODEL && !hasData(own) && hasData(above) ? above : own;
}

/** The data of a folder among the names in it; null where there are none. */
export function impliedData(has: (fileName: string) => boolean): readonly string[] | null {
  if (has(DATA_ARCHIVE)) return [DATA_ARCHIVE];
  return DATA_ARRAYS.every(has) ? DATA_ARRAYS : null;
}
