import type { CheckpointFormat } from '../../../shared/result';
import { say, type Message } from '../../../shared/words/message';
import type { Tensor } from '../../tensor';
import type { Checkpoint, TensorEntry } from '../checkpoint';
import type { CheckpointFile } from '../bytes/checkpointFile';
import { Budget } from '../bytes/budget';
import { decode } from '../bytes/elements';
import { Fault, naming, namingAll, printableValue } from '../fault';
import { metadataOf, plainOf } from '../metadata';
import { unpickle } from './pickle';
import type { PickleValue } from './pickleValue';
import { elementsOf, fillsItsExtent, pieceOf } from '../bytes/pieces';
import { PYTORCH, type StorageReference, type TensorReference } from './pytorchPickle';
import { dequantised } from './quantization';
import { optimizerOf } from './optimizer';
import { secondMomentsOf } from './secondMoments';
import { isPosition, trainingPosition } from '../trainingPosition';
import { weightsOf } from './weights';
import type { ZipArchive } from '../bytes/zip';

const MAX_HEADER_BYTES = 64 * 2 ** 20;
/** torch.save packs nothing; who packs it again makes a tenth of it. */
const MIN_HEADER_BYTES = 8 * 2 ** 20;
const MAX_PACKING = 32;

/** What a file of `torch.save` holds, and how its storages are read. */
export interface PytorchFile {
  readonly pickled: PickledHeader;
  readonly littleEndian: boolean;
  readonly storages: Storages;
}

/**
 * Opens what `torch.save` has written since PyTorch 1.6: a zip archive with the pickle `data.pkl`
 * and an entry for each storage. Reads the archive's directory and the pickle.
 *
 * @param weights where the weights are in the file; see `weightsOf`.
 * @throws Fault
 */
export async function openPytorch(
  file: CheckpointFile,
  archive: ZipArchive,
  weights: string | undefined,
): Promise<Checkpoint> {
  const { pickled, littleEndian, storages } = await readPytorch(archive);
  return pytorchCheckpoint(file, 'pytorch', pickled, weights, littleEndian, storages);
}

/** The header of a file that `torch.save` wrote as a zip archive. @throws Fault */
export async function readPytorch(archive: ZipArchive): Promise<PytorchFile> {
  const header = archive.entries().find(({ name }) => isHeader(name));
  if (!header) throw new Fault('damaged', say`data.pkl is missing in it`);
  const top = header.name.slice(0, -'data.pkl'.length);
  const stored = header.stored;
  const most = Math.min(MAX_HEADER_BYTES, MIN_HEADER_BYTES + MAX_PACKING * stored);
  const bytes = await archive.read(header.name, most);
  const budget = new Budget(stored);
  const { value: root, end, calls } = unpickle(bytes, PYTORCH, 0, budget);
  if (end !== bytes.length) throw new Fault('damaged', say`something follows its pickled header`);

  const littleEndian = await isLittleEndian(archive, `${top}byteorder`);
  const entryName = (storage: StorageReference) => `${top}data/${storage.key}`;
  return {
    pickled: { root, calls, budget },
    littleEndian,
    storages: {
      check(storage) {
        const entry = archive.entry(entryName(storage));
        if (!entry) throw new Fault('damaged', say`its storage ${storage.key} is missing`);
        if (entry.size < storage.start + storage.size) {
          throw new Fault('damaged', say`its storage ${storage.key} is shorter than announced`);
        }
      },
      read: (storage, start, end) => archive.readRange(entryName(storage), start, end),
      blocks: (storage, start, end, length) =>
        archive.blocks(entryName(storage), start, end, length),
    },
  };
}

/** Whether an entry of a zip archive is the pickle that makes it a PyTorch file. */
export function isHeader(name: string): boolean {
  return /^([^/]+\/)?data\.pkl$/.test(name);
}

async function isLittleEndian(archive: ZipArchive, name: string): Promise<boolean> {
  if (!archive.entry(name)) {
    // Files older than PyTorch 2.1 do not say, and are little-endian on all but odd machines. In
    // younger ones a damaged list of entries may have hidden it: its name is still in its place.
    const others = archive.entries().filter((entry) => !entry.name.includes('/data/'));
    for (const other of others) await archive.peek(other.name, 1);
    return true;
  }
  const order = new TextDecoder().decode(await archive.read(name, 64));
  if (order !== 'little' && order !== 'big') {
    throw new Fault('damaged', say`its byte order is neither little nor big`);
  }
  return order === 'little';
}

