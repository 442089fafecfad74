import { largest } from '../../shared/extremes';
import type { Axis } from '../../shared/result/landscape';

/** A regular grid in the coordinates of the directions; C order, the last axis fastest. */
export interface Grid {
  readonly axes: readonly Axis[];
  readonly shape: readonly number[];
  readonly size: number;
}

/**
 * A grid that holds both ends of its range and its centre: its resolution is odd.
 *
 * @param resolution raised by one where it is even; one for all axes or one for each.
 * @param range how far it reaches to both sides; one for all axes or one for each.
 */
export function centredGrid(
  dimensions: number,
  resolution: number | readonly number[],
  range: number | readonly number[],
): Grid {
  return gridOf(
    Array.from({ length: dimensions }, (_, i) => {
      const wanted = typeof resolution === 'number' ? resolution : resolution[i]!;
      const reach = typeof range === 'number' ? range : range[i]!;
      return {
        name: `δ${subscript(i + 1)}`,
        min: -reach,
        max: reach,
        steps: wanted % 2 === 0 ? wanted + 1 : wanted,
      };
    }),
  );
}

export function gridOf(axes: readonly Axis[]): Grid {
  const shape = axes.map(({ steps }) => steps);
  return { axes, shape, size: shape.reduce((product, steps) => product * steps, 1) };
}

/**
 * An axis from about `min` to about `max` that has 0 and `mark` among its points. Its ends give way
 * by a hundredth of its length where they can; else its resolution rises, by a quarter at most. It
 * has 0 alone where the resolution has no two points as near as the mark is.
 *
 * @param min not above 0.
 * @param mark positive, not above `max`.
 */
export function axisThrough(
  name: string,
  mark: number,
  min: number,
  max: number,
  resolution: number,
): Axis {
  const length = max - min;
  if (resolution - 1 < length / mark) {
    return latticeAxis(name, length / (resolution - 1), min, max);
  }
  // Steps between 0 and the mark.
  const fewest = Math.round(((resolution - 1) * mark) / length);
  const most = Math.max(fewest + 3, 1.25 * fewest);
  const error = (steps: number): number => {
    const axis = latticeAxis(name, mark / steps, min, max);
    return Math.max(Math.abs(axis.min - min), Math.abs(axis.max - max)) / length;
  };
  let between = fewest;
  for (let steps = fewest + 1; steps <= most && error(between) > 0.01; steps += 1) {
    if (error(steps) < error(between)) between = steps;
  }
  return latticeAxis(name, mark / between, min, max);
}

/** An axis of the multiples of a width that are between about `min` and about `max`. */
function latticeAxis(name: string, width: number, min: number, max: number): Axis {
  const before = Math.round(-min / width);
  const after = Math.round(max / width);
  // Not −0.
  return { name, min: -before * width + 0, max: after * width, steps: before + after + 1 };
}

/** Coordinates of a point, one for each axis. Both ends, the middle and whole numbers are exact. */
export function coordinates({ axes }: Grid, index: number): readonly number[] {
  const result: number[] = [];
  let rest = index;
  for (let i = axes.length - 1; i >= 0; i -= 1) {
    result[i] = coordinate(axes[i]!, rest % axes[i]!.steps);
    rest = Math.floor(rest / axes[i]!.steps);
  }
  return result;
}

export function coordinate({ min, max, steps }: Axis, step: number): number {
  if (steps === 1) return min;
  // From the nearer end, so that the ends are exact, and the middle too where they are opposite.
  const width = (max - min) / (steps - 1);
  const last = steps - 1 - step;
  const at =
    step === last ? (min + max) / 2 : step < last ? min + step * width : max - last * width;
  // Checkpoints are at whole numbers, which rounding must not move.
  const whole = Math.round(at);
  return step > 0 && last > 0 && Math.abs(at - whole) < 1e-9 * width ? whole : at;
}

/**
 * Every point once, coarse to fine: first every 2ᵏ-th along each axis, then what is between, so
 * that a picture appears early and sharpens.
 *
 * @returns levels of indices.
 */
export function coarseToFine({ shape, size }: Grid): readonly Uint32Array[] {
  const longest = largest(shape);
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
