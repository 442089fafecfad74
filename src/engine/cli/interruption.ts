import { obstacleTo } from '../writing';
import { ExitStatus } from './exitStatus';
import { complain } from './output';

/** How a terminal, and how a scheduler, ends a command. */
const STATUS = { SIGINT: ExitStatus.interrupted, SIGTERM: ExitStatus.terminated } as const;

/** What ends a command from outside: Ctrl-C, the time of a job being over, or nobody reading what it says. */
export class Interruption {
  private readonly controller = new AbortController();
  private exitStatus: number = ExitStatus.interrupted;
  private listens = false;

  constructor() {
    for (const [name, status] of Object.entries(STATUS)) {
      process.on(name, () => {
        this.end(status);
      });
    }
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') {
        // It is told of each line that nobody reads.
        if (!this.signal.aborted) this.end(ExitStatus.unread);
        return;
      }
      const { message } = obstacleTo('Standard output', error) as Error;
      complain(message);
      process.exit(ExitStatus.input);
    });
  }

  private end(status: number): void {
    // Whoever does not listen has nothing to put away, and a second one does not wait.
    if (!this.listens || this.signal.aborted) process.exit(status);
    this.exitStatus = status;
    this.controller.abort();
  }

  /** For a command that ends by itself when it is given. */
  listen(): AbortSignal {
    this.listens = true;
    return this.signal;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** What the shell is told: 128 and the signal's number. */
  get status(): number {
    return this.exitStatus;
  }
}
