import { inflateSync } from 'node:zlib';
import { Fault } from '../../checkpoint/fault';
import { unpackLz4 } from './lz4';
import { unpackXz } from './xz';
import { exactNumbers, parseNumber, valueName } from './importedLandscape';
import { say, type Message } from '../../../shared/words/message';

/**
 * VTK's data in XML: what `.vti` and `.vtu` files have in common.
 *
 * Arrays stand in the text, as numbers or base64, or appended behind it, as base64 or raw bytes;
 * base64 and raw blocks may be packed with zlib, LZ4 or LZMA. Source: "VTK XML Formats" in the VTK User's Guide
 * and vtkXMLDataParser. The few elements needed are scanned for, without an XML library: behind
 * `<AppendedData encoding="raw">` a file is no XML.
 */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Elements it is in, outermost first. */
  readonly path: readonly string[];
  /** Text directly within it, as ranges of bytes. */
  readonly text: (readonly [from: number, to: number])[];
}

const NUMBER_TYPES = {
  Float32: Float32Array,
  Float64: Float64Array,
  Int8: Int8Array,
  UInt8: Uint8Array,
  Int16: Int16Array,
  UInt16: Uint16Array,
  Int32: Int32Array,
  UInt32: Uint32Array,
  Int64: BigInt64Array,
  UInt64: BigUint64Array,
} as const;

/** How blocks of numbers are written in this file. */
interface Encoding {
  readonly littleEndian: boolean;
  /** Bytes of each integer in a block's header. */
  readonly headerBytes: 4 | 8;
  /** Where blocks are packed: what unpacks one. */
  readonly unpack: ((packed: Uint8Array, size: number) => Uint8Array) | null;
}

/** A file of one piece, with all that is needed to read its arrays. */
export interface VtkXml {
  readonly buffer: Buffer;
  readonly elements: readonly Element[];
  readonly piece: Element;
  readonly appended: Appended | null;
  readonly encoding: Encoding;
}

/** The `type` of a VTK XML file; null where the bytes are none. */
export function vtkType(bytes: Uint8Array): string | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 4096));
  return /<VTKFile[^>]*\stype\s*=\s*["'](\w+)["']/.exec(head.toString('latin1'))?.[1] ?? null;
}

/**
 * @param type Of the data, as `VTKFile` names it.
 * @param advice What to do where it is another.
 * @throws Fault when it is not one piece of that, or packed in another way than VTK's.
 */
export function openVtkXml(
  bytes: Uint8Array,
  type: 'ImageData' | 'UnstructuredGrid' | 'PolyData',
  what: Message,
  advice: Message,
): VtkXml {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { elements, appended } = scan(buffer);
  const file = elements.find(({ name }) => name === 'VTKFile');
  const found = file?.attributes.get('type');
  if (found !== type) {
    throw new Fault(
      'unsupported',
      found === undefined
        ? say`it holds no VTK data, no ${what}`
        : say`it holds ${found}, no ${what}`,
      advice,
    );
  }
  const pieces = elements.filter(({ name }) => name === 'Piece');
  if (!elements.some(({ name }) => name === type) || pieces.length !== 1) {
    throw new Fault(
      'unsupported',
      say`it is in ${pieces.length} pieces`,
      say`save it in one piece`,
    );
  }
  const compressor = file?.attributes.get('compressor') ?? '';
  const unpack = compressor === '' ? null : UNPACKERS.get(compressor);
  if (unpack === undefined) {
    throw new Fault(
      'unsupported',
      say`it is packed by ${compressor}`,
      say`save it with zlib or unpacked`,
    );
  }
  const encoding: Encoding = {
    littleEndian: file?.attributes.get('byte_order') !== 'BigEndian',
    headerBytes: file?.attributes.get('header_type') === 'UInt64' ? 8 : 4,
    unpack,
  };
  return { buffer, elements, piece: pieces[0]!, appended, encoding };
}

/** What stands behind `<AppendedData>`. */
interface Appended {
  readonly base64: boolean;
  /** Position of the first byte behind the underscore. */
  readonly start: number;
}

/** What VTK writes is five deep, and has some elements for each array. */
const MAX_DEPTH = 32;
const MAX_ELEMENTS = 100_000;

function scan(buffer: Buffer): { elements: Element[]; appended: Appended | null } {
  const elements: Element[] = [];
  const open: Element[] = [];
  let appended: Appended | null = null;
  let at = 0;
  while (appended === null) {
    const from = buffer.indexOf('<', at);
    open.at(-1)?.text.push([at, from < 0 ? buffer.length : from]);
    if (from < 0) break;
    if (buffer.toString('latin1', from, from + 4) === '<!--') {
      at = endOf(buffer, '-->', from);
      continue;
    }
    at = endOf(buffer, '>', from);
    const tag = buffer.toString('utf8', from + 1, at - 1).trim();
    if (tag.startsWith('?') || tag.startsWith('!')) continue;
    if (tag.startsWith('/')) {
      if (open.pop()?.name !== tag.slice(1).trim()) throw brokenXml();
      continue;
    }
    const element: Element = {
      name: /^[^\s/]+/.exec(tag)?.[0] ?? '',
      attributes: new Map(
        Array.from(tag.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g), (match) => [
          match[1]!,
          match[2] ?? match[3] ?? '',
        ]),
      ),
      path: open.map(({ name }) => name),
      text: [],
    };
    elements.push(element);
    if (open.length > MAX_DEPTH || elements.length > MAX_ELEMENTS) throw brokenXml();
    if (element.name === 'AppendedData') {
      const base64 = element.attributes.get('encoding') !== 'raw';
      appended = { base64, start: endOf(buffer, '_', at) };
    } else if (!tag.endsWith('/')) {
      open.push(element);
    }
  }
  if (appended === null && open.length > 0) throw brokenXml();
  return { elements, appended };
}

