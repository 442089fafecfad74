import { endianness } from 'node:os';
import { sizeOf, type Tensor } from '../../tensor';
import {
  bytesPerElement,
  decode,
  stridesC,
  stridesFortran,
  type ElementType,
  type Layout,
} from '../bytes/elements';
import { Fault } from '../fault';
import { say } from '../../../shared/words/message';

/**
 * NumPy's array format, versions 1 to 3.
 *
 * Source: numpy/lib/format.py, "Format Version 1.0" and following.
 */
export interface NpyHeader {
  readonly type: ElementType;
  readonly littleEndian: boolean;
  readonly layout: Layout;
  /** Bytes before the elements, and bytes of the elements. */
  readonly start: number;
  readonly size: number;
}

/** `\x93NUMPY` */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** Longer headers belong to structures with many fields, which are not read. */
export const MAX_NPY_HEADER_BYTES = 64 * 1024;
const MAX_AXES = 64;

const TYPES: ReadonlyMap<string, ElementType> = new Map([
  ['f8', 'float64'],
  ['f4', 'float32'],
  ['f2', 'float16'],
  ['i8', 'int64'],
  ['i4', 'int32'],
  ['i2', 'int16'],
  ['i1', 'int8'],
  ['u8', 'uint64'],
  ['u4', 'uint32'],
  ['u2', 'uint16'],
  ['u1', 'uint8'],
  ['b1', 'bool'],
]);

/** Element type of NumPy's code, such as `f8`; undefined where it is none that is read. */
export function npyType(code: string): ElementType | undefined {
  return TYPES.get(code);
}

/** An array of objects, structures or texts: listed with others, and refused when it is read. */
export class UnreadArray extends Fault {
  constructor(
    /** The element type as NumPy writes it: `|O`, `<U5`. */
    readonly code: string,
    readonly shape: readonly number[],
  ) {
    super(
      'unsupported',
      say`an array in it has the element type ${code}, which Basin does not read`,
      say`save numbers, such as array.astype("float32")`,
    );
  }
}

/** @param head first bytes of a file. */
export function isNpy(head: Uint8Array): boolean {
  return MAGIC.every((byte, i) => head[i] === byte);
}

/**
 * Reads the header of an array.
 *
 * @param head the array's bytes from the beginning, as far as they are known.
 * @returns null when the header needs more bytes than `head` has.
 * @throws Fault when it is no array, or one of a kind that is not read.
 */
export function parseNpyHeader(head: Uint8Array): NpyHeader | null {
  if (head.length < 12) return null;
  if (!isNpy(head)) throw new Fault('damaged', say`an array in it has no NumPy header`);
  const version = head[6]!;
  if (version < 1 || version > 3) {
    throw new Fault('unsupported', say`an array in it has version ${version} of NumPy's format`);
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const textStart = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_NPY_HEADER_BYTES) throw new Fault('damaged', say`an array in it has no header`);
  const start = textStart + length;
  if (head.length < start) return null;
  const text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(
    head.subarray(textStart, start),
  );
  return { ...parseDescription(text), start };
}

/** `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }` */
function parseDescription(text: string): Omit<NpyHeader, 'start'> {
  const wrong = () => new Fault('damaged', say`an array in it has a header that makes no sense`);
  const descr = /'descr'\s*:\s*(?:'([^']*)'|[[(])/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)\b/.exec(text);
  const extents = /'shape'\s*:\s*\(([\d\sL,]*)\)/.exec(text);
  if (!descr || !order || !extents || !/^\s*\{.*\}\s*$/s.test(text)) throw wrong();

  const shape = extents[1]!
    .split(',')
    .map((extent) => extent.trim().replace(/L$/, ''))
    .filter((extent, i, all) => extent !== '' || i < all.length - 1)
    .map((extent) => (/^\d+$/.test(extent) ? Number(extent) : NaN));
  // A product of zero may hide factors that are none.
  const countable = shape.every((extent) => Number.isSafeInteger(extent));
  if (shape.length > MAX_AXES || !countable) throw wrong();

  const code = descr[1] ?? 'a structure';
  const type = TYPES.get(code.slice(1));
  if (!/^[<>|=]/.test(code) || type === undefined) throw new UnreadArray(code, shape);
  const size = sizeOf(shape) * bytesPerElement(type);
  if (!Number.isSafeInteger(size)) throw wrong();
  const strides = order[1] === 'True' ? stridesFortran(shape) : stridesC(shape);
  const littleEndian = code.startsWith('=') ? endianness() === 'LE' : !code.startsWith('>');
  return { type, littleEndian, layout: { shape, strides }, size };
}

/**
 * The array in the bytes of an `.npy` file.
 *
 * @throws Fault when the bytes are not exactly one array.
 */
export function decodeNpy(bytes: Uint8Array): Tensor {
  const header = parseNpyHeader(bytes);
  if (!header || header.start + header.size !== bytes.length) {
    throw new Fault('damaged', say`an array in it is not as long as its header says`);
  }
  const { type, layout, littleEndian, start } = header;
  return decode(bytes.slice(start), type, layout, littleEndian);
}

const CODES = {
  float64: 'f8',
  float32: 'f4',
  int64: 'i8',
  int32: 'i4',
  uint8: '|u1',
  bool: '|b1',
} as const;

/** The bytes of an `.npy` file, version 1, that holds the tensor in C order. */
export function encodeNpy(tensor: Tensor): Uint8Array {
  const code = CODES[tensor.dtype];
  const descr = code.length === 2 ? (endianness() === 'LE' ? '<' : '>') + code : code;
  const { shape } = tensor;
  const tuple = shape.length === 1 ? `(${shape[0]!},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // Elements begin at a multiple of 64, after a line feed.
  const start = Math.ceil((10 + text.length + 1) / 64) * 64;
  const { data } = tensor;
  const bytes = new Uint8Array(start + data.byteLength);
  bytes.set(MAGIC);
  bytes[6] = 1;
  new DataView(bytes.buffer).setUint16(8, start - 10, true);
  bytes.set(new TextEncoder().encode(`${text.padEnd(start - 11)}\n`), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}
