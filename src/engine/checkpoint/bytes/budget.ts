import { Fault } from '../fault';
import { say } from '../../../shared/words/message';

/** Bytes of memory for a small file, and more for each byte it really has. */
const MEMORY = 96 * 2 ** 20;
const MEMORY_PER_BYTE = 8;
const STEPS = 4_000_000;
const STEPS_PER_BYTE = 8;

/**
 * What a file may make its reader do while its header is read: memory for what it makes, and steps
 * for what is looked at, however often something in the file refers to it. Both grow with the bytes
 * the file really has and not with what it claims, so that a small file cannot take much.
 */
export class Budget {
  private memory: number;
  private steps: number;

  /** @param stored bytes of the header as they lie in the file, packed if it is packed. */
  constructor(stored: number) {
    this.memory = MEMORY + MEMORY_PER_BYTE * stored;
    this.steps = STEPS + STEPS_PER_BYTE * stored;
  }

  /** @throws Fault when more is made than the file may. */
  make(bytes: number): void {
    this.memory -= bytes;
    if (this.memory < 0) {
      throw new Fault('unsupported', say`its header holds more values than Basin keeps`);
    }
  }

  /** @throws Fault when more is looked at than the file may. */
  visit(count: number): void {
    this.steps -= count;
    if (this.steps < 0) {
      throw new Fault('unsupported', say`its header takes more steps to read than Basin follows`);
    }
  }
}
