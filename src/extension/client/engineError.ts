import { english, type Message } from '../../shared/words/message';

/** Why the engine has no answer. The message is a sentence for the user. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    /** The message before a language is chosen; a text is in that of the window already. */
    readonly said: string | Message,
    readonly reason: EngineErrorReason,
  ) {
    super(english(said));
  }
}

export type EngineErrorReason =
  /** What the user gave is wrong; the message says what to do. */
  | 'input'
  /** The request was cancelled by the one who made it: nothing to tell. */
  | 'cancelled'
  /** The process ended before it answered. */
  | 'gone'
  /** The process could not be started. */
  | 'start'
  /** A fault of Basin. */
  | 'fault';

/** What an error says to the user, for `translated`. */
export function saidBy(error: unknown): string | Message {
  if (error instanceof EngineError) return error.said;
  return error instanceof Error ? error.message : String(error);
}
