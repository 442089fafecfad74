import { endianness } from 'node:os';
import type { Tensor } from '../../tensor';
import { sizeOf } from '../../tensor';
import { Fault } from '../fault';
import { float8Values } from './float8';
import { say } from '../../../shared/words/message';

/**
 * Element types of weight files: bytes of one element, and the type Basin widens it to. `null`:
 * the type is known by name and size, and not read.
 */
const ELEMENTS = {
  float64: [8, 'float64'],
  float32: [4, 'float32'],
  float16: [2, 'float32'],
  bfloat16: [2, 'float32'],
  int64: [8, 'int64'],
  int32: [4, 'int32'],
  int16: [2, 'int32'],
  int8: [1, 'int32'],
  uint64: [8, 'int64'],
  uint32: [4, 'int64'],
  uint16: [2, 'int32'],
  uint8: [1, 'uint8'],
  bool: [1, 'bool'],
  complex32: [4, null],
  complex64: [8, null],
  complex128: [16, null],
  // The integers that stand for the values: quantization.ts.
  qint8: [1, 'int32'],
  quint8: [1, 'int32'],
  qint32: [4, 'int32'],
  float8_e4m3fn: [1, 'float32'],
  float8_e4m3fnuz: [1, 'float32'],
  float8_e5m2: [1, 'float32'],
  float8_e5m2fnuz: [1, 'float32'],
  float8_e8m0fnu: [1, 'float32'],
} as const;

export type ElementType = keyof typeof ELEMENTS;

export function isElementType(name: string): name is ElementType {
  return Object.hasOwn(ELEMENTS, name);
}

/** Bytes of one element in the file. */
export function bytesPerElement(type: ElementType): number {
  return ELEMENTS[type][0];
}

/** Where the elements of an array are, in elements. */
export interface Layout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** Strides of a dense array whose last axis is the fastest. */
export function stridesC(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= Math.max(shape[axis]!, 1);
  }
  return strides;
}

/** Strides of a dense array whose first axis is the fastest. */
export function stridesFortran(shape: readonly number[]): number[] {
  return stridesC([...shape].reverse()).reverse();
}

/** Elements from the first to the last one of a layout, both included; 0 if there are none. */
export function extentOf({ shape, strides }: Layout): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((extent, length, axis) => extent + (length - 1) * strides[axis]!, 1);
}

/** An array of its own is at most this large; larger ones are not allocated. */
const MAX_BYTES = 2 ** 32 - 1;
/** An expanded tensor repeats its storage; it may take this many elements for nothing. */
const MAX_EXPANDED = 2 ** 26;

/**
 * Makes a dense tensor in C order of bytes in a file.
 *
 * @param bytes starts at the array's first element and holds exactly its extent. It may become
 *   the tensor's own memory, and it may be changed.
 * @throws Fault when the type is not read, or the array would be absurdly large.
 */
export function decode(
  bytes: Uint8Array,
  type: ElementType,
  layout: Layout,
  littleEndian: boolean,
): Tensor {
  const { shape } = layout;
  const size = sizeOf(shape);
  if (ELEMENTS[type][1] === null) throw unread(type);
  if (size * 8 > MAX_BYTES && size * bytesPerElement(widened(type)) > MAX_BYTES) {
    throw new Fault(
      'unsupported',
      say`it has an array of more than 4 GiB`,
      say`use smaller arrays`,
    );
  }
  const stored = bytes.length / bytesPerElement(type);
  if (size > stored && size > MAX_EXPANDED) {
    throw new Fault('damaged', say`an array of ${size} elements stands on ${stored} stored ones`);
  }
  const tensor = widen(bytes, type, littleEndian === (endianness() === 'LE'));
  const dense = isDense(layout) ? tensor.data : gather(tensor, layout, size);
  return { dtype: tensor.dtype, shape: [...shape], data: dense } as Tensor;
}

/** Of an array whose elements are listed and not read. */
export function unread(type: string): Fault {
  return new Fault(
    'unsupported',
    say`an array has the element type ${type}, which Basin does not compute with`,
    say`convert the weights to float32 and save again`,
  );
}

function widened(type: ElementType): ElementType {
  const dtype = ELEMENTS[type][1];
  if (dtype === null) throw unread(type);
  return dtype;
}

