import { isKerasModel, KerasModel } from './keras/kerasModel';
import type { Model } from './model';
import { OnnxModel } from './onnx/importOnnx';

/**
 * The network that bytes describe: of an ONNX export, or as `kerasModelBytes` wrote them.
 *
 * @param path for messages.
 * @param output which output is computed; all of them if absent.
 * @throws InputError when they are neither, or of a network that cannot be analysed.
 */
export function openNetwork(bytes: Uint8Array, path: string, output?: string): Model {
  return isKerasModel(bytes)
    ? new KerasModel(bytes, path, output)
    : new OnnxModel(bytes, path, output);
}
