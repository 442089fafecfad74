import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { constants } from 'node:fs';
import { lstat, open, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { InputError } from '../../../shared/inputError';
import { say, type Message } from '../../../shared/words/message';
import { named } from '../../checkpoint/fault';
import { isConfiguration, transformersModel } from './transformers/transformersModel';
import { replacedInitializers } from './initializers';
import {
  ModelProtoSchema,
  TensorProto_DataLocation,
  type GraphProto,
  type ModelProto,
  type TensorProto,
} from './onnx_pb';
import { readTensorProto } from './tensorProto';

/** A protobuf message, and so a file without external data, is never larger. */
const MAX_FILE = 2 ** 31 - 1;

/** Values outside of the file that are no weights: tables, positions, masks. */
const MAX_CONSTANTS = 256 * 2 ** 20;

const NO_FOLLOW = (constants as Partial<typeof constants>).O_NOFOLLOW ?? 0;

export interface ModelFileOptions {
  /** Told of each other file that constants are read of, before it is. */
  readonly onOutside?: (file: string) => void;
  /** Changes the model before weights lose their values, which it may read. */
  readonly prepare?: (
    model: ModelProto,
    read: (tensor: TensorProto) => Promise<Float64Array>,
  ) => Promise<void>;
}

/**
 * Reads an ONNX file, or `config.json` of a Hugging Face model, as what analyses need of it: the graph with its constants, without the values
 * of weights, which come from checkpoints. Of data outside of the file only constants are read, so
 * that the size of the weights does not matter.
 *
 * @param file to read. @param path of the file, for messages.
 * @returns bytes of an ONNX file that is whole in itself but for its weights.
 * @throws InputError when it is no ONNX file, or what it refers to is not where it may be; the
 *   signal's reason.
 */
export async function readModelFile(
  file: string,
  path: string,
  signal?: AbortSignal,
  { onOutside, prepare }: ModelFileOptions = {},
): Promise<Uint8Array> {
  const bytes = await wholeFile(file, path, signal);
  let model;
  try {
    model = isConfiguration(bytes)
      ? transformersModel(bytes, path)
      : fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    if (error instanceof InputError) throw error;
    // Whoever imports it says what is wrong.
    return bytes;
  }
  if (model.graph === undefined) return bytes;
  await prepare?.(model, (tensor) => valuesOf(tensor, file, path));
  const replaced = new Set(replacedInitializers(model.graph));
  const isPlain = ![...tensorsOf(model.graph)].some(
    (tensor) => replaced.has(tensor) || isExternal(tensor),
  );
  if (isPlain && prepare === undefined && !isConfiguration(bytes)) return bytes;
  let room = MAX_CONSTANTS;
  for (const tensor of tensorsOf(model.graph)) {
    signal?.throwIfAborted();
    if (replaced.has(tensor)) {
      drop(tensor);
    } else if (isExternal(tensor)) {
      const place = placeOf(tensor, path);
      if (place.length !== null && place.length > room) {
        throw refused(
          tensor,
          path,
          say`is a constant and needs more than the ${room} bytes that are left for constants outside of the file`,
        );
      }
      onOutside?.(join(dirname(file), place.location));
      tensor.rawData = await readOutside(dirname(file), place, tensor, path, room);
      room -= tensor.rawData.length;
      tensor.externalData = [];
      tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
    }
  }
  return toBinary(ModelProtoSchema, model);
}

/** Of a weight as it was at export. */
async function valuesOf(tensor: TensorProto, file: string, path: string): Promise<Float64Array> {
  if (!isExternal(tensor)) return readTensorProto(tensor, path).data;
  const place = placeOf(tensor, path);
  const rawData = await readOutside(dirname(file), place, tensor, path, MAX_FILE);
  return readTensorProto({ ...tensor, rawData }, path).data;
}

/** @throws InputError where it cannot be read, or is larger than an ONNX file can be. */
export async function wholeFile(
  file: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  try {
    const status = await stat(file);
    const { size } = status;
    if (!status.isFile()) {
      throw new InputError(say`${path} is no regular file; name the file of the graph.`, 'invalid');
    }
    if (size > MAX_FILE) {
      throw new InputError(
        say`${path} has ${size} bytes, more than an ONNX file can have; export the model with its weights in a file beside it (save_model with save_as_external_data).`,
        'damaged',
      );
    }
    return await readFile(file, { signal });
  } catch (error) {
    throw named(path, error);
  }
}

/** Initializers and the tensors of constant nodes. */
function* tensorsOf(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  for (const node of graph.node) {
    for (const { t } of node.attribute) if (t !== undefined) yield t;
  }
}

function isExternal({ dataLocation }: TensorProto): boolean {
  return dataLocation === TensorProto_DataLocation.EXTERNAL;
}

function drop(tensor: TensorProto): void {
  tensor.rawData = new Uint8Array(0);
  tensor.floatData = [];
  tensor.doubleData = [];
  tensor.externalData = [];
  tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
}

/** Where the bytes of a tensor are. */
interface Place {
  readonly location: string;
  readonly offset: number;
  /** To the end of the file if null. */
  readonly length: number | null;
}

function placeOf(tensor: TensorProto, path: string): Place {
  const given = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const location = given.get('location') ?? '';
  const number = (key: string): number | null => {
    const text = given.get(key);
    if (text === undefined) return null;
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
    throw refused(tensor, path, say`has the ${key} ${text} in ${location}`);
  };
  return { location, offset: number('offset') ?? 0, length: number('length') };
}

function refused(tensor: TensorProto, path: string, why: Message): InputError {
  return new InputError(
    say`${path}: tensor ${tensor.name === '' ? '?' : tensor.name} ${why}; export the model again, with its data in a file beside it.`,
    'damaged',
  );
}

/** A tensor with its values in it, wherever they are. @throws InputError as `readModelFile`. */
export async function readInitializer(
  file: string,
  tensor: TensorProto,
  path: string,
): Promise<TensorProto> {
  if (!isExternal(tensor)) return tensor;
  const place = placeOf(tensor, path);
  const rawData = await readOutside(dirname(file), place, tensor, path, MAX_FILE);
  return { ...tensor, rawData };
}

/** Bytes of a regular file in the folder of the model or below it, reached without links. */
async function readOutside(
  folder: string,
  { location, offset, length }: Place,
  tensor: TensorProto,
  path: string,
  room: number,
): Promise<Uint8Array> {
  const target = join(folder, location);
  const inside = relative(folder, target);
  const parts = location.split(/[/\\]/);
  if (
    location === '' ||
    isAbsolute(location) ||
    location.includes('\0') ||
    parts.includes('..') ||
    inside.startsWith('..') ||
    isAbsolute(inside)
  ) {
    throw refused(tensor, path, say`has its data in "${location}", outside of the model's folder`);
  }
  try {
    // What leads there must not be a link either.
    const real = await realpath(target);
    const expected = join(await realpath(folder), inside.split(sep).join(sep));
    const isLink = (await lstat(target)).isSymbolicLink();
    if (isLink || real !== expected) {
      throw refused(tensor, path, say`has its data in ${location}, which is a link`);
    }
    const handle = await open(target, constants.O_RDONLY | NO_FOLLOW);
    try {
      const found = await handle.stat();
      if (!found.isFile()) {
        throw refused(tensor, path, say`has its data in ${location}, which is no regular file`);
      }
      const size = length ?? found.size - offset;
      if (size < 0 || offset + size > found.size || size > room) {
        throw refused(
          tensor,
          path,
          say`has its data at bytes ${offset} to ${offset + Math.max(size, 0)} of ${location}, which has ${found.size}`,
        );
      }
      const bytes = new Uint8Array(size);
      const { bytesRead } = await handle.read(bytes, 0, size, offset);
      if (bytesRead < size)
        throw refused(tensor, path, say`has its data in ${location}, cut short`);
      return bytes;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw refused(tensor, path, say`has its data in ${location}, which cannot be read (${code})`);
  }
}
