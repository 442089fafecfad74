import { FS } from 'h5wasm';

/** A chunk is inflated whole. */
export const MAX_CHUNK_BYTES = 2 ** 28;
/** Deflate, shuffle, checksum: what HDF5 itself undoes, without plug-ins. */
export const FILTERS: readonly number[] = [1, 2, 3];
/** HDF5's classes of types: integers, floating point. */
export const NUMBER_CLASSES: readonly number[] = [0, 1];

/** Devices, and links to what is open, among them the standard input of the process. */
const SPECIAL_FOLDERS = ['/dev', '/proc/self', '/proc'];

/**
 * Leaves no file in the memory the HDF5 library takes for a disk, not even a device, that an external
 * or virtual dataset could name.
 */
export function emptyFileSystem(): void {
  for (const folder of SPECIAL_FOLDERS) {
    if (!FS!.analyzePath(folder, false).exists) continue;
    for (const name of FS!.readdir(folder)) {
      if (name === '.' || name === '..') continue;
      const path = `${folder}/${name}`;
      const isGone = attempt(() => {
        FS!.unlink(path);
      });
      if (!isGone) {
        attempt(() => {
          FS!.rmdir(path);
        });
      }
    }
  }
}

/** The file system throws what is no Error; what cannot be removed is a folder that is mounted. */
export function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
