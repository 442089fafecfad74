import { lstat, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { sizeOf, type Tensor } from '../../tensor';
import { Budget } from '../bytes/budget';
import type { Checkpoint, TensorEntry } from '../checkpoint';
import { CheckpointFile } from '../bytes/checkpointFile';
import { bytesPerElement, decode, stridesC, type ElementType } from '../bytes/elements';
import { Fault, naming, namingAll } from '../fault';
import { blocks as blocksOfFile, elementsOf, pieceOf } from '../bytes/pieces';
import { trainingPosition } from '../trainingPosition';
import { Windowed } from '../bytes/windowed';
import { say } from '../../../shared/words/message';

/** onnx.proto, TensorProto.DataType. */
const TYPES: Readonly<Record<number, ElementType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16',
  17: 'float8_e4m3fn',
  18: 'float8_e4m3fnuz',
  19: 'float8_e5m2',
  20: 'float8_e5m2fnuz',
};

/** Fields of ModelProto, GraphProto and TensorProto. */
const GRAPH = 7;
const INITIALIZER = 5;
const DIMS = 1;
const TYPE = 2;
const NAME = 8;
const RAW = 9;
const OUTSIDE = 13;
const LOCATION = 14;
/** Fields of lists of numbers, and bytes of each; 0 where they are varints. */
const LISTS: Readonly<Record<number, number>> = { 4: 4, 5: 0, 7: 0, 10: 8, 11: 0 };

const MAX_AXES = 64;
const MAX_TEXT_LENGTH = 2 ** 16;
/** A list of varints is read whole. */
const MAX_LIST_BYTES = 2 ** 28;

/** A protobuf whose field 1 (`ir_version`) is 3 to 31, followed by another field of ModelProto. */
export function isOnnx(head: Uint8Array): boolean {
  const fields = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42];
  return head[0] === 0x08 && head[1]! >= 3 && head[1]! < 32 && fields.includes(head[2]!);
}

interface Range {
  readonly start: number;
  readonly size: number;
}

interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dataType: number;
  readonly raw: Range | null;
  /** Field of the list, and where its packed parts are. */
  readonly list: { readonly field: number; readonly parts: readonly Range[] } | null;
  readonly outside: ReadonlyMap<string, string> | null;
}

/**
 * Opens an ONNX file as a checkpoint: its initializers, with values in the file or in files of the
 * folder beside it. Reads what the graph says of them, and none of their values.
 *
 * Source: onnx/onnx.proto; Protocol Buffers, "Encoding"; docs/ExternalData.md.
 *
 * @throws Fault when there are none, or the file is damaged.
 */
export async function openOnnxWeights(file: CheckpointFile): Promise<Checkpoint> {
  const budget = new Budget(file.size);
  const initializers = new Map<string, Initializer>();
  for await (const graph of messages(new Windowed(file), GRAPH, budget)) {
    for await (const tensor of messages(graph, INITIALIZER, budget)) {
      const initializer = await initializerOf(tensor, budget);
      if (initializers.has(initializer.name)) {
        throw new Fault('damaged', say`it has the tensor \`${initializer.name}\` twice`);
      }
      initializers.set(initializer.name, initializer);
    }
  }
  if (initializers.size === 0) {
    throw new Fault(
      'unsupported',
      say`it is an ONNX graph without weights`,
      say`name it as "model" in basin.json, and the files that training saved as "checkpoints"`,
    );
  }
  const tensors = new Map<string, TensorEntry>();
  for (const { name, shape, dataType } of initializers.values()) {
    const dtype = TYPES[dataType] ?? `onnx_${dataType}`;
    tensors.set(name, { name, dtype, shape, storage: name });
  }
  const find = (name: string) => {
    const initializer = initializers.get(name);
    if (!initializer) throw new Fault('missing', say`it has no tensor \`${name}\``);
    const type = TYPES[initializer.dataType];
    if (type !== undefined) return { initializer, type };
    throw new Fault(
      'unsupported',
      say`an array has the element type ${initializer.dataType} of ONNX, which Basin does not compute with`,
      say`export the model in float32`,
    );
  };
  const names = new Set<string>();
  for (const { outside } of initializers.values()) {
    const location = outside?.get('location');
    if (location !== undefined) names.add(location);
  }
  const besides = await Promise.all(
    [...names].map((name) => checkBeside(dirname(file.path), name)),
  );
  return {
    path: file.path,
    format: 'onnx',
    size: besides.reduce((sum, { size }) => sum + size, file.size),
    ...(besides.length === 0 ? {} : { files: [file.path, ...besides.map(({ path }) => path)] }),
    tensors,
    ...(await trainingPosition(file.path, {})),
    metadata: {},
    read: (name) =>
      naming(file.path, async () => {
        const { initializer, type } = find(name);
        return readInitializer(file, initializer, type);
      }),
    stream: (name) =>
      namingAll(file.path, async function* () {
        const { initializer, type } = find(name);
        const { raw } = initializer;
        if (raw === null) {
          yield await readInitializer(file, initializer, type);
          return;
        }
        checkSize(initializer, type, raw.size);
        const read = (from: number, to: number) => file.read(from, to - from);
        const source = blocksOfFile(read, raw.start, raw.start + raw.size, pieceOf(type));
        yield* elementsOf(source, type, true);
      }),
    close: () => file.close(),
  };
}

