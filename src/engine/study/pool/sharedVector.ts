import { zerosLike, type FloatArray } from '../../tensor';
import type { NumberedVector } from './workerProtocol';

/** A vector that all threads see. */
export function sharedZeros(length: number, isDouble: boolean): FloatArray {
  const buffer = new SharedArrayBuffer(length * (isDouble ? 8 : 4));
  return isDouble ? new Float64Array(buffer) : new Float32Array(buffer);
}

/** The same values in memory that all threads see. */
export function shared(values: FloatArray): FloatArray {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const copy = sharedZeros(values.length, values instanceof Float64Array);
  copy.set(values);
  return copy;
}

/** The same bytes in memory that all threads see. */
export function sharedBytes(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** Vectors that were sent to workers. */
let sent = 0;

/** A vector as workers know it again: no two have the same number. */
export function numbered(values: FloatArray): NumberedVector {
  sent += 1;
  return { number: sent, values };
}

/**
 * A thread's own copies of shared vectors, as native runtimes do not take shared memory. The memory
 * is taken once and written again for every vector.
 */
export class OwnCopies {
  private readonly vectors: { number: number; readonly values: FloatArray }[] = [];

  /** @param numbers of the vectors: the same number is the same values. */
  of(given: readonly NumberedVector[]): readonly FloatArray[] {
    return given.map(({ number, values }, i) => {
      let own = this.vectors[i];
      if (own?.values.length !== values.length) {
        own = { number: -1, values: zerosLike(values) };
        this.vectors[i] = own;
      }
      if (own.number !== number) {
        own.values.set(values);
        own.number = number;
      }
      return own.values;
    });
  }

  clear(): void {
    this.vectors.length = 0;
  }
}
