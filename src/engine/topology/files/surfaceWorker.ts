import { parentPort, workerData } from 'node:worker_threads';
import { Fault } from '../../checkpoint/fault';
import { Hdf5Memory } from '../../checkpoint/hdf5Thread';
import { parseSurface } from './surface';
import type { Hdf5Answer, Hdf5Request, Hdf5Task } from '../../checkpoint/hdf5Weights';
import type { SurfaceAnswer, SurfaceTask } from './readSurface';
import { say } from '../../../shared/words/message';

/**
 * The thread of the HDF5 library, which is large, and which a file may make run for ever. It reads one
 * surface and ends, or reads one file of weights after the other.
 */
async function answer({ bytes, array }: SurfaceTask): Promise<SurfaceAnswer> {
  try {
    return { ok: true, landscape: await parseSurface(bytes, array) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { reason, what, advice } = error;
    return { ok: false, reason, what, ...(advice === undefined ? {} : { advice }) };
  }
}

/** One request after the other, each with one answer. */
function serve(): void {
  const port = parentPort!;
  let memory: Hdf5Memory | null = null;
  port.on('message', (request: Hdf5Request) => {
    void answerOf(async () => {
      if ('open' in request) {
        memory = await Hdf5Memory.open(request.open);
        return { contents: memory.contents() };
      }
      if (memory === null) throw new Error('nothing is open');
      if (!('read' in request)) return { closed: await memory.close() };
      const found = memory.read(request.read);
      return typeof found === 'number' ? { position: found } : { bytes: found };
    }).then((answer) => {
      // Its memory is its own, and goes over without a copy.
      port.postMessage(answer, 'bytes' in answer ? [answer.bytes.buffer as ArrayBuffer] : []);
    });
  });
}

async function answerOf(work: () => Promise<Hdf5Answer>): Promise<Hdf5Answer> {
  try {
    return await work();
  } catch (error) {
    return faultOf(error);
  }
}

/** What the library throws is about the file: it has nothing else. */
function faultOf(error: unknown): Hdf5Answer {
  if (!(error instanceof Fault)) {
    const what = say`the HDF5 library cannot read it, nor are other files opened that it may name`;
    return { fault: ['damaged', what] };
  }
  const { reason, what, advice } = error;
  return { fault: advice === undefined ? [reason, what] : [reason, what, advice] };
}

const task = workerData as SurfaceTask | Hdf5Task;
if ('weights' in task) {
  serve();
} else {
  void answer(task).then((message) => {
    parentPort!.postMessage(message);
  });
}
