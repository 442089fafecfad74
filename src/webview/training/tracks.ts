import { trackMinima } from '../../shared/diagrams/tracking';
import type { ResultDocument } from '../../shared/result';
import { planesOf, haveSameGrid } from '../compare/planes';
import { vertexCoordinates } from '../landscape/lossField';
import type { Place } from '../pairs/pairMark';

/** How much places count beside losses: across the plane costs half the range of the values. */
const PLACES = 0.5;

/** Where each minimum was at the checkpoint before, and where it is now. */
export function minimaTrails(
  before: ResultDocument | null,
  now: ResultDocument,
): readonly (readonly [Place, Place])[] {
  if (before?.landscape === undefined || before.topology === undefined) return [];
  if (now.landscape === undefined || now.topology === undefined) return [];
  const { axes } = now.landscape;
  const [first, second] = axes;
  if (axes.length !== 2 || first === undefined || second === undefined) return [];
  // Where directions are others, a place of one plane is none of the other.
  if (planesOf(before.landscape, now.landscape) === 'apart') return [];
  if (!haveSameGrid(before.landscape, now.landscape)) return [];
  return trackMinima([before.topology, now.topology], { positionWeight: PLACES }).flatMap(
    ({ steps: [from, to] }) =>
      from === undefined || to === undefined
        ? []
        : [
            [
              vertexCoordinates(from.birthVertex, [first, second]),
              vertexCoordinates(to.birthVertex, [first, second]),
            ] as const,
          ],
  );
}
