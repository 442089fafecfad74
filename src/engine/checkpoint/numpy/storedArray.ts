import { createHash, randomUUID } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { sizeOf, type Tensor } from '../../tensor';
import { writingTo } from '../../writing';
import type { CheckpointFile } from '../bytes/checkpointFile';
import { bytesPerElement, decode, stridesC, type ElementType } from '../bytes/elements';
import { Fault, named } from '../fault';
import { withArray } from './npy';
import type { NpyHeader } from './npyFormat';
import { entryOf, headerOf } from './npz';
import type { ZipArchive } from '../bytes/zip';
import { say } from '../../../shared/words/message';

/** Where the elements of an array lie in a file: what is needed to read some rows at a time. */
export interface StoredArray {
  readonly path: string;
  /** Bytes of the file, and when it was written last: another file is not read. */
  readonly size: number;
  readonly modified: number;
  /** Bytes before the first element. */
  readonly start: number;
  readonly type: ElementType;
  readonly littleEndian: boolean;
  readonly shape: readonly number[];
  /** Whether the first axis is the fastest. */
  readonly isFortran: boolean;
}

export interface LocateOptions {
  /** Where arrays that are packed are unpacked to. */
  readonly unpacked: string;
  readonly signal?: AbortSignal | undefined;
}

/** What is left free on a disk that an array is unpacked to. */
const DISK_MARGIN = 2 ** 30;

/**
 * Finds the array a configuration names, as `readArray` does, without reading its elements into
 * memory. An array in an archive is compared with its checksum, and unpacked to a file of its own
 * if it is packed; that file is found again the next time.
 *
 * @throws InputError as `readArray`, and where there is no room to unpack it; the signal's reason.
 */
export async function locateArray(
  spec: string,
  folder: string,
  { unpacked, signal }: LocateOptions,
): Promise<StoredArray> {
  return withArray(spec, folder, async (file, place) => {
    if (place.kind === 'file') return located(file.path, place.header, 0);
    const { archive } = place;
    const entry = entryOf(archive, place.name);
    const header = await headerOf(archive, entry);
    const position = await archive.position(entry);
    if (position === null) return unpack(file, archive, entry, header, unpacked, signal);
    const found = await located(file.path, header, position);
    // Only its end says whether the array is whole.
    await archive.check(entry, signal);
    return found;
  });
}

async function located(
  path: string,
  { type, littleEndian, layout, start }: NpyHeader,
  position: number,
): Promise<StoredArray> {
  const { size, mtimeMs } = await stat(path);
  const { shape, strides } = layout;
  const dense = stridesC(shape);
  const isFortran = shape.some((extent, axis) => extent > 1 && strides[axis] !== dense[axis]);
  return {
    path,
    size,
    modified: mtimeMs,
    start: position + start,
    type,
    littleEndian,
    shape,
    isFortran,
  };
}

