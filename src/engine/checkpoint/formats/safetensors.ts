import type { Checkpoint, TensorEntry } from '../checkpoint';
import type { CheckpointFile } from '../bytes/checkpointFile';
import { decode, isElementType, stridesC, unread, type ElementType } from '../bytes/elements';
import { Fault, naming, namingAll } from '../fault';
import { blocks as blocksOfFile, elementsOf, pieceOf } from '../bytes/pieces';
import { trainingPosition } from '../trainingPosition';
import { say } from '../../../shared/words/message';

/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000n;
const MAX_AXES = 64;

/** Names of element types in the format, bits of one, and what Basin calls them. */
const DTYPES: Readonly<Record<string, readonly [bits: number, name: string]>> = {
  F64: [64, 'float64'],
  F32: [32, 'float32'],
  F16: [16, 'float16'],
  BF16: [16, 'bfloat16'],
  I64: [64, 'int64'],
  I32: [32, 'int32'],
  I16: [16, 'int16'],
  I8: [8, 'int8'],
  U64: [64, 'uint64'],
  U32: [32, 'uint32'],
  U16: [16, 'uint16'],
  U8: [8, 'uint8'],
  BOOL: [8, 'bool'],
  C64: [64, 'complex64'],
  F8_E4M3: [8, 'float8_e4m3fn'],
  F8_E4M3FNUZ: [8, 'float8_e4m3fnuz'],
  F8_E5M2: [8, 'float8_e5m2'],
  F8_E5M2FNUZ: [8, 'float8_e5m2fnuz'],
  F8_E8M0: [8, 'float8_e8m0fnu'],
  F6_E2M3: [6, 'float6_e2m3'],
  F6_E3M2: [6, 'float6_e3m2'],
  F4: [4, 'float4_e2m1'],
};

interface Block extends TensorEntry {
  /** Bytes from the end of the header. */
  readonly start: number;
  readonly end: number;
}

/**
 * Whether a file begins like one: the header's length, and the header's first character.
 *
 * @param head first bytes of the file, nine at least.
 */
export function isSafetensors(head: Uint8Array): boolean {
  if (head.length < 9 || head[8] !== 0x7b) return false;
  const view = new DataView(head.buffer, head.byteOffset);
  return view.getBigUint64(0, true) <= MAX_HEADER_BYTES;
}

/**
 * Opens a safetensors file; reads its header.
 *
 * Source: huggingface/safetensors, README.md, "Format".
 *
 * @throws Fault
 */
export async function openSafetensors(file: CheckpointFile): Promise<Checkpoint> {
  const prefix = await file.read(0, 8);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  const header = parseHeader(await file.read(8, length));
  const base = 8 + length;

  const blocks = blocksOf(header, file.size - base);
  const tensors = new Map<string, Block>();
  for (const block of blocks) tensors.set(block.name, block);
  const find = (name: string): Block & { readonly type: ElementType } => {
    const block = tensors.get(name);
    if (!block) throw new Fault('missing', say`it has no tensor \`${name}\``);
    if (!isElementType(block.dtype)) throw unread(block.dtype);
    return { ...block, type: block.dtype };
  };
  const metadata = metadataOf(header.__metadata__);
  return {
    path: file.path,
    format: 'safetensors',
    size: file.size,
    tensors,
    ...(await trainingPosition(file.path, metadata)),
    metadata,
    read: (name) =>
      naming(file.path, async () => {
        const { type, shape, start, end } = find(name);
        const bytes = await file.read(base + start, end - start);
        return decode(bytes, type, { shape, strides: stridesC(shape) }, true);
      }),
    stream: (name) =>
      namingAll(file.path, () => {
        const { type, start, end } = find(name);
        const read = (from: number, to: number) => file.read(from, to - from);
        const source = blocksOfFile(read, base + start, base + end, pieceOf(type));
        return elementsOf(source, type, true);
      }),
    close: () => file.close(),
  };
}

type Json = Readonly<Record<string, unknown>>;

function parseHeader(bytes: Uint8Array): Json {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    throw new Fault('damaged', say`its header is no JSON`);
  }
  if (!isObject(header)) throw new Fault('damaged', say`its header is no JSON object`);
  // JSON.parse keeps the last of two equal keys and does not say so.
  if (countColons(text) !== countKeys(header)) {
    throw new Fault('damaged', say`a name is in its header twice`);
  }
  return header;
}

/** Colons outside of strings: one for each key that is written. */
function countColons(text: string): number {
  let count = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString && code === 0x5c) i++;
    else if (code === 0x22) inString = !inString;
    else if (!inString && code === 0x3a) count++;
  }
  return count;
}

/** Keys of an object and of the values it holds; deeper ones do not occur in a good header. */
function countKeys(header: Json): number {
  let count = 0;
  for (const name in header) {
    const value = header[name];
    count += 1 + (isObject(value) ? Object.keys(value).length : 0);
  }
  return count;
}

/** The blocks in the file's order: they fill it without a gap. */
function blocksOf(header: Json, available: number): Block[] {
  const blocks: Block[] = [];
  for (const name in header) {
    if (name !== '__metadata__') blocks.push(blockOf(name, header[name]));
  }
  blocks.sort((a, b) => a.start - b.start || a.end - b.end);
  let position = 0;
  for (const block of blocks) {
    if (block.start !== position) {
      throw new Fault('damaged', say`the bytes of \`${block.name}\` are not where they must be`);
    }
    position = block.end;
  }
  if (position > available) throw new Fault('damaged', say`it is cut short in its tensors`);
  if (position < available) throw new Fault('damaged', say`something follows its last tensor`);
  return blocks;
}

function blockOf(name: string, value: unknown): Block {
  const wrong = () => new Fault('damaged', say`what its header says of \`${name}\` makes no sense`);
  if (!isObject(value)) throw wrong();
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !isCounts(shape) || shape.length > MAX_AXES) throw wrong();
  if (!isCounts(offsets) || offsets.length !== 2) throw wrong();
  const known = Object.hasOwn(DTYPES, dtype) ? DTYPES[dtype] : undefined;
  if (!known) throw unread(dtype);

  const [bits, typeName] = known;
  const [start, end] = offsets as [number, number];
  if (start > end || !isLength(end - start, bits, shape)) throw wrong();
  return { name, dtype: typeName, shape, start, end, storage: `${start}-${end}` };
}

/** Whether so many bytes hold the elements of a shape. */
function isLength(bytes: number, bits: number, shape: readonly number[]): boolean {
  const needed = shape.reduce((product, extent) => product * extent, bits);
  if (needed <= Number.MAX_SAFE_INTEGER) return bytes * 8 === needed;
  // Beyond the exact integers of a double; a zero among the extents comes out all the same.
  const exactly = shape.reduce((product, extent) => product * BigInt(extent), BigInt(bits));
  return BigInt(bytes) * 8n === exactly;
}

function metadataOf(value: unknown): Checkpoint['metadata'] {
  // `null` is what serialisers write for no metadata.
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new Fault('damaged', say`its metadata is no JSON object`);
  const texts = Object.entries(value)
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    .slice(0, 256)
    .map(([key, text]) => [key, text.length > 500 ? `${text.slice(0, 500)}…` : text] as const);
  return Object.fromEntries(texts);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return (
    Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && Number(item) >= 0)
  );
}
