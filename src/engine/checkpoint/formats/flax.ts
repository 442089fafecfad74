import { sizeOf, type Tensor } from '../../tensor';
import { Budget } from '../bytes/budget';
import type { Checkpoint, TensorEntry } from '../checkpoint';
import type { CheckpointFile } from '../bytes/checkpointFile';
import { bytesPerElement, decode, isElementType, stridesC, unread } from '../bytes/elements';
import { Fault, naming, namingAll } from '../fault';
import { readPacked, StoredBytes, type PackedValue } from './messagePack';
import { plainOf } from '../metadata';
import { blocks as blocksOfFile, elementsOf, pieceOf } from '../bytes/pieces';
import { trainingPosition } from '../trainingPosition';
import { Windowed } from '../bytes/windowed';
import { say } from '../../../shared/words/message';

/** Extensions of flax/serialization.py. */
const ARRAY = 1;
const SCALAR = 3;
/** The mark of an array in pieces, as MessagePack has none of more than 4 GiB. */
const CHUNKED = '__msgpack_chunked_array__';

/** Slots of the optimizer, which are no weights. */
const NO_WEIGHTS = /^(opt_state|opt_states|optimizer|optimizer_state|tx|rng|rngs|dropout_rng)$/;
const MAX_AXES = 64;
const MAX_METADATA = 256;
/** Of names joined by dots. */
const MAX_NAME_LENGTH = 2000;

/** An array of numbers: bytes one behind the other in several places of the file. */
interface StoredArray {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly pieces: readonly { readonly start: number; readonly size: number }[];
}

/**
 * Opens what `flax.serialization.to_bytes` writes: dictionaries in MessagePack, with arrays as
 * extensions of their own. Names are the keys from the root, joined by dots. What an optimizer keeps is
 * left out. Reads the beginnings of arrays and no more.
 *
 * Source: flax/serialization.py, `_ndarray_to_bytes`, `_chunk`.
 *
 * @throws Fault
 */
export async function openFlax(file: CheckpointFile): Promise<Checkpoint> {
  const budget = new Budget(file.size);
  const source = new Windowed(file);
  const root = await readPacked(source, budget);
  if (source.position !== file.size) throw new Fault('damaged', say`something follows its values`);
  if (!(root instanceof Map)) throw new Fault('unsupported', say`it holds no named weights`);

  const found = new Map<string, StoredArray>();
  const metadata = new Map<string, Checkpoint['metadata'][string]>();
  const open: { readonly name: string; readonly value: PackedValue }[] = [];
  const add = (prefix: string, values: ReadonlyMap<string, PackedValue>) => {
    for (const [key, value] of [...values].reverse()) {
      const name = prefix === '' ? key : `${prefix}.${key}`;
      if (name.length > MAX_NAME_LENGTH)
        throw new Fault('unsupported', say`its names are too long`);
      if (prefix !== '' || !NO_WEIGHTS.test(key)) open.push({ name, value });
    }
  };
  add('', root);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { name, value } = next;
    budget.make(48 + name.length);
    if (value instanceof StoredBytes) {
      const array = await arrayAt(file, value, name);
      if (array === null) continue;
      // A step that JAX has counted, and nothing else, is an array without axes at the root.
      const isNumber =
        value.extension === SCALAR || (!name.includes('.') && sizeOf(array.shape) === 1);
      if (isNumber) {
        const [number] = (await readStored(file, array)).data;
        const plain = plainOf(number ?? null);
        if (plain !== undefined && metadata.size < MAX_METADATA) metadata.set(name, plain);
      } else {
        found.set(name, array);
      }
    } else if (value instanceof Map) {
      if (value.has(CHUNKED)) found.set(name, await chunkedArray(file, value, name));
      else add(name, value);
    } else if (typeof value !== 'object' || value === null) {
      const plain = plainOf(value);
      if (plain !== undefined && metadata.size < MAX_METADATA) metadata.set(name, plain);
    }
  }
  if (found.size === 0) {
    throw new Fault(
      'unsupported',
      say`it holds no arrays`,
      say`save the parameters with flax.serialization.to_bytes`,
    );
  }
  const tensors = new Map<string, TensorEntry>();
  for (const [name, { dtype, shape, pieces }] of found) {
    tensors.set(name, { name, dtype, shape, storage: String(pieces[0]?.start ?? name) });
  }
  const find = (name: string): StoredArray => {
    const array = found.get(name);
    if (array) return array;
    throw new Fault('missing', say`it has no tensor \`${name}\``);
  };
  const plain = Object.fromEntries(metadata);
  return {
    path: file.path,
    format: 'flax',
    size: file.size,
    tensors,
    ...(await trainingPosition(file.path, plain)),
    metadata: plain,
    read: (name) => naming(file.path, () => readStored(file, find(name))),
    stream: (name) =>
      namingAll(file.path, async function* () {
        const { dtype, pieces } = find(name);
        const type = elementType(dtype);
        for (const { start, size } of pieces) {
          const read = (from: number, to: number) => file.read(from, to - from);
          yield* elementsOf(blocksOfFile(read, start, start + size, pieceOf(type)), type, true);
        }
      }),
    close: () => file.close(),
  };
}

