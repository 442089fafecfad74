import { english, type Message } from './words/message';

/**
 * Something the user gave is wrong: a file, a setting, an argument.
 *
 * The message is one sentence a person can act on: what is wrong, where, and what to do. The
 * command line prints it as it is and exits with status 1; the extension shows it as it is.
 * Everything else that is thrown is a fault of Basin.
 */
export class InputError extends Error {
  override readonly name = 'InputError';

  constructor(
    /** The message before a language is chosen. */
    readonly said: Message,
    /** What the program may decide on; the message is for people. */
    readonly reason: InputErrorReason = 'invalid',
    options?: { readonly cause: unknown },
  ) {
    super(english(said), options);
  }
}

export type InputErrorReason =
  /** The file or folder does not exist. */
  | 'missing'
  /** The file is cut short or damaged. */
  | 'damaged'
  /** The file is whole but of a kind Basin does not read. */
  | 'unsupported'
  /** Reading the file the ordinary way would run code. */
  | 'hostile'
  /** Two inputs do not belong together: graph and checkpoint, model and data. */
  | 'mismatch'
  /** Weights that are infinite or not a number: training had diverged. */
  | 'diverged'
  /** A value is not what it must be. */
  | 'invalid';
