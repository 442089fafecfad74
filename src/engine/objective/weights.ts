import { setImmediate } from 'node:timers/promises';
import { untilAborted } from '../aborted';
import { InputError } from '../../shared/inputError';
import type { Checkpoint } from '../checkpoint/checkpoint';
import { matchNames } from '../checkpoint/matchNames';
import type { OnnxModel, WeightSpecification } from '../graph/onnx/importOnnx';
import type { Precision } from '../../shared/runtimeSetting';
import { sizeOf, type FloatArray } from '../tensor';

/** Where each weight of a graph lies in one long vector: θ for parameters, or the buffers. */
export interface WeightLayout {
  readonly entries: readonly WeightEntry[];
  /** Length of the vector. */
  readonly size: number;
}

export interface WeightEntry {
  /** In the graph. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** A checkpoint's weights in the order of the checkpoint: the order of PyTorch's state dict. */
export interface LoadedWeights {
  readonly parameters: WeightLayout;
  readonly buffers: WeightLayout;
  /** θ, in the precision asked for. */
  readonly theta: FloatArray;
  readonly bufferValues: FloatArray;
  /** Sentences about what was matched and what was left. */
  readonly notes: readonly string[];
}

export interface LoadOptions {
  /** Whether the vectors are in shared memory, so that threads need no copies to read them. */
  readonly isShared?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the weights a graph wants.
 *
 * @throws InputError when they do not fit the graph, or hold NaN or infinity; the signal's reason.
 */
export async function loadWeights(
  model: OnnxModel,
  checkpoint: Checkpoint,
  precision: Precision = 'float32',
  { isShared = false, signal }: LoadOptions = {},
): Promise<LoadedWeights> {
  const { specifications, mapping, notes } = match(model, checkpoint);
  const position = new Map([...checkpoint.tensors.keys()].map((name, index) => [name, index]));
  // What the checkpoint does not have comes last, in the order of the graph.
  const placeOf = (name: string): number => position.get(mapping.get(name) ?? '') ?? position.size;
  const ordered = [...specifications].sort((a, b) => placeOf(a.name) - placeOf(b.name));
  const parameters = layout(ordered.filter(({ role }) => role === 'parameter'));
  const buffers = layout(ordered.filter(({ role }) => role === 'buffer'));
  const fill = async ({ entries, size }: WeightLayout): Promise<FloatArray> => {
    requireLength(size, model.path);
    const bytes = size * (precision === 'float64' ? 8 : 4);
    const memory = isShared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
    const vector: FloatArray =
      precision === 'float64' ? new Float64Array(memory) : new Float32Array(memory);
    for (const { name, offset } of entries) {
      const tensor = mapping.get(name);
      if (tensor === undefined) {
        vector.set(model.ownValue(name), offset);
        continue;
      }
      const { data } = await untilAborted(checkpoint.read(tensor), signal);
      for (let start = 0; start < data.length; start += PIECE) {
        const end = Math.min(start + PIECE, data.length);
        if (start > 0) await setImmediate();
        signal?.throwIfAborted();
        const piece = data.subarray(start, end);
        if (piece instanceof BigInt64Array) {
          for (let i = 0; i < piece.length; i += 1) vector[offset + start + i] = Number(piece[i]);
        } else {
          vector.set(piece, offset + start);
        }
        for (let i = offset + start; i < offset + end; i += 1) {
          if (Number.isFinite(vector[i])) continue;
          const at = i - offset;
          throw new InputError(
            `${checkpoint.path}: tensor ${tensor} holds ${String(data[at])} at element ${at}; training had diverged when it was saved, analyse an earlier checkpoint.`,
          );
        }
      }
    }
    return vector;
  };
  return {
    parameters,
    buffers,
    theta: await fill(parameters),
    bufferValues: await fill(buffers),
    notes: [...model.notes, ...notes],
  };
}

/** Elements that are copied and looked at at once: the thread is free for others in between. */
const PIECE = 2 ** 23;

/** Elements of the longest vector, 16 GiB of them in float32. */
const LONGEST = 2 ** 32 - 1;

function requireLength(size: number, path: string): void {
  if (size <= LONGEST) return;
  throw new InputError(
    `${path} has ${size} weights and ${LONGEST} are the most Basin reads; analyse a part of the model.`,
    'unsupported',
  );
}

function layout(specifications: readonly WeightSpecification[]): WeightLayout {
  let offset = 0;
  const entries = specifications.map(({ name, shape }) => {
    const entry = { name, shape, offset, size: sizeOf(shape) };
    offset += entry.size;
    return entry;
  });
  return { entries, size: offset };
}

/** With aliases and optional tensors as weights of their own where the checkpoint has them. */
function match(model: OnnxModel, checkpoint: Checkpoint) {
  if (
    !model.hasBatchNorm &&
    [...checkpoint.tensors.keys()].some((name) => name.endsWith('.running_mean'))
  ) {
    throw new InputError(
      `${model.path} has no BatchNormalization but ${checkpoint.path} has running statistics: the export fused them into the weights; export again with training=TrainingMode.PRESERVE after model.eval(), and do_constant_folding=False.`,
      'mismatch',
    );
  }
  const shapes = (list: readonly WeightSpecification[]) =>
    new Map(list.map(({ name, shape }) => [name, shape]));
  const all = model.weights.filter(({ aliasOf, isOptional }) => aliasOf === null && !isOptional);
  let found = matchNames(shapes(all), checkpoint);
  const absent: WeightSpecification[] = [];
  for (const more of model.weights) {
    if (more.aliasOf === null && !more.isOptional) continue;
    // The same prefix rule that found the others finds this one, if it is there.
    try {
      found = matchNames(shapes([...all, more]), checkpoint);
      all.push(more);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      if (more.isOptional) absent.push(more);
    }
  }
  const { mapping, notes } = described(found);
  if (absent.length > 0) {
    const names = absent.slice(0, 3).map(({ name }) => name);
    notes.push(
      `The checkpoint does not hold ${absent.length === 1 ? 'a tensor' : `${absent.length} tensors`} that the model does not save (${names.join(', ')}${absent.length > 3 ? ', …' : ''}); the values in the graph are used, those of the moment of the export.`,
    );
  }
  return { specifications: [...all, ...absent], mapping, notes };
}

function described({ mapping, rule, unused }: ReturnType<typeof matchNames>) {
  const notes: string[] = [];
  if (rule !== 'exact names') notes.push(`Names of the checkpoint were matched ${rule}.`);
  const left = unused.filter((name) => !name.endsWith('num_batches_tracked'));
  if (left.length > 0) {
    const named = left.slice(0, 3).join(', ') + (left.length > 3 ? ', …' : '');
    notes.push(`The graph does not use ${left.length} tensors of the checkpoint (${named}).`);
  }
  return { mapping, notes };
}
