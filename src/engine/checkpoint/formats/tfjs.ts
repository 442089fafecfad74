import { dirname, join } from 'node:path';
import { sizeOf, type Tensor } from '../../tensor';
import type { Checkpoint, TensorEntry } from '../checkpoint';
import { CheckpointFile } from '../bytes/checkpointFile';
import {
  bytesPerElement,
  decode,
  isElementType,
  stridesC,
  type ElementType,
} from '../bytes/elements';
import { architectureOfTfjs, configurationOf } from '../architecture';
import { Fault, naming } from '../fault';
import { objectOf, type Json } from '../jsonObject';
import { isBaseName } from './shardIndex';
import { trainingPosition } from '../trainingPosition';
import { say } from '../../../shared/words/message';

/**
 * Models of TensorFlow.js: `model.json`, with the weights in files beside it.
 *
 * Source: tensorflow/tfjs, tfjs-core/src/io/types.ts, `WeightsManifestConfig`; io_utils.ts,
 * `decodeWeights`.
 */
const MAX_JSON_BYTES = 256 * 2 ** 20;
const MAX_FILES = 4096;
const MAX_AXES = 64;

/** How the integers in a file stand for values: q · scale + min. */
interface Quantization {
  readonly type: ElementType;
  readonly scale: number;
  readonly min: number;
}

interface Stored {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly quantization: Quantization | null;
  /** Files whose bytes follow each other, and the weight's place in them. */
  readonly group: Group;
  readonly start: number;
  readonly end: number;
}

interface Group {
  readonly files: { readonly file: CheckpointFile; readonly start: number }[];
  size: number;
}

/** @param head first bytes of a file. */
export function isTfjs(head: Uint8Array): boolean {
  const text = Buffer.from(head).toString('latin1');
  return (
    /^\s*\{/.test(text) &&
    /"(modelTopology|weightsManifest)"|"format"\s*:\s*"(layers|graph)-model"/.test(text)
  );
}

/**
 * Opens a model of TensorFlow.js; the files it names must be in its folder.
 *
 * @throws Fault
 */
export async function openTfjs(file: CheckpointFile): Promise<Checkpoint> {
  if (file.size > MAX_JSON_BYTES) throw new Fault('unsupported', say`it is too long for a model`);
  const text = Buffer.from(await file.read(0, file.size)).toString('utf8');
  const model = objectOf(parse(text));
  const manifest = model?.weightsManifest;
  if (model === null || !Array.isArray(manifest)) {
    throw new Fault(
      'unsupported',
      say`it names no files of weights`,
      say`save the model with its weights`,
    );
  }
  const opened: CheckpointFile[] = [file];
  const close = async () => {
    for (const one of opened) await one.close();
  };
  try {
    const stored = new Map<string, Stored>();
    for (const item of manifest as readonly unknown[]) {
      const { paths, weights } = objectOf(item) ?? {};
      if (!Array.isArray(paths) || !Array.isArray(weights)) throw broken();
      const group: Group = { files: [], size: 0 };
      for (const path of paths as readonly unknown[]) {
        if (typeof path !== 'string' || !isBaseName(path)) {
          throw new Fault(
            'hostile',
            say`it names a file that is not in its own folder (${String(path)})`,
          );
        }
        if (opened.length > MAX_FILES) throw new Fault('unsupported', say`it names too many files`);
        const shard = await CheckpointFile.open(join(dirname(file.path), path));
        opened.push(shard);
        group.files.push({ file: shard, start: group.size });
        group.size += shard.size;
      }
      place(weights, group, stored);
    }
    const tensors = new Map<string, TensorEntry>();
    for (const [name, { type, shape, quantization, start }] of stored) {
      const dtype = quantization?.type ?? type;
      tensors.set(name, { name, dtype, shape, storage: `${name}@${start}` });
    }
    const metadata = metadataOf(model);
    return {
      path: file.path,
      format: 'tfjs',
      size: opened.reduce((sum, { size }) => sum + size, 0),
      files: opened.slice(1).map(({ path }) => path),
      tensors,
      ...(await trainingPosition(file.path, metadata)),
      metadata,
      architecture: () => naming(file.path, () => architectureOfTfjs(configurationOf(text))),
      read: (name) =>
        naming(file.path, () => {
          const tensor = stored.get(name);
          if (!tensor) throw new Fault('missing', say`it has no tensor \`${name}\``);
          return read(tensor);
        }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Weights lie one behind the other in the files of their group. */
function place(weights: readonly unknown[], group: Group, stored: Map<string, Stored>): void {
  let position = 0;
  for (const item of weights) {
    const weight = objectOf(item);
    const { name, shape, dtype, quantization: packing } = weight ?? {};
    if (
      weight === null ||
      typeof name !== 'string' ||
      !isShape(shape) ||
      typeof dtype !== 'string'
    ) {
      throw broken();
    }
    if (dtype === 'string' || !isElementType(dtype)) {
      throw new Fault('unsupported', say`its weight \`${name}\` has the type ${dtype}`);
    }
    if (stored.has(name)) throw new Fault('damaged', say`it holds \`${name}\` twice`);
    const quantization = packing === undefined ? null : quantizationOf(packing);
    const width = bytesPerElement(quantization?.type ?? dtype);
    const end = position + sizeOf(shape) * width;
    if (!(end <= group.size)) throw new Fault('damaged', say`the files beside it are cut short`);
    // Slots of the optimizer are no weights.
    if (weight.group !== 'optimizer') {
      stored.set(name, { type: dtype, shape, quantization, group, start: position, end });
    }
    position = end;
  }
  if (position !== group.size) {
    throw new Fault('damaged', say`the files beside it are not as long as it says`);
  }
}

function quantizationOf(value: unknown): Quantization {
  const { dtype, scale = 1, min = 0 } = objectOf(value) ?? {};
  if (dtype !== 'uint8' && dtype !== 'uint16' && dtype !== 'float16') throw broken();
  if (typeof scale !== 'number' || typeof min !== 'number') throw broken();
  return { type: dtype, scale, min };
}

async function read({ type, shape, quantization, group, start, end }: Stored): Promise<Tensor> {
  const bytes = new Uint8Array(end - start);
  for (const { file, start: at } of group.files) {
    const from = Math.max(start, at);
    const to = Math.min(end, at + file.size);
    if (from < to) await file.readInto(bytes.subarray(from - start, to - start), from - at);
  }
  const layout = { shape, strides: stridesC(shape) };
  const tensor = decode(bytes, quantization?.type ?? type, layout, true);
  if (quantization === null || quantization.type === 'float16') return tensor;
  const { scale, min } = quantization;
  const given = tensor.data;
  if (type === 'int32') {
    const data = Int32Array.from(given as ArrayLike<number>, (q) => Math.round(q * scale + min));
    return { dtype: 'int32', shape: [...shape], data };
  }
  const data = Float32Array.from(given as ArrayLike<number>, (q) => q * scale + min);
  return { dtype: 'float32', shape: [...shape], data };
}

function metadataOf(model: Json): Checkpoint['metadata'] {
  const texts = ['format', 'generatedBy', 'convertedBy']
    .map((key) => [key, model[key]] as const)
    .filter((entry): entry is readonly [string, string] => typeof entry[1] === 'string')
    .map(([key, text]) => [key, text.slice(0, 500)] as const);
  return Object.fromEntries(texts);
}

function isShape(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length <= MAX_AXES &&
    value.every((extent) => Number.isSafeInteger(extent) && Number(extent) >= 0)
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Fault('damaged', say`it is no JSON`);
  }
}

function broken(): Fault {
  return new Fault('damaged', say`its list of weights makes no sense`);
}
