import type { SymmetricOperators } from '../../../src/engine/hessian/blockLanczos';
import { dot, norm } from '../../../src/engine/hessian/vectors';
import { Random } from '../../../src/engine/random';
import type { FloatArray } from '../../../src/engine/tensor';

export type SymmetricOperator = (v: FloatArray) => Promise<FloatArray>;

export function gaussian(length: number, stream: string): Float64Array {
  const random = new Random(7, stream);
  return Float64Array.from({ length }, () => random.normal());
}

export function diagonal(values: readonly number[]): SymmetricOperator {
  return (v) => Promise.resolve(v.map((x, i) => x * values[i]!));
}

export function each(apply: SymmetricOperator): SymmetricOperators {
  return (vs) => Promise.all(vs.map(apply));
}

/** Q·D·Qᵀ with Q a product of reflections: a known spectrum in no particular basis. */
export function rotated(values: readonly number[], seed: number): SymmetricOperator {
  const random = new Random(seed, 'reflections');
  const mirrors = Array.from({ length: 4 }, () => {
    const mirror = Float64Array.from(values, () => random.normal());
    const length = norm(mirror);
    return mirror.map((x) => x / length);
  });
  const reflect = (v: FloatArray, mirror: Float64Array): FloatArray => {
    const along = 2 * dot(v, mirror);
    return v.map((x, i) => x - along * mirror[i]!);
  };
  return (v) => {
    const inside = mirrors.reduce(reflect, Float64Array.from(v)).map((x, i) => x * values[i]!);
    return Promise.resolve([...mirrors].reverse().reduce(reflect, inside));
  };
}
