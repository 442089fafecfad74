import { dirname, join, relative, resolve, sep } from 'node:path';
import { RESULT_SUFFIX } from '../../shared/result';
import { resultPath } from './resultPlaces';

/**
 * The checkpoint that a file in a store would be the result of, absolute; `null` for what is no
 * result of a checkpoint that a path can name.
 *
 * @param store Folder that keeps what is computed by the configuration, absolute.
 */
export function checkpointOfResult(
  configuration: string,
  store: string,
  path: string,
): string | null {
  if (!path.startsWith(join(store, 'results') + sep) || !path.endsWith(RESULT_SUFFIX)) return null;
  const location = relative(join(store, 'results'), path.slice(0, -RESULT_SUFFIX.length));
  const [first = '', ...rest] = location.split(sep);
  const drive = /^_([A-Za-z])$/.exec(first)?.[1];
  const begin = first === '_root' ? '' : drive === undefined ? upwards(first) : `${drive}:`;
  const checkpoint = resolve(dirname(configuration), [begin, ...rest.map(upwards)].join(sep));
  // A folder may have been called _up before: what leads to the same file is the one.
  return resultPath(configuration, checkpoint, store) === path ? checkpoint : null;
}

function upwards(segment: string): string {
  return segment === '_up' ? '..' : segment;
}
