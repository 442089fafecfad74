import type { Checkpoint, TensorEntry } from '../checkpoint';
import type { CheckpointFile } from '../bytes/checkpointFile';
import { decode, stridesC, unread, type ElementType } from '../bytes/elements';
import { Fault, naming } from '../fault';
import { readHeader, type Growing } from '../bytes/growing';
import { plainOf } from '../metadata';
import { trainingPosition } from '../trainingPosition';
import { say } from '../../../shared/words/message';

/**
 * GGUF, the format of llama.cpp.
 *
 * Source: ggml-org/ggml, docs/gguf.md, versions 2 and 3; ggml/src/ggml-quants.c for Q8_0 and Q4_0.
 */
const MAX_HEADER_BYTES = 256 * 2 ** 20;
const MAX_TENSORS = 1_000_000;
const MAX_AXES = 8;
const MAX_METADATA = 256;

/** ggml's types: elements of one block, bytes of one block. */
interface BlockType {
  readonly name: string;
  readonly elements: number;
  readonly bytes: number;
  /** Where the elements are plain ones. */
  readonly plain?: ElementType;
}

const plain = (name: ElementType, bytes: number): BlockType => ({
  name,
  elements: 1,
  bytes,
  plain: name,
});

const TYPES: Readonly<Record<number, BlockType>> = {
  0: plain('float32', 4),
  1: plain('float16', 2),
  2: { name: 'q4_0', elements: 32, bytes: 18 },
  3: { name: 'q4_1', elements: 32, bytes: 20 },
  6: { name: 'q5_0', elements: 32, bytes: 22 },
  7: { name: 'q5_1', elements: 32, bytes: 24 },
  8: { name: 'q8_0', elements: 32, bytes: 34 },
  9: { name: 'q8_1', elements: 32, bytes: 36 },
  10: { name: 'q2_k', elements: 256, bytes: 84 },
  11: { name: 'q3_k', elements: 256, bytes: 110 },
  12: { name: 'q4_k', elements: 256, bytes: 144 },
  13: { name: 'q5_k', elements: 256, bytes: 176 },
  14: { name: 'q6_k', elements: 256, bytes: 210 },
  15: { name: 'q8_k', elements: 256, bytes: 292 },
  16: { name: 'iq2_xxs', elements: 256, bytes: 66 },
  17: { name: 'iq2_xs', elements: 256, bytes: 74 },
  18: { name: 'iq3_xxs', elements: 256, bytes: 98 },
  19: { name: 'iq1_s', elements: 256, bytes: 50 },
  20: { name: 'iq4_nl', elements: 32, bytes: 18 },
  21: { name: 'iq3_s', elements: 256, bytes: 110 },
  22: { name: 'iq2_s', elements: 256, bytes: 82 },
  23: { name: 'iq4_xs', elements: 256, bytes: 136 },
  24: plain('int8', 1),
  25: plain('int16', 2),
  26: plain('int32', 4),
  27: plain('int64', 8),
  28: plain('float64', 8),
  29: { name: 'iq1_m', elements: 256, bytes: 56 },
  30: plain('bfloat16', 2),
  34: { name: 'tq1_0', elements: 256, bytes: 54 },
  35: { name: 'tq2_0', elements: 256, bytes: 66 },
};

/** @param head first bytes of a file. */
export function isGguf(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, 4)).toString('latin1') === 'GGUF';
}

interface Stored {
  readonly type: BlockType;
  readonly shape: readonly number[];
  /** Bytes from the beginning of the file. */
  readonly start: number;
  readonly end: number;
}

/**
 * Opens a GGUF file; reads its header. float32, float16, bfloat16, integers, Q8_0 and Q4_0 are read;
 * other packings are listed.
 *
 * @throws Fault
 */
export async function openGguf(file: CheckpointFile): Promise<Checkpoint> {
  const header = await readHeader(file, MAX_HEADER_BYTES, (bytes) => headerOf(bytes, file.size));
  const { tensors: stored, metadata } = header;
  const tensors = new Map<string, TensorEntry>();
  for (const [name, { type, shape, start }] of stored) {
    tensors.set(name, { name, dtype: type.name, shape, storage: String(start) });
  }
  return {
    path: file.path,
    format: 'gguf',
    size: file.size,
    tensors,
    ...(await trainingPosition(file.path, metadata)),
    metadata,
    read: (name) =>
      naming(file.path, async () => {
        const tensor = stored.get(name);
        if (!tensor) throw new Fault('missing', say`it has no tensor \`${name}\``);
        const { type, shape, start, end } = tensor;
        const unpack = UNPACKERS[type.name];
        if (type.plain === undefined && unpack === undefined) throw unread(type.name);
        const bytes = await file.read(start, end - start);
        if (type.plain !== undefined) {
          return decode(bytes, type.plain, { shape, strides: stridesC(shape) }, true);
        }
        return { dtype: 'float32', shape: [...shape], data: unpack!(bytes) };
      }),
    close: () => file.close(),
  };
}

interface Header {
  readonly tensors: ReadonlyMap<string, Stored>;
  readonly metadata: Checkpoint['metadata'];
}

