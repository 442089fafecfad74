import type { FloatArray } from '../tensor';

export function dot(a: FloatArray, b: FloatArray): number {
  // Four sums at once: the processor need not wait for each addition.
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (let i = whole; i < a.length; i += 1) s0 += a[i]! * b[i]!;
  return s0 + s1 + s2 + s3;
}

export function norm(a: FloatArray): number {
  return Math.sqrt(dot(a, a));
}

/** a += factor · b */
export function addScaled(a: Float64Array, factor: number, b: FloatArray): void {
  for (let i = 0; i < a.length; i += 1) a[i]! += factor * b[i]!;
}
