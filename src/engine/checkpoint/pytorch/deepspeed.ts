import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { largest } from '../../../shared/extremes';
import { sizeOf } from '../../tensor';
import type { Checkpoint } from '../checkpoint';
import { CheckpointFile } from '../bytes/checkpointFile';
import { stridesC } from '../bytes/elements';
import { Fault } from '../fault';
import { PickleObject, type PickleDictionary, type PickleValue } from './pickleValue';
import { pytorchCheckpoint, readPytorch, type PytorchFile, type Storages } from './pytorch';
import { StorageReference, TensorReference } from './pytorchPickle';
import { ZipArchive } from '../bytes/zip';
import { say } from '../../../shared/words/message';

/** What DeepSpeed keeps the weights in where it has not cut them. */
export const DEEPSPEED_WEIGHTS = 'mp_rank_00_model_states.pt';

const WEIGHTS = /^mp_rank_\d+_model_states\.pt$/;
/** Under ZeRO-3 each rank has a piece of every weight. */
const PIECES = /^zero_pp_rank_\d+_mp_rank_\d+_model_states\.pt$/;
const OPTIMIZER = /^(bf16_)?zero_pp_rank_\d+_mp_rank_00_optim_states\.pt$/;

/** Whether a file is called as DeepSpeed calls those of a checkpoint. */
export function isDeepspeed(name: string): boolean {
  return WEIGHTS.test(name) || PIECES.test(name) || /_mp_rank_\d+_optim_states\.pt$/.test(name);
}

/**
 * Opens a checkpoint of DeepSpeed: the file of the model's states, and where it trained under ZeRO-1
 * or ZeRO-2, the weights in float32 from the optimizer's partitions beside it, which are what training
 * goes on from; those of the model are rounded to its precision.
 *
 * Source: deepspeed/utils/zero_to_fp32.py.
 *
 * @throws Fault when the file is one of another kind, or a partition is missing.
 */
export async function openDeepspeed(
  file: CheckpointFile,
  archive: ZipArchive,
  weights: string | undefined,
): Promise<Checkpoint> {
  const [name, folder] = [basename(file.path), dirname(file.path)];
  const beside = await readdir(folder);
  if (beside.some((other) => PIECES.test(other))) {
    throw new Fault(
      'unsupported',
      say`it is one rank’s part of a checkpoint under ZeRO-3 of DeepSpeed, where each rank has a piece of every weight`,
      say`run \`python zero_to_fp32.py . joined --tag ${basename(folder)}\` in the folder above its own, where DeepSpeed has put that file, and open what it writes`,
    );
  }
  if (!WEIGHTS.test(name)) {
    throw new Fault(
      'invalid',
      say`it is one rank’s part of an optimizer under DeepSpeed`,
      say`open ${DEEPSPEED_WEIGHTS} beside it`,
    );
  }
  const model = await readPytorch(archive);
  const states = beside.filter((other) => OPTIMIZER.test(other)).sort(byNumbers);
  const { root } = model.pickled;
  if (name !== DEEPSPEED_WEIGHTS || states.length === 0 || !(root instanceof Map)) {
    return pytorchCheckpoint(
      file,
      'pytorch',
      model.pickled,
      weights,
      model.littleEndian,
      model.storages,
    );
  }
  const files: CheckpointFile[] = [];
  try {
    const partitions: Partition[] = [];
    for (const other of states) {
      const opened = await CheckpointFile.open(join(folder, other));
      files.push(opened);
      partitions.push(partitionOf(other, await readPytorch(await ZipArchive.open(opened))));
    }
    const merged = merge(root, partitions);
    const checkpoint = await pytorchCheckpoint(
      file,
      'pytorch',
      { ...model.pickled, root: merged.root },
      weights,
      model.littleEndian,
      merged.storages(model.storages),
    );
    return {
      ...checkpoint,
      metadata: {
        ...checkpoint.metadata,
        zero_stage: partitions[0]!.stage,
        zero_partitions: partitions.length,
      },
      size: files.reduce((sum, { size }) => sum + size, file.size),
      files: [file.path, ...files.map(({ path }) => path)],
      async close() {
        for (const each of [file, ...files]) await each.close();
      },
    };
  } catch (error) {
    for (const each of files) await each.close();
    throw error;
  }
}

/** What one rank has of the weights: of each group a part of all its weights, one behind the other. */
interface Partition {
  readonly name: string;
  readonly stage: number;
  readonly count: number;
  readonly groups: readonly TensorReference[];
  /** Elements between two weights of a group, where it says so. */
  readonly paddings: readonly PickleValue[] | null;
  readonly storages: Storages;
}

function partitionOf(name: string, { pickled, littleEndian, storages }: PytorchFile): Partition {
  const state = at(pickled.root, 'optimizer_state_dict');
  const [staged, counts] = [at(state, 'zero_stage'), at(state, 'partition_count')];
  // A number, or the member of an enumeration that stands for it.
  const stage = staged instanceof PickleObject ? staged.args[0] : staged;
  const groups = at(state, 'single_partition_of_fp32_groups');
  const count = Array.isArray(counts)
    ? Math.max(0, largest(counts.slice(0, 1000).map(Number)))
    : counts;
  if (typeof stage !== 'number' || typeof count !== 'number' || !Array.isArray(groups)) {
    throw new Fault('damaged', say`${name} beside it holds no weights of ZeRO-1 or ZeRO-2`);
  }
  const vectors = groups.filter((group) => group instanceof TensorReference);
  const isPlain = vectors.every(({ type, shape, strides }) => {
    return type === 'float32' && shape.length === 1 && (strides[0] === 1 || shape[0]! < 2);
  });
  if (vectors.length !== groups.length || !isPlain || !littleEndian) {
    throw new Fault('unsupported', say`${name} beside it holds its weights in another way`);
  }
  for (const { storage } of vectors) storages.check(storage);
  const paddings = at(state, 'param_alignment_paddings');
  return {
    name,
    stage,
    count,
    groups: vectors,
    paddings: Array.isArray(paddings) ? paddings : null,
    storages,
  };
}