function headerOf(bytes: Growing, size: number): Header {
  const broken = () => new Fault('damaged', say`its header makes no sense`);
  bytes.skip(4);
  const version = bytes.uint32();
  if (version !== 2 && version !== 3) {
    throw new Fault('unsupported', say`it is version ${version} of GGUF`, say`convert it again`);
  }
  const count = bytes.uint64();
  const pairs = bytes.uint64();
  if (count > MAX_TENSORS || pairs > MAX_TENSORS) throw broken();
  const metadata = new Map<string, Checkpoint['metadata'][string]>();
  let alignment = 32;
  for (let k = 0; k < pairs; k++) {
    const key = bytes.text(bytes.uint64());
    const value = valueOf(bytes, bytes.uint32());
    if (key === 'general.alignment' && typeof value === 'number') alignment = value;
    const found = value === undefined ? undefined : plainOf(value);
    if (found !== undefined && metadata.size < MAX_METADATA) metadata.set(key, found);
  }
  if (!(alignment >= 1 && alignment <= 2 ** 20)) throw broken();
  const found = new Map<string, { type: BlockType; shape: number[]; offset: number }>();
  for (let k = 0; k < count; k++) {
    const name = bytes.text(bytes.uint64());
    const axes = bytes.uint32();
    if (axes > MAX_AXES || found.has(name)) throw broken();
    // The first is the fastest.
    const shape = Array.from({ length: axes }, () => bytes.uint64()).reverse();
    const type = TYPES[bytes.uint32()];
    if (type === undefined) {
      throw new Fault('unsupported', say`its tensor \`${name}\` is packed in an unknown way`);
    }
    found.set(name, { type, shape, offset: bytes.uint64() });
  }
  const base = Math.ceil(bytes.position / alignment) * alignment;
  const tensors = new Map<string, Stored>();
  for (const [name, { type, shape, offset }] of found) {
    const elements = shape.reduce((product, extent) => product * extent, 1);
    const start = base + offset;
    const end = start + (elements / type.elements) * type.bytes;
    if (elements % type.elements !== 0 || !Number.isSafeInteger(end)) throw broken();
    if (end > size) throw new Fault('damaged', say`it is cut short in its tensors`);
    tensors.set(name, { type, shape, start, end });
  }
  return { tensors, metadata: Object.fromEntries(metadata) };
}

/** Bytes of the numbers among the types of metadata; 8 is a text, and 9 a list. */
const NUMBERS: Readonly<Record<number, keyof typeof READERS>> = {
  0: 'uint8',
  1: 'int8',
  2: 'uint16',
  3: 'int16',
  4: 'uint32',
  5: 'int32',
  6: 'float32',
  7: 'uint8',
  10: 'uint64',
  11: 'int64',
  12: 'float64',
};

const READERS = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  uint64: 8,
  int64: 8,
  float64: 8,
} as const;

const MAX_NESTED = 4;

/** A plain value; undefined for a list, which is passed over. */
function valueOf(bytes: Growing, type: number, depth = 0): string | number | boolean | undefined {
  if (type === 8) return bytes.text(bytes.uint64());
  if (type === 9) {
    if (depth > MAX_NESTED) throw new Fault('damaged', say`its header makes no sense`);
    const inner = bytes.uint32();
    const count = bytes.uint64();
    const width = NUMBERS[inner] === undefined ? 0 : READERS[NUMBERS[inner]];
    if (width > 0) bytes.skip(count * width);
    else for (let k = 0; k < count; k++) valueOf(bytes, inner, depth + 1);
    return undefined;
  }
  const kind = NUMBERS[type];
  if (kind === undefined) throw new Fault('damaged', say`its header makes no sense`);
  const value = bytes.number(kind);
  return type === 7 ? value !== 0 : value;
}

/** From the bytes of whole blocks to their values. */
const UNPACKERS: Readonly<Record<string, ((bytes: Uint8Array) => Float32Array) | undefined>> = {
  // float16 d; 32 of int8 q: d·q.
  q8_0: (bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const scales = scalesOf(bytes, 34);
    const out = new Float32Array((bytes.length / 34) * 32);
    for (let block = 0; block < scales.length; block++) {
      const scale = scales[block]!;
      for (let k = 0; k < 32; k++) out[32 * block + k] = scale * view.getInt8(34 * block + 2 + k);
    }
    return out;
  },
  // float16 d; 16 bytes of two q each, the low halves first: d·(q − 8).
  q4_0: (bytes) => {
    const scales = scalesOf(bytes, 18);
    const out = new Float32Array((bytes.length / 18) * 32);
    for (let block = 0; block < scales.length; block++) {
      const scale = scales[block]!;
      for (let k = 0; k < 16; k++) {
        const two = bytes[18 * block + 2 + k]!;
        out[32 * block + k] = scale * ((two & 15) - 8);
        out[32 * block + 16 + k] = scale * ((two >> 4) - 8);
      }
    }
    return out;
  },
};

/** The float16 each block begins with. */
function scalesOf(bytes: Uint8Array, width: number): Float32Array {
  const count = bytes.length / width;
  const halves = new Uint8Array(2 * count);
  for (let block = 0; block < count; block++) {
    halves[2 * block] = bytes[width * block]!;
    halves[2 * block + 1] = bytes[width * block + 1]!;
  }
  const { data } = decode(halves, 'float16', { shape: [count], strides: [1] }, true);
  return data as Float32Array;
}
