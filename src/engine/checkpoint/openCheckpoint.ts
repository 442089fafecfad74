import { basename } from 'node:path';
import type { Checkpoint } from './checkpoint';
import { CheckpointFile } from './checkpointFile';
import { Fault, naming } from './fault';
import { isNpz, openNpz } from './npz';
import { isTorchScript, otherFormat, otherZip } from './otherFormats';
import { isHeader, openPytorch } from './pytorch';
import { openPytorchLegacy } from './pytorchLegacy';
import { isSafetensors, openSafetensors } from './safetensors';
import { isZip, ZipArchive } from './zip';

export interface OpenOptions {
  /**
   * Where the weights are in a PyTorch file that holds several: keys from the root, joined by dots,
   * such as `model_ema`. Found by itself if absent.
   */
  readonly weights?: string;
}

/**
 * Opens a file of weights, whatever it is called: its first bytes say what it is. Reads its header
 * only. Whoever opens a checkpoint closes it.
 *
 * @throws InputError when there is no such file, it is of a kind that is not read, it is cut short
 *   or damaged, or it would run code if it were opened the ordinary way.
 */
export async function openCheckpoint(path: string, options: OpenOptions = {}): Promise<Checkpoint> {
  const file = await CheckpointFile.open(path);
  try {
    return await naming(path, () => recognise(file, options.weights));
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Enough for the mark of a tar archive, and the first keys of a JSON file. */
const HEAD_BYTES = 4096;

async function recognise(file: CheckpointFile, weights: string | undefined): Promise<Checkpoint> {
  if (file.size === 0) throw new Fault('damaged', 'it is empty');
  const head = await file.read(0, Math.min(file.size, HEAD_BYTES));
  // The most specific first: the eight bytes of a header's length may spell a zip's or a pickle's mark.
  if (isSafetensors(head)) return openSafetensors(file);
  if (isZip(head)) {
    const archive = await ZipArchive.open(file);
    if (isTorchScript(archive)) {
      throw new Fault('unsupported', 'it is a TorchScript archive, which holds code');
    }
    if (archive.entries().some(({ name }) => isHeader(name))) {
      return openPytorch(file, archive, weights);
    }
    if (isNpz(archive)) return openNpz(file, archive);
    throw otherZip(archive);
  }
  // PROTO, the first opcode of a pickle.
  if (head[0] === 0x80) return openPytorchLegacy(file, weights);
  const tail = await file.read(Math.max(0, file.size - 8), Math.min(8, file.size));
  throw otherFormat(basename(file.path), file.size, head, tail);
}
