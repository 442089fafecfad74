import type { ReadableBytes } from './checkpointFile';
import { Fault } from '../fault';
import { say } from '../../../shared/words/message';

const WINDOW = 64 * 1024;

/**
 * Walks through a file whose structure says how long its parts are: what is walked through is read in
 * windows, and what is skipped is not.
 */
export class Windowed {
  position = 0;
  private window: Uint8Array = new Uint8Array(0);
  private start = 0;
  private view = new DataView(this.window.buffer);

  constructor(
    private readonly file: ReadableBytes,
    /** Bytes after the last one that is read. */
    readonly end = file.size,
  ) {}

  /** A part of the same file to be walked through by itself, out of the same window if it is in it. */
  within(start: number, size: number): Windowed {
    const part = new Windowed(this.file, start + size);
    part.position = start;
    part.window = this.window;
    part.start = this.start;
    part.view = this.view;
    return part;
  }

  /** Goes over `length` bytes. @returns where they begin. @throws Fault when there are fewer. */
  skip(length: number): number {
    const at = this.position;
    if (!(length >= 0 && length <= this.end - at)) {
      throw new Fault('damaged', say`it ends before the data its header announces`);
    }
    this.position = at + length;
    return at;
  }

  /** Makes sure that so many bytes from the position on are in memory, or all there are. */
  async have(length: number): Promise<void> {
    const wanted = Math.min(length, this.end - this.position);
    const from = this.position - this.start;
    if (from >= 0 && from + wanted <= this.window.length) return;
    const size = Math.min(Math.max(wanted, WINDOW), this.end - this.position);
    this.window = await this.file.read(this.position, size);
    this.start = this.position;
    this.view = new DataView(this.window.buffer, this.window.byteOffset, this.window.byteLength);
  }

  /** Where the next `length` bytes are in `bytes`; of bytes that `have` has read. */
  private take(length: number): number {
    const at = this.skip(length) - this.start;
    if (at < 0 || at + length > this.window.length) {
      throw new Error('Bytes are read before they are in memory.');
    }
    return at;
  }

  uint8(): number {
    return this.window[this.take(1)]!;
  }

  /** Big-endian. */
  unsigned(width: 1 | 2 | 4 | 8): number {
    const at = this.take(width);
    switch (width) {
      case 1:
        return this.view.getUint8(at);
      case 2:
        return this.view.getUint16(at, false);
      case 4:
        return this.view.getUint32(at, false);
      case 8:
        return Number(this.view.getBigUint64(at, false));
    }
  }

  /** Big-endian, two's complement. */
  signed(width: 1 | 2 | 4 | 8): number {
    const at = this.take(width);
    switch (width) {
      case 1:
        return this.view.getInt8(at);
      case 2:
        return this.view.getInt16(at, false);
      case 4:
        return this.view.getInt32(at, false);
      case 8:
        return Number(this.view.getBigInt64(at, false));
    }
  }

  float(width: 4 | 8): number {
    const at = this.take(width);
    return width === 4 ? this.view.getFloat32(at, false) : this.view.getFloat64(at, false);
  }

  bytes(length: number): Uint8Array {
    const at = this.take(length);
    return this.window.slice(at, at + length);
  }
}
