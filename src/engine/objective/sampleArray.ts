import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { InputError } from '../../shared/inputError';
import { STORE_FOLDER } from '../../shared/resultLocation';
import { say } from '../../shared/words/message';
import { locateArray, readRows, type StoredArray } from '../checkpoint/numpy/storedArray';
import { sizeOf, type FloatArray, type TensorData } from '../tensor';
import type { ElementType } from '../checkpoint/bytes/elements';

/**
 * An array of evaluation data whose first axis is the samples, as it crosses to a worker. One that
 * is small is in memory; of a large one batches are read from its file when they are needed.
 */
export interface SampleArray {
  /** As the configuration names it. */
  readonly name: string;
  /** Of one sample. */
  readonly shape: readonly number[];
  /** How many are used. */
  readonly samples: number;
  /** SHA-256 of the used values, hexadecimal: what results are known again by. */
  readonly digest: string;
  /** Whether the file holds whole numbers, or true and false. */
  readonly isWhole: boolean;
  readonly source:
    /** In shared memory: all workers have the same. */
    | { readonly kind: 'memory'; readonly values: FloatArray }
    | { readonly kind: 'file'; readonly array: StoredArray };
}

/** Is shown the values that are used, a piece at a time, and throws where they will not do. */
export type Look = (values: FloatArray, firstSample: number) => void;

/** Largest array that is kept in memory, in bytes. */
const MAX_IN_MEMORY = 64 * 2 ** 20;

/** Bytes that are looked at at once: the thread is free for others in between. */
const PIECE = 4 * 2 ** 20;

/** Whole numbers up to here are exact in float64. */
const MAX_WHOLE = Number.MAX_SAFE_INTEGER;

/** Element types whose values float32 does not hold exactly. */
const WIDE: ReadonlySet<ElementType> = new Set(['float64', 'int32', 'int64', 'uint32', 'uint64']);

/** Element types of numbers with a fraction. */
const FRACTIONS: ReadonlySet<ElementType> = new Set(['float64', 'float32', 'float16', 'bfloat16']);

export interface SampleOptions {
  readonly signal?: AbortSignal | undefined;
  /** Largest array that is kept in memory, in bytes. */
  readonly memory?: number | undefined;
  /** Folder that packed arrays are unpacked to; the cache of `.basin` beside them if absent. */
  readonly unpacked?: string | undefined;
}

/**
 * Finds an array a configuration names; its elements are not looked at yet.
 *
 * @param folder what relative names are relative to.
 * @throws InputError when the array is missing, damaged, or of a kind that is not read.
 */
export function findSamples(
  name: string,
  folder: string,
  { signal, unpacked = join(folder, STORE_FOLDER, 'cache') }: SampleOptions = {},
): Promise<StoredArray> {
  return locateArray(name, folder, { unpacked, signal });
}

/**
 * Looks at every value that is used, a piece at a time, and keeps them if they are few.
 *
 * @param look for what is asked of the values beside being finite.
 * @throws InputError naming the first value that is not finite, or a whole number beyond 2⁵³.
 */
export async function openSamples(
  name: string,
  array: StoredArray,
  samples: number,
  { signal, memory = MAX_IN_MEMORY }: SampleOptions = {},
  look: Look = () => undefined,
): Promise<SampleArray> {
  const shape = array.shape.slice(1);
  const width = sizeOf(shape);
  const isWide = WIDE.has(array.type);
  const bytes = samples * width * (isWide ? 8 : 4);
  const isSmall = bytes <= memory;
  const kept = new SharedArrayBuffer(isSmall ? bytes : 0);
  const values: FloatArray = isWide ? new Float64Array(kept) : new Float32Array(kept);
  const hash = createHash('sha256');
  const step = Math.max(1, Math.floor(PIECE / (isWide ? 8 : 4) / Math.max(width, 1)));
  for (let start = 0; start < samples; start += step) {
    await setImmediate();
    signal?.throwIfAborted();
    const count = Math.min(step, samples - start);
    const { data } = readRows(array, start, count);
    const own = asFloats(data);
    requireExact(own, data, name, start * width);
    look(own, start);
    hash.update(new Uint8Array(own.buffer, own.byteOffset, own.byteLength));
    if (isSmall) values.set(own, start * width);
  }
  return {
    name,
    shape,
    samples,
    digest: hash.digest('hex'),
    isWhole: isWhole(array),
    source: isSmall ? { kind: 'memory', values } : { kind: 'file', array },
  };
}

/** Whether an array holds whole numbers, or true and false. */
export function isWhole({ type }: StoredArray): boolean {
  return !FRACTIONS.has(type);
}

/** Samples of an array, [count, …] in C order, in memory of their own. */
export function samplesAt({ source, shape }: SampleArray, start: number, count: number) {
  if (source.kind === 'file') return asFloats(readRows(source.array, start, count).data);
  const width = sizeOf(shape);
  // Native runtimes do not take shared memory.
  return source.values.slice(start * width, (start + count) * width);
}

/** In float64 what float32 does not hold. */
export function asFloats(data: TensorData): FloatArray {
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  if (data instanceof BigInt64Array) return Float64Array.from(data, Number);
  return data instanceof Int32Array ? new Float64Array(data) : new Float32Array(data);
}

function requireExact(values: FloatArray, given: TensorData, name: string, offset: number): void {
  const isWhole = given instanceof BigInt64Array;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]!;
    if (isWhole ? Math.abs(value) <= MAX_WHOLE : Number.isFinite(Math.fround(value))) continue;
    throw new InputError(
      isWhole
        ? say`${name} holds ${String(given[i])} at element ${offset + i}; whole numbers beyond 2⁵³ are not computed with exactly, give the graph smaller ones.`
        : say`${name} holds ${String(given[i])} at element ${offset + i}; evaluation data must be finite.`,
    );
  }
}
