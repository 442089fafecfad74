import { fromBinary } from '@bufbuild/protobuf';
import { stat } from 'node:fs/promises';
import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import type { Checkpoint, TensorEntry } from '../../checkpoint/checkpoint';
import { readInitializer, wholeFile } from './modelFile';
import { ModelProtoSchema, TensorProto_DataType } from './onnx_pb';
import { readTensorProto } from './tensorProto';

/**
 * The weights that an ONNX file itself holds, as a checkpoint: those of the moment of its export.
 *
 * @param file to read. @param path of the file, for messages.
 * @throws InputError when it is no ONNX file.
 */
export async function openModelWeights(
  file: string,
  path: string,
  signal?: AbortSignal,
): Promise<Checkpoint> {
  const bytes = await wholeFile(file, path, signal);
  const graph = decode(bytes, path);
  const initializers = new Map(
    graph.initializer
      .filter(({ dataType }) => FLOATS.has(dataType))
      .map((tensor) => [tensor.name, tensor]),
  );
  const tensors = new Map<string, TensorEntry>();
  for (const { name, dims, dataType } of initializers.values()) {
    const dtype = dataType === (TensorProto_DataType.DOUBLE as number) ? 'float64' : 'float32';
    tensors.set(name, { name, dtype, shape: dims.map(Number), storage: name });
  }
  return {
    path: file,
    format: 'onnx',
    size: (await stat(file)).size,
    tensors,
    step: null,
    epoch: null,
    metadata: {},
    async read(name) {
      const tensor = await readInitializer(file, initializers.get(name)!, path);
      return { dtype: 'float64', ...readTensorProto(tensor, path) };
    },
    close: () => Promise.resolve(),
  };
}

const FLOATS: ReadonlySet<number> = new Set([
  TensorProto_DataType.FLOAT,
  TensorProto_DataType.DOUBLE,
]);

function decode(bytes: Uint8Array, path: string) {
  try {
    const { graph } = fromBinary(ModelProtoSchema, bytes);
    if (graph !== undefined) return graph;
  } catch {
    // Said below.
  }
  throw new InputError(
    say`${path} is not an ONNX model, or it is damaged; export it again.`,
    'damaged',
  );
}
