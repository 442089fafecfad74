import type { Landscape } from '../../shared/result/landscape';
import type { Place } from '../pairs/pairMark';
import { formatNumber } from '../../shared/words/numbers';
import { t } from '../../shared/words/text';

/** A checkpoint of the run where the drawn plane or line has it. */
export interface PathPoint {
  readonly checkpoint: string;
  readonly coordinates: readonly number[];
  /** Distance from the plane; 0 for one that lies in it. */
  readonly residual: number;
}

/** The run through a landscape, else the checkpoints it was laid through. */
export function pathOf({ trajectory, directions }: Landscape): readonly PathPoint[] {
  return (
    trajectory ?? (directions.anchors ?? []).map((anchor) => ({ ...anchor, residual: 0 }))
  ).filter(({ coordinates }) => coordinates.every(Number.isFinite));
}

/** Where a landscape has the checkpoint of its document; null where that is not known. */
export function ownCoordinates(landscape: Landscape, checkpoint: string): readonly number[] | null {
  const { center } = landscape.directions;
  if (center === undefined || center === checkpoint) return landscape.axes.map(() => 0);
  const found = pathOf(landscape).find((point) => point.checkpoint === checkpoint);
  return found?.coordinates ?? null;
}

/** Those inside of the grid, which can be drawn. */
export function visiblePath(
  path: readonly PathPoint[],
  axes: Landscape['axes'],
): readonly PathPoint[] {
  return path.filter(({ coordinates }) =>
    axes.every(({ min, max }, i) => {
      const x = coordinates[i] ?? NaN;
      return x >= min && x <= max;
    }),
  );
}

/** How near a place must be to be at a point of the path, in shares of the axes. */
const REACH = 0.02;

export function nearestOnPath(
  path: readonly PathPoint[],
  place: Place,
  width: number,
  height: number,
): PathPoint | null {
  let best: PathPoint | null = null;
  let least = REACH;
  for (const point of path) {
    const [x = NaN, y = NaN] = point.coordinates;
    const distance = Math.hypot((x - place[0]) / width, (y - place[1]) / height);
    if (distance <= least) {
      best = point;
      least = distance;
    }
  }
  return best;
}

export function pathText({ checkpoint, coordinates, residual }: PathPoint): string {
  const place = coordinates.map((x) => formatNumber(x, 3)).join(', ');
  const off =
    residual === 0 ? t('in the landscape') : t('{0} away from it', formatNumber(residual, 3));
  return `${checkpoint} · (${place}) · ${off}`;
}