/** The elements one after the other, in Basin's type; `native` if their byte order is ours. */
function widen(source: Uint8Array, type: ElementType, native: boolean): Tensor {
  const width = bytesPerElement(type);
  // Typed arrays want their own alignment, and the swap must not touch the caller's other bytes.
  const bytes =
    source.byteOffset % 8 === 0 && source.byteLength === source.buffer.byteLength
      ? source
      : source.slice();
  if (!native) swap(bytes, width);
  const { buffer, byteOffset } = bytes;
  const length = bytes.length / width;
  const shape = [length];
  switch (type) {
    case 'float64':
      return { dtype: 'float64', shape, data: new Float64Array(buffer, byteOffset, length) };
    case 'float32':
      return { dtype: 'float32', shape, data: new Float32Array(buffer, byteOffset, length) };
    case 'float16':
      return {
        dtype: 'float32',
        shape,
        data: widenFloat16(new Uint16Array(buffer, byteOffset, length)),
      };
    case 'bfloat16': {
      const bits = Uint32Array.from(new Uint16Array(buffer, byteOffset, length), (b) => b << 16);
      return { dtype: 'float32', shape, data: new Float32Array(bits.buffer) };
    }
    case 'int64':
      return { dtype: 'int64', shape, data: new BigInt64Array(buffer, byteOffset, length) };
    case 'uint64': {
      const data = new BigInt64Array(buffer, byteOffset, length);
      if (data.some((value) => value < 0n)) {
        throw new Fault(
          'unsupported',
          say`an array of uint64 has values beyond 2⁶³`,
          say`save it as int64 or float64`,
        );
      }
      return { dtype: 'int64', shape, data };
    }
    case 'uint32':
      return {
        dtype: 'int64',
        shape,
        data: BigInt64Array.from(new Uint32Array(buffer, byteOffset, length), BigInt),
      };
    case 'int32':
    case 'qint32':
      return { dtype: 'int32', shape, data: new Int32Array(buffer, byteOffset, length) };
    case 'int16':
      return {
        dtype: 'int32',
        shape,
        data: Int32Array.from(new Int16Array(buffer, byteOffset, length)),
      };
    case 'uint16':
      return {
        dtype: 'int32',
        shape,
        data: Int32Array.from(new Uint16Array(buffer, byteOffset, length)),
      };
    case 'int8':
    case 'qint8':
      return {
        dtype: 'int32',
        shape,
        data: Int32Array.from(new Int8Array(buffer, byteOffset, length)),
      };
    case 'quint8':
      return { dtype: 'int32', shape, data: Int32Array.from(bytes) };
    case 'float8_e4m3fn':
    case 'float8_e4m3fnuz':
    case 'float8_e5m2':
    case 'float8_e5m2fnuz':
    case 'float8_e8m0fnu': {
      const values = float8Values(type);
      return { dtype: 'float32', shape, data: Float32Array.from(bytes, (code) => values[code]!) };
    }
    case 'uint8':
      return { dtype: 'uint8', shape, data: bytes };
    case 'bool':
      return { dtype: 'bool', shape, data: bytes.map((value) => (value === 0 ? 0 : 1)) };
    default:
      throw unread(type);
  }
}

/** Reverses the bytes of each element, in place. */
function swap(bytes: Uint8Array, width: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (width === 2) buffer.swap16();
  else if (width === 4) buffer.swap32();
  else if (width === 8) buffer.swap64();
}

/** IEEE 754 binary16 to binary32, exactly; the payload of a NaN is not kept. */
function widenFloat16(halves: Uint16Array): Float32Array {
  const out = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    const sign = half & 0x8000 ? -1 : 1;
    if (exponent === 0) out[i] = sign * fraction * 2 ** -24;
    else if (exponent === 31) out[i] = fraction === 0 ? sign * Infinity : NaN;
    else out[i] = sign * (1024 + fraction) * 2 ** (exponent - 25);
  }
  return out;
}

function isDense({ shape, strides }: Layout): boolean {
  const dense = stridesC(shape);
  return shape.includes(0) || shape.every((n, axis) => n === 1 || strides[axis] === dense[axis]);
}

/** Copies a strided array into C order. */
function gather(tensor: Tensor, { shape, strides }: Layout, size: number): Tensor['data'] {
  const source = tensor.data;
  const out = new (source.constructor as new (length: number) => typeof source)(size);
  const rank = shape.length;
  const index = new Uint32Array(rank);
  let from = 0;
  for (let to = 0; to < size; to++) {
    out[to] = source[from]!;
    for (let axis = rank - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
