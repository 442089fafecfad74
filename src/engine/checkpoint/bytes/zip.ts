import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, crc32, createInflateRaw, inflateRaw, type ZlibOptions } from 'node:zlib';
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry } from 'yauzl';
import { memoryToFill, type ReadableBytes } from './checkpointFile';
import { Fault } from '../fault';
import { say } from '../../../shared/words/message';

const inflate = promisify<Uint8Array, ZlibOptions, Buffer>(inflateRaw);

const STORED = 0;
const DEFLATED = 8;

/** Deflate makes at most 1032 bytes of one; what claims more is a bomb or damaged. */
const MAX_RATIO = 1032;
const MAX_ENTRIES = 1_000_000;
const CHUNK = 4 * 2 ** 20;
/** Entries that are read whole, many at a time. */
const SMALL = 4096;

/** @param head first bytes of a file. */
export function isZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5);
}

/** One file in a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes when unpacked. */
  readonly size: number;
  /** Bytes in the archive. */
  readonly stored: number;
  /** CRC-32 of its bytes as the directory has it; 0 where none was written. */
  readonly checksum: number;
}

/**
 * A zip archive of which only the directory is in memory. Local headers are not believed: PyTorch
 * writes zeros for the sizes there.
 */
export class ZipArchive {
  /** Names of entries whose bytes have been compared with their checksum. */
  private readonly verified = new Set<string>();
  /** Entries that are being compared with it. */
  private readonly verifying = new Map<string, Promise<unknown>>();
  /** Where the bytes of entries begin, as far as that has been looked for. */
  private readonly starts = new Map<string, number>();

  private constructor(
    private readonly file: ReadableBytes,
    private readonly window: Window,
    private readonly directory: ReadonlyMap<string, Entry>,
  ) {}

  /** @throws Fault when the directory is missing or not whole. */
  static async open(file: ReadableBytes): Promise<ZipArchive> {
    const reader = new DirectoryReader(file);
    return yauzlFaults(async () => {
      const zip = await fromRandomAccessReaderPromise(reader, file.size, { autoClose: false });
      if (zip.entryCount > MAX_ENTRIES) throw new Fault('damaged', say`it lists too many entries`);
      const directory = new Map<string, Entry>();
      for await (const entry of zip.eachEntry()) {
        if (entry.fileName.endsWith('/')) continue;
        if (directory.has(entry.fileName)) {
          throw new Fault('damaged', say`it holds ${entry.fileName} twice`);
        }
        directory.set(entry.fileName, entry);
      }
      await reader.checkEnd();
      return new ZipArchive(file, new Window(file), directory);
    });
  }

  entries(): ZipEntry[] {
    return [...this.directory.values()].map(zipEntry);
  }

  entry(name: string): ZipEntry | undefined {
    const entry = this.directory.get(name);
    return entry && zipEntry(entry);
  }

  /**
   * All bytes of an entry, unpacked, in a buffer of their own.
   *
   * @param limit refuses larger entries before anything is allocated.
   * @throws Fault when it is not there, too large, or its checksum is wrong.
   */
  async read(name: string, limit: number): Promise<Uint8Array> {
    const entry = this.find(name);
    if (entry.uncompressedSize > limit) {
      throw new Fault(
        'unsupported',
        say`its ${name} takes ${entry.uncompressedSize} bytes, more than Basin reads`,
      );
    }
    return this.readRange(name, 0, entry.uncompressedSize);
  }

  /**
   * Bytes `start` to `end` of an entry, unpacked, in a buffer of their own. The first time it reads
   * the whole entry and compares its checksum.
   *
   * @throws Fault when the entry is not there, is shorter, or its checksum is wrong.
   */
  async readRange(name: string, start: number, end: number): Promise<Uint8Array> {
    const entry = this.find(name);
    if (!(start >= 0 && start <= end && end <= entry.uncompressedSize)) {
      throw new Fault('damaged', say`its ${name} is shorter than the header announces`);
    }
    return yauzlFaults(async () => {
      if (entry.compressionMethod === DEFLATED) {
        const whole = await this.inflated(entry);
        return start === 0 && end === whole.length ? whole : whole.slice(start, end);
      }
      const dataStart = await this.dataStart(entry);
      // Whoever reads another part of it meanwhile waits: it is compared once.
      await this.verifying.get(name);
      if (this.verified.has(name)) return this.file.read(dataStart + start, end - start);
      const range = this.verifiedRange(entry, dataStart, start, end);
      this.verifying.set(name, range);
      try {
        return await range;
      } finally {
        this.verifying.delete(name);
      }
    });
  }

