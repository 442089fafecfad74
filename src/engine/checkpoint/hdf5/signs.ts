import { Fault } from '../fault';
import { say } from '../../../shared/words/message';

/*
 * What goes between a thread of the HDF5 library and whoever starts it.
 */

/** The HDF5 library as threads share it: what is compiled once is compiled for all. */
export type CompiledLibrary = object & { readonly __compiled: never };

/** What a thread of the library is started with. */
export interface LibraryData {
  readonly library: CompiledLibrary;
  /** Two integers of 32 bits, at SIGNS and MAY_BE_SILENT. */
  readonly signs: SharedArrayBuffer;
}

/** How many signs of life the thread has given. */
export const SIGNS = 0;
/** Milliseconds of processor time for which there may be none; 0 where the thread waits for its start or the disk. */
export const MAY_BE_SILENT = 1;

export function endless(): Fault {
  return new Fault('damaged', say`the HDF5 library does not come to an end with it`);
}
