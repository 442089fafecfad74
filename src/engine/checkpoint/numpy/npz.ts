import type { Tensor } from '../../tensor';
import type { Checkpoint, TensorEntry } from '../checkpoint';
import type { CheckpointFile } from '../bytes/checkpointFile';
import { decode } from '../bytes/elements';
import { Fault, naming, namingAll } from '../fault';
import { MAX_NPY_HEADER_BYTES, parseNpyHeader, UnreadArray, type NpyHeader } from './npyFormat';
import { elementsOf, pieceOf } from '../bytes/pieces';
import { trainingPosition } from '../trainingPosition';
import type { ZipArchive } from '../bytes/zip';
import { say } from '../../../shared/words/message';

/** NumPy pads headers to 64 bytes; nearly every array's fits in twice that. */
const USUAL_HEADER_BYTES = 256;
const SUFFIX = '.npy';

/** Whether an archive holds arrays and nothing else. */
export function isNpz(archive: ZipArchive): boolean {
  const entries = archive.entries();
  return entries.length > 0 && entries.every(({ name }) => name.endsWith(SUFFIX));
}

/**
 * Opens what `numpy.savez` or `savez_compressed` wrote; reads the headers of its arrays.
 *
 * @throws Fault
 */
export async function openNpz(file: CheckpointFile, archive: ZipArchive): Promise<Checkpoint> {
  const tensors = new Map<string, TensorEntry>();
  const headers = new Map<string, NpyHeader>();
  for (const { name: entry } of archive.entries()) {
    const name = entry.slice(0, -SUFFIX.length);
    tensors.set(name, { name, ...(await describe(archive, entry, headers)), storage: entry });
  }
  return {
    path: file.path,
    format: 'npz',
    size: file.size,
    tensors,
    ...(await trainingPosition(file.path, {})),
    metadata: {},
    read: (name) => naming(file.path, () => readNpzArray(archive, name, headers)),
    stream: (name) =>
      namingAll(file.path, async function* () {
        const entry = entryOf(archive, name);
        const { type, littleEndian, start, size } = await headerOf(archive, entry);
        const source = archive.blocks(entry, start, start + size, pieceOf(type));
        yield* elementsOf(source, type, littleEndian);
      }),
    close: () => file.close(),
  };
}

/**
 * Reads one array of an archive, by its name without `.npy`.
 *
 * @param known headers that have been read.
 * @throws Fault when it is not there, or is not as long as its header says.
 */
export async function readNpzArray(
  archive: ZipArchive,
  name: string,
  known: ReadonlyMap<string, NpyHeader> = new Map(),
): Promise<Tensor> {
  const entry = entryOf(archive, name);
  // The header bounds what is unpacked before any of it is.
  const header = known.get(entry) ?? (await headerOf(archive, entry));
  const { type, layout, littleEndian, start, size } = header;
  return decode(await archive.readRange(entry, start, start + size), type, layout, littleEndian);
}

/** Type and shape of an array, also of one that is not read. */
async function describe(
  archive: ZipArchive,
  entry: string,
  headers: Map<string, NpyHeader>,
): Promise<Pick<TensorEntry, 'dtype' | 'shape'>> {
  try {
    const header = await headerOf(archive, entry);
    headers.set(entry, header);
    const { type, layout } = header;
    return { dtype: type, shape: layout.shape };
  } catch (error) {
    if (!(error instanceof UnreadArray)) throw error;
    return { dtype: error.code, shape: error.shape };
  }
}

/** The entry of an array, by its name without `.npy`. @throws Fault when it is not there. */
export function entryOf(archive: ZipArchive, name: string): string {
  const entry = archive.entry(name + SUFFIX);
  if (entry) return entry.name;
  const names = archive
    .entries()
    .slice(0, 10)
    .map((other) => other.name.replace(/\.npy$/, ''));
  throw new Fault('missing', say`it has no array \`${name}\``, say`it holds ${names.join(', ')}`);
}

/** The header of the array in an entry. @throws Fault when there is none, or its length is wrong. */
export async function headerOf(archive: ZipArchive, entry: string): Promise<NpyHeader> {
  for (const length of [USUAL_HEADER_BYTES, MAX_NPY_HEADER_BYTES + 12]) {
    const header = parseNpyHeader(await archive.peek(entry, length));
    if (!header) continue;
    if (header.start + header.size !== archive.entry(entry)?.size) {
      throw new Fault('damaged', say`its ${entry} is not as long as its header says`);
    }
    return header;
  }
  throw new Fault('damaged', say`its ${entry} ends within its header`);
}
