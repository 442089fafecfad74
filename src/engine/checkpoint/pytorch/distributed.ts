import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sameShape, sizeOf } from '../../tensor';
import { placeBox } from './box';
import { Budget } from '../bytes/budget';
import type { Checkpoint } from '../checkpoint';
import { CheckpointFile } from '../bytes/checkpointFile';
import { bytesPerElement, isElementType, stridesC, type ElementType } from '../bytes/elements';
import { Fault } from '../fault';
import { unpickle } from './pickle';
import {
  attributesOf,
  isCount,
  isCounts,
  PickleGlobal,
  PickleObject,
  type PickleDictionary,
  type PickleValue,
} from './pickleValue';
import { pytorchCheckpoint, readPytorch, type Storages } from './pytorch';
import { PYTORCH, StorageReference, TensorReference } from './pytorchPickle';
import { isBaseName } from '../formats/shardIndex';
import { ZipArchive } from '../bytes/zip';
import { say } from '../../../shared/words/message';

/** The index of a distributed checkpoint, in its folder. */
export const DISTRIBUTED_INDEX = '.metadata';

const METADATA = 'torch.distributed.checkpoint.metadata.';
const MAX_INDEX_BYTES = 256 * 2 ** 20;
const MAX_AXES = 64;
/** Values beside the weights, such as an epoch: each is a part of a file that is read. */
const MAX_VALUES = 16;
const MAX_VALUE_BYTES = 16 * 1024;

/** Whether a pickle is such an index, by its first bytes. */
export function isDistributedIndex(head: Uint8Array): boolean {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 128)).toString(
    'latin1',
  );
  return text.includes('torch.distributed.checkpoint.metadata');
}

/** Where something is in the folder. */
interface Part {
  readonly file: string;
  readonly start: number;
  readonly size: number;
  /** Whether it went through an extension that packs or encrypts. */
  readonly isTransformed: boolean;
}

/** One box of a tensor, as one rank had it. */
interface Chunk {
  readonly offsets: readonly number[];
  readonly sizes: readonly number[];
  readonly part: Part;
}

interface CutTensor {
  readonly reference: TensorReference;
  readonly shape: readonly number[];
  /** Together as many elements as the tensor. */
  readonly chunks: readonly Chunk[];
}

/**
 * Opens a distributed checkpoint of PyTorch: `.metadata`, a pickle of what is where, and a file for
 * each rank (`__0_0.distcp`) with what it had of each tensor, as `torch.save` writes it. Tensors that
 * several ranks had are put together when they are read; each is in memory once, with one box of it.
 *
 * Source: torch/distributed/checkpoint/metadata.py, filesystem.py, default_planner.py.
 *
 * @param file the `.metadata`. @param weights where the weights are; see `weightsOf`.
 * @throws Fault when a file or a box of a tensor is missing.
 */
export async function openDistributed(
  file: CheckpointFile,
  weights: string | undefined,
): Promise<Checkpoint> {
  if (file.size > MAX_INDEX_BYTES) throw new Fault('unsupported', say`it is too long for an index`);
  const budget = new Budget(file.size);
  const { value, calls } = unpickle(await file.read(0, file.size), PYTORCH, 0, budget);
  const index = fieldsOf(value, 'Metadata');
  const described = index.get('state_dict_metadata');
  const stored = index.get('storage_data');
  if (!(described instanceof Map) || !(stored instanceof Map)) throw senseless();
  const parts = partsOf(stored, budget);
  const planned = index.get('planner_data');
  const folder = new PartFolder(dirname(file.path));

  const root: PickleDictionary = new Map();
  const tensors = new Map<string, CutTensor>();
  const values: { readonly place: readonly string[]; readonly part: Part }[] = [];
  for (const [name, what] of described) {
    if (typeof name !== 'string') throw senseless();
    budget.visit(1);
    const place = placeOf(name, planned instanceof Map ? planned.get(name) : undefined);
    if (isOf(what, 'BytesStorageMetadata')) {
      const part = parts.get(name)?.get('');
      if (part !== undefined && isValue(place, part)) values.push({ place, part });
      continue;
    }
    const tensor = tensorOf(name, fieldsOf(what, 'TensorStorageMetadata'), parts.get(name), budget);
    tensors.set(name, tensor);
    put(root, place, tensor.reference, budget);
  }
  const files = [
    ...new Set([...parts.values()].flatMap((of) => [...of.values()]).map((p) => p.file)),
  ];
  const size = await folder.check(files, parts);
  for (const { place, part } of values.slice(0, MAX_VALUES)) {
    const plain = await valueIn(folder, part);
    if (plain !== undefined) put(root, place, plain, budget);
  }
  const checkpoint = await pytorchCheckpoint(
    file,
    'pytorch-distributed',
    { root, calls, budget },
    weights,
    true,
    storagesOf(folder, tensors),
  );
  return {
    ...checkpoint,
    size: file.size + size,
    files: [file.path, ...files.map((name) => folder.pathOf(name))],
  };
}