/** A packed array as a file of its own, which is made once. */
async function unpack(
  file: CheckpointFile,
  archive: ZipArchive,
  entry: string,
  header: NpyHeader,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<StoredArray> {
  const ofArray = `unpacked-${digest(`${file.path}\0${entry}`)}`;
  const name = `${ofArray}-${digest(await contentOf(file, archive, entry))}.npy`;
  const path = join(folder, name);
  if (!existsSync(path)) {
    await writingTo(path, async () => {
      await mkdir(folder, { recursive: true });
      const { bavail, bsize } = await statfs(folder);
      const needed = header.start + header.size;
      if (bavail * bsize < needed + DISK_MARGIN) {
        throw new Fault(
          'unsupported',
          say`its ${entry} is packed and takes ${needed} bytes, for which ${folder} has no room`,
          say`make room there, or save it with numpy.savez instead of savez_compressed`,
        );
      }
      await removeOutdated(folder, ofArray, name);
      const temporary = `${path}.${randomUUID()}.tmp`;
      try {
        const handle = await open(temporary, 'wx');
        try {
          for await (const piece of archive.pieces(entry, signal)) await handle.writeFile(piece);
        } finally {
          await handle.close();
        }
        await keepFirst(temporary, path);
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }
  return located(path, header, 0);
}

/** What an entry's bytes are known again by: their number and checksum, where one was written. */
async function contentOf(
  file: CheckpointFile,
  archive: ZipArchive,
  entry: string,
): Promise<string> {
  const { size, stored, checksum } = archive.entry(entry)!;
  if (checksum !== 0) return `${size} ${stored} ${checksum}`;
  const { mtimeMs } = await stat(file.path);
  return `${file.size} ${mtimeMs}`;
}

/**
 * Gives a file its name unless another process was faster: whoever has found that one reads it,
 * and would take another in its place for a change.
 */
async function keepFirst(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch {
    // There, or on a disk without links.
    if (!existsSync(path)) await rename(temporary, path);
  }
}

/** Longer than any array takes to be unpacked, in milliseconds. */
const ABANDONED = 6 * 60 * 60 * 1000;

/** What was unpacked from an older version of the file, and what nobody is writing any more. */
async function removeOutdated(folder: string, ofArray: string, current: string): Promise<void> {
  for (const other of await readdir(folder)) {
    if (!other.startsWith(ofArray) || other === current) continue;
    const path = join(folder, other);
    if (other.endsWith('.tmp')) {
      // Another process may be unpacking the same array just now.
      const status = await stat(path).catch(() => null);
      if (status === null || Date.now() - status.mtimeMs < ABANDONED) continue;
    }
    await rm(path, { force: true });
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/**
 * Rows of an array, [count, …] in C order. Blocks the thread while it reads: for worker threads,
 * and for pieces of some megabytes.
 *
 * @throws InputError when the file is not the one that was found, or ends too early.
 */
export function readRows(array: StoredArray, first: number, count: number): Tensor {
  try {
    const descriptor = openSync(array.path, 'r');
    try {
      const { size, mtimeMs } = fstatSync(descriptor);
      if (size !== array.size || mtimeMs !== array.modified) throw changed();
      return array.isFortran
        ? readColumns(descriptor, array, first, count)
        : readConsecutive(descriptor, array, first, count);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw named(array.path, error);
  }
}

function readConsecutive(
  descriptor: number,
  { start, type, littleEndian, shape }: StoredArray,
  first: number,
  count: number,
): Tensor {
  const own = [count, ...shape.slice(1)];
  const row = sizeOf(shape.slice(1)) * bytesPerElement(type);
  const bytes = new Uint8Array(count * row);
  fill(descriptor, bytes, start + first * row);
  return decode(bytes, type, { shape: own, strides: stridesC(own) }, littleEndian);
}

/** Of an array whose first axis is the fastest: a run for each element of a row. */
function readColumns(
  descriptor: number,
  { start, type, littleEndian, shape }: StoredArray,
  first: number,
  count: number,
): Tensor {
  const rows = shape[0]!;
  const width = bytesPerElement(type);
  const columns = sizeOf(shape.slice(1));
  const bytes = new Uint8Array(count * columns * width);
  for (let column = 0; column < columns; column += 1) {
    const run = bytes.subarray(column * count * width, (column + 1) * count * width);
    fill(descriptor, run, start + (column * rows + first) * width);
  }
  const own = [count, ...shape.slice(1)];
  const strides = stridesC([...own].reverse()).reverse();
  return decode(bytes, type, { shape: own, strides }, littleEndian);
}

/** One read of the operating system at a time: its own limit is 2 GiB. */
const MAX_READ = 2 ** 30;

function fill(descriptor: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.length) {
    const length = Math.min(MAX_READ, bytes.length - done);
    const read = readSync(descriptor, bytes, done, length, position + done);
    if (read === 0) throw changed();
    done += read;
  }
}

function changed(): Fault {
  return new Fault(
    'damaged',
    say`it changed while the analysis read it`,
    say`run the analysis again when nobody writes to it`,
  );
}