/** Where the bytes of a PyTorch file's storages are. */
export interface Storages {
  /** @throws Fault when the storage is not there in full; reads nothing. */
  check(storage: StorageReference): void;
  /** Bytes `start` to `end` of the block the storage lies in. */
  read(storage: StorageReference, start: number, end: number): Promise<Uint8Array>;
  /** The same, in blocks of `length` bytes. */
  blocks(
    storage: StorageReference,
    start: number,
    end: number,
    length: number,
  ): AsyncIterable<Uint8Array>;
}

/** What unpickling a header has given. */
export interface PickledHeader {
  readonly root: PickleValue;
  /** What Python would call; by name. */
  readonly calls: ReadonlyMap<string, string | Message>;
  /** What is left of it is for looking at the values. */
  readonly budget: Budget;
}

/** Bytes of a storage that is read to know one number in it. */
const MAX_NUMBER_BYTES = 4096;

/** The checkpoint of an unpickled header, whichever container it came in. */
export async function pytorchCheckpoint(
  file: CheckpointFile,
  format: CheckpointFormat,
  { root, calls, budget }: PickledHeader,
  choice: string | undefined,
  littleEndian: boolean,
  storages: Storages,
): Promise<Checkpoint> {
  const weights = weightsOf(root, choice, budget);
  const tensors = new Map<string, TensorEntry>();
  for (const [name, tensor] of weights.tensors) {
    storages.check(tensor.storage);
    tensors.set(name, {
      name,
      dtype: tensor.type,
      shape: tensor.shape,
      storage: storageName(tensor),
    });
  }
  const find = (name: string): TensorReference => {
    const tensor = weights.tensors.get(name);
    if (!tensor) throw new Fault('missing', say`it has no tensor \`${name}\``);
    return tensor;
  };
  const read = async (tensor: TensorReference): Promise<Tensor> => {
    const [start, end] = tensor.span;
    const bytes = await storages.read(tensor.storage, start, end);
    const stored = decode(bytes, tensor.type, tensor, littleEndian);
    const { quantizer } = tensor;
    if (quantizer === undefined) return stored;
    if (quantizer.kind === 'tensor') return dequantised(stored, quantizer);
    const [scales, zeros] = [await read(quantizer.scales), await read(quantizer.zeros)];
    return dequantised(stored, { ...quantizer, scales, zeros });
  };
  const parts = [weights.path, ...weights.variants].map((path) => path.split('.', 1)[0]!);
  const found = metadataOf(root, new Set(parts));
  const metadata = { ...found.plain };
  for (const [key, tensor] of found.tensors) {
    if (weights.tensors.has(key) && !isPosition(key)) continue;
    if (tensor.storage.size > MAX_NUMBER_BYTES) continue;
    storages.check(tensor.storage);
    const plain = plainOf((await read(tensor)).data[0] ?? null);
    if (plain !== undefined) metadata[key] = plain;
  }
  return {
    path: file.path,
    format,
    size: file.size,
    tensors,
    variants: weights.variants,
    part: weights.path,
    ...(await trainingPosition(file.path, metadata)),
    ...callWarnings(calls),
    metadata,
    optimizer: optimizerOf(root),
    secondMoments: () =>
      naming(file.path, () =>
        secondMomentsOf(root, async (tensor) => {
          storages.check(tensor.storage);
          return read(tensor);
        }),
      ),
    read: (name) => naming(file.path, () => read(find(name))),
    stream: (name) =>
      namingAll(file.path, async function* () {
        const tensor = find(name);
        if (tensor.quantizer !== undefined || !fillsItsExtent(tensor)) {
          yield await read(tensor);
          return;
        }
        const [start, end] = tensor.span;
        const source = storages.blocks(tensor.storage, start, end, pieceOf(tensor.type));
        yield* elementsOf(source, tensor.type, littleEndian);
      }),
    close: () => file.close(),
  };
}

const MAX_NAMED = 6;

/** What Python would do that Basin does not. */
function callWarnings(calls: ReadonlyMap<string, string | Message>): Pick<Checkpoint, 'warnings'> {
  if (calls.size === 0) return {};
  const named = [...calls.values()]
    .slice(0, MAX_NAMED)
    .map((call) => printableValue(call, MAX_CALL_LENGTH));
  const rest = calls.size - named.length;
  const list = rest > 0 ? say`${named} and ${rest} more` : named;
  return {
    warnings: [
      say`Python would call ${list} when it opens this file whole; Basin called nothing and kept the names alone.`,
    ],
  };
}

const MAX_CALL_LENGTH = 100;

function storageName({ storage, type, offset, strides }: TensorReference): string {
  return `${storage.key}+${storage.start}:${type}+${offset}[${strides.join()}]`;
}
