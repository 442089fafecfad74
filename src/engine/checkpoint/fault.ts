import { basename } from 'node:path';
import { escaped } from '../../shared/escaped';
import { InputError } from '../../shared/inputError';
import { english, say, type Message, type Value } from '../../shared/words/message';

/**
 * What is wrong with bytes, said where it is found and before it is known which file they came
 * from. `naming` turns it into the InputError a person reads.
 */
export class Fault extends Error {
  override readonly name = 'Fault';

  constructor(
    readonly reason: 'damaged' | 'unsupported' | 'hostile' | 'missing' | 'invalid',
    /** Follows the file's name and "is damaged:", "cannot be used:" or "was not opened:". */
    readonly what: Message,
    /** What to do; the reason's usual advice if absent. */
    readonly advice?: Message,
  ) {
    super(english(what));
  }
}

const ADVICE = {
  damaged: say`copy it again, or wait until it is written completely`,
  unsupported: say`save the plain weights (a state_dict) instead`,
  hostile: say`do not load it anywhere, and get the checkpoint from a source you trust`,
  missing: say`check the name`,
  invalid: say`check the name`,
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

function judged(reason: Fault['reason'], file: string, what: Message, advice: Message): Message {
  switch (reason) {
    case 'damaged':
      return say`${file} is damaged: ${what}; ${advice}.`;
    case 'unsupported':
    case 'invalid':
      return say`${file} cannot be used: ${what}; ${advice}.`;
    case 'hostile':
      return say`${file} was not opened: ${what}; ${advice}.`;
    case 'missing':
      return say`${file} cannot be read: ${what}; ${advice}.`;
  }
}

/** The InputError for a fault in the file at `path`; any other error as it is. */
export function named(path: string, error: unknown): unknown {
  if (error instanceof Fault) {
    const advice = printableMessage(error.advice ?? ADVICE[error.reason]);
    const said = judged(error.reason, basename(path), printableMessage(error.what), advice);
    return new InputError(said, error.reason);
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new InputError(say`${escaped(path)} does not exist; check the path.`, 'missing');
    case 'EACCES':
    case 'EPERM':
      return new InputError(
        say`${escaped(path)} may not be read; change its permissions.`,
        'missing',
      );
    case 'EISDIR':
      return new InputError(
        say`${escaped(path)} is a folder; name one of the files in it.`,
        'invalid',
      );
    case 'ELOOP':
      return new InputError(
        say`${escaped(path)} is a link that leads back to itself; name the file it was meant for.`,
        'invalid',
      );
    case 'ENAMETOOLONG':
      return new InputError(
        say`${printable(path, 60)} is longer than names of files are; check the path.`,
        'invalid',
      );
    case 'ENXIO':
    case 'ENODEV':
    case 'EOPNOTSUPP':
      return new InputError(say`${escaped(path)} is no regular file; check the path.`, 'invalid');
    case 'EIO':
    case 'ESTALE':
    case 'EREMOTEIO':
      return new InputError(
        say`${escaped(path)} cannot be read, as its disk reports an error (${code}); check the disk and try again.`,
        'damaged',
      );
    case 'ERR_INVALID_ARG_VALUE':
      return new InputError(say`${printable(path)} is no path; check it.`, 'invalid');
    default:
      return error;
  }
}

const MAX_LENGTH = 400;

/** Names in a file are anybody's: no control characters reach a terminal, and no novels. */
export function printable(text: string, longest = MAX_LENGTH): string {
  const line = escaped(text.slice(0, longest));
  return text.length > longest ? `${line}…` : line;
}

/** The same of all that is put into a message. */
function printableMessage({ template, values }: Message, longest = MAX_LENGTH): Message {
  return { template, values: values.map((value) => printableValue(value, longest)) };
}

export function printableValue<Put extends Value>(value: Put, longest?: number): Put;
export function printableValue(value: Value, longest = MAX_LENGTH): Value {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return printable(value, longest);
  if ('template' in value) return printableMessage(value, longest);
  return value.map((each) => printableValue(each, longest));
}
