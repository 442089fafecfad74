import type { Landscape } from '../../shared/result/landscape';

/**
 * How the planes of two landscapes lie to each other: places of one are places of the other; they
 * have the same directions, each around its own checkpoint; or each has directions of its own.
 */
export type Planes = 'same' | 'parallel' | 'apart';

/** Lengths that differ by less are the same but for rounding. */
const CLOSE = 1e-6;

export function planesOf(first: Landscape, second: Landscape): Planes {
  const [a, b] = [first.directions, second.directions];
  const areAlike =
    a.kind === b.kind &&
    a.seed === b.seed &&
    a.normalization === b.normalization &&
    a.norms.length === b.norms.length &&
    a.norms.every((norm, k) => Math.abs(norm - b.norms[k]!) <= CLOSE * norm) &&
    a.reference === b.reference;
  // Of lines and planes through checkpoints, which those are.
  const anchors = (of: Landscape) => JSON.stringify(of.directions.anchors ?? null);
  if (!areAlike || anchors(first) !== anchors(second)) return 'apart';
  // Without a common reference, directions of equal lengths are still drawn for each checkpoint.
  if (a.center !== undefined && a.center === b.center) return 'same';
  return a.reference === undefined ? 'apart' : 'parallel';
}

/** Whether both are sampled at the same coordinates, so that they can be subtracted. */
export function haveSameGrid(first: Landscape, second: Landscape): boolean {
  return (
    first.axes.length === second.axes.length &&
    first.axes.every((axis, k) => {
      const other = second.axes[k]!;
      return axis.min === other.min && axis.max === other.max && axis.steps === other.steps;
    })
  );
}
