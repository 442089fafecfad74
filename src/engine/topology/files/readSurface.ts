import { Fault } from '../../checkpoint/fault';
import { startHdf5Thread } from '../../checkpoint/hdf5Library';
import type { ImportedLandscape } from './importedLandscape';
import { say, type Message } from '../../../shared/words/message';

/** What the worker is given. */
export interface SurfaceTask {
  readonly bytes: Uint8Array;
  readonly array: string | undefined;
}

export type SurfaceAnswer =
  | { readonly ok: true; readonly landscape: ImportedLandscape }
  | {
      readonly ok: false;
      readonly reason: Fault['reason'];
      readonly what: Message;
      readonly advice?: Message;
    };

/** Bytes of a file that is copied into the library's memory. */
const MAX_BYTES = 2 ** 29;
/** Surfaces of the largest size are read in a few seconds. */
const PATIENCE = 60_000;

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
  const worker = await startHdf5Thread({ bytes, array } satisfies SurfaceTask);
  let late: NodeJS.Timeout | undefined;
  try {
    const answer = await new Promise<SurfaceAnswer>((resolve, reject) => {
      late = setTimeout(() => {
        reject(new Fault('damaged', say`the HDF5 library does not come to an end with it`));
      }, PATIENCE);
      worker.once('message', resolve);
      // The library stops where a damaged file leads it astray.
      worker.once('error', () => {
        reject(new Fault('damaged', say`the HDF5 library cannot read it`));
      });
      worker.once('exit', () => {
        reject(new Fault('damaged', say`the HDF5 library cannot read it`));
      });
    });
    if (!answer.ok) throw new Fault(answer.reason, answer.what, answer.advice);
    return answer.landscape;
  } finally {
    clearTimeout(late);
    await worker.terminate();
  }
}