/** The array in an extension; null for one that holds something else. */
async function arrayAt(
  file: CheckpointFile,
  { extension, start, size }: StoredBytes,
  name: string,
): Promise<StoredArray | null> {
  if (extension !== ARRAY && extension !== SCALAR) return null;
  const source = new Windowed(file, start + size);
  source.position = start;
  await source.have(1024);
  const own = await readPacked(source, new Budget(0));
  const [shape, dtype, elements] = Array.isArray(own) ? (own as readonly PackedValue[]) : [];
  const isWhole =
    elements instanceof StoredBytes && elements.start + elements.size === start + size;
  if (!isShape(shape) || typeof dtype !== 'string' || !isWhole) throw senseless(name);
  if (isElementType(dtype) && sizeOf(shape) * bytesPerElement(dtype) !== elements.size) {
    throw senseless(name);
  }
  return { dtype, shape, pieces: [{ start: elements.start, size: elements.size }] };
}

/** {__msgpack_chunked_array__: True, shape: {'0': …}, chunks: {'0': flat array, …}} */
async function chunkedArray(
  file: CheckpointFile,
  value: ReadonlyMap<string, PackedValue>,
  name: string,
): Promise<StoredArray> {
  const shape = inOrder(value.get('shape'));
  if (!isShape(shape)) throw senseless(name);
  const parts: StoredArray[] = [];
  for (const chunk of inOrder(value.get('chunks')) ?? []) {
    const part = chunk instanceof StoredBytes ? await arrayAt(file, chunk, name) : null;
    if (part === null) throw senseless(name);
    parts.push(part);
  }
  const dtype = parts[0]?.dtype;
  const elements = parts.reduce((sum, part) => sum + sizeOf(part.shape), 0);
  if (
    dtype === undefined ||
    elements !== sizeOf(shape) ||
    parts.some((part) => part.dtype !== dtype)
  ) {
    throw senseless(name);
  }
  return { dtype, shape, pieces: parts.flatMap(({ pieces }) => pieces) };
}

/** The values of a dictionary whose keys are '0', '1', …, as flax has lists. */
function inOrder(value: PackedValue | undefined): readonly PackedValue[] | null {
  if (!(value instanceof Map)) return null;
  const values = Array.from({ length: value.size }, (_, k) =>
    (value as ReadonlyMap<string, PackedValue>).get(String(k)),
  );
  return values.every((each) => each !== undefined) ? values : null;
}

function elementType(dtype: string) {
  if (isElementType(dtype)) return dtype;
  throw unread(dtype);
}

async function readStored(
  file: CheckpointFile,
  { dtype, shape, pieces }: StoredArray,
): Promise<Tensor> {
  const type = elementType(dtype);
  const [only] = pieces;
  let bytes: Uint8Array;
  if (pieces.length === 1) {
    bytes = await file.read(only!.start, only!.size);
  } else {
    bytes = new Uint8Array(pieces.reduce((sum, { size }) => sum + size, 0));
    let at = 0;
    for (const { start, size } of pieces) {
      await file.readInto(bytes.subarray(at, at + size), start);
      at += size;
    }
  }
  return decode(bytes, type, { shape, strides: stridesC(shape) }, true);
}

function senseless(name: string): Fault {
  return new Fault('damaged', say`what it says of \`${name}\` makes no sense`);
}

function isShape(value: PackedValue | undefined | null): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.length <= MAX_AXES &&
    value.every((extent) => Number.isSafeInteger(extent) && Number(extent) >= 0)
  );
}
