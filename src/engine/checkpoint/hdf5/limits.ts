import { workerData } from 'node:worker_threads';
import { endless, MAY_BE_SILENT, SIGNS, type LibraryData } from './signs';

/*
 * What a file may have the HDF5 library do, which a damaged one leads round in circles: take memory, read the file
 * over and over, or nothing of which anyone hears. For the last the thread gives signs of life, and says how long
 * it may be silent; whoever started it counts.
 */

/** What Basin uses of a library's memory. */
export interface LibraryMemory {
  readonly buffer: ArrayBuffer;
  grow: (pages: number) => number;
}

const PAGE = 2 ** 16;
const MEMORY = 2 ** 26;
/** Metadata in memory may be larger than in the file; what is no metadata is not held. */
const MAX_METADATA = 2 ** 29;
const READS = 2 ** 24;
const READ_AGAIN = 16;

/** Of processor time. */
const SILENT_MILLISECONDS = 1000;
/** Chunks are inflated at five times that and more, by a thread beside others. */
const BYTES_PER_MILLISECOND = 20_000;

const started = workerData as LibraryData | null;
const signs = new Int32Array(started?.signs ?? new ArrayBuffer(8));

let memory: LibraryMemory | null = null;
let memoryLeft = 0;
let fileBytes = 0;
let readsLeft = 0;

/** Takes over how the memory of a library grows, which ends in the library's own error where it may not. */
export function limitMemory(own: LibraryMemory): void {
  const grow = own.grow.bind(own);
  own.grow = (pages) => {
    if (own === memory) {
      // It asks for less where it may not have more.
      if (pages * PAGE > memoryLeft) throw new Error('the library takes too much memory');
      memoryLeft -= pages * PAGE;
    }
    return grow(pages);
  };
  memory = own;
  memoryLeft = MEMORY;
}

/** The library opens a file of so many bytes, and lists what is in it. */
export function allowListing(bytes: number): void {
  fileBytes = bytes;
  allow(Math.min(8 * bytes, MAX_METADATA), bytes);
}

/** The library reads an array of that file; what is packed is unpacked chunk by chunk. */
export function allowReading(arrayBytes: number, chunkBytes: number): void {
  allow(2 * arrayBytes + 4 * chunkBytes, arrayBytes + chunkBytes);
}

function allow(memoryBytes: number, handled: number): void {
  memoryLeft = MEMORY + memoryBytes;
  readsLeft = READS + READ_AGAIN * fileBytes;
  const silent = SILENT_MILLISECONDS + handled / BYTES_PER_MILLISECOND;
  Atomics.store(signs, MAY_BE_SILENT, Math.ceil(silent));
  signOfLife();
}

/** The library has come to its end with what it was allowed. */
export function allowNothing(): void {
  Atomics.store(signs, MAY_BE_SILENT, 0);
}

export function signOfLife(): void {
  Atomics.add(signs, SIGNS, 1);
}

/** The library takes so many bytes of the file. @throws Fault where it has taken them again and again. */
export function countRead(bytes: number): void {
  signOfLife();
  readsLeft -= bytes;
  if (readsLeft < 0) throw endless();
}

/** Waits for the disk, which may take as long as it takes. */
export function waiting<Found>(work: () => Found): Found {
  const silent = Atomics.exchange(signs, MAY_BE_SILENT, 0);
  try {
    return work();
  } finally {
    Atomics.store(signs, MAY_BE_SILENT, silent);
    signOfLife();
  }
}
