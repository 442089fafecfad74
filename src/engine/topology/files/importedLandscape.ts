import { Fault } from '../../checkpoint/fault';
import type { Axis } from '../../../shared/result/landscape';
import { say, type Message } from '../../../shared/words/message';

/** A landscape another tool sampled, as its file holds it. */
export interface ImportedLandscape {
  /** In C order: the last axis is the fastest. */
  readonly values: Float64Array;
  /** Points along each axis. */
  readonly shape: readonly number[];
  /** One for each axis of `shape`; null where the file does not say. */
  readonly axes: readonly Axis[] | null;
  /** What its reader found out of the ordinary: full sentences. */
  readonly warnings?: readonly Message[];
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

/** Whether the text of a large whole number is the number that float64 makes of it. */
export function isExact(text: string, value: number): boolean {
  return !/^\s*[+-]?\d+\s*$/.test(text) || BigInt(text.trim().replace('+', '')) === BigInt(value);
}

/** Integers in float64. @throws Fault where two different ones could become equal. */
export function exactNumbers(data: ArrayLike<number | bigint>): Float64Array {
  const numbers = new Float64Array(data.length);
  for (let i = 0; i < numbers.length; i++) {
    const value = data[i]!;
    numbers[i] = Number(value);
    if (typeof value === 'bigint' && BigInt(numbers[i]!) !== value) throw beyondExact();
  }
  return numbers;
}

export function beyondExact(): Fault {
  return new Fault(
    'unsupported',
    say`it holds whole numbers beyond 2⁵³, which float64 no longer tells apart`,
    say`subtract their minimum before you save them`,
  );
}

/**
 * What coordinates say about the grid that its reader should know: a centre that was never
 * sampled, and a range that is not the same on both sides of it. The checkpoint is at the origin of its plane; a grid of even steps misses it.
 */
export function axisWarnings(axes: readonly Axis[]): Message[] {
  return axes.flatMap(({ name, min, max, steps }) => {
    if (!(min < 0 && max > 0) || steps < 2) return [];
    const position = (-min / (max - min)) * (steps - 1);
    if (Math.abs(position - Math.round(position)) > 1e-6) {
      return [
        say`The axis ${name} has no point at 0, so the checkpoint itself may not be among the values.`,
      ];
    }
    // By half a step and more: coordinates are rounded.
    if (Math.abs(position - (steps - 1) / 2) < 0.5) return [];
    return [
      say`The axis ${name} runs from ${min} to ${max}: the checkpoint, at 0, is not in its middle, so the two sides of it show different distances.`,
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

/** Farther from the median than this many times what 99 of 100 values are is no loss. */
const FAR = 1e6;
/** More points than this share of them are part of the landscape, whatever their values. */
const FEW = 0.05;
const SAMPLED = 100_000;

export interface FarValues {
  readonly count: number;
  readonly example: number;
  /** The landscape with NaN in their place. */
  readonly without: Float64Array;
}

/** Values that lie so far outside of all others that they stand for something: 1e35, −9999e9. */
export function farValues(values: Float64Array): FarValues | null {
  const step = Math.max(1, Math.floor(values.length / SAMPLED));
  const sample: number[] = [];
  for (let v = 0; v < values.length; v += step) {
    if (Number.isFinite(values[v]!)) sample.push(values[v]!);
  }
  if (sample.length < 3) return null;
  const sorted = Float64Array.from(sample).sort();
  const median = sorted[sorted.length >> 1]!;
  const distances = sorted.map((x) => Math.abs(x - median)).sort();
  const reach = distances[Math.floor((1 - FEW) * (distances.length - 1))]!;
  if (!(reach > 0)) return null;
  const isFar = (x: number) => Number.isFinite(x) && Math.abs(x - median) > FAR * reach;
  let count = 0;
  let example = 0;
  for (let v = 0; v < values.length; v++) {
    if (!isFar(values[v]!)) continue;
    if (count++ === 0) example = values[v]!;
  }
  if (count === 0 || count > FEW * values.length) return null;
  return { count, example, without: values.map((x) => (isFar(x) ? NaN : x)) };
}

/** A warning of values that stand for points that were not evaluated. */
export function farWarnings(far: FarValues | null, points: number): Message[] {
  if (far === null) return [];
  return [
    say`${far.count} of ${points} points are far outside of all others (such as ${far.example}), as fill values for points that were not evaluated are; write NaN there, or maxima, ranges and the noise floor mean little.`,
  ];
}

/** So many points, and this share of them, at the very same highest value are no accident. */
const MIN_CLIPPED = 8;
const CLIPPED_SHARE = 0.01;

/**
 * A warning where the highest value occurs so often that values above it seem to have been cut off:
 * the surface ends in a plateau, and what lies above is unknown. Constants are not meant.
 */
export function clippingWarnings(values: Float64Array): Message[] {
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
  if (lowest === highest || count < Math.max(MIN_CLIPPED, CLIPPED_SHARE * values.length)) return [];
  return [
    say`${count} of ${values.length} points have the very same highest value ${highest}, as clipping leaves it; what lies above is not in the file, so its maxima and ranges mean little.`,
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
): Message[] {
  const same = (other: readonly number[]) => other.every((extent, k) => extent === shape[k]);
  if (lengths.length !== shape.length || same(lengths) || !same(lengths.toReversed())) return [];
  const counts = lengths
    .map((length): Message => say`${length}`)
    .reduce((one, other) => say`${one} and ${other}`);
  return [
    say`The file has ${counts} coordinates but ${shape.join(' × ')} values: its axes are swapped, and are taken the other way round.`,
  ];
}
