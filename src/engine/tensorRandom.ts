import type { FloatArray } from './tensor';

/** Where the numbers of one tensor lie in a vector over all of them. */
export interface TensorSpan {
  /** What random numbers belong to: the tensor's name, the same in every file and export. */
  readonly tensor: string;
  readonly offset: number;
  readonly size: number;
}

/**
 * Fills a vector with independent standard normal numbers. Those of a tensor depend on the seed, the
 * use and its name alone: not on the other tensors, nor on their order.
 *
 * @param use separates uses of one seed that must be independent.
 */
export function fillNormal(
  vector: FloatArray,
  spans: readonly TensorSpan[],
  seed: number,
  use: string,
): void {
  for (const { tensor, offset, size } of spans) {
    const state = stateOf(seed, use, tensor);
    const end = offset + size;
    // The polar method of Marsaglia and Bray (1964): two at a time.
    for (let i = offset; i < end;) {
      const x = (bits(state) + 0.5) / 2 ** 31;
      const y = (bits(state) + 0.5) / 2 ** 31;
      const square = x * x + y * y;
      if (square >= 1) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      vector[i] = x * factor;
      if (i + 1 < end) vector[i + 1] = y * factor;
      i += 2;
    }
  }
}

/** Fills a vector with independent signs, −1 or 1; as `fillNormal` otherwise. */
export function fillSigns(
  vector: FloatArray,
  spans: readonly TensorSpan[],
  seed: number,
  use: string,
): void {
  for (const { tensor, offset, size } of spans) {
    const state = stateOf(seed, use, tensor);
    const end = offset + size;
    for (let start = offset; start < end; start += 32) {
      const stop = Math.min(end, start + 32);
      let signs = bits(state);
      for (let i = start; i < stop; i += 1) {
        vector[i] = 1 - 2 * (signs & 1);
        signs >>>= 1;
      }
    }
  }
}

/** A whole number in [−2³¹, 2³¹) by xoshiro128** (Blackman and Vigna 2018), and the next state. */
function bits(state: Int32Array): number {
  const b = state[1]!;
  const scrambled = Math.imul(b, 5);
  const c = state[2]! ^ state[0]!;
  const d = state[3]! ^ b;
  state[1] = b ^ c;
  state[0] = state[0]! ^ d;
  state[2] = c ^ (b << 9);
  state[3] = (d << 11) | (d >>> 21);
  return Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
}

/**
 * All 128 bits of the state depend on the name, so that of a hundred thousand tensors no two have
 * the same numbers.
 */
function stateOf(seed: number, use: string, tensor: string): Int32Array {
  const text = `${use}\0${tensor}`;
  const salts = [0x9e3779b9, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f];
  return Int32Array.from(salts, (salt) => word(text, seed, salt));
}

/** 32 bits of a text and a seed: FNV-1a steps, each mixed as MurmurHash3 ends. */
function word(text: string, seed: number, salt: number): number {
  let state = mixed((seed ^ salt) >>> 0);
  for (let i = 0; i < text.length; i += 1) {
    state = mixed(Math.imul(state ^ text.charCodeAt(i), 0x01000193) + salt);
  }
  return state;
}

function mixed(x: number): number {
  let h = x ^ (x >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
