import { Hdf5Thread } from './thread';
import type { Message } from '../../../shared/words/message';

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

export type Hdf5Request = { readonly open: Hdf5Source } | { readonly read: string };

export interface Opened {
  readonly contents: Hdf5Contents;
}

export type ReadAnswer =
  | { readonly bytes: Uint8Array }
  /** Of the first byte of an array that lies in the file as it is. */
  | { readonly position: number };

/** An HDF5 file in a thread of the HDF5 library, which reads of the file what it needs. */
export class Hdf5Weights {
  private constructor(
    private readonly thread: Hdf5Thread,
    readonly contents: Hdf5Contents,
  ) {}

  /** @throws Fault when it cannot be read. */
  static async open(source: Hdf5Source): Promise<Hdf5Weights> {
    const thread = await Hdf5Thread.take();
    try {
      const { contents } = await thread.ask<Opened>({ open: source } satisfies Hdf5Request);
      return new Hdf5Weights(thread, contents);
    } catch (error) {
      await thread.giveBack();
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
  private isClosed = false;

  private async ask(path: string): Promise<Uint8Array | number> {
    // Its thread may be another file's by now.
    if (this.isClosed) throw new Error(`${path} was read after its file was closed`);
    const answer = await this.thread.ask<ReadAnswer>({ read: path } satisfies Hdf5Request);
    return 'position' in answer ? answer.position : answer.bytes;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return this.thread.giveBack();
  }
}
