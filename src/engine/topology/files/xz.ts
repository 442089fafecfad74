import { Fault } from '../../checkpoint/fault';
import { say } from '../../../shared/words/message';

/**
 * Unpacks what `xz` and VTK's `vtkLZMADataCompressor` pack: one .xz stream with blocks of LZMA2 and no
 * other filter. The checks of its blocks are not compared: the sizes in it are.
 *
 * Source: "The .xz File Format", version 1.2.1; Igor Pavlov's LZMA specification of 2015.
 *
 * @param size bytes it unpacks to.
 * @throws Fault when it unpacks to another size, or is of another kind.
 */
export function unpackXz(packed: Uint8Array, size: number): Uint8Array {
  if (!MAGIC.every((byte, i) => packed[i] === byte)) throw broken();
  const check = CHECK_BYTES[packed[7]! & 15];
  if (packed[6] !== 0 || check === undefined) throw broken();
  if (!(size <= MAX_RATIO * packed.length && size <= MAX_BYTES)) throw broken();
  const decoder = new Lzma2(packed, size);
  let at = 12;
  // A block begins with the size of its header, and the index behind the last block with 0.
  while (at < packed.length && packed[at] !== 0) {
    const headerBytes = (packed[at]! + 1) * 4;
    // Flags: filters − 1, and which sizes follow. Sizes of blocks are optional and not needed.
    const flags = packed[at + 1];
    let filter = at + 2;
    if (flags === undefined || (flags & 3) !== 0) throw broken();
    for (const bit of [0x40, 0x80]) {
      if ((flags & bit) === 0) continue;
      while ((packed[filter++] ?? 0) & 0x80);
    }
    if (packed[filter] !== LZMA2_FILTER) throw broken();
    const start = at + headerBytes;
    const end = decoder.block(start);
    // Padding to four bytes, then the check.
    at = end + ((4 - ((end - start) % 4)) % 4) + check;
  }
  if (decoder.done !== size) throw broken();
  return decoder.out;
}

/** Of LZMA: matches of 273 bytes, each in a twentieth of a bit. */
const MAX_RATIO = 2 ** 16;
const MAX_BYTES = 2 ** 32;

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const LZMA2_FILTER = 0x21;
/** Bytes of a block's check, by its kind; others are not in use. */
const CHECK_BYTES: Readonly<Record<number, number>> = { 0: 0, 1: 4, 4: 8, 10: 32 };

/** Chances of a bit are of 11 bits, and begin in the middle. */
const HALF = 1024;
const STATES = 12;

class Lzma2 {
  readonly out: Uint8Array;
  /** Bytes unpacked. */
  done = 0;
  private from = 0;
  private end = 0;
  private range = 0;
  private code = 0;
  private state = 0;
  private readonly distances = [0, 0, 0, 0];
  private literalContext = 0;
  private literalPosition = 0;
  private positionMask = 0;
  private literals = new Uint16Array(0);
  private readonly chances = new Uint16Array(4096);
  /** Where what was unpacked before may no longer be referred to. */
  private dictionaryStart = 0;

  constructor(
    private readonly packed: Uint8Array,
    size: number,
  ) {
    this.out = new Uint8Array(size);
  }

  /** @returns where the block ends. */
  block(start: number): number {
    const { packed } = this;
    let at = start;
    for (;;) {
      const control = packed[at++];
      if (control === undefined) throw broken();
      if (control === 0) return at;
      if (control === 1 || control === 0xe0 || control > 0xe0) this.dictionaryStart = this.done;
      if (control < 0x80) {
        if (control > 2) throw broken();
        const length = this.uint16(at) + 1;
        at += 2;
        this.room(length);
        if (at + length > packed.length) throw broken();
        this.out.set(packed.subarray(at, at + length), this.done);
        this.done += length;
        at += length;
        continue;
      }
      const unpackedBytes = ((control & 0x1f) << 16) + this.uint16(at) + 1;
      const packedBytes = this.uint16(at + 2) + 1;
      at += 4;
      const reset = (control >> 5) & 3;
      if (reset >= 2) this.properties(packed[at++] ?? 255);
      if (reset >= 1) this.reset();
      if (this.literals.length === 0 || at + packedBytes > packed.length) throw broken();
      this.room(unpackedBytes);
      this.chunk(at, at + packedBytes, this.done + unpackedBytes);
      at += packedBytes;
    }
  }

  private uint16(at: number): number {
    if (at + 2 > this.packed.length) throw broken();
    return (this.packed[at]! << 8) | this.packed[at + 1]!;
  }

  private room(bytes: number): void {
    if (this.done + bytes > this.out.length) throw broken();
  }

  private properties(byte: number): void {
    if (byte >= 9 * 5 * 5) throw broken();
    this.literalContext = byte % 9;
    this.literalPosition = Math.floor(byte / 9) % 5;
    this.positionMask = (1 << Math.floor(byte / 45)) - 1;
    if (this.literalContext + this.literalPosition > 4) throw broken();
    this.literals = new Uint16Array(0x300 << (this.literalContext + this.literalPosition));
    this.reset();
  }

  private reset(): void {
    this.state = 0;
    this.distances.fill(0);
    this.chances.fill(HALF);
    this.literals.fill(HALF);
  }

  private chunk(start: number, end: number, goal: number): void {
    this.from = start;
    this.end = end;
    this.range = 0xffffffff;
    this.code = 0;
    for (let i = 0; i < 5; i++) this.code = ((this.code << 8) | this.next()) >>> 0;
    while (this.done < goal) this.symbol(goal);
    if (this.done !== goal) throw broken();
  }

