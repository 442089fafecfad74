import { InputError } from '../shared/inputError';

/** What keeps a file from being written, and what to do about it, by the system's code. */
const OBSTACLES: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  ENOSPC: ['no space is left on its disk', 'make room there'],
  EDQUOT: ['the quota of its disk is used up', 'make room there'],
  EFBIG: ['a file would become larger than its disk allows', 'use another disk'],
  EACCES: ['its permissions forbid it', 'change them'],
  EPERM: ['its permissions forbid it', 'change them'],
  EROFS: ['its disk is read-only', 'use a disk that can be written'],
  ENOTDIR: ['a part of that path is a file and no folder', 'remove or rename that file'],
  EEXIST: ['a file of that name is no folder', 'remove or rename that file'],
  EMFILE: ['too many files are open', 'raise the limit of open files'],
  EIO: ['its disk reports a fault', 'check the disk'],
};

/**
 * Runs what writes to a file or folder.
 *
 * @param place the file or folder, for the sentence.
 * @throws InputError where the disk, its permissions or what is there already keeps it from that.
 */
export async function writingTo<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const obstacle = OBSTACLES[code];
    if (obstacle === undefined) throw cause;
    const [what, remedy] = obstacle;
    throw new InputError(`${place} cannot be written: ${what}; ${remedy}.`, 'unsupported', {
      cause,
    });
  }
}
