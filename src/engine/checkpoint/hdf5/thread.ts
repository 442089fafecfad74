import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Fault } from '../fault';
import { endless, MAY_BE_SILENT, SIGNS, type CompiledLibrary, type LibraryData } from './signs';
import { say, type Message } from '../../../shared/words/message';

/** What Node has of it; TypeScript knows it of browsers alone. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<CompiledLibrary> };

/** Puts all away that was opened. */
export interface CloseRequest {
  readonly close: true;
}

export interface Closed {
  /** Bytes of memory that the library has taken, and keeps. */
  readonly closed: number;
}

export interface Refusal {
  readonly fault: readonly [reason: Fault['reason'], what: Message, advice?: Message];
}

/** Between two looks for a sign of life. */
const LOOK_MILLISECONDS = 100;
/** h5wasm and what Basin asks of it, in a bundle of its own that nothing else loads. */
const SCRIPT = 'hdf5.js';
/** The library itself, which the build takes out of that bundle. */
const LIBRARY = 'hdf5.wasm';

const MAX_SPARE_BYTES = 2 ** 27;
/** A thread that has nothing to do, kept for the next file. */
let spare: Hdf5Thread | null = null;

let compiled: Promise<CompiledLibrary> | null = null;

/**
 * A thread of the HDF5 library, for one file at a time: it is ended where it takes too long, as a damaged file may
 * lead the library astray for ever.
 */
export class Hdf5Thread {
  private isAlive = true;
  private pending = 0;

  private constructor(
    private readonly worker: Worker,
    private readonly signs: Int32Array,
  ) {
    for (const end of ['exit', 'error']) {
      worker.on(end, () => {
        this.isAlive = false;
      });
    }
    // An open file keeps no process alive.
    worker.unref();
  }

  static async take(): Promise<Hdf5Thread> {
    const kept = spare;
    spare = null;
    if (kept?.isAlive === true) return kept;
    const folder = existsSync(join(__dirname, SCRIPT))
      ? __dirname
      : join(__dirname, '../../../../dist');
    compiled ??= readFile(join(folder, LIBRARY)).then((bytes) => WebAssembly.compile(bytes));
    const signs = new SharedArrayBuffer(8);
    const workerData: LibraryData = { library: await compiled, signs };
    return new Hdf5Thread(new Worker(join(folder, SCRIPT), { workerData }), new Int32Array(signs));
  }

  /** @throws Fault what the file is refused for. */
  async ask<Answer extends object>(request: object): Promise<Answer> {
    // One that has ended answers nothing, and ends no second time.
    if (!this.isAlive) throw new Fault('damaged', say`the HDF5 library cannot read it`);
    let watch: NodeJS.Timeout | undefined;
    let forget: () => void = () => undefined;
    const { worker } = this;
    this.pending += 1;
    try {
      worker.ref();
      const answer = await new Promise<Answer | Refusal>((resolve, reject) => {
        const unreadable = () => {
          this.isAlive = false;
          reject(new Fault('damaged', say`the HDF5 library cannot read it`));
        };
        watch = this.whenSilent(() => {
          this.isAlive = false;
          reject(endless());
        });
        worker.on('message', resolve);
        worker.on('error', unreadable);
        worker.on('exit', unreadable);
        forget = () => {
          worker.off('message', resolve);
          worker.off('error', unreadable);
          worker.off('exit', unreadable);
        };
        worker.postMessage(request);
      });
      if ('fault' in answer) throw new Fault(...answer.fault);
      return answer;
    } finally {
      clearInterval(watch);
      forget();
      worker.unref();
      this.pending -= 1;
    }
  }

  /**
   * Counts the processor time of this process, and never more than what has passed: where others have the processor,
   * or the machine sleeps, a thread may be silent for long and astray nowhere.
   */
  private whenSilent(astray: () => void): NodeJS.Timeout {
    let [last, silent, before] = [-1, 0, processorTime()];
    return setInterval(() => {
      const [sign, now] = [Atomics.load(this.signs, SIGNS), processorTime()];
      silent = sign === last ? silent + Math.min(LOOK_MILLISECONDS, now - before) : 0;
      [last, before] = [sign, now];
      const allowed = Atomics.load(this.signs, MAY_BE_SILENT);
      if (allowed > 0 && silent > allowed) astray();
    }, LOOK_MILLISECONDS);
  }

  /** Ends it, or keeps it for the next file. */
  async giveBack(): Promise<void> {
    if (this.isAlive && this.pending === 0 && spare === null) {
      const request: CloseRequest = { close: true };
      const answer = await this.ask<Closed>(request).catch(() => null);
      // Another may have come to its end meanwhile.
      if (answer !== null && answer.closed <= MAX_SPARE_BYTES && isKept(this)) return;
    }
    this.isAlive = false;
    await this.worker.terminate();
  }
}

function isKept(thread: Hdf5Thread): boolean {
  spare ??= thread;
  return spare === thread;
}

/** Milliseconds. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
