import { InputError } from '../../shared/inputError';
import type { Checkpoint } from '../checkpoint/checkpoint';
import { matchNames } from '../checkpoint/matchNames';
import type { OnnxModel, WeightSpecification } from '../graph/onnx/importOnnx';
import { sizeOf } from '../tensor';

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
  /** θ, in float32 as it was trained. */
  readonly theta: Float32Array;
  readonly bufferValues: Float32Array;
  /** Sentences about what was matched and what was left. */
  readonly notes: readonly string[];
}

/**
 * Reads the weights a graph wants.
 *
 * @throws InputError when they do not fit the graph, or hold NaN or infinity.
 */
export async function loadWeights(
  model: OnnxModel,
  checkpoint: Checkpoint,
): Promise<LoadedWeights> {
  const { specifications, mapping, notes } = match(model, checkpoint);
  const position = new Map([...checkpoint.tensors.keys()].map((name, index) => [name, index]));
  const ordered = [...specifications].sort(
    (a, b) => position.get(mapping.get(a.name)!)! - position.get(mapping.get(b.name)!)!,
  );
  const parameters = layout(ordered.filter(({ role }) => role === 'parameter'));
  const buffers = layout(ordered.filter(({ role }) => role === 'buffer'));
  const fill = async ({ entries, size }: WeightLayout): Promise<Float32Array> => {
    const vector = new Float32Array(size);
    for (const { name, offset } of entries) {
      const { data } = await checkpoint.read(mapping.get(name)!);
      if (data instanceof BigInt64Array) vector.set(Array.from(data, Number), offset);
      else vector.set(data, offset);
      const bad =
        data.length === 0
          ? -1
          : vector.subarray(offset, offset + data.length).findIndex((x) => !Number.isFinite(x));
      if (bad >= 0) {
        throw new InputError(
          `${checkpoint.path}: tensor ${mapping.get(name)!} holds ${String(data[bad])} at element ${bad}; training had diverged when it was saved, analyse an earlier checkpoint.`,
        );
      }
    }
    return vector;
  };
  return {
    parameters,
    buffers,
    theta: await fill(parameters),
    bufferValues: await fill(buffers),
    notes,
  };
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

/** With every alias a weight of its own if the checkpoint has them all, else without. */
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
  const own = model.weights.filter(({ aliasOf }) => aliasOf === null);
  const shapes = (list: readonly WeightSpecification[]) =>
    new Map(list.map(({ name, shape }) => [name, shape]));
  const first = matchNames(shapes(own), checkpoint);
  if (own.length === model.weights.length) return { specifications: own, ...described(first) };
  const all = [...own];
  for (const alias of model.weights) {
    if (alias.aliasOf === null) continue;
    // The same prefix rule that found the others finds an alias, if it is there.
    try {
      matchNames(shapes([...all, alias]), checkpoint);
      all.push(alias);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  return { specifications: all, ...described(matchNames(shapes(all), checkpoint)) };
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