function senseless(): Fault {
  return new Fault('damaged', say`what it says of its tensors makes no sense`);
}

function isOf(value: PickleValue | undefined, name: string): value is PickleObject {
  return value instanceof PickleObject && value.path === METADATA + name;
}

function fieldsOf(
  value: PickleValue | undefined,
  name: string,
): ReadonlyMap<PickleValue, PickleValue> {
  const fields = isOf(value, name) ? attributesOf(value) : null;
  if (fields !== null) return fields;
  throw new Fault(
    'unsupported',
    say`it is no index of a distributed checkpoint`,
    say`check the path`,
  );
}

/** Tensor → offsets of a box in it, or '' → where that is. */
function partsOf(stored: PickleDictionary, budget: Budget): Map<string, Map<string, Part>> {
  const parts = new Map<string, Map<string, Part>>();
  for (const [key, info] of stored) {
    budget.visit(1);
    const index = fieldsOf(key, 'MetadataIndex');
    const place = info instanceof PickleObject ? attributesOf(info) : null;
    const [name, offset] = [index.get('fqn'), index.get('offset')];
    const [file, start, size] = ['relative_path', 'offset', 'length'].map((f) => place?.get(f));
    if (typeof name !== 'string' || typeof file !== 'string' || !isCount(start) || !isCount(size)) {
      throw senseless();
    }
    if (!isBaseName(file)) {
      throw new Fault('hostile', say`it names a file that is not in its own folder (${file})`);
    }
    const transforms = place?.get('transform_descriptors');
    const isTransformed = Array.isArray(transforms) && transforms.length > 0;
    const own = parts.get(name) ?? new Map<string, Part>();
    own.set(isCounts(offset) ? offset.join() : '', { file, start, size, isTransformed });
    parts.set(name, own);
  }
  return parts;
}

/** Keys from the root. Names are these joined by dots, unless they were planned. */
function placeOf(name: string, planned: PickleValue | undefined): readonly string[] {
  if (!Array.isArray(planned) || planned.length === 0 || planned.length > MAX_AXES) return [name];
  const keys = planned.map((key) => (typeof key === 'number' ? String(key) : key));
  return keys.every((key) => typeof key === 'string') ? keys : [name];
}

/** Puts a value where its keys lead, in dictionaries that are made on the way. */
function put(
  root: PickleDictionary,
  place: readonly string[],
  value: PickleValue,
  budget: Budget,
): void {
  let below = root;
  place.slice(0, -1).forEach((key, depth) => {
    const found = below.get(key);
    if (found instanceof Map) {
      below = found;
      return;
    }
    budget.make(200);
    const next: PickleDictionary = new Map();
    below.set(found === undefined ? key : place.slice(0, depth + 1).join('.'), next);
    below = next;
  });
  budget.make(48);
  below.set(place.at(-1)!, value);
}

function tensorOf(
  name: string,
  fields: ReadonlyMap<PickleValue, PickleValue>,
  parts: ReadonlyMap<string, Part> | undefined,
  budget: Budget,
): CutTensor {
  const [shape, boxes] = [fields.get('size'), fields.get('chunks')];
  if (!isCounts(shape) || !Array.isArray(boxes)) throw senseless();
  const type = typeOf(fields.get('properties'), name);
  const total = sizeOf(shape);
  if (!Number.isSafeInteger(total * 16)) throw senseless();
  let covered = 0;
  const chunks: Chunk[] = [];
  for (const box of boxes) {
    budget.visit(1 + shape.length);
    const own = fieldsOf(box, 'ChunkStorageMetadata');
    const [offsets, sizes] = [own.get('offsets'), own.get('sizes')];
    if (!isCounts(offsets) || !isCounts(sizes) || !isInside(offsets, sizes, shape))
      throw senseless();
    if (sizes.includes(0) && chunks.length < boxes.length - 1) continue;
    const part = parts?.get(offsets.join()) ?? parts?.get('');
    if (part === undefined) {
      throw new Fault('damaged', say`it does not say where all of its tensor \`${name}\` is`);
    }
    covered += sizeOf(sizes);
    chunks.push({ offsets, sizes, part });
  }
  if (covered !== total) {
    throw new Fault('damaged', say`its tensor \`${name}\` has ${covered} of ${total} elements`);
  }
  const storage = new StorageReference(name, type, total * bytesPerElement(type));
  return {
    reference: new TensorReference(storage, type, shape, 0, stridesC(shape)),
    shape,
    chunks,
  };
}

function isInside(
  offsets: readonly number[],
  sizes: readonly number[],
  shape: readonly number[],
): boolean {
  return (
    offsets.length === shape.length &&
    sizes.length === shape.length &&
    shape.every((extent, axis) => offsets[axis]! + sizes[axis]! <= extent)
  );
}

