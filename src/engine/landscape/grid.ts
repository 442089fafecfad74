import type { Axis } from '../../shared/result';

/** A regular grid in the coordinates of the directions; C order, the last axis fastest. */
export interface Grid {
  readonly axes: readonly Axis[];
  readonly shape: readonly number[];
  readonly size: number;
}

/**
 * A grid that holds both ends of its range and its centre, the checkpoint: its resolution is odd.
 *
 * @param resolution raised by one where it is even.
 */
export function centredGrid(dimensions: number, resolution: number, range: number): Grid {
  const steps = resolution % 2 === 0 ? resolution + 1 : resolution;
  const axes = Array.from({ length: dimensions }, (_, i) => ({
    name: `δ${subscript(i + 1)}`,
    min: -range,
    max: range,
    steps,
  }));
  return { axes, shape: axes.map((axis) => axis.steps), size: steps ** dimensions };
}

/** Coordinates of a point, one for each axis. The centre is exactly zero. */
export function coordinates({ axes }: Grid, index: number): readonly number[] {
  const result: number[] = [];
  let rest = index;
  for (let i = axes.length - 1; i >= 0; i -= 1) {
    const { min, max, steps } = axes[i]!;
    const step = rest % steps;
    rest = Math.floor(rest / steps);
    // From the nearer end, so that the ends are exact, and the centre too where they are opposite.
    const width = (max - min) / (steps - 1);
    const last = steps - 1 - step;
    result[i] =
      step === last ? (min + max) / 2 : step < last ? min + step * width : max - last * width;
  }
  return result;
}

/**
 * Every point once, coarse to fine: first every 2ᵏ-th along each axis, then what is between, so
 * that a picture appears early and sharpens.
 *
 * @returns levels of indices.
 */
export function coarseToFine({ shape, size }: Grid): readonly Uint32Array[] {
  const longest = Math.max(...shape);
  const coarsest = 2 ** Math.max(0, Math.floor(Math.log2((longest - 1) / 4)));
  const levels: Uint32Array[] = [];
  const done = new Uint8Array(size);
  for (let stride = coarsest; stride >= 1; stride /= 2) {
    const level: number[] = [];
    for (let index = 0; index < size; index += 1) {
      if (done[index] === 0 && isOnStride(index, shape, stride)) {
        done[index] = 1;
        level.push(index);
      }
    }
    levels.push(Uint32Array.from(level));
  }
  return levels;
}

function isOnStride(index: number, shape: readonly number[], stride: number): boolean {
  let rest = index;
  for (let i = shape.length - 1; i >= 0; i -= 1) {
    if ((rest % shape[i]!) % stride !== 0) return false;
    rest = Math.floor(rest / shape[i]!);
  }
  return true;
}

function subscript(n: number): string {
  return String(n).replace(/\d/g, (digit) => '₀₁₂₃₄₅₆₇₈₉'.charAt(Number(digit)));
}
