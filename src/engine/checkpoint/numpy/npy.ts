import { resolve } from 'node:path';
import type { Tensor } from '../../tensor';
import { CheckpointFile } from '../bytes/checkpointFile';
import { Fault, naming } from '../fault';
import {
  decodeNpy,
  isNpy,
  MAX_NPY_HEADER_BYTES,
  parseNpyHeader,
  type NpyHeader,
} from './npyFormat';
import { isNpz, readNpzArray } from './npz';
import { isZip, ZipArchive } from '../bytes/zip';
import { say } from '../../../shared/words/message';

/**
 * Reads the array a configuration names: `FILE.npy`, or `FILE.npz#NAME`. The name may be left out
 * where the file holds one array only.
 *
 * @param folder what a relative FILE is relative to.
 * @throws InputError when file or array are missing, damaged, or of a kind that is not read.
 */
export async function readArray(spec: string, folder: string): Promise<Tensor> {
  return withArray(spec, folder, async (file, place) =>
    place.kind === 'file'
      ? decodeNpy(await file.read(0, file.size))
      : readNpzArray(place.archive, place.name),
  );
}

/** The array a configuration names in an open file: all of the file, or one of an archive. */
export type ArrayPlace =
  | { readonly kind: 'file'; readonly header: NpyHeader }
  | { readonly kind: 'archive'; readonly archive: ZipArchive; readonly name: string };

/** Opens the file of an array, as `readArray` names it, for as long as `work` takes. */
export async function withArray<T>(
  spec: string,
  folder: string,
  work: (file: CheckpointFile, place: ArrayPlace) => Promise<T>,
): Promise<T> {
  const hash = spec.lastIndexOf('#');
  const path = resolve(folder, hash < 0 ? spec : spec.slice(0, hash));
  const name = hash < 0 ? null : spec.slice(hash + 1);
  const file = await CheckpointFile.open(path);
  try {
    return await naming(path, async () => work(file, await placeOf(file, name)));
  } finally {
    await file.close();
  }
}

async function placeOf(file: CheckpointFile, name: string | null): Promise<ArrayPlace> {
  const head = await file.read(0, Math.min(file.size, MAX_NPY_HEADER_BYTES + 12));
  if (isNpy(head)) {
    if (name !== null) {
      throw new Fault(
        'invalid',
        say`it is a single array`,
        say`leave out "#${name}" behind its name`,
      );
    }
    const header = parseNpyHeader(head);
    if (!header || header.start + header.size !== file.size) {
      throw new Fault('damaged', say`it is not as long as its header says`);
    }
    return { kind: 'file', header };
  }
  const archive = isZip(head) ? await ZipArchive.open(file) : null;
  if (!archive || !isNpz(archive)) {
    throw new Fault('unsupported', say`it is neither .npy nor .npz`, say`save it with numpy.savez`);
  }
  const names = archive.entries().map((entry) => entry.name.replace(/\.npy$/, ''));
  if (name === null && names.length !== 1) {
    throw new Fault(
      'invalid',
      say`it holds several arrays (${names.slice(0, 10).join(', ')})`,
      say`name one of them behind the file’s name and "#"`,
    );
  }
  return { kind: 'archive', archive, name: name ?? names[0]! };
}
