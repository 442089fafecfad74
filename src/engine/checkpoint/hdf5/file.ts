import { Dataset, File, FS, Group, Module, ready } from 'h5wasm';
import {
  chunkBytesOf,
  emptyFileSystem,
  FILTERS,
  MAX_CHUNK_BYTES,
  NUMBER_CLASSES,
  placeFile,
  type LastRead,
} from './fileSystem';
import { Fault } from '../fault';
import { allowListing, allowReading, signOfLife } from './limits';
import type { Hdf5Contents, Hdf5Entry, Hdf5Source } from './weights';
import { say, type Message } from '../../../shared/words/message';

/** Groups in groups, and things in a file: links may lead round in circles. */
const MAX_DEPTH = 32;
const MAX_ENTITIES = 200_000;
const FEW_ENTITIES = 1000;
/** The shortest link, to what has another already, takes some twenty. */
const MIN_ENTITY_BYTES = 8;
const MAX_KEPT = 10_000;
const MAX_ATTRIBUTE_BYTES = 2 ** 24;

/** Attributes of the root that say something of a model. */
const ROOT_ATTRIBUTES = ['keras_version', 'backend'];

const CONFIGURATION = ['model_config', 'training_config'];

const PATH = '/weights.h5';
/** Arrays that are worth two looks at where they are. */
const MIN_PLACED_BYTES = 2 ** 20;

/** An HDF5 file of weights for the HDF5 library, which sees no other file. */
export class OpenHdf5 {
  /** What has been listed: asking the library again takes as long as reading a megabyte. */
  private readonly kept = new Map<
    string,
    { readonly dataset: Dataset; readonly entry: Hdf5Entry }
  >();

  private constructor(
    private readonly file: File,
    private readonly last: LastRead | null,
    private readonly size: number,
  ) {}

  static async open(source: Hdf5Source): Promise<OpenHdf5> {
    await ready;
    emptyFileSystem();
    const size = source instanceof Uint8Array ? source.byteLength : source.size;
    allowListing(size);
    const last = placeFile(PATH, source);
    // Without it a read that fails leaves memory as it was, and says nothing.
    Module.activate_throwing_error_handler();
    const file = new File(PATH, 'r');
    return new OpenHdf5(file, source instanceof Uint8Array ? null : last, size);
  }

  close(): void {
    this.file.close();
    FS!.unlink(PATH);
  }

  /** Every array of numbers, by its path, and what groups call themselves. */
  contents(): Hdf5Contents {
    const entries: Hdf5Entry[] = [];
    const names: Record<string, string> = {};
    const open: { readonly group: Group; readonly path: string; readonly depth: number }[] = [
      { group: this.file, path: '', depth: 0 },
    ];
    const maxEntities = Math.min(MAX_ENTITIES, FEW_ENTITIES + this.size / MIN_ENTITY_BYTES);
    let count = 0;
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { group, path, depth } = next;
      const below: typeof open = [];
      for (const key of group.keys()) {
        signOfLife();
        if (++count > maxEntities || depth > MAX_DEPTH) {
          throw new Fault('unsupported', say`its groups lead round in circles, or are too many`);
        }
        const inner = path === '' ? key : `${path}/${key}`;
        const entity = group.get(key);
        if (entity instanceof Dataset) {
          const entry = entryOf(inner, entity);
          if (entry !== null) {
            entries.push(entry);
            if (entries.length <= MAX_KEPT) this.kept.set(inner, { dataset: entity, entry });
          }
        } else if (entity instanceof Group) {
          const name = textOf(entity, 'name');
          if (name !== null) names[inner] = name;
          below.push({ group: entity, path: inner, depth: depth + 1 });
        } else if (entity !== null && 'filename' in entity) {
          throw new Fault('hostile', say`"${inner}" leads to another file`);
        }
      }
      for (const group of below.reverse()) open.push(group);
    }
    const attributes: Record<string, string> = {};
    for (const name of ROOT_ATTRIBUTES) {
      const text = textOf(this.file, name);
      if (text !== null) attributes[name] = text;
    }
    const configuration: Record<string, string> = {};
    for (const name of CONFIGURATION) {
      const text = textOf(this.file, name, MAX_ATTRIBUTE_BYTES);
      if (text !== null) configuration[name] = text;
    }
    return { entries, names, attributes, configuration };
  }

  /**
   * The elements of one array, little-endian, in C order; or where they begin in the file, if they lie there as
   * they are, and are many: whoever has the file reads them without a way through the library's memory.
   */
  read(path: string): Uint8Array | number {
    const { dataset, entry } = this.kept.get(path) ?? this.find(path);
    if (entry?.problem !== undefined || entry === null) {
      throw new Fault('unsupported', entry?.problem ?? say`"${path}" holds no numbers`);
    }
    allowReading(entry.bytes, chunkBytesOf(dataset));
    const place = this.placeOf(dataset, entry);
    if (place !== null) return place;
    const value = entry.bytes === 0 ? new Uint8Array(0) : dataset.value;
    const bytes = bytesOf(value, entry.dtype);
    if (bytes.length !== entry.bytes) throw new Fault('damaged', say`"${path}" is cut short`);
    return bytes;
  }

  private find(path: string): { readonly dataset: Dataset; readonly entry: Hdf5Entry | null } {
    const dataset = this.file.get(path);
    if (!(dataset instanceof Dataset)) throw new Fault('damaged', say`"${path}" is no array`);
    return { dataset, entry: entryOf(path, dataset) };
  }

  /**
   * HDF5 has no call in h5wasm that tells where an array lies. But one that is neither packed nor in chunks is
   * read where it lies: the places of its first and of its last element, as far apart as it is long, are it.
   */
  private placeOf(dataset: Dataset, entry: Hdf5Entry): number | null {
    const { shape, chunks, size } = dataset.metadata;
    const isPlain = chunks === null && entry.littleEndian && dataset.filters.length === 0;
    if (this.last === null || shape === null || !isPlain || entry.bytes < MIN_PLACED_BYTES)
      return null;
    const placeAt = (of: (extent: number) => number): number | null => {
      this.last!.position = null;
      dataset.slice(shape.map((extent) => [of(extent), of(extent) + 1]));
      return this.last!.position;
    };
    const [first, end] = [placeAt(() => 0), placeAt((extent) => extent - 1)];
    const isWhole = first !== null && end !== null && end - first === entry.bytes - size;
    return isWhole ? first : null;
  }
}

