import type { Cache } from '../results/cache';

/**
 * Eigenvectors of one Hessian beside its figures, each in a file of its own, in float32: their
 * numerical error is far above that of the rounding, and a file stays below what Node reads at once.
 */
export class EigenvectorStore {
  private readonly cache: Cache;
  private readonly key: string;
  private readonly length: number;

  /** @param length of each vector. */
  constructor(cache: Cache, key: string, length: number) {
    this.cache = cache;
    this.key = key;
    this.length = length;
  }

  /** @returns the vectors as they will be read. */
  async write(vectors: readonly Float64Array[]): Promise<readonly Float64Array[]> {
    const rounded: Float64Array[] = [];
    for (const [i, vector] of vectors.entries()) {
      const single = Float32Array.from(vector);
      await this.cache.writeBytes(this.name(i), new Uint8Array(single.buffer));
      rounded.push(Float64Array.from(single));
    }
    return rounded;
  }

  /** @returns null where one is missing or cut. */
  async read(count: number): Promise<readonly Float64Array[] | null> {
    const vectors: Float64Array[] = [];
    for (let i = 0; i < count; i += 1) {
      const bytes = await this.cache.readBytes(this.name(i));
      if (bytes?.length !== this.length * Float32Array.BYTES_PER_ELEMENT) return null;
      // The pool a small file is read into need not be aligned.
      const { buffer } = Uint8Array.from(bytes);
      vectors.push(Float64Array.from(new Float32Array(buffer)));
    }
    return vectors;
  }

  private name(i: number): string {
    return `${this.key}-vector${i}`;
  }
}
