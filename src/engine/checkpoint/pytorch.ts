import type { CheckpointFormat } from '../../shared/result';
import type { Tensor } from '../tensor';
import type { Checkpoint, TensorEntry } from './checkpoint';
import type { CheckpointFile } from './checkpointFile';
import { decode } from './elements';
import { Fault, naming, namingAll } from './fault';
import { metadataOf } from './metadata';
import { unpickle, type PickleValue } from './pickle';
import { elementsOf, fillsItsExtent, pieceOf } from './pieces';
import { PYTORCH, type StorageReference, type TensorReference } from './pytorchPickle';
import { trainingPosition } from './trainingPosition';
import { weightsOf } from './weights';
import type { ZipArchive } from './zip';

const MOST_HEADER_BYTES = 64 * 2 ** 20;

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
  const header = archive.entries().find(({ name }) => isHeader(name));
  if (!header) throw new Fault('damaged', 'data.pkl is missing in it');
  const top = header.name.slice(0, -'data.pkl'.length);
  const bytes = await archive.read(header.name, MOST_HEADER_BYTES);
  const { value: root, end } = unpickle(bytes, PYTORCH);
  if (end !== bytes.length) throw new Fault('damaged', 'something follows its pickled header');

  const littleEndian = await isLittleEndian(archive, `${top}byteorder`);
  const entryName = (storage: StorageReference) => `${top}data/${storage.key}`;
  return pytorchCheckpoint(file, 'pytorch', root, weights, littleEndian, {
    check(storage) {
      const entry = archive.entry(entryName(storage));
      if (!entry) throw new Fault('damaged', `its storage ${storage.key} is missing`);
      if (entry.size < storage.start + storage.size) {
        throw new Fault('damaged', `its storage ${storage.key} is shorter than announced`);
      }
    },
    read: (storage, start, end) => archive.readRange(entryName(storage), start, end),
    blocks: (storage, start, end, length) => archive.blocks(entryName(storage), start, end, length),
  });
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
    throw new Fault('damaged', 'its byte order is neither little nor big');
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

/** The checkpoint of an unpickled header, whichever container it came in. */
export function pytorchCheckpoint(
  file: CheckpointFile,
  format: CheckpointFormat,
  root: PickleValue,
  choice: string | undefined,
  littleEndian: boolean,
  storages: Storages,
): Checkpoint {
  const weights = weightsOf(root, choice);
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
    if (!tensor) throw new Fault('missing', `it has no tensor \`${name}\``);
    return tensor;
  };
  const read = async (tensor: TensorReference): Promise<Tensor> => {
    const [start, end] = tensor.span;
    const bytes = await storages.read(tensor.storage, start, end);
    return decode(bytes, tensor.type, tensor, littleEndian);
  };
  const parts = [weights.path, ...weights.variants].map((path) => path.split('.', 1)[0]!);
  const metadata = metadataOf(root, new Set(parts));
  return {
    path: file.path,
    format,
    size: file.size,
    tensors,
    variants: weights.variants,
    ...trainingPosition(file.path, metadata),
    metadata,
    read: (name) => naming(file.path, () => read(find(name))),
    stream: (name) =>
      namingAll(file.path, async function* () {
        const tensor = find(name);
        if (!fillsItsExtent(tensor)) {
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

function storageName({ storage, type, offset, strides }: TensorReference): string {
  return `${storage.key}+${storage.start}:${type}+${offset}[${strides.join()}]`;
}
