import { RESULT_SUFFIX } from './result';

/** Folder, beside a basin.json, that keeps what is computed by it, unless another is said. */
export const STORE_FOLDER = '.basin';

/** Folder, beside a basin.json, that keeps the result documents of its checkpoints. */
export const RESULT_FOLDER = `${STORE_FOLDER}/results`;

/**
 * Where the result document of a checkpoint is kept, relative to the folder of the basin.json that
 * names it.
 *
 * The document stays below that folder wherever the checkpoint is: each `..` becomes `_up`, and a
 * root or drive (`/`, `D:`) becomes a folder name.
 *
 * @param checkpointRelativePath The checkpoint relative to that folder, with forward slashes.
 * @param store What keeps the results: relative to that folder, or absolute.
 * @returns The document's path relative to the same folder, or absolute, with forward slashes.
 */
export function resultLocation(checkpointRelativePath: string, store = STORE_FOLDER): string {
  const segments = checkpointRelativePath
    .split('/')
    .map((segment, index) => {
      if (segment === '..') return '_up';
      if (index === 0 && segment === '' && checkpointRelativePath !== '') return '_root';
      return index === 0 ? segment.replace(/^([A-Za-z]):$/, '_$1') : segment;
    })
    .filter((segment) => segment !== '' && segment !== '.');
  return `${store}/results/${segments.join('/')}${RESULT_SUFFIX}`;
}
