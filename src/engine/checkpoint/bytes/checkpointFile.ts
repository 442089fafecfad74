import { constants, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Fault, naming } from '../fault';
import { say } from '../../../shared/words/message';

/** One read of the operating system: what is done with it next finds it near the processor. */
const PIECE = 2 ** 20;
/** Reads of a large part that are under way at the same time, each in a thread of Node's. */
const UNDER_WAY = 3;

/** Bytes of a small read, and of what is read with it. */
const SMALL = 4096;
const AHEAD = 64 * 1024;
const IN_A_ROW = 4;

/** Without it, opening a pipe waits for somebody to write. Windows has no such flag. */
const NONBLOCKING = (constants as Partial<typeof constants>).O_NONBLOCK ?? 0;

/** Bytes that are read by position: a file, or a part of one. */
export interface ReadableBytes {
  /** Of the file. */
  readonly path: string;
  readonly size: number;
  /** As `CheckpointFile.read`, `readInto` and `piecesInto`. */
  read(position: number, length: number): Promise<Uint8Array>;
  readInto(bytes: Uint8Array, position: number): Promise<void>;
  piecesInto(bytes: Uint8Array, position: number): AsyncGenerator<Uint8Array, void>;
}

/** Memory that is not cleared: whoever takes it fills it before anyone sees it. */
export function memoryToFill(length: number): Uint8Array<ArrayBuffer> {
  const { buffer } = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(buffer);
}

/**
 * A file opened for reading by position. It is the same file from open to close: a read after
 * the training has written to it again is refused, because header and weights would not belong
 * together.
 */
export class CheckpointFile implements ReadableBytes {
  private closed = false;

  private constructor(
    private readonly handle: FileHandle,
    readonly path: string,
    /** Bytes. */
    readonly size: number,
    private readonly modified: number,
  ) {}

  /** @throws InputError when the path is missing, a folder, or may not be read. */
  static async open(path: string): Promise<CheckpointFile> {
    return naming(path, async () => {
      const handle = await open(path, constants.O_RDONLY | NONBLOCKING);
      try {
        const stat = await handle.stat();
        if (stat.isDirectory()) {
          throw new Fault('invalid', say`it is a folder`, say`name one of the files in it`);
        }
        if (!stat.isFile())
          throw new Fault('invalid', say`it is no regular file`, say`check the path`);
        return new CheckpointFile(handle, path, stat.size, stat.mtimeMs);
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  /**
   * `length` bytes from `position` on, in a buffer of their own.
   *
   * @throws Fault when they are not all in the file, or the file has changed since it was opened.
   */
  async read(position: number, length: number): Promise<Uint8Array> {
    if (!(position >= 0 && length >= 0 && position + length <= this.size)) {
      throw new Fault('damaged', say`it ends before the data its header announces`);
    }
    if (length <= SMALL) return this.readSmall(position, length);
    const bytes = memoryToFill(length);
    await this.readInto(bytes, position);
    return bytes;
  }

  /** Bytes that were read ahead, from `aheadStart` on. */
  private ahead = new Uint8Array(0);
  private aheadStart = 0;
  /** After the last small read. */
  private smallEnd = -1;
  /** Small reads that followed each other. */
  private row = 0;

  /** Small reads that follow each other, as those of 50,000 tensors do, are one read for many. */
  private async readSmall(position: number, length: number): Promise<Uint8Array> {
    const isNear = position >= this.smallEnd && position < this.smallEnd + SMALL;
    this.row = isNear ? this.row + 1 : 0;
    this.smallEnd = position + length;
    const isNext = this.row >= IN_A_ROW;
    const from = position - this.aheadStart;
    if (from >= 0 && from + length <= this.ahead.length) {
      if (this.closed) throw new Error(`${this.path} was read after it was closed`);
      // The file was the same when they were read.
      return this.ahead.slice(from, from + length);
    }
    const bytes = new Uint8Array(isNext ? Math.min(AHEAD, this.size - position) : length);
    await this.readInto(bytes, position);
    if (!isNext) return bytes;
    [this.ahead, this.aheadStart] = [bytes, position];
    return bytes.slice(0, length);
  }

  /**
   * The `size` bytes from `start` on as if they were a file.
   *
   * @throws Fault when they are not all in the file.
   */
  slice(start: number, size: number): ReadableBytes {
    if (!(start >= 0 && size >= 0 && start + size <= this.size)) {
      throw new Fault('damaged', say`it ends before the data its header announces`);
    }
    const within = (position: number, length: number): number => {
      if (position >= 0 && length >= 0 && position + length <= size) return start + position;
      throw new Fault('damaged', say`a part of it ends before the data its header announces`);
    };
    return {
      path: this.path,
      size,
      read: (position, length) => this.read(within(position, length), length),
      readInto: (bytes, position) => this.readInto(bytes, within(position, bytes.length)),
      piecesInto: (bytes, position) => this.piecesInto(bytes, within(position, bytes.length)),
    };
  }

  /** For whoever reads it otherwise, and asks then whether it is the same file still. */
  get descriptor(): number {
    return this.handle.fd;
  }

  /** @throws Fault when the file has changed since it was opened. */
  async confirm(): Promise<void> {
    this.checkUnchanged(await this.handle.stat());
  }

  /** Fills `bytes` from `position` on; as `read`. */
  async readInto(bytes: Uint8Array, position: number): Promise<void> {
    const pieces = this.piecesInto(bytes, position);
    while ((await pieces.next()).done !== true);
  }

  /** As `readInto`, and gives each piece as soon as it is filled, in their order, while others are under way. */
  async *piecesInto(bytes: Uint8Array, position: number): AsyncGenerator<Uint8Array, void> {
    if (this.closed) throw new Error(`${this.path} was read after it was closed`);
    const underWay: Promise<Uint8Array>[] = [];
    for (let next = 0; next < bytes.length || underWay.length > 0;) {
      while (next < bytes.length && underWay.length < UNDER_WAY) {
        const read = this.fill(bytes.subarray(next, next + PIECE), position + next);
        // Whoever waits for the one before hears of its fault, and of no other.
        read.catch(() => undefined);
        underWay.push(read);
        next += PIECE;
      }
      yield await underWay.shift()!;
    }
    this.checkUnchanged(await this.handle.stat());
  }

  private async fill(bytes: Uint8Array, position: number): Promise<Uint8Array> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await this.handle.read(
        bytes,
        done,
        bytes.length - done,
        position + done,
      );
      if (bytesRead === 0) throw changed();
      done += bytesRead;
    }
    return bytes;
  }

  private checkUnchanged({ size, mtimeMs }: Stats): void {
    if (size !== this.size || mtimeMs !== this.modified) throw changed();
  }

  /**
   * All of a small file.
   *
   * @throws InputError as `open`, and when it has more bytes than `most`.
   */
  static async readWhole(path: string, most: number): Promise<Uint8Array> {
    const file = await CheckpointFile.open(path);
    try {
      return await naming(path, () => {
        if (file.size <= most) return file.read(0, file.size);
        throw new Fault(
          'unsupported',
          say`it has ${file.size} bytes, where Basin reads up to ${most}`,
          say`check that it is the file you mean`,
        );
      });
    } finally {
      await file.close();
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.handle.close();
  }
}

function changed(): Fault {
  return new Fault(
    'damaged',
    say`it changed while it was being read`,
    say`try again when training has finished writing it`,
  );
}
