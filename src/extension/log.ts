/** The part of VS Code's LogOutputChannel that Basin writes to. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