function typeOf(properties: PickleValue | undefined, name: string): ElementType {
  const state = properties instanceof PickleObject ? properties.state : null;
  // Older versions have a dictionary of fields, newer ones a tuple that begins with the type.
  const dtype = Array.isArray(state) ? state[0] : state instanceof Map ? state.get('dtype') : null;
  if (dtype instanceof PickleGlobal && isElementType(dtype.name)) return dtype.name;
  throw new Fault(
    'unsupported',
    say`its tensor \`${name}\` has an element type Basin does not know`,
    say`convert the weights to float32 and save again`,
  );
}

/** Whether something beside the tensors is worth a look: `epoch`, and no settings of an optimizer. */
function isValue(place: readonly string[], { size }: Part): boolean {
  return place.length <= 2 && size <= MAX_VALUE_BYTES && !/^optim|scheduler/.test(place[0]!);
}

/** The value that a part holds; undefined where it is no plain one. */
async function valueIn(folder: PartFolder, part: Part): Promise<PickleValue | undefined> {
  return folder
    .reading(part, async (archive) => {
      const { root } = (await readPytorch(archive)).pickled;
      return typeof root === 'object' && !(root instanceof PickleObject) ? undefined : root;
    })
    .catch((error: unknown) => {
      // It is no part of the weights.
      if (error instanceof Fault && error.reason !== 'hostile') return undefined;
      throw error;
    });
}

/** Files of ranks, each open only while something in it is read: there may be thousands. */
class PartFolder {
  private readonly sizes = new Map<string, number>();

  constructor(private readonly folder: string) {}

  pathOf(name: string): string {
    return join(this.folder, name);
  }

  /** @returns bytes of all files. @throws Fault when one is missing or too short. */
  async check(
    names: readonly string[],
    parts: ReadonlyMap<string, ReadonlyMap<string, Part>>,
  ): Promise<number> {
    for (const name of names) {
      const found = await stat(this.pathOf(name)).catch(() => null);
      if (found?.isFile() !== true) {
        throw new Fault(
          'damaged',
          say`its part ${name} is missing`,
          say`copy the whole folder again`,
        );
      }
      this.sizes.set(name, found.size);
    }
    for (const of of parts.values()) {
      for (const { file, start, size } of of.values()) {
        if (start + size > this.sizes.get(file)!) {
          throw new Fault(
            'damaged',
            say`its part ${file} is cut short`,
            say`copy the whole folder again`,
          );
        }
      }
    }
    return [...this.sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  /** Runs `read` on what `torch.save` wrote into a part. */
  async reading<T>(
    { file: name, start, size, isTransformed }: Part,
    read: (archive: ZipArchive) => Promise<T>,
  ): Promise<T> {
    if (isTransformed) {
      throw new Fault(
        'unsupported',
        say`its part ${name} went through an extension that packs it`,
        say`save it without extensions`,
      );
    }
    const file = await CheckpointFile.open(this.pathOf(name));
    try {
      if (file.size !== this.sizes.get(name)) {
        throw new Fault(
          'damaged',
          say`its part ${name} changed while it was being read`,
          say`try again`,
        );
      }
      return await read(await ZipArchive.open(file.slice(start, size)));
    } finally {
      await file.close();
    }
  }
}

function storagesOf(folder: PartFolder, tensors: ReadonlyMap<string, CutTensor>): Storages {
  const read = async ({ key, type, size }: StorageReference) => {
    const width = bytesPerElement(type);
    const whole = new Uint8Array(size);
    const { shape, chunks: boxes } = tensors.get(key)!;
    // Boxes have as many elements as the tensor: where each element has been met, none was met twice.
    const met = boxes.length > 1 ? new Uint8Array(size / width) : null;
    for (const { offsets, sizes, part } of boxes) {
      await folder.reading(part, async (archive) => {
        const { pickled, littleEndian, storages } = await readPytorch(archive);
        const { root } = pickled;
        if (
          !(root instanceof TensorReference) ||
          root.type !== type ||
          !sameShape(root.shape, sizes)
        ) {
          throw new Fault('damaged', say`a box of its tensor \`${key}\` is not in ${part.file}`);
        }
        if (!littleEndian && width > 1) {
          throw new Fault('unsupported', say`it was written by a machine of the other byte order`);
        }
        storages.check(root.storage);
        const bytes = await storages.read(root.storage, ...root.span);
        placeBox({ bytes, strides: root.strides }, sizes, whole, shape, offsets, width, met);
      });
    }
    if (met?.includes(0) === true) {
      throw new Fault('damaged', say`boxes of its tensor \`${key}\` lie upon each other`);
    }
    return whole;
  };
  const range = async (storage: StorageReference, start: number, end: number) => {
    const whole = await read(storage);
    return start === 0 && end === whole.length ? whole : whole.slice(start, end);
  };
  return {
    check: () => undefined,
    read: range,
    async *blocks(storage, start, end, length) {
      const bytes = await range(storage, start, end);
      for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length);
    },
  };
}