  /**
   * The same bytes in blocks of `length`. The first time it reads the whole entry, too: a wrong
   * checksum is told at its end.
   *
   * @throws Fault as `readRange`.
   */
  async *blocks(
    name: string,
    start: number,
    end: number,
    length: number,
  ): AsyncGenerator<Uint8Array, void> {
    const entry = this.find(name);
    if (entry.compressionMethod === DEFLATED) {
      const bytes = await this.readRange(name, start, end);
      for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length);
      return;
    }
    const size = entry.uncompressedSize;
    if (!(start >= 0 && start <= end && end <= size)) {
      throw new Fault('damaged', say`its ${name} is shorter than the header announces`);
    }
    const position = await yauzlFaults(() => this.dataStart(entry));
    const verified = this.verified.has(name);
    let sum = 0;
    for (const [from, to] of verified
      ? [[start, end] as const]
      : [[0, start] as const, [start, end] as const, [end, size] as const]) {
      for (let at = from; at < to; at += length) {
        const block = await this.file.read(position + at, Math.min(length, to - at));
        if (!verified) sum = crc32(block, sum);
        if (from === start && to === end) yield block;
      }
    }
    if (!verified) this.verify(entry, sum);
  }

  /**
   * The first bytes of an entry, unpacked, without a look at its checksum: `length` of them, or
   * fewer where the entry or its beginning in the archive holds fewer.
   */
  async peek(name: string, length: number): Promise<Uint8Array> {
    const entry = this.find(name);
    return yauzlFaults(async () => {
      const dataStart = await this.dataStart(entry);
      const packed = await this.window.bytes(dataStart, Math.min(length, entry.compressedSize));
      if (entry.compressionMethod === STORED) return packed.slice();
      const bytes = await inflate(packed, {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: (length + 64) * MAX_RATIO,
      });
      return bytes.subarray(0, length);
    });
  }

  /** Where the bytes of an entry begin in the file; null where they are packed. */
  async position(name: string): Promise<number | null> {
    const entry = this.find(name);
    if (entry.compressionMethod !== STORED) return null;
    return yauzlFaults(() => this.dataStart(entry));
  }

  /**
   * All bytes of an entry, unpacked, a piece at a time: no more than a piece is in memory.
   *
   * @throws Fault as `readRange`, a wrong checksum behind the last piece; the signal's reason.
   */
  async *pieces(name: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const entry = this.find(name);
    const dataStart = await yauzlFaults(() => this.dataStart(entry));
    const packed = this.packed(entry, dataStart, signal);
    const unpacked = entry.compressionMethod === STORED ? packed : inflatedPieces(packed);
    let size = 0;
    let sum = 0;
    for (;;) {
      const { value, done } = await yauzlFaults(() => unpacked.next());
      if (done === true) break;
      size += value.length;
      if (size > entry.uncompressedSize) break;
      sum = crc32(value, sum);
      yield value;
    }
    await unpacked.return(undefined);
    if (size !== entry.uncompressedSize) {
      throw new Fault('damaged', say`its ${name} unpacks to another length than announced`);
    }
    this.verify(entry, sum);
  }

  /** Compares an entry with its checksum, once. @throws Fault where it is another. */
  async check(name: string, signal?: AbortSignal): Promise<void> {
    if (this.verified.has(name)) return;
    const pieces = this.pieces(name, signal);
    while ((await pieces.next()).done !== true);
  }

  private async *packed(
    entry: Entry,
    dataStart: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, undefined> {
    for (let at = 0; at < entry.compressedSize; at += CHUNK) {
      signal?.throwIfAborted();
      yield await this.file.read(dataStart + at, Math.min(CHUNK, entry.compressedSize - at));
    }
  }

  private find(name: string): Entry {
    const entry = this.directory.get(name);
    if (!entry) throw new Fault('damaged', say`${name} is missing in it`);
    if (entry.isEncrypted())
      throw new Fault('unsupported', say`it is encrypted`, say`decrypt it first`);
    const { compressionMethod, compressedSize, uncompressedSize } = entry;
    if (compressionMethod !== STORED && compressionMethod !== DEFLATED) {
      throw new Fault(
        'unsupported',
        say`its ${name} is packed in a way Basin does not unpack (method ${compressionMethod})`,
        say`save it again without compression`,
      );
    }
    const possible =
      compressionMethod === STORED ? compressedSize : (compressedSize + 64) * MAX_RATIO;
    if (compressedSize > this.file.size || uncompressedSize > possible) {
      throw new Fault('damaged', say`its ${name} announces more bytes than there are`);
    }
    return entry;
  }

  /**
   * Where an entry's data begins: behind its local header.
   *
   * @throws Fault when another file's bytes are there: a name in the directory has no checksum.
   */
  private async dataStart(entry: Entry): Promise<number> {
    const known = this.starts.get(entry.fileName);
    if (known !== undefined) return known;
    const at = entry.relativeOffsetOfLocalHeader;
    const nameLength = entry.fileNameRaw.length;
    const header = await this.window.bytes(at, LOCAL_HEADER_BYTES + nameLength);
    const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
    if (view.getUint32(0, true) !== LOCAL_SIGNATURE) {
      throw new Fault('damaged', say`its ${entry.fileName} is not where its list of entries says`);
    }
    const name = header.subarray(LOCAL_HEADER_BYTES);
    if (view.getUint16(26, true) !== nameLength || !entry.fileNameRaw.equals(name)) {
      throw new Fault(
        'damaged',
        say`its ${entry.fileName} has another name in its list of entries`,
      );
    }
    const start = at + LOCAL_HEADER_BYTES + nameLength + view.getUint16(28, true);
    if (start + entry.compressedSize > this.file.size) {
      throw new Fault('damaged', say`its ${entry.fileName} goes on behind its end`);
    }
    this.starts.set(entry.fileName, start);
    return start;
  }

  private async inflated(entry: Entry): Promise<Uint8Array> {
    const dataStart = await this.dataStart(entry);
    const packed = await this.file.read(dataStart, entry.compressedSize);
    const unpacked = await inflate(packed, {
      maxOutputLength: Math.max(entry.uncompressedSize, 1),
    });
    if (unpacked.length !== entry.uncompressedSize) {
      throw new Fault(
        'damaged',
        say`its ${entry.fileName} unpacks to another length than announced`,
      );
    }
    this.verify(entry, crc32(unpacked));
    return new Uint8Array(unpacked);
  }

  private async verifiedRange(
    entry: Entry,
    position: number,
    start: number,
    end: number,
  ): Promise<Uint8Array> {
    const size = entry.uncompressedSize;
    if (size <= SMALL) {
      const whole = await this.file.read(position, size);
      this.verify(entry, crc32(whole));
      return start === 0 && end === size ? whole : whole.slice(start, end);
    }
    const range = memoryToFill(end - start);
    let sum = 0;
    const skim = async (from: number, to: number) => {
      for (let at = from; at < to; at += CHUNK) {
        sum = crc32(await this.file.read(position + at, Math.min(CHUNK, to - at)), sum);
      }
    };
    await skim(0, start);
    for await (const piece of this.file.piecesInto(range, position + start)) {
      sum = crc32(piece, sum);
    }
    await skim(end, size);
    this.verify(entry, sum);
    return range;
  }

  /**
   * A recorded checksum of 0 is none: `torch.serialization.set_crc32_options(False)` writes it. One
   * real checksum in 2³² is 0, too, and goes unchecked.
   */
  private verify(entry: Entry, sum: number): void {
    if (entry.crc32 !== sum && entry.crc32 !== 0) {
      throw new Fault('damaged', say`its ${entry.fileName} does not match its checksum`);
    }
    this.verified.add(entry.fileName);
  }
}