/** What h5wasm gives: an array of the type, a lone number, or raw bytes where it has no type for it. */
function bytesOf(value: unknown, dtype: string): Uint8Array {
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    // What h5wasm gives is a copy from the library's memory already, with a memory of its own.
    return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  }
  const Numbers = SCALARS[dtype];
  if (typeof value === 'number' && Numbers !== undefined) {
    return new Uint8Array(Numbers.of(value).buffer);
  }
  if (typeof value === 'bigint') return new Uint8Array(BigInt64Array.of(value).buffer);
  throw new Fault('unsupported', say`an array in it holds no numbers Basin reads`);
}

const SCALARS: Readonly<Record<string, { of(value: number): { readonly buffer: ArrayBuffer } }>> = {
  float64: Float64Array,
  float32: Float32Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** null for texts and the like, which are no weights. */
function entryOf(path: string, dataset: Dataset): Hdf5Entry | null {
  const { metadata } = dataset;
  const { shape, size, type } = metadata;
  if (shape === null) return null;
  const dtype = dtypeOf(type, size, metadata.signed);
  if (dtype === null) return null;
  const count = shape.reduce((product, extent) => product * extent, 1);
  const problem = problemOf(path, dataset, count * size);
  return {
    path,
    dtype,
    shape,
    bytes: count * size,
    littleEndian: metadata.littleEndian,
    ...(problem === null ? {} : { problem }),
  };
}

const MAX_BYTES = 2 ** 31;

function problemOf(path: string, dataset: Dataset, bytes: number): Message | null {
  const { virtual_sources: sources } = dataset.metadata;
  if (sources !== undefined && sources.length > 0) {
    return say`"${path}" takes its values from other files`;
  }
  if (!(bytes <= MAX_BYTES)) return say`"${path}" announces ${bytes} bytes`;
  if (!(chunkBytesOf(dataset) <= MAX_CHUNK_BYTES))
    return say`"${path}" is stored in chunks that are too large`;
  const strange = dataset.filters.find(({ id }) => !FILTERS.includes(id));
  return strange === undefined ? null : say`"${path}" is compressed by the filter ${strange.id}`;
}

/** HDF5's class of a boolean of h5py: an enumeration of one byte. */
const ENUMERATION = 8;

function dtypeOf(type: number, size: number, signed: boolean): string | null {
  if (type === NUMBER_CLASSES[1]) {
    return { 2: 'float16', 4: 'float32', 8: 'float64' }[size] ?? null;
  }
  if (type === ENUMERATION && size === 1) return 'bool';
  if (type !== NUMBER_CLASSES[0] || ![1, 2, 4, 8].includes(size)) return null;
  return `${signed ? 'int' : 'uint'}${8 * size}`;
}

function textOf(group: Group, name: string, longest = 500): string | null {
  const attribute = group.attrs[name];
  if (attribute === undefined || attribute.metadata.size > MAX_ATTRIBUTE_BYTES) return null;
  const { value } = attribute;
  return typeof value === 'string' ? value.slice(0, longest) : null;
}
