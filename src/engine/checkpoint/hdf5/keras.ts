import {
  architectureOfHdf5,
  architectureOfKeras,
  configurationOf,
  MAX_CONFIGURATION_BYTES,
} from '../architecture';
import type { Checkpoint, TensorEntry } from '../checkpoint';
import type { CheckpointFile } from '../bytes/checkpointFile';
import { decode, isElementType, stridesC } from '../bytes/elements';
import { Fault, naming } from '../fault';
import { Hdf5Weights, type Hdf5Contents, type Hdf5Entry } from './weights';
import { trainingPosition } from '../trainingPosition';
import type { ZipArchive } from '../bytes/zip';
import { say } from '../../../shared/words/message';

/** @param head first bytes of a file. */
export function isHdf5(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, 8)).toString('latin1') === '\x89HDF\r\n\x1a\n';
}

/** The archive of a `.keras` file. */
const WEIGHTS = 'model.weights.h5';
const CONFIGURATION = 'config.json';
/** Of weights that are packed, and unpacked in memory. */
const MAX_PACKED_BYTES = 2 ** 30;
const MAX_JSON_BYTES = 2 ** 24;

export function isKeras(archive: ZipArchive): boolean {
  return archive.entry(WEIGHTS) !== undefined;
}

/**
 * Opens a `.keras` file of Keras 3: its weights are an HDF5 file in a zip archive.
 *
 * @throws Fault
 */
export async function openKeras(file: CheckpointFile, archive: ZipArchive): Promise<Checkpoint> {
  const metadata = archive.entry('metadata.json')
    ? plainsOf(await archive.read('metadata.json', MAX_JSON_BYTES))
    : {};
  const weights = await weightsIn(file, archive);
  const checkpoint = await hdf5Checkpoint(file, weights, 'keras', metadata);
  return {
    ...checkpoint,
    architecture: () =>
      naming(file.path, async () => {
        if (archive.entry(CONFIGURATION) === undefined) return null;
        const text = await archive.read(CONFIGURATION, MAX_CONFIGURATION_BYTES);
        return architectureOfKeras(configurationOf(Buffer.from(text).toString('utf8')));
      }),
  };
}

/** Up to here the archive's checksum is looked at before anything is believed, else before a value is. */
const SMALL = 64 * 2 ** 20;

async function weightsIn(file: CheckpointFile, archive: ZipArchive): Promise<OpenWeights> {
  const { name, size } = archive.entry(WEIGHTS)!;
  const start = size <= SMALL ? null : await archive.position(name);
  if (start === null) {
    return opened(await Hdf5Weights.open(await archive.read(name, MAX_PACKED_BYTES)));
  }
  const weights = await Hdf5Weights.open({ descriptor: file.descriptor, start, size });
  let checked: Promise<void> | null = null;
  return opened(weights, start, async () => {
    checked ??= archive.check(name, undefined);
    await checked;
    await file.confirm();
  });
}

interface OpenWeights {
  readonly weights: Hdf5Weights;
  /** Of the HDF5 file in the file. */
  readonly start: number;
  /** Whether the file is what it was, and its checksum right; asked after each read. */
  readonly confirm: () => Promise<void>;
}

function opened(weights: Hdf5Weights, start = 0, confirm = () => Promise.resolve()): OpenWeights {
  return { weights, start, confirm };
}

/**
 * Opens an HDF5 file of weights: Keras 3's `.weights.h5`, Keras 2's `.h5` and whole models in `.h5`, or
 * any other with arrays of numbers in it.
 *
 * @throws Fault
 */
export async function openHdf5(file: CheckpointFile): Promise<Checkpoint> {
  const weights = await Hdf5Weights.open({
    descriptor: file.descriptor,
    start: 0,
    size: file.size,
  });
  const format = isOfKeras(weights.contents) ? 'keras' : 'hdf5';
  return hdf5Checkpoint(
    file,
    opened(weights, 0, () => file.confirm()),
    format,
    {},
  );
}

function isOfKeras({ attributes, entries }: Hdf5Contents): boolean {
  return (
    attributes.keras_version !== undefined ||
    entries.some(({ path }) => /(^|\/)vars\/\d+$/.test(path)) ||
    entries.some(({ path }) => path.startsWith('model_weights/'))
  );
}

