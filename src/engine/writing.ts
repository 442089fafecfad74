import { InputError } from '../shared/inputError';
import { say, type Message } from '../shared/words/message';

/** What keeps a file from being written, and what to do about it, by the system's code. */
const OBSTACLES: Readonly<Record<string, readonly [what: Message, remedy: Message]>> = {
  ENOSPC: [say`no space is left on its disk`, say`make room there`],
  EDQUOT: [say`the quota of its disk is used up`, say`make room there`],
  EFBIG: [say`a file would become larger than its disk allows`, say`use another disk`],
  EACCES: [say`its permissions forbid it`, say`change them`],
  EPERM: [say`its permissions forbid it`, say`change them`],
  EROFS: [say`its disk is read-only`, say`use a disk that can be written`],
  ENOTDIR: [say`a part of that path is a file and no folder`, say`remove or rename that file`],
  EEXIST: [say`a file of that name is no folder`, say`remove or rename that file`],
  EMFILE: [say`too many files are open`, say`raise the limit of open files`],
  EIO: [say`its disk reports a fault`, say`check the disk`],
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
    throw obstacleTo(place, cause);
  }
}

/** What a failure to write is to be told as: itself, where it is none of the disk's. */
export function obstacleTo(place: string, cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const obstacle = OBSTACLES[code];
  if (obstacle === undefined) return cause;
  const [what, remedy] = obstacle;
  const sentence = say`${place} cannot be written: ${what}; ${remedy}.`;
  return new InputError(sentence, 'unsupported', { cause });
}
