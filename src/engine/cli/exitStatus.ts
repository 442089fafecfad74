/** What the shell is told. */
export const ExitStatus = {
  done: 0,
  /** The input is wrong: one line on stderr says what, where, and what to do. */
  input: 1,
  /** The command line is wrong. */
  usage: 2,
  /** A fault of Basin. */
  fault: 3,
  /** By SIGINT: Ctrl-C. */
  interrupted: 130,
  /** Whoever read the output has gone, as `head` does: what a shell says of SIGPIPE, which Node ignores. */
  unread: 141,
  /** By SIGTERM: a scheduler's or a container's end. */
  terminated: 143,
} as const;
