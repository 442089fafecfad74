import { Fault } from '../../checkpoint/fault';
import { Hdf5Thread } from '../../checkpoint/hdf5/thread';
import type { ImportedLandscape } from './importedLandscape';
import { say } from '../../../shared/words/message';

/** What the thread is asked for. */
export interface SurfaceRequest {
  readonly surface: Uint8Array;
  readonly array: string | undefined;
}

export interface SurfaceAnswer {
  readonly landscape: ImportedLandscape;
}

/** Bytes of a file that is copied into the library's memory. */
const MAX_BYTES = 2 ** 29;

export function isHdf5(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, 8)).toString('latin1') === '\x89HDF\r\n\x1a\n';
}

/**
 * Reads a loss surface in HDF5 (surface.ts) in a thread of its own, which is ended when it takes too
 * long.
 *
 * @throws Fault
 */
export async function readSurface(
  bytes: Uint8Array,
  array: string | undefined,
): Promise<ImportedLandscape> {
  if (bytes.length > MAX_BYTES) {
    throw new Fault(
      'unsupported',
      say`it has ${Math.round(bytes.length / 1e6)} MB, and Basin reads HDF5 files of up to ${Math.round(MAX_BYTES / 1e6)}`,
      say`save the surface alone as .npz`,
    );
  }
  const thread = await Hdf5Thread.take();
  try {
    const request: SurfaceRequest = { surface: bytes, array };
    return (await thread.ask<SurfaceAnswer>(request)).landscape;
  } finally {
    await thread.giveBack();
  }
}
