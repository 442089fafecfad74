import { basename } from 'node:path';
import { escaped } from '../../shared/escaped';
import { InputError } from '../../shared/inputError';

/**
 * What is wrong with bytes, said where it is found and before it is known which file they came
 * from. `naming` turns it into the InputError a person reads.
 */
export class Fault extends Error {
  override readonly name = 'Fault';

  constructor(
    readonly reason: 'damaged' | 'unsupported' | 'hostile' | 'missing' | 'invalid',
    /** Follows the file's name and "is damaged:", "cannot be used:" or "was not opened:". */
    what: string,
    /** What to do; the reason's usual advice if absent. */
    readonly advice?: string,
  ) {
    super(what);
  }
}

const ADVICE = {
  damaged: 'copy it again, or wait until it is written completely',
  unsupported: 'save the plain weights (a state_dict) instead',
  hostile: 'do not load it anywhere, and get the checkpoint from a source you trust',
  missing: 'check the name',
  invalid: 'check the name',
} as const;

const VERDICT = {
  damaged: 'is damaged:',
  unsupported: 'cannot be used:',
  hostile: 'was not opened:',
  missing: 'cannot be read:',
  invalid: 'cannot be used:',
} as const;

/**
 * Runs `work` on the file at `path`; a fault it throws becomes an InputError of one sentence that
 * names the file. What else it throws passes through.
 */
export async function naming<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw named(path, error);
  }
}

/** As `naming`, for what comes one after the other. */
export async function* namingAll<T>(
  path: string,
  work: () => AsyncIterable<T>,
): AsyncGenerator<T, void> {
  try {
    yield* work();
  } catch (error) {
    throw named(path, error);
  }
}

/** The InputError for a fault in the file at `path`; any other error as it is. */
export function named(path: string, error: unknown): unknown {
  if (error instanceof Fault) {
    const advice = error.advice ?? ADVICE[error.reason];
    return new InputError(
      `${basename(path)} ${VERDICT[error.reason]} ${printable(error.message)}; ${printable(advice)}.`,
      error.reason,
    );
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new InputError(`${path} does not exist; check the path.`, 'missing');
    case 'EACCES':
    case 'EPERM':
      return new InputError(`${path} may not be read; change its permissions.`, 'missing');
    case 'EISDIR':
      return new InputError(`${path} is a folder; name one of the files in it.`, 'invalid');
    case 'ELOOP':
      return new InputError(
        `${path} is a link that leads back to itself; name the file it was meant for.`,
        'invalid',
      );
    case 'ENAMETOOLONG':
      return new InputError(
        `${printable(path, 60)} is longer than names of files are; check the path.`,
        'invalid',
      );
    case 'ENXIO':
    case 'ENODEV':
    case 'EOPNOTSUPP':
      return new InputError(`${path} is no regular file; check the path.`, 'invalid');
    case 'EIO':
    case 'ESTALE':
    case 'EREMOTEIO':
      return new InputError(
        `${path} cannot be read, as its disk reports an error (${code}); check the disk and try again.`,
        'damaged',
      );
    case 'ERR_INVALID_ARG_VALUE':
      return new InputError(`${printable(path)} is no path; check it.`, 'invalid');
    default:
      return error;
  }
}

const LONGEST = 400;

/** Names in a file are anybody's: no control characters reach a terminal, and no novels. */
export function printable(text: string, longest = LONGEST): string {
  const line = escaped(text.slice(0, longest));
  return text.length > longest ? `${line}…` : line;
}
