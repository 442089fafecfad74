import { readSync } from 'node:fs';
import { FS, type Dataset } from 'h5wasm';
import { countRead, waiting } from './limits';
import type { Hdf5Source } from './weights';

/** A chunk is inflated whole. */
export const MAX_CHUNK_BYTES = 2 ** 28;
/** Deflate, shuffle, checksum: what HDF5 itself undoes, without plug-ins. */
export const FILTERS: readonly number[] = [1, 2, 3];
/** HDF5's classes of types: integers, floating point. */
export const NUMBER_CLASSES: readonly number[] = [0, 1];

/** Bytes of what is inflated at a time; 0 where nothing is. */
export function chunkBytesOf({ metadata: { chunks, size } }: Dataset): number {
  return chunks === null ? 0 : chunks.reduce((product, extent) => product * extent, size);
}

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

/** Small reads, as those of headers, are one read for many. */
const AHEAD = 2 ** 16;
/** Bytes that are read between two signs of life. */
const AT_ONCE = 2 ** 24;

/** A stream of Emscripten's file system: reads `length` bytes at `position` into `buffer` from `offset` on. */
type ReadStream = (
  stream: unknown,
  buffer: Int8Array,
  offset: number,
  length: number,
  position: number,
) => number;

interface FileNode {
  usedBytes: number;
  stream_ops: { readonly read: ReadStream };
}

/** Where in the file the library has read last. */
export interface LastRead {
  position: number | null;
}

/** Makes a file that is in memory, or a part of one that is open, appear as a file to the HDF5 library. */
export function placeFile(path: string, source: Hdf5Source): LastRead {
  const last: LastRead = { position: null };
  FS!.writeFile(path, new Uint8Array(0));
  const node = FS!.lookupPath(path, {}).node as unknown as FileNode;
  const isHeld = source instanceof Uint8Array;
  const size = isHeld ? source.byteLength : source.size;
  const fill = isHeld ? filledFrom(source) : filledFromDisk(source);
  const read: ReadStream = (_, buffer, offset, length, position) => {
    last.position = position;
    const count = Math.max(0, Math.min(length, size - position));
    countRead(count);
    fill(buffer.subarray(offset, offset + count), position);
    return count;
  };
  node.usedBytes = size;
  node.stream_ops = { ...node.stream_ops, read };
  return last;
}

/** Fills `into` with the bytes of the file from `position` on. */
type Fill = (into: Int8Array | Uint8Array, position: number) => void;

function filledFrom(source: Uint8Array): Fill {
  return (into, position) => {
    into.set(source.subarray(position, position + into.byteLength));
  };
}

/** What the library needs is read straight into its memory. */
function filledFromDisk({ descriptor, start, size }: Exclude<Hdf5Source, Uint8Array>): Fill {
  let ahead = new Uint8Array(0);
  let aheadStart = 0;
  const fill: Fill = (bytes, position) => {
    let done = 0;
    while (done < bytes.byteLength) {
      const count = Math.min(AT_ONCE, bytes.byteLength - done);
      const from = start + position + done;
      const read = waiting(() => readSync(descriptor, bytes, done, count, from));
      if (read === 0) throw new Error('the file ends before its data');
      done += read;
    }
  };
  return (into, position) => {
    const count = into.byteLength;
    if (count >= AHEAD) {
      fill(into, position);
      return;
    }
    const isAhead = position >= aheadStart && position + count <= aheadStart + ahead.length;
    if (!isAhead) {
      const bytes = new Uint8Array(Math.min(AHEAD, size - position));
      fill(bytes, position);
      [ahead, aheadStart] = [bytes, position];
    }
    into.set(ahead.subarray(position - aheadStart, position - aheadStart + count));
  };
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
