import { basename } from 'node:path';
import type { Checkpoint } from './checkpoint';
import { CheckpointFile } from './bytes/checkpointFile';
import { fileOf } from './checkpointFolder';
import { isDeepspeed, openDeepspeed } from './pytorch/deepspeed';
import { DISTRIBUTED_INDEX, isDistributedIndex, openDistributed } from './pytorch/distributed';
import { Fault, naming } from './fault';
import { openFlax } from './formats/flax';
import { isGguf, openGguf } from './formats/gguf';
import { isHdf5, openHdf5, isKeras, openKeras } from './hdf5/keras';
import { describeAdapter, isAdapter, mergeAdapter } from './formats/lora';
import { isMessagePack } from './formats/messagePack';
import { isNpz, openNpz } from './numpy/npz';
import { isOnnx, openOnnxWeights } from './formats/onnxWeights';
import { isTorchScript, otherFormat, otherZip } from './formats/otherFormats';
import { isHeader, openPytorch } from './pytorch/pytorch';
import { openPytorchLegacy } from './pytorch/pytorchLegacy';
import { isSafetensors, openSafetensors } from './formats/safetensors';
import { openShardIndex } from './formats/shardIndex';
import { isTfjs, openTfjs } from './formats/tfjs';
import { isZip, ZipArchive } from './bytes/zip';
import { say } from '../../shared/words/message';

export interface OpenOptions {
  /**
   * Where the weights are in a PyTorch file that holds several: keys from the root, joined by dots,
   * such as `model_ema`. Found by itself if absent.
   */
  readonly weights?: string;
  /** Path of the weights that an adapter (LoRA) belongs to. */
  readonly base?: string;
}

/**
 * Opens a file of weights, whatever it is called: its first bytes say what it is. Reads its header
 * only. A folder that is a checkpoint stands for the file in it that says what is where. Whoever opens a checkpoint closes it.
 *
 * @throws InputError when there is no such file, it is of a kind that is not read, it is cut short
 *   or damaged, or it would run code if it were opened the ordinary way.
 */
export async function openCheckpoint(path: string, options: OpenOptions = {}): Promise<Checkpoint> {
  const own = await fileOf(path);
  const file = await CheckpointFile.open(own);
  try {
    return await naming(own, () => recognise(file, options));
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** An adapter with the weights it belongs to, where they are named. */
async function withBase(checkpoint: Checkpoint, base: string | undefined): Promise<Checkpoint> {
  if (!isAdapter(checkpoint)) return checkpoint;
  if (base === undefined) return describeAdapter(checkpoint);
  const weights = await openCheckpoint(base);
  try {
    return await mergeAdapter(checkpoint, weights);
  } catch (error) {
    await weights.close();
    throw error;
  }
}

/** Whether a file is JSON with a map of tensors to files. */
function isShardIndex(head: Uint8Array): boolean {
  const text = Buffer.from(head).toString('latin1');
  return /^\s*\{/.test(text) && text.includes('"weight_map"');
}

/** Enough for the mark of a tar archive, and the first keys of a JSON file. */
const HEAD_BYTES = 4096;

async function recognise(
  file: CheckpointFile,
  { weights, base }: OpenOptions,
): Promise<Checkpoint> {
  if (file.size === 0) throw new Fault('damaged', say`it is empty`);
  const head = await file.read(0, Math.min(file.size, HEAD_BYTES));
  // The most specific first: the eight bytes of a header's length may spell a zip's or a pickle's mark.
  if (isSafetensors(head)) return withBase(await openSafetensors(file), base);
  const name = basename(file.path);
  if (name.endsWith('.distcp')) {
    throw new Fault(
      'invalid',
      say`it is one rank’s part of a distributed checkpoint`,
      say`open ${DISTRIBUTED_INDEX} beside it, or the folder`,
    );
  }
  if (isZip(head)) {
    const archive = await ZipArchive.open(file);
    if (isTorchScript(archive)) {
      throw new Fault('unsupported', say`it is a TorchScript archive, which holds code`);
    }
    if (archive.entries().some((entry) => isHeader(entry.name))) {
      if (isDeepspeed(name)) return openDeepspeed(file, archive, weights);
      return withBase(await openPytorch(file, archive, weights), base);
    }
    if (isNpz(archive)) return openNpz(file, archive);
    if (isKeras(archive)) return openKeras(file, archive);
    throw otherZip();
  }
  // PROTO, the first opcode of a pickle.
  if (head[0] === 0x80) {
    if (isDistributedIndex(head)) return openDistributed(file, weights);
    return openPytorchLegacy(file, weights);
  }
  if (isHdf5(head)) return openHdf5(file);
  if (isGguf(head)) return openGguf(file);
  if (isMessagePack(head)) return openFlax(file);
  if (isOnnx(head)) return openOnnxWeights(file);
  if (isTfjs(head)) return openTfjs(file);
  if (isShardIndex(head)) return openShardIndex(file, (path) => openCheckpoint(path));
  const tail = await file.read(Math.max(0, file.size - 8), Math.min(8, file.size));
  throw otherFormat(name, file.size, head, tail);
}
