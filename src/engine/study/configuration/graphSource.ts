import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import type { Json } from '../../checkpoint/jsonObject';
import { CheckpointFile } from '../../checkpoint/bytes/checkpointFile';
import { isHdf5 } from '../../checkpoint/hdf5/keras';
import { openCheckpoint } from '../../checkpoint/openCheckpoint';
import { isTfjs } from '../../checkpoint/formats/tfjs';
import { isZip } from '../../checkpoint/bytes/zip';
import { kerasModelBytes } from '../../graph/keras/kerasModel';
import { readModelFile } from '../../graph/onnx/modelFile';
import { transformersModel } from '../../graph/onnx/transformers/transformersModel';
import { hashOf } from './hash';

/** A model of Keras or TensorFlow.js as its file describes it. */
export interface ConfiguredModel {
  /** As `KerasModel` takes them. */
  readonly bytes: Uint8Array;
  /** What it was compiled with; null where it was not. */
  readonly training: Json | null;
}

const HEAD_BYTES = 4096;

/**
 * Whether a file is one of Keras or TensorFlow.js, by its first bytes, and no ONNX graph.
 *
 * @throws InputError where it is not there.
 */
export async function holdsConfiguration(path: string): Promise<boolean> {
  const file = await CheckpointFile.open(path);
  try {
    const head = await file.read(0, Math.min(file.size, HEAD_BYTES));
    return isZip(head) || isHdf5(head) || isTfjs(head);
  } finally {
    await file.close();
  }
}

/**
 * Reads a model's configuration from its own file, with the names of its weights there.
 *
 * @param name for messages.
 * @throws InputError where the file holds none, or one that Basin cannot build.
 */
export async function readConfiguredModel(path: string, name: string): Promise<ConfiguredModel> {
  const checkpoint = await openCheckpoint(path);
  try {
    const architecture = (await checkpoint.architecture?.()) ?? null;
    if (architecture === null) {
      throw new InputError(
        say`${name} holds weights without the configuration of their model; name as "model" in basin.json the ONNX export of the graph, or a file that model.save wrote.`,
        'missing',
      );
    }
    const bytes = kerasModelBytes(architecture, checkpoint.tensors.values(), basename(name));
    return { bytes, training: architecture.training };
  } finally {
    await checkpoint.close();
  }
}

/** Whether a file is the `config.json` of a network whose graph is built from it. */
export async function describesNetwork(path: string): Promise<boolean> {
  try {
    transformersModel(await readFile(path), basename(path));
    return true;
  } catch {
    // There is none, or it is of another network.
    return false;
  }
}

/** What results follow from of the file that "model" names. */
export async function graphHash(
  folder: string,
  model: string,
  signal?: AbortSignal,
): Promise<string> {
  const path = join(folder, model);
  if (await holdsConfiguration(path)) return hashOf((await readConfiguredModel(path, model)).bytes);
  return hashOf(await readModelFile(path, model, signal));
}
