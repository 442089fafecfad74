import { parentPort, workerData } from 'node:worker_threads';
import { Fault } from '../../checkpoint/fault';
import { parseSurface } from './surface';
import type { SurfaceAnswer, SurfaceTask } from './readSurface';

/** Reads one surface and ends: the HDF5 library is large, and a file may make it run for ever. */
async function answer({ bytes, array }: SurfaceTask): Promise<SurfaceAnswer> {
  try {
    return { ok: true, landscape: await parseSurface(bytes, array) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { reason, message, advice } = error;
    return { ok: false, reason, message, ...(advice === undefined ? {} : { advice }) };
  }
}

void answer(workerData as SurfaceTask).then((message) => {
  parentPort!.postMessage(message);
});