  private symbol(goal: number): void {
    const position = this.done & this.positionMask;
    const { state } = this;
    if (this.bit(IS_MATCH + (state << 4) + position) === 0) {
      this.literal();
      return;
    }
    let length: number;
    if (this.bit(IS_REPEATED + state) === 0) {
      length = this.length(MATCH_LENGTH, position);
      const distance = this.distance(length);
      this.distances.pop();
      this.distances.unshift(distance);
      this.state = state < 7 ? 7 : 10;
    } else {
      if (this.bit(IS_REPEATED_0 + state) === 0) {
        if (this.bit(IS_REPEATED_0_LONG + (state << 4) + position) === 0) {
          this.state = state < 7 ? 9 : 11;
          this.copy(this.distances[0]!, 1, goal);
          return;
        }
      } else {
        const which =
          this.bit(IS_REPEATED_1 + state) === 0 ? 1 : this.bit(IS_REPEATED_2 + state) === 0 ? 2 : 3;
        const [distance] = this.distances.splice(which, 1);
        this.distances.unshift(distance!);
      }
      length = this.length(REPEATED_LENGTH, position);
      this.state = state < 7 ? 8 : 11;
    }
    this.copy(this.distances[0]!, length, goal);
  }

  private copy(distance: number, length: number, goal: number): void {
    const { out } = this;
    if (distance >= this.done - this.dictionaryStart || this.done + length > goal) throw broken();
    for (const end = this.done + length; this.done < end; this.done++) {
      out[this.done] = out[this.done - distance - 1]!;
    }
  }

  private literal(): void {
    const { out, done, literals } = this;
    const before = done > this.dictionaryStart ? out[done - 1]! : 0;
    const context =
      ((done & ((1 << this.literalPosition) - 1)) << this.literalContext) |
      (before >> (8 - this.literalContext));
    const table = 0x300 * context;
    let symbol = 1;
    if (this.state >= 7) {
      const distance = this.distances[0]!;
      if (distance >= done - this.dictionaryStart) throw broken();
      let match = out[done - distance - 1]!;
      while (symbol < 0x100) {
        const expected = (match >> 7) & 1;
        match <<= 1;
        const bit = this.bitOf(literals, table + ((1 + expected) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (bit !== expected) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.bitOf(literals, table + symbol);
    out[this.done++] = symbol;
    this.state = this.state < 4 ? 0 : this.state < 10 ? this.state - 3 : this.state - 6;
  }

  private length(table: number, position: number): number {
    if (this.bit(table) === 0) return 2 + this.tree(table + 2 + (position << 3), 3);
    if (this.bit(table + 1) === 0) return 10 + this.tree(table + 130 + (position << 3), 3);
    return 18 + this.tree(table + 258, 8);
  }

  private distance(length: number): number {
    const slot = this.tree(POSITION_SLOT + (Math.min(length - 2, 3) << 6), 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) << bits;
    if (slot < 14) return base + this.reverseTree(POSITION_SPECIAL + base - slot, bits);
    let direct = 0;
    for (let i = 0; i < bits - 4; i++) {
      this.normalize();
      this.range >>>= 1;
      const isOne = this.code >= this.range;
      if (isOne) this.code -= this.range;
      direct = direct * 2 + Number(isOne);
    }
    return (base >>> 0) + direct * 16 + this.reverseTree(POSITION_ALIGN, 4);
  }

  private tree(table: number, bits: number): number {
    let symbol = 1;
    for (let i = 0; i < bits; i++) symbol = (symbol << 1) | this.bit(table + symbol);
    return symbol - (1 << bits);
  }

  private reverseTree(table: number, bits: number): number {
    let symbol = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(table + symbol);
      symbol = (symbol << 1) | bit;
      value |= bit << i;
    }
    return value;
  }

  private bit(index: number): number {
    return this.bitOf(this.chances, index);
  }

  private bitOf(chances: Uint16Array, index: number): number {
    this.normalize();
    const chance = chances[index]!;
    const bound = (this.range >>> 11) * chance;
    if (this.code < bound) {
      this.range = bound;
      chances[index] = chance + ((2048 - chance) >> 5);
      return 0;
    }
    this.range -= bound;
    this.code -= bound;
    chances[index] = chance - (chance >> 5);
    return 1;
  }

  private normalize(): void {
    if (this.range >= 2 ** 24) return;
    this.range = (this.range << 8) >>> 0;
    this.code = ((this.code << 8) | this.next()) >>> 0;
  }

  private next(): number {
    // The last bytes of a chunk may be asked for beyond its end, where they no longer matter.
    if (this.from > this.end + 4) throw broken();
    return this.from < this.end ? this.packed[this.from++]! : (this.from++, 0);
  }
}

// Where the chances of each kind of decision begin.
const IS_MATCH = 0;
const IS_REPEATED = IS_MATCH + (STATES << 4);
const IS_REPEATED_0 = IS_REPEATED + STATES;
const IS_REPEATED_1 = IS_REPEATED_0 + STATES;
const IS_REPEATED_2 = IS_REPEATED_1 + STATES;
const IS_REPEATED_0_LONG = IS_REPEATED_2 + STATES;
const POSITION_SLOT = IS_REPEATED_0_LONG + (STATES << 4);
const POSITION_SPECIAL = POSITION_SLOT + 4 * 64;
const POSITION_ALIGN = POSITION_SPECIAL + 128;
const MATCH_LENGTH = POSITION_ALIGN + 16;
const REPEATED_LENGTH = MATCH_LENGTH + 514;

function broken(): Fault {
  return new Fault('damaged', say`its packed data is not whole`);
}
