import type { Landscape, Refinement } from '../../shared/result/landscape';
import { formatCount } from '../../shared/words/numbers';
import { plural, t } from '../../shared/words/text';

/** Denser points would hide the picture. */
const MAX_DRAWN_STEPS = 161;

/**
 * Evaluated points of a plane that was refined, as shares of both axes; null where all points were
 * evaluated, where there are too many to draw, or where the landscape is no plane.
 */
export function evaluatedPlaces({
  shape,
  refinement,
}: Landscape): readonly (readonly [number, number])[] | null {
  const [rows, columns] = shape;
  if (refinement === undefined || shape.length !== 2) return null;
  if (rows === undefined || columns === undefined || rows < 2 || columns < 2) return null;
  if (Math.max(rows, columns) > MAX_DRAWN_STEPS) return null;
  const places: (readonly [number, number])[] = [];
  let point = 0;
  for (const [k, length] of refinement.evaluated.entries()) {
    const end = Math.min(point + length, rows * columns);
    for (; point < end; point += 1) {
      if (k % 2 === 1) continue;
      const row = Math.floor(point / columns);
      places.push([row / (rows - 1), (point - row * columns) / (columns - 1)]);
    }
  }
  return places;
}

/** How much was evaluated, for whoever reads the picture. */
export function refinementNote({ evaluations, gridPoints, undecided }: Refinement): string {
  const open =
    undecided.length === 0
      ? ''
      : ` ${t('{0} would be undecided with error bars as wide as the worst error.', plural(undecided.length, 'minimum', 'minima'))}`;
  return (
    t(
      '{0} of {1} points evaluated, dotted; the others are interpolated.',
      formatCount(evaluations),
      formatCount(gridPoints),
    ) + open
  );
}