async function readInitializer(
  file: CheckpointFile,
  initializer: Initializer,
  type: ElementType,
): Promise<Tensor> {
  const { shape, raw, list, outside, name } = initializer;
  const layout = { shape, strides: stridesC(shape) };
  if (outside !== null) {
    return decode(
      await readBeside(dirname(file.path), initializer, outside, type),
      type,
      layout,
      true,
    );
  }
  if (raw !== null) {
    checkSize(initializer, type, raw.size);
    return decode(await file.read(raw.start, raw.size), type, layout, true);
  }
  const width = LISTS[list?.field ?? 0] ?? 0;
  const total = list?.parts.reduce((sum, { size }) => sum + size, 0) ?? 0;
  if (width === 0 && total > MAX_LIST_BYTES) {
    throw new Fault('unsupported', say`its tensor \`${name}\` is a list longer than Basin reads`);
  }
  const parts: Uint8Array[] = [];
  for (const { start, size } of list?.parts ?? []) parts.push(await file.read(start, size));
  const joined = Buffer.concat(parts);
  const bytes = width > 0 ? Uint8Array.from(joined) : fromVarints(joined, type);
  checkSize(initializer, type, bytes.length);
  return decode(bytes, type, layout, true);
}

function checkSize({ name, shape }: Initializer, type: ElementType, size: number): void {
  if (sizeOf(shape) * bytesPerElement(type) === size) return;
  throw new Fault('damaged', say`its tensor \`${name}\` has other values than its shape says`);
}

/** Elements of a list of varints as they are in memory: the lowest bytes of each. */
function fromVarints(bytes: Uint8Array, type: ElementType): Uint8Array {
  const width = bytesPerElement(type);
  let count = 0;
  for (const byte of bytes) count += byte < 0x80 ? 1 : 0;
  const out = new Uint8Array(count * width);
  let at = 0;
  for (let element = 0; element < count; element++) {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80 || shift > 63n) break;
    }
    for (let k = 0; k < width; k++) {
      out[element * width + k] = Number((value >> BigInt(8 * k)) & 0xffn);
    }
  }
  return out;
}

/** Field number and wire type of the next field; null at the end. */
async function nextField(source: Windowed): Promise<{ field: number; wire: number } | null> {
  if (source.position >= source.end) return null;
  await source.have(32);
  const key = varint(source);
  return { field: Math.floor(key / 8), wire: key % 8 };
}

function varint(source: Windowed): number {
  let value = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = source.uint8();
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  throw damaged();
}

function damaged(): Fault {
  return new Fault('damaged', say`it is no whole ONNX file`, say`export the model again`);
}

/** Where the content of a field of bytes is; goes over any other and gives null. */
function content(source: Windowed, wire: number): Range | null {
  switch (wire) {
    case 0:
      varint(source);
      return null;
    case 1:
      source.skip(8);
      return null;
    case 5:
      source.skip(4);
      return null;
    case 2: {
      const size = varint(source);
      return { start: source.skip(size), size };
    }
    default:
      throw damaged();
  }
}

/** The messages in a field, each as what is to be walked through before the next is asked for. */
async function* messages(
  source: Windowed,
  wanted: number,
  budget: Budget,
): AsyncGenerator<Windowed, void> {
  for (let next = await nextField(source); next !== null; next = await nextField(source)) {
    budget.visit(1);
    const found = content(source, next.wire);
    if (found === null || next.field !== wanted) continue;
    yield source.within(found.start, found.size);
  }
}

