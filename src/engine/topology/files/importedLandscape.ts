import type { Axis } from '../../../shared/result';

/** A landscape another tool sampled, as its file holds it. */
export interface ImportedLandscape {
  /** In C order: the last axis is the fastest. */
  readonly values: Float64Array;
  /** Points along each axis. */
  readonly shape: readonly number[];
  /** One for each axis of `shape`; null where the file does not say. */
  readonly axes: readonly Axis[] | null;
  /** What its reader found out of the ordinary: full sentences. */
  readonly warnings?: readonly string[];
}

/** Names tools give the array or column of losses, the surest first. */
const VALUE_NAMES = [
  'loss',
  'losses',
  'loss_values',
  'loss_grid',
  'loss_landscape',
  'landscape',
  'surface',
  'train_loss',
  'values',
  'value',
  'z',
  'f',
  'data',
];

/** The name among `names` that means losses; null where none does. Case does not matter. */
export function valueName(names: readonly string[]): string | null {
  for (const wanted of VALUE_NAMES) {
    const found = names.find((name) => name.toLowerCase() === wanted);
    if (found !== undefined) return found;
  }
  return null;
}

/** A number as programs print them, NaN and infinities too; null where the text is none. */
export function parseNumber(text: string): number | null {
  const number = Number(text);
  if (!Number.isNaN(number)) return text.trim() === '' ? null : number;
  switch (text.trim().toLowerCase().replace(/^\+/, '')) {
    case 'nan':
    case '-nan':
      return NaN;
    case 'inf':
    case 'infinity':
      return Infinity;
    case '-inf':
    case '-infinity':
      return -Infinity;
    default:
      return null;
  }
}

/**
 * What coordinates say about the grid that its reader should know: a centre that was never
 * sampled, and a range that is not the same on both sides of it. The checkpoint is at the origin of its plane; a grid of even steps misses it.
 */
export function axisWarnings(axes: readonly Axis[]): string[] {
  return axes.flatMap(({ name, min, max, steps }) => {
    if (!(min < 0 && max > 0) || steps < 2) return [];
    const position = (-min / (max - min)) * (steps - 1);
    if (Math.abs(position - Math.round(position)) > 1e-6) {
      return [
        `The axis ${name} has no point at 0, so the checkpoint itself may not be among the values.`,
      ];
    }
    // By half a step and more: coordinates are rounded.
    if (Math.abs(position - (steps - 1) / 2) < 0.5) return [];
    return [
      `The axis ${name} runs from ${min} to ${max}: the checkpoint, at 0, is not in its middle, so the two sides of it show different distances.`,
    ];
  });
}

/** An axis through coordinates in the order of its points; null where they are not evenly spaced. */
export function evenAxis(name: string, coordinates: ArrayLike<number>): Axis | null {
  const steps = coordinates.length;
  const min = coordinates[0]!;
  const max = coordinates[steps - 1]!;
  for (let k = 0; k < steps; k++) {
    const even = steps === 1 ? min : min + ((max - min) * k) / (steps - 1);
    // Coordinates pass through float32 and through text of a few digits.
    const slack = 1e-3 * Math.abs((max - min) / Math.max(steps - 1, 1));
    if (!(Math.abs(coordinates[k]! - even) <= slack)) return null;
  }
  return { name, min, max, steps };
}

/** So many points, and this share of them, at the very same highest value are no accident. */
const LEAST_CLIPPED = 8;
const CLIPPED_SHARE = 0.01;

/**
 * A warning where the highest value occurs so often that values above it seem to have been cut off:
 * the surface ends in a plateau, and what lies above is unknown. Constants are not meant.
 */
export function clippingWarnings(values: Float64Array): string[] {
  let highest = -Infinity;
  let lowest = Infinity;
  let count = 0;
  for (let v = 0; v < values.length; v++) {
    const x = values[v]!;
    if (x - x !== 0) continue;
    if (x < lowest) lowest = x;
    if (x > highest) {
      highest = x;
      count = 0;
    }
    if (x === highest) count++;
  }
  if (lowest === highest || count < Math.max(LEAST_CLIPPED, CLIPPED_SHARE * values.length))
    return [];
  return [
    `${count} of ${values.length} points have the very same highest value ${highest}, as clipping leaves it; what lies above is not in the file, so its maxima and ranges mean little.`,
  ];
}

/**
 * A warning where the numbers of coordinates fit the shape only the other way round: the axes of the
 * values are swapped. On a square grid nothing in the file can tell.
 *
 * @param lengths Number of coordinates of each axis, in the order the file gives them.
 */
export function swappedAxesWarnings(
  lengths: readonly number[],
  shape: readonly number[],
): string[] {
  const same = (other: readonly number[]) => other.every((extent, k) => extent === shape[k]);
  if (lengths.length !== shape.length || same(lengths) || !same(lengths.toReversed())) return [];
  return [
    `The file has ${lengths.join(' and ')} coordinates but ${shape.join(' × ')} values: its axes are swapped, and are taken the other way round.`,
  ];
}