function endOf(buffer: Buffer, mark: string, from: number): number {
  const at = buffer.indexOf(mark, from);
  if (at < 0) throw brokenXml();
  return at + mark.length;
}

function brokenXml(): Fault {
  return new Fault('damaged', say`its XML is not whole`);
}

/** The array that means losses: by name, the one marked as scalars, or the only one. */
export function chooseArray(
  elements: readonly Element[],
  name: string | undefined,
): { array: Element; onCells: boolean } {
  const within = (parent: string) =>
    elements.filter((element) => element.name === 'DataArray' && element.path.at(-1) === parent);
  const onCells = within('PointData').length === 0;
  const parent = onCells ? 'CellData' : 'PointData';
  const arrays = within(parent);
  const names = arrays.map((array) => array.attributes.get('Name') ?? '');
  const marked = elements.find((element) => element.name === parent)?.attributes.get('Scalars');
  const wanted =
    name ??
    // Before the mark: some writers mark whichever array comes first.
    valueName(names) ??
    (marked !== undefined && names.includes(marked) ? marked : null) ??
    (names.length === 1 ? names[0]! : null);
  const array = arrays[wanted === null ? -1 : names.indexOf(wanted)];
  if (array === undefined) {
    throw new Fault(
      'invalid',
      wanted === null
        ? say`it does not say which of its arrays (${names.slice(0, 10).join(', ')}) is the loss`
        : say`it has no array ${wanted}`,
      wanted === null ? say`call that one "loss"` : say`it holds ${names.slice(0, 10).join(', ')}`,
    );
  }
  const components = Number(array.attributes.get('NumberOfComponents') ?? 1);
  if (components !== 1) {
    throw new Fault(
      'unsupported',
      say`its array ${wanted ?? ''} has ${components} numbers at each point`,
      say`save the loss alone`,
    );
  }
  return { array, onCells };
}

/**
 * @param count Numbers the array must hold.
 * @throws Fault when it holds another number of them, or is damaged.
 */
export function readNumbers(file: VtkXml, array: Element, count: number): Float64Array {
  return readArray(file.buffer, array, file.appended, file.encoding, count);
}

function readArray(
  buffer: Buffer,
  array: Element,
  appended: Appended | null,
  encoding: Encoding,
  points: number,
): Float64Array {
  const type = array.attributes.get('type') ?? '';
  if (!Object.hasOwn(NUMBER_TYPES, type)) {
    throw new Fault('unsupported', say`it holds values of type ${type}`, say`save numbers`);
  }
  const numberType = type as keyof typeof NUMBER_TYPES;
  const size = points * NUMBER_TYPES[numberType].BYTES_PER_ELEMENT;
  switch (array.attributes.get('format') ?? 'ascii') {
    case 'ascii':
      return parseAscii(buffer, array.text, points);
    case 'binary': {
      const text = array.text.map(([from, to]) => buffer.toString('latin1', from, to)).join('');
      const source = new Base64Source(text.replace(/\s+/g, ''));
      return decodeNumbers(readBlock(source, encoding, size), numberType, encoding);
    }
    case 'appended': {
      const offset = Number(array.attributes.get('offset'));
      if (appended === null || !Number.isSafeInteger(offset) || offset < 0) {
        throw new Fault('damaged', say`the data behind its header is missing`);
      }
      const start = appended.start + offset;
      const source = appended.base64
        ? new Base64Source(base64Run(buffer, start))
        : new RawSource(buffer, start);
      return decodeNumbers(readBlock(source, encoding, size), numberType, encoding);
    }
    default:
      throw new Fault('unsupported', say`it has an array of an unknown format`);
  }
}

function base64Run(buffer: Buffer, start: number): string {
  const end = buffer.indexOf('<', start);
  return buffer.toString('latin1', start, end < 0 ? buffer.length : end).replace(/\s+/g, '');
}

function parseAscii(buffer: Buffer, ranges: Element['text'], points: number): Float64Array {
  // A number takes a byte and the space behind it: no more of them are made room for.
  const most = ranges.reduce((sum, [from, to]) => sum + (to - from + 1) / 2, 0);
  if (!(points <= most)) throw wrongLength();
  const values = new Float64Array(points);
  let count = 0;
  for (const [from, to] of ranges) {
    for (let at = from; at < to;) {
      while (at < to && buffer[at]! <= 0x20) at++;
      const start = at;
      while (at < to && buffer[at]! > 0x20) at++;
      if (at === start) break;
      const value = parseNumber(buffer.toString('latin1', start, at));
      if (value === null || count === points) throw wrongLength();
      values[count++] = value;
    }
  }
  if (count !== points) throw wrongLength();
  return values;
}