/** Groups of a model's file that hold no weights: slots of the optimizer, seeds. */
const NO_WEIGHTS = /^(optimizer|optimizer_weights|_optimizer)(\/|$)|(^|\/)seed_generator(\/|$)/;

/** Whatever keeps them from being a checkpoint closes them. */
async function hdf5Checkpoint(
  file: CheckpointFile,
  opened: OpenWeights,
  format: 'keras' | 'hdf5',
  own: Checkpoint['metadata'],
): Promise<Checkpoint> {
  try {
    return await checkpointOf(file, opened, format, own);
  } catch (error) {
    await opened.weights.close();
    throw error;
  }
}

async function checkpointOf(
  file: CheckpointFile,
  { weights, start, confirm }: OpenWeights,
  format: 'keras' | 'hdf5',
  own: Checkpoint['metadata'],
): Promise<Checkpoint> {
  const { contents } = weights;
  const found = new Map<string, Hdf5Entry>();
  for (const entry of contents.entries) {
    if (format === 'keras' && NO_WEIGHTS.test(entry.path)) continue;
    const name = nameOf(entry, contents);
    found.set(found.has(name) ? entry.path : name, entry);
  }
  if (found.size === 0) {
    throw new Fault('unsupported', say`it holds no arrays of numbers`, say`name a file of weights`);
  }
  const tensors = new Map<string, TensorEntry>();
  for (const [name, { dtype, shape, path }] of found) {
    tensors.set(name, { name, dtype, shape, storage: path });
  }
  const metadata = { ...contents.attributes, ...own };
  return {
    path: file.path,
    format,
    size: file.size,
    tensors,
    ...(await trainingPosition(file.path, metadata)),
    metadata,
    architecture: () =>
      naming(file.path, () => {
        const { model_config: model, training_config: training = null } = contents.configuration;
        if (model === undefined) return null;
        return architectureOfHdf5(model, training, contents.attributes.keras_version ?? '');
      }),
    read: (name) =>
      naming(file.path, async () => {
        const entry = found.get(name);
        if (!entry) throw new Fault('missing', say`it has no tensor \`${name}\``);
        const { dtype, shape, path, problem, littleEndian } = entry;
        if (problem !== undefined) throw new Fault('unsupported', problem, SAVE_AGAIN);
        if (!isElementType(dtype)) throw new Fault('unsupported', say`"${path}" holds no numbers`);
        const answer = await weights.read(path).catch(async (error: unknown) => {
          // Of a file that is another now the library says that it is damaged.
          await confirm();
          throw error;
        });
        const bytes =
          typeof answer === 'number' ? await file.read(start + answer, entry.bytes) : answer;
        await confirm();
        // The library has turned the bytes of what it knows.
        const isOurs = dtype !== 'float16' || littleEndian;
        return decode(bytes, dtype, { shape, strides: stridesC(shape) }, isOurs);
      }),
    async close() {
      await weights.close();
      await file.close();
    },
  };
}

const SAVE_AGAIN = say`save it with gzip or without compression`;

/**
 * What Keras 2 calls a weight, without the groups it lies in; of Keras 3, which numbers the variables
 * of a layer, the path with the layer's own name in it.
 */
function nameOf({ path }: Hdf5Entry, { names }: Hdf5Contents): string {
  const legacy = /^model_weights\/[^/]+\/(.+)$/.exec(path);
  if (legacy) return legacy[1]!;
  const variable = /^(.*)\/vars\/(\d+)$/.exec(path);
  if (!variable) return path;
  const parts: string[] = [];
  let above = '';
  for (const part of variable[1]!.split('/')) {
    above += above === '' ? part : `/${part}`;
    // Where the layers of a model are, not one of them.
    if (part !== 'layers') parts.push(names[`${above}/vars`] ?? part);
  }
  return [...parts, variable[2]!].join('/');
}

function plainsOf(bytes: Uint8Array): Checkpoint['metadata'] {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof value !== 'object' || value === null) return {};
    const texts = Object.entries(value)
      .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
      .map(([key, text]): [string, string] => [key, text.slice(0, 500)]);
    return Object.fromEntries(texts);
  } catch {
    throw new Fault('damaged', say`its metadata.json is no JSON`);
  }
}
