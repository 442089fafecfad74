import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Fault } from './fault';
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

/** What the thread is started with; the surfaces of topology/files have tasks of their own. */
export interface Hdf5Task {
  readonly weights: Uint8Array;
}

export interface Hdf5Request {
  readonly read: string;
}

export type Hdf5Answer =
  | { readonly contents: Hdf5Contents }
  | { readonly bytes: Uint8Array }
  | { readonly fault: readonly [reason: Fault['reason'], what: Message, advice?: Message] };

const MAX_BYTES = 2 ** 30;
/** Arrays of the largest size are read in a few seconds. */
const PATIENCE = 60_000;
/** h5wasm with its WebAssembly, in a bundle of its own that nothing else loads. */
const SCRIPT = 'hdf5.js';

/**
 * An HDF5 file in a thread of its own, which has a copy of it in memory and is ended when it takes too
 * long: the HDF5 library stops, or never does, where a damaged file leads it astray.
 */
export class Hdf5Weights {
  private constructor(
    private readonly worker: Worker,
    readonly contents: Hdf5Contents,
  ) {}

  /** @throws Fault when it cannot be read. */
  static async open(bytes: Uint8Array): Promise<Hdf5Weights> {
    if (bytes.length > MAX_BYTES) {
      throw new Fault('unsupported', say`it has more than 1 GiB, and Basin reads HDF5 in memory`);
    }
    // Whoever read it needs it no more: it goes over without a copy where its memory is its own.
    const isOwn = bytes.byteLength === bytes.buffer.byteLength;
    const worker = new Worker(script(), {
      workerData: { weights: bytes } satisfies Hdf5Task,
      transferList: isOwn ? [bytes.buffer as ArrayBuffer] : [],
    });
    // An open checkpoint keeps no process alive.
    worker.unref();
    try {
      const answer = await answerOf(worker);
      if (!('contents' in answer)) throw new Error('the thread lists what it opened first');
      return new Hdf5Weights(worker, answer.contents);
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  /** The elements of one array as the file has them. One at a time. */
  read(path: string): Promise<Uint8Array> {
    this.turn = this.turn.then(
      () => this.ask(path),
      () => this.ask(path),
    );
    return this.turn;
  }

  private turn: Promise<Uint8Array> = Promise.resolve(new Uint8Array(0));

  private async ask(path: string): Promise<Uint8Array> {
    this.worker.postMessage({ read: path } satisfies Hdf5Request);
    const answer = await answerOf(this.worker);
    if (!('bytes' in answer)) throw new Error('the thread reads what it is asked for');
    return answer.bytes;
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}

async function answerOf(worker: Worker): Promise<Hdf5Answer> {
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
    });
    if ('fault' in answer) throw new Fault(...answer.fault);
    return answer;
  } finally {
    clearTimeout(late);
    forget();
    worker.unref();
  }
}

/** Beside this bundle; from the sources, in the folder of the bundles. */
function script(): string {
  const beside = join(__dirname, SCRIPT);
  return existsSync(beside) ? beside : join(__dirname, '../../../dist', SCRIPT);
}
