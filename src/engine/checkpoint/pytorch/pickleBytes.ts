import type { Budget } from '../bytes/budget';
import { Fault } from '../fault';
import type { PickleValue } from './pickleValue';
import { say, type Message } from '../../../shared/words/message';

/** Bytes of one string. */
const MAX_STRING_LENGTH = 64 * 2 ** 20;
/** Bytes of one integer. */
const MAX_INTEGER_BYTES = 1024;
/** Bytes of a line of the text opcodes: names and numbers. */
export const MAX_LINE_LENGTH = 4096;
/** Memory that a string takes beside its characters. */
const TEXT_BYTES = 32;

/** The pickle needs bytes after the last one given; thrown only where they may be in the file. */
export class PickleTruncated extends Fault {
  constructor() {
    super('damaged', say`its pickled header is cut short`);
  }
}

/** What the opcodes of a pickle carry: numbers and texts, one after the other. */
export class PickleBytes {
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    /** Of the next byte. */
    public position: number,
    private readonly budget: Budget,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Position of the next `length` bytes, which are then behind. */
  take(length: number): number {
    const at = this.position;
    if (length > this.bytes.length - at) throw new PickleTruncated();
    this.position = at + length;
    return at;
  }

  uint8(): number {
    return this.bytes[this.take(1)]!;
  }

  uint16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  int32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  float64(): number {
    return this.view.getFloat64(this.take(8), false);
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  uint64(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }

  /** Two's complement, little-endian. */
  integer(length: number): number | bigint {
    if (length > MAX_INTEGER_BYTES) throw tooLong(say`an integer`);
    const at = this.take(length);
    if (length === 0) return 0;
    // Through hexadecimal digits, as shifting byte by byte takes the square of the length.
    const digits = Buffer.from(this.bytes.slice(at, at + length).reverse().buffer).toString('hex');
    if (length > 8) this.budget.make(TEXT_BYTES + length);
    return exact(BigInt.asIntN(length * 8, BigInt(`0x${digits}`)));
  }

  text(length: number): string {
    return UTF8.decode(this.span(length));
  }

  latin1(length: number): string {
    const span = this.span(length);
    return Buffer.from(span.buffer, span.byteOffset, span.byteLength).toString('latin1');
  }

  blob(length: number): Uint8Array {
    return this.span(length).slice();
  }

  private span(length: number): Uint8Array {
    if (length > MAX_STRING_LENGTH) throw tooLong(say`a string`);
    const at = this.take(length);
    this.budget.make(TEXT_BYTES + length);
    return this.bytes.subarray(at, at + length);
  }

  line(): string {
    const from = this.position;
    const end = this.bytes.subarray(from, from + MAX_LINE_LENGTH).indexOf(0x0a);
    if (end < 0) {
      if (this.bytes.length - from >= MAX_LINE_LENGTH) throw tooLong(say`a name`);
      throw new PickleTruncated();
    }
    this.position = from + end + 1;
    return UTF8.decode(this.bytes.subarray(from, from + end));
  }
}

/** Not fatal: Python writes lone surrogates, and a name that is wrong is found by its use. */
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function textInteger(line: string): PickleValue {
  // Protocol 1 writes booleans like this.
  if (line === '00') return false;
  if (line === '01') return true;
  if (!/^[+-]?\d+$/.test(line)) throw malformed();
  if (line.length > MAX_INTEGER_BYTES) throw tooLong(say`an integer`);
  return exact(BigInt(line.replace(/^\+/, '')));
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export function malformed(): Fault {
  return new Fault('damaged', say`its pickled header makes no sense`);
}

export function tooLong(what: Message): Fault {
  return new Fault('unsupported', say`its pickled header has ${what} longer than Basin reads`);
}
