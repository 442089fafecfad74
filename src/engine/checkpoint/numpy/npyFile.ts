import { basename } from 'node:path';
import type { Checkpoint } from '../checkpoint';
import { CheckpointFile } from '../bytes/checkpointFile';
import { Fault, naming, namingAll } from '../fault';
import {
  decodeNpy,
  isNpy,
  MAX_NPY_HEADER_BYTES,
  parseNpyHeader,
  type NpyHeader,
} from './npyFormat';
import { blocks, elementsOf, pieceOf } from '../bytes/pieces';
import { say } from '../../../shared/words/message';

/**
 * A single array in a file of its own, as a file of one tensor that is called as the file is.
 *
 * @returns null when the file is no .npy file.
 * @throws InputError when it cannot be read, or is not exactly one array.
 */
export async function openNpyFile(path: string): Promise<Omit<Checkpoint, 'format'> | null> {
  const file = await CheckpointFile.open(path);
  try {
    const header = await naming(path, () => headerOf(file));
    if (header === null) await file.close();
    return header && arrayFile(file, header);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function headerOf(file: CheckpointFile): Promise<NpyHeader | null> {
  const head = await file.read(0, Math.min(file.size, MAX_NPY_HEADER_BYTES + 12));
  if (!isNpy(head)) return null;
  const header = parseNpyHeader(head);
  if (!header || header.start + header.size !== file.size) {
    throw new Fault('damaged', say`it is not as long as its header says`);
  }
  return header;
}

function arrayFile(file: CheckpointFile, header: NpyHeader): Omit<Checkpoint, 'format'> {
  const { type, layout, littleEndian, start, size } = header;
  const name = basename(file.path).replace(/\.npy$/i, '');
  return {
    path: file.path,
    size: file.size,
    tensors: new Map([[name, { name, dtype: type, shape: layout.shape, storage: '' }]]),
    step: null,
    epoch: null,
    metadata: {},
    read: () => naming(file.path, async () => decodeNpy(await file.read(0, file.size))),
    stream: () =>
      namingAll(file.path, () => {
        const read = (from: number, to: number) => file.read(from, to - from);
        return elementsOf(blocks(read, start, start + size, pieceOf(type)), type, littleEndian);
      }),
    close: () => file.close(),
  };
}