async function initializerOf(source: Windowed, budget: Budget): Promise<Initializer> {
  const shape: number[] = [];
  const parts: Range[] = [];
  let [name, dataType, location, field] = ['', 0, 0, 0];
  let raw: Range | null = null;
  const outside = new Map<string, string>();
  for (let next = await nextField(source); next !== null; next = await nextField(source)) {
    budget.visit(1);
    const at = source.position;
    if (next.wire === 0) {
      const value = varint(source);
      if (next.field === DIMS) shape.push(value);
      else if (next.field === TYPE) dataType = value;
      else if (next.field === LOCATION) location = value;
      else if (next.field in LISTS) parts.push({ start: at, size: source.position - at });
    } else {
      const width = { 1: 8, 5: 4 }[next.wire];
      const found = content(source, next.wire) ?? { start: at, size: width ?? 0 };
      if (next.field === NAME) name = await textAt(source, found, budget);
      else if (next.field === RAW) raw = found;
      else if (next.field === OUTSIDE)
        await entryAt(source.within(found.start, found.size), outside, budget);
      else if (next.field === DIMS) await numbersAt(source.within(found.start, found.size), shape);
      else if (next.field in LISTS) parts.push(found);
    }
    if (next.field in LISTS) field = next.field;
    if (shape.length > MAX_AXES || parts.length > MAX_PARTS) throw damaged();
  }
  budget.make(300 + name.length);
  if (!shape.every((extent) => Number.isSafeInteger(extent))) throw damaged();
  const list = parts.length === 0 ? null : { field, parts };
  return { name, shape, dataType, raw, list, outside: location === 1 ? outside : null };
}

/** Of a list whose numbers are not packed: a field each. */
const MAX_PARTS = 100_000;

async function textAt(source: Windowed, { start, size }: Range, budget: Budget): Promise<string> {
  if (size > MAX_TEXT_LENGTH) throw damaged();
  budget.make(size);
  const inside = source.within(start, size);
  await inside.have(size);
  return Buffer.from(inside.bytes(size)).toString('utf8');
}

async function numbersAt(source: Windowed, into: number[]): Promise<void> {
  while (source.position < source.end) {
    await source.have(16);
    into.push(varint(source));
    if (into.length > MAX_AXES) throw damaged();
  }
}

/** StringStringEntryProto: key and value. */
async function entryAt(source: Windowed, into: Map<string, string>, budget: Budget): Promise<void> {
  const texts = ['', '', ''];
  for (let next = await nextField(source); next !== null; next = await nextField(source)) {
    const found = content(source, next.wire);
    if (found !== null && next.field < 3) texts[next.field] = await textAt(source, found, budget);
  }
  into.set(texts[1]!, texts[2]!);
}

/** A regular file in the folder of the model or below it, reached without links. */
async function checkBeside(folder: string, location: string) {
  const elsewhere = () =>
    new Fault(
      'hostile',
      say`it has data in "${location}", which is no file of its own folder`,
      say`export the model again, with its data in a file beside it`,
    );
  const target = join(folder, location);
  const inside = relative(folder, target);
  if (
    location === '' ||
    isAbsolute(location) ||
    location.includes('\0') ||
    location.split(/[/\\]/).includes('..') ||
    inside.startsWith('..') ||
    isAbsolute(inside)
  ) {
    throw elsewhere();
  }
  const found = await lstat(target).catch(() => null);
  if (found === null) {
    throw new Fault(
      'damaged',
      say`its data in ${location} is missing`,
      say`copy the file beside it`,
    );
  }
  if (!found.isFile() || (await realpath(target)) !== join(await realpath(folder), inside)) {
    throw elsewhere();
  }
  return { path: target, size: found.size };
}

async function readBeside(
  folder: string,
  initializer: Initializer,
  outside: ReadonlyMap<string, string>,
  type: ElementType,
): Promise<Uint8Array> {
  const { path, size } = await checkBeside(folder, outside.get('location') ?? '');
  const number = (key: string, otherwise: number) => {
    const text = outside.get(key);
    if (text === undefined) return otherwise;
    if (/^\d{1,15}$/.test(text)) return Number(text);
    throw damaged();
  };
  const start = number('offset', 0);
  const length = number('length', size - start);
  checkSize(initializer, type, length);
  const beside = await CheckpointFile.open(path);
  try {
    return await beside.read(start, length);
  } finally {
    await beside.close();
  }
}
