/** Why the engine has no answer. The message is a sentence for the user. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    message: string,
    readonly reason: EngineErrorReason,
  ) {
    super(message);
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
