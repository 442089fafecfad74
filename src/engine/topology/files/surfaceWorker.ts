import { Module, ready } from 'h5wasm';
import { parentPort } from 'node:worker_threads';
import { Fault } from '../../checkpoint/fault';
import { beginAnew } from '../../checkpoint/hdf5/instance';
import type { Closed, CloseRequest, Refusal } from '../../checkpoint/hdf5/thread';
import { allowNothing } from '../../checkpoint/hdf5/limits';
import { OpenHdf5 } from '../../checkpoint/hdf5/file';
import { parseSurface } from './surface';
import type { Hdf5Request, Opened, ReadAnswer } from '../../checkpoint/hdf5/weights';
import type { SurfaceAnswer, SurfaceRequest } from './readSurface';
import { say } from '../../../shared/words/message';

/*
 * The thread of the HDF5 library, which is large, and which a file may make run for ever. It reads one file after
 * the other, of weights or a surface.
 */

type Request = Hdf5Request | SurfaceRequest | CloseRequest;
type Answer = Opened | ReadAnswer | SurfaceAnswer | Closed;

let memory: OpenHdf5 | null = null;
/** Whatever a file was refused for may have left the library in a state it does not expect. */
let isAstray = false;

async function answer(request: Request): Promise<Answer> {
  if ('close' in request) {
    if (!isAstray) memory?.close();
    memory = null;
    return { closed: Module.HEAPU8.byteLength };
  }
  if ('read' in request) {
    if (memory === null) throw new Error('nothing is open');
    const found = memory.read(request.read);
    return typeof found === 'number' ? { position: found } : { bytes: found };
  }
  await ready;
  if (isAstray) await beginAnew();
  isAstray = false;
  if ('surface' in request) {
    return { landscape: await parseSurface(request.surface, request.array) };
  }
  memory = await OpenHdf5.open(request.open);
  return { contents: memory.contents() };
}

/** What the library throws is about the file: it has nothing else. */
function refusalOf(error: unknown): Refusal {
  if (!(error instanceof Fault)) {
    const what = say`the HDF5 library cannot read it, nor are other files opened that it may name`;
    return { fault: ['damaged', what] };
  }
  const { reason, what, advice } = error;
  return { fault: advice === undefined ? [reason, what] : [reason, what, advice] };
}

/** One request after the other, each with one answer. */
parentPort!.on('message', (request: Request) => {
  void answer(request)
    .catch((error: unknown) => {
      isAstray = true;
      return refusalOf(error);
    })
    .then((message) => {
      allowNothing();
      // Its memory is its own, and goes over without a copy.
      const isMoved = 'bytes' in message;
      parentPort!.postMessage(message, isMoved ? [message.bytes.buffer as ArrayBuffer] : []);
    });
});