function at(value: PickleValue | undefined, key: string): PickleValue | undefined {
  return value instanceof Map ? value.get(key) : undefined;
}

/** Part of a vector that ranks have one behind the other. */
interface Segment {
  readonly partition: Partition;
  readonly of: TensorReference;
  /** Bytes before it in the whole vector, and in it. */
  readonly start: number;
  readonly size: number;
}

/** The root of the model's file with the weights of the partitions in it, and how they are read. */
function merge(root: PickleDictionary, partitions: readonly Partition[]) {
  const [first] = partitions as [Partition, ...Partition[]];
  if (first.count !== partitions.length) {
    throw new Fault(
      'damaged',
      say`${partitions.length} parts of its optimizer are beside it, of ${first.count}`,
      say`copy the whole folder again`,
    );
  }
  const shapes = at(root, 'param_shapes');
  const module = at(root, 'module');
  if (!Array.isArray(shapes) || shapes.length !== first.groups.length || !(module instanceof Map)) {
    throw new Fault('damaged', say`it does not say which weights its partitions hold`);
  }
  const segments = new Map<StorageReference, readonly Segment[]>();
  const trained = new Map<PickleValue, TensorReference>();
  shapes.forEach((group, number) => {
    const own = segmentsOf(partitions, number);
    const elements = own.reduce((sum, { size }) => sum + size, 0) / 4;
    const storage = new StorageReference(`fp32 ${number}`, 'float32', elements * 4);
    segments.set(storage, own);
    let offset = 0;
    let place = 0;
    const paddings = first.paddings?.[number];
    for (const [name, shape] of group instanceof Map ? group : []) {
      const size = isShape(shape) ? sizeOf(shape) : NaN;
      if (!(offset + size <= elements) || !isShape(shape)) throw misfit(elements);
      trained.set(name, new TensorReference(storage, 'float32', shape, offset, stridesC(shape)));
      const padding = Array.isArray(paddings) ? paddings[place++] : 0;
      offset += size + (typeof padding === 'number' ? padding : 0);
    }
    // Whoever wrote it has filled up to a multiple of twice the ranks.
    const unit = 2 * partitions.length;
    if (Math.ceil(offset / unit) !== Math.ceil(elements / unit)) throw misfit(elements);
  });
  const frozen = at(root, 'frozen_param_fragments');
  const shared = at(root, 'shared_params');
  const whole: PickleDictionary = new Map(module);
  const valueOf = (name: PickleValue): PickleValue | undefined =>
    trained.get(name) ?? (frozen instanceof Map ? frozen.get(name) : undefined);
  for (const name of [...module.keys(), ...trained.keys()]) {
    const twin = shared instanceof Map ? shared.get(name) : undefined;
    const value = valueOf(name) ?? (twin === undefined ? undefined : valueOf(twin));
    if (value !== undefined) whole.set(name, value);
  }
  const isOurs = (storage: StorageReference) => segments.get(storage);
  return {
    root: new Map(root).set('module', whole),
    storages: (model: Storages): Storages => ({
      check(storage) {
        if (!isOurs(storage)) model.check(storage);
      },
      async read(storage, start, end) {
        const own = isOurs(storage);
        if (!own) return model.read(storage, start, end);
        const bytes = new Uint8Array(end - start);
        for (const { partition, of, from, to, at: place } of within(own, start, end)) {
          bytes.set(await partition.storages.read(of.storage, from, to), place);
        }
        return bytes;
      },
      async *blocks(storage, start, end, length) {
        const own = isOurs(storage);
        if (!own) yield* model.blocks(storage, start, end, length);
        for (const { partition, of, from, to } of within(own ?? [], start, end)) {
          yield* partition.storages.blocks(of.storage, from, to, length);
        }
      },
    }),
  };
}

function segmentsOf(partitions: readonly Partition[], group: number): readonly Segment[] {
  let start = 0;
  return partitions.map((partition) => {
    const of = partition.groups[group];
    if (of === undefined)
      throw new Fault('damaged', say`${partition.name} beside it has fewer groups`);
    const size = sizeOf(of.shape) * 4;
    const segment = { partition, of, start, size };
    start += size;
    return segment;
  });
}

/** Where bytes `start` to `end` of a vector are: bytes of a storage, and their place from `start` on. */
function* within(segments: readonly Segment[], start: number, end: number) {
  for (const { partition, of, start: begin, size } of segments) {
    const [from, to] = [Math.max(start, begin), Math.min(end, begin + size)];
    if (from >= to) continue;
    const base = of.span[0] - begin;
    yield { partition, of, from: base + from, to: base + to, at: from - start };
  }
}

function misfit(elements: number): Fault {
  return new Fault(
    'damaged',
    say`its partitions have ${elements} elements, which its weights do not fill`,
  );
}

function isShape(value: PickleValue): value is number[] {
  return (
    Array.isArray(value) &&
    value.length <= 64 &&
    value.every((n) => Number.isSafeInteger(n) && Number(n) >= 0)
  );
}

/** Rank 10 behind rank 9. */
function byNumbers(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
