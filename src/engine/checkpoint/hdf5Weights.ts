import type { Worker } from 'node:worker_threads';
import { Fault } from './fault';
import { startHdf5Thread } from './hdf5Library';
import { say, type Message } from '../../shared/words/message';

/** One array of numbers in an HDF5 file. */
export interface Hdf5Entry {
  readonly path: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly littleEndian: boolean;
  /** Why it is listed and not read. */
  readonly problem?: Message;
}

export interface Hdf5Contents {
  readonly entries: readonly Hdf5Entry[];
  /** Path of a group → what its attribute `name` says. */
  readonly names: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, string>>;
  /** What Keras writes of the model and its training: `model_config` and `training_config`. */
  readonly configuration: Readonly<Partial<Record<'model_config' | 'training_config', string>>>;
}

/** An HDF5 file in memory, or where it lies in a file that whoever opened it keeps open. */
export type Hdf5Source =
  Uint8Array | { readonly descriptor: number; readonly start: number; readonly size: number };

/** What the thread is started with; the surfaces of topology/files have tasks of their own. */
export interface Hdf5Task {
  readonly weights: true;
}

export type Hdf5Request =
  { readonly open: Hdf5Source } | { readonly read: string } | { readonly close: true };

export type Hdf5Answer =
  | { readonly contents: Hdf5Contents }
  | { readonly bytes: Uint8Array }
  /** Of the first byte of an array that lies in the file as it is. */
  | { readonly position: number }
  /** Bytes of memory that the library has taken, and keeps. */
  | { readonly closed: number }
  | { readonly fault: readonly [reason: Fault['reason'], what: Message, advice?: Message] };

/** Arrays of the largest size are read in a few seconds. */
const PATIENCE = 60_000;

/** A thread that has nothing to do, kept for the next file. */
let spare: Worker | null = null;
const MAX_SPARE_BYTES = 2 ** 27;

/**
 * An HDF5 file in a thread of its own, which is ended when it takes too long: the HDF5 library stops, or
 * never does, where a damaged file leads it astray. It reads of the file what it needs.
 */
export class Hdf5Weights {
  private isSound = true;
  private pending = 0;

  private constructor(
    private readonly worker: Worker,
    readonly contents: Hdf5Contents,
  ) {}

  /** @throws Fault when it cannot be read. */
  static async open(source: Hdf5Source): Promise<Hdf5Weights> {
    const kept = spare;
    spare = null;
    const worker = kept ?? (await startHdf5Thread({ weights: true } satisfies Hdf5Task));
    // An open checkpoint keeps no process alive.
    worker.unref();
    try {
      const answer = await askOf(worker, { open: source });
      if (!('contents' in answer)) throw new Error('the thread lists what it opened');
      return new Hdf5Weights(worker, answer.contents);
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  /** The elements of one array as the file has them, or where in it they begin. One at a time. */
  read(path: string): Promise<Uint8Array | number> {
    this.turn = this.turn.then(
      () => this.ask(path),
      () => this.ask(path),
    );
    return this.turn;
  }

  private turn: Promise<Uint8Array | number> = Promise.resolve(new Uint8Array(0));

  private async ask(path: string): Promise<Uint8Array | number> {
    this.pending += 1;
    try {
      const answer = await askOf(this.worker, { read: path });
      if ('position' in answer) return answer.position;
      if (!('bytes' in answer)) throw new Error('the thread reads what it is asked for');
      return answer.bytes;
    } catch (error) {
      this.isSound = false;
      throw error;
    } finally {
      this.pending -= 1;
    }
  }

  /** The thread is kept for another file where nothing has led the library astray. */
  async close(): Promise<void> {
    if (this.isSound && this.pending === 0 && spare === null) {
      const answer = await askOf(this.worker, { close: true }).catch(() => null);
      const isSmall = answer !== null && 'closed' in answer && answer.closed <= MAX_SPARE_BYTES;
      // Another may have come to its end meanwhile.
      if (isSmall && (spare as Worker | null) === null) {
        spare = this.worker;
        return;
      }
    }
    await this.worker.terminate();
  }
}

async function askOf(worker: Worker, request: Hdf5Request): Promise<Hdf5Answer> {
  let late: NodeJS.Timeout | undefined;
  let forget: () => void = () => undefined;
  try {
    worker.ref();
    const answer = await new Promise<Hdf5Answer>((resolve, reject) => {
      const unreadable = () => {
        reject(new Fault('damaged', say`the HDF5 library cannot read it`));
      };
      late = setTimeout(() => {
        reject(new Fault('damaged', say`the HDF5 library does not come to an end with it`));
      }, PATIENCE);
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
    clearTimeout(late);
    forget();
    worker.unref();
  }
}