async function* inflatedPieces(
  packed: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array, undefined> {
  const inflater = createInflateRaw({ chunkSize: CHUNK });
  const source = Readable.from(packed, { objectMode: false });
  source.on('error', (error) => inflater.destroy(error));
  source.pipe(inflater);
  try {
    for await (const piece of inflater) yield piece as Buffer;
  } finally {
    source.destroy();
    inflater.destroy();
  }
}

function zipEntry(entry: Entry): ZipEntry {
  return {
    name: entry.fileName,
    size: entry.uncompressedSize,
    stored: entry.compressedSize,
    checksum: entry.crc32,
  };
}

const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_HEADER_BYTES = 30;

/**
 * Local headers and beginnings of entries, which are read in the order they are in: small entries many
 * at a time, and large ones each for itself.
 */
class Window {
  private block: Uint8Array = new Uint8Array(0);
  private start = 0;
  /** Bytes of the next block: more as long as the one before was of use for more than one read. */
  private length = 512;
  private uses = 0;

  constructor(private readonly file: ReadableBytes) {}

  async bytes(position: number, length: number): Promise<Uint8Array> {
    if (position < this.start || position + length > this.start + this.block.length) {
      const isNear = position >= this.start && position < this.start + 2 * this.length;
      this.length = isNear && this.uses > 1 ? Math.min(2 * this.length, 2 ** 18) : 512;
      const rest = Math.max(0, this.file.size - position);
      this.block = await this.file.read(position, Math.max(length, Math.min(this.length, rest)));
      this.start = position;
      this.uses = 0;
    }
    this.uses++;
    return this.block.subarray(position - this.start, position - this.start + length);
  }
}

/** Signatures of what may follow a central directory: its end record, or the zip64 one. */
const END_SIGNATURES = new Set([0x06054b50, 0x06064b50]);

/**
 * Reads for yauzl, which asks for headers in pieces of some dozen bytes. They come out of a block.
 */
class DirectoryReader extends RandomAccessReader {
  private block: Uint8Array = new Uint8Array(0);
  private blockStart = 0;
  private readonly blockLength = 256 * 1024;
  private lastEnd = 0;

  constructor(private readonly file: ReadableBytes) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.bytes(position, length).then(
      (bytes) => {
        buffer.set(bytes, offset);
        callback(null);
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  /**
   * @throws Fault when the directory does not end where its end record begins: a count of entries
   *   that is too small would hide weights.
   */
  async checkEnd(): Promise<void> {
    const bytes = await this.bytes(this.lastEnd, 4);
    const signature = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    if (!END_SIGNATURES.has(signature))
      throw new Fault('damaged', say`its list of entries is wrong`);
  }

  private async bytes(position: number, length: number): Promise<Uint8Array> {
    const { block, blockStart } = this;
    if (position < blockStart || position + length > blockStart + block.length) {
      const rest = Math.max(0, this.file.size - position);
      const most = Math.max(length, Math.min(this.blockLength, rest));
      this.block = await this.file.read(position, most);
      this.blockStart = position;
    }
    this.lastEnd = position + length;
    const start = position - this.blockStart;
    return this.block.subarray(start, start + length);
  }
}

/** yauzl and zlib throw plain errors for what is wrong with the file. */
async function yauzlFaults<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Fault || !(error instanceof Error)) throw error;
    if (error.message.startsWith('End of central directory record signature not found')) {
      throw new Fault('damaged', say`it is cut short, the directory at its end is missing`);
    }
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    const fromZlib = code.startsWith('Z_') || code === 'ERR_BUFFER_TOO_LARGE';
    // A plain Error is yauzl's; a TypeError or one with a code of the system is not about the file.
    if (!fromZlib && (error.constructor !== Error || code !== '')) throw error;
    throw new Fault('damaged', say`it is no whole zip archive (${error.message})`);
  }
}
