import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { InputError } from '../../shared/inputError';
import { STORE_FOLDER } from '../../shared/resultLocation';
import { locateArray, readRows, type StoredArray } from '../checkpoint/storedArray';
import { sizeOf, type TensorData } from '../tensor';

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
  /** SHA-256 of the used values in float32, hexadecimal: what results are known again by. */
  readonly digest: string;
  readonly source:
    /** In shared memory: all workers have the same. */
    | { readonly kind: 'memory'; readonly values: Float32Array }
    | { readonly kind: 'file'; readonly array: StoredArray };
}

/** What values must be: numbers, or indices of classes. */
export type SampleKind = 'values' | 'classes';

/** Largest array in float32 that is kept in memory, in bytes. */
const LARGEST_IN_MEMORY = 64 * 2 ** 20;

/** Bytes, in float32, that are looked at at once: the thread is free for others in between. */
const PIECE = 4 * 2 ** 20;

/** Whole numbers up to here are exact in float32. */
const LARGEST_CLASS = 2 ** 24;

export interface SampleOptions {
  readonly signal?: AbortSignal | undefined;
  /** Largest array that is kept in memory, in bytes of float32. */
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
 * @throws InputError naming the first value that is not finite, or no class index.
 */
export async function openSamples(
  name: string,
  array: StoredArray,
  samples: number,
  kind: SampleKind,
  { signal, memory = LARGEST_IN_MEMORY }: SampleOptions = {},
): Promise<SampleArray> {
  const shape = array.shape.slice(1);
  const width = sizeOf(shape);
  const isSmall = samples * width * 4 <= memory;
  const values = new Float32Array(new SharedArrayBuffer(isSmall ? samples * width * 4 : 0));
  const hash = createHash('sha256');
  const step = Math.max(1, Math.floor(PIECE / 4 / Math.max(width, 1)));
  for (let start = 0; start < samples; start += step) {
    await setImmediate();
    signal?.throwIfAborted();
    const count = Math.min(step, samples - start);
    const { data } = readRows(array, start, count);
    const own = single(data);
    if (kind === 'classes') requireClasses(data, name, start);
    else requireFinite(own, data, name, start * width);
    hash.update(new Uint8Array(own.buffer, own.byteOffset, own.byteLength));
    if (isSmall) values.set(own, start * width);
  }
  return {
    name,
    shape,
    samples,
    digest: hash.digest('hex'),
    source: isSmall ? { kind: 'memory', values } : { kind: 'file', array },
  };
}

/** Samples of an array, [count, …] in C order, in memory of their own. */
export function samplesAt({ source, shape }: SampleArray, start: number, count: number) {
  if (source.kind === 'file') return single(readRows(source.array, start, count).data);
  const width = sizeOf(shape);
  // Native runtimes do not take shared memory.
  return source.values.slice(start * width, (start + count) * width);
}

function single(data: TensorData): Float32Array<ArrayBuffer> {
  if (data instanceof Float32Array) return data as Float32Array<ArrayBuffer>;
  if (data instanceof BigInt64Array) return Float32Array.from(data, Number);
  return new Float32Array(data);
}

function requireFinite(
  values: Float32Array,
  given: TensorData,
  name: string,
  offset: number,
): void {
  for (let i = 0; i < values.length; i += 1) {
    if (Number.isFinite(values[i])) continue;
    throw new InputError(
      `${name} holds ${String(given[i])} at element ${offset + i}; evaluation data must be finite.`,
    );
  }
}

function requireClasses(given: TensorData, name: string, offset: number): void {
  for (let i = 0; i < given.length; i += 1) {
    const value = Number(given[i]);
    if (Number.isInteger(value) && value >= 0 && value < LARGEST_CLASS) continue;
    throw new InputError(
      `${name}: sample ${offset + i} has the target ${String(given[i])}, which is no class index.`,
    );
  }
}
