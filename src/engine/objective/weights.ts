import { readEach } from '../checkpoint/readEach';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { untilAborted } from '../aborted';
import { InputError } from '../../shared/inputError';
import type { Checkpoint } from '../checkpoint/checkpoint';
import type { Model } from '../graph/model';
import type { Precision } from '../../shared/runtimeSetting';
import { say, type Message } from '../../shared/words/message';
import { sizeOf, type FloatArray } from '../tensor';
import type { TensorSpan } from '../tensorRandom';
import {
  matchWeights,
  type MatchedWeight,
  type TiedPair,
  type WeightSettings,
} from './weightMatch';

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
  /** As in the graph's specification. */
  readonly unitAxes?: readonly [from: number, to: number];
  /**
   * The name random numbers belong to, the same in every file and export: that of the checkpoint,
   * without wrappers and common prefix. The name in the graph if absent.
   */
  readonly tensor?: string;
}

/** What random numbers of a layout belong to. */
export function tensorSpans({ entries }: WeightLayout): readonly TensorSpan[] {
  return entries.map(({ name, tensor = name, offset, size }) => ({ tensor, offset, size }));
}

/** A checkpoint's weights, in the order of the file or of their names. */
export interface LoadedWeights {
  readonly parameters: WeightLayout;
  readonly buffers: WeightLayout;
  /** θ, in the precision asked for. */
  readonly theta: FloatArray;
  readonly bufferValues: FloatArray;
  /** Sentences about what was matched and what was left. */
  readonly notes: readonly Message[];
}

export interface LoadOptions extends WeightSettings {
  /** Whether the vectors are in shared memory, so that threads need no copies to read them. */
  readonly isShared?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the weights a graph wants.
 *
 * @throws InputError when they do not fit the graph, when parameters hold NaN or infinity, or
 *   buffers NaN; the signal's reason.
 */
export async function loadWeights(
  model: Model,
  checkpoint: Checkpoint,
  precision: Precision = 'float32',
  { isShared = false, signal, ...settings }: LoadOptions = {},
): Promise<LoadedWeights> {
  const areEqual = async (first: string, second: string) =>
    (await firstDifference(first, second, checkpoint, signal)) === null;
  const { weights, tied, notes } = await matchWeights(model, checkpoint, areEqual, settings);
  for (const pair of tied) await refuseUntied(pair, checkpoint, model.path, signal);
  const sources = new Map(weights.map(({ specification: { name }, source }) => [name, source]));
  const parameters = layout(weights.filter(({ isParameter }) => isParameter));
  const buffers = layout(weights.filter(({ isParameter }) => !isParameter));
  const fill = async ({ entries, size }: WeightLayout, isMoved: boolean): Promise<FloatArray> => {
    requireLength(size, model.path);
    const bytes = size * (precision === 'float64' ? 8 : 4);
    const memory = isShared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
    const vector: FloatArray =
      precision === 'float64' ? new Float64Array(memory) : new Float32Array(memory);
    const stored = entries.flatMap(({ name }) => sources.get(name) ?? []);
    const tensors = readEach(checkpoint, stored, signal);
    for (const { name, offset } of entries) {
      const tensor = sources.get(name) ?? null;
      if (tensor === null) {
        vector.set(model.ownValue(name), offset);
        continue;
      }
      const { data } = (await tensors.next()).value!.tensor;
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
          // A mask is no parameter and may be infinite.
          if (Number.isFinite(vector[i]) || (!isMoved && !Number.isNaN(vector[i]))) continue;
          const at = i - offset;
          throw new InputError(
            say`${checkpoint.path}: tensor ${tensor} holds ${String(data[at])} at element ${at}; training had diverged when it was saved, analyse an earlier checkpoint.`,
            'diverged',
          );
        }
      }
    }
    return vector;
  };
  return {
    parameters,
    buffers,
    theta: await fill(parameters, true),
    bufferValues: await fill(buffers, false),
    notes: [...model.notes, ...notes],
  };
}

/** @throws InputError when two tensors differ that the graph takes for one. */
async function refuseUntied(
  { first, second }: TiedPair,
  checkpoint: Checkpoint,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [one, other] = [checkpoint.tensors.get(first)!, checkpoint.tensors.get(second)!];
  if (one.storage === other.storage) return;
  const place = await firstDifference(first, second, checkpoint, signal);
  if (place === null) return;
  throw new InputError(
    say`${path} ties ${first} and ${second}, which differ in ${basename(checkpoint.path)} (at element ${place}); export the graph from the model that was trained, or save a checkpoint in which they are equal.`,
    'mismatch',
  );
}

/** The first element in which two tensors differ; null where there is none. */
async function firstDifference(
  first: string,
  second: string,
  checkpoint: Checkpoint,
  signal: AbortSignal | undefined,
): Promise<number | null> {
  const { data } = await untilAborted(checkpoint.read(first), signal);
  const { data: twin } = await untilAborted(checkpoint.read(second), signal);
  const place = data.length === twin.length ? data.findIndex((x, i) => x !== twin[i]) : 0;
  return place < 0 ? null : place;
}

/** Elements that are copied and looked at at once: the thread is free for others in between. */
const PIECE = 2 ** 23;

/** Elements of the longest vector, 16 GiB of them in float32. */
const MAX_LENGTH = 2 ** 32 - 1;

function requireLength(size: number, path: string): void {
  if (size <= MAX_LENGTH) return;
  throw new InputError(
    say`${path} has ${size} weights and ${MAX_LENGTH} are the most Basin reads; analyse a part of the model.`,
    'unsupported',
  );
}

function layout(weights: readonly MatchedWeight[]): WeightLayout {
  let offset = 0;
  const entries = weights.map(({ specification: { name, shape, unitAxes }, tensor }) => {
    const units = unitAxes === undefined ? {} : { unitAxes };
    const entry = { name, shape, offset, size: sizeOf(shape), tensor, ...units };
    offset += entry.size;
    return entry;
  });
  return { entries, size: offset };
}
