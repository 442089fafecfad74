import type { Axis } from '../../shared/result';

/** A landscape another tool sampled, as its file holds it. */
export interface ImportedLandscape {
  /** In C order: the last axis is the fastest. */
  readonly values: Float64Array;
  /** Points along each axis. */
  readonly shape: readonly number[];
  /** One for each axis of `shape`; null where the file does not say. */
  readonly axes: readonly Axis[] | null;
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
 * What coordinates say about the grid that its reader should know: uneven steps, and a centre that
 * was never sampled. The checkpoint is at the origin of its plane; a grid of even steps misses it.
 */
export function axisWarnings(axes: readonly Axis[]): string[] {
  return axes.flatMap(({ name, min, max, steps }) => {
    if (!(min < 0 && max > 0) || steps < 2) return [];
    const position = (-min / (max - min)) * (steps - 1);
    if (Math.abs(position - Math.round(position)) < 1e-6) return [];
    return [
      `The axis ${name} has no point at 0, so the checkpoint itself may not be among the values.`,
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