function wrongLength(): Fault {
  return new Fault('damaged', say`its array is not as long as its extent says`);
}

/** Bytes to be read in turn, in parts that may be encoded each on its own. */
interface Source {
  /** The next bytes, without moving on. */
  peek(length: number): Buffer;
  /** The next bytes, encoded with what follows. */
  take(length: number): Buffer;
  /** Ends an encoded part, so that the next begins where the last byte's code ends. */
  endPart(): void;
}

class RawSource implements Source {
  constructor(
    private readonly buffer: Buffer,
    private at: number,
  ) {}

  peek(length: number): Buffer {
    if (this.at + length > this.buffer.length) throw wrongLength();
    return this.buffer.subarray(this.at, this.at + length);
  }

  take(length: number): Buffer {
    const bytes = this.peek(length);
    this.at += length;
    return bytes;
  }

  endPart(): void {
    // Raw parts follow each other without a gap.
  }
}

class Base64Source implements Source {
  /** Bytes taken from the part that begins at `start`. */
  private taken = 0;

  constructor(
    private readonly text: string,
    private start = 0,
  ) {}

  peek(length: number): Buffer {
    // Whole groups of four characters, from the group of the first byte.
    const group = Math.floor(this.taken / 3);
    const end = Math.ceil((this.taken + length) / 3);
    const from = this.start + 4 * group;
    const bytes = Buffer.from(this.text.slice(from, this.start + 4 * end), 'base64');
    const wanted = bytes.subarray(this.taken - 3 * group, this.taken - 3 * group + length);
    if (wanted.length !== length) throw wrongLength();
    return wanted;
  }

  take(length: number): Buffer {
    const bytes = this.peek(length);
    this.taken += length;
    // Padding ends a part: some writers encode a block's header on its own.
    const end = this.start + 4 * Math.ceil(this.taken / 3);
    const padding = '='.repeat((3 - (this.taken % 3)) % 3);
    if (padding !== '' && this.text.slice(end - 2, end).replace(/[^=]/g, '') === padding) {
      this.endPart();
    }
    return bytes;
  }

  endPart(): void {
    this.start += 4 * Math.ceil(this.taken / 3);
    this.taken = 0;
  }
}

/** A block of `size` bytes: its header, then the bytes or the zlib streams of their parts. */
function readBlock(source: Source, encoding: Encoding, size: number): Buffer {
  const { headerBytes, unpack } = encoding;
  if (unpack === null) {
    if (integers(source.take(headerBytes), encoding)[0] !== size) throw wrongLength();
    return source.take(size);
  }
  const [parts] = integers(source.peek(headerBytes), encoding);
  if (size === 0 && parts === 0) return Buffer.alloc(0);
  if (parts === undefined || parts < 1 || parts > size) throw wrongLength();
  const [, partSize, lastSize, ...packed] = integers(
    source.take(headerBytes * (3 + parts)),
    encoding,
  );
  source.endPart();
  const last = lastSize === 0 ? partSize! : lastSize!;
  if ((parts - 1) * partSize! + last !== size) throw wrongLength();
  // Whatever is announced, there is room for what the parts really hold.
  const unpacked: Uint8Array[] = [];
  for (const [k, length] of packed.entries()) {
    const expected = k === parts - 1 ? last : partSize!;
    const part = unpack(source.take(length), expected);
    if (part.length !== expected) throw wrongLength();
    unpacked.push(part);
  }
  return Buffer.concat(unpacked);
}

/** VTK's compressors. */
const UNPACKERS = new Map([
  ['vtkZLibDataCompressor', inflate],
  ['vtkLZ4DataCompressor', unpackLz4],
  ['vtkLZMADataCompressor', unpackXz],
]);

function inflate(packed: Uint8Array, limit: number): Uint8Array {
  try {
    return inflateSync(packed, { maxOutputLength: Math.max(limit, 1) });
  } catch {
    throw new Fault('damaged', say`its packed data is not whole`);
  }
}

function integers(bytes: Buffer, { littleEndian, headerBytes }: Encoding): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / headerBytes }, (_, k) =>
    headerBytes === 4
      ? view.getUint32(4 * k, littleEndian)
      : Number(view.getBigUint64(8 * k, littleEndian)),
  );
}

function decodeNumbers(
  bytes: Buffer,
  type: keyof typeof NUMBER_TYPES,
  { littleEndian }: Encoding,
): Float64Array {
  const { BYTES_PER_ELEMENT: width } = NUMBER_TYPES[type];
  const own = new Uint8Array(bytes);
  const machineLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  if (littleEndian !== machineLittleEndian) {
    for (let at = 0; at < own.length; at += width) own.subarray(at, at + width).reverse();
  }
  if (type === 'Float64') return new Float64Array(own.buffer);
  return exactNumbers(new NUMBER_TYPES[type](own.buffer));
}
