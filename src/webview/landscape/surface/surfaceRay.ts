import type { HeightScale } from '../heightScale';
import { fieldAt, type LossField } from '../lossField';
import { BOX_HEIGHT } from './surfaceGeometry';

/** A place in space, as three's vectors are; y is up. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** What the surface is made of, for what is asked of a ray. */
export interface SurfaceHeights {
  readonly rows: number;
  readonly columns: number;
  /** Height of each vertex in [0, 1]. */
  readonly units: Float32Array;
}

/** A mark is on the surface: so much of the box may rise over it without hiding it. */
const TOLERANCE = 0.012;
const MAX_STEPS = 256;

/**
 * Whether the surface stands between a point and the eye, by the triangles that are drawn: in heights,
 * which are logarithms where the height is one. Steps of half a cell, at most 256.
 */
export function isHidden(surface: SurfaceHeights, point: Point, eye: Point): boolean {
  const away = { x: eye.x - point.x, y: eye.y - point.y, z: eye.z - point.z };
  // As a share of the way to the eye: where the ray leaves the box the surface is in.
  const leaves = (from: number, by: number, low: number, high: number): number =>
    by > 0 ? (high - from) / by : by < 0 ? (low - from) / by : Infinity;
  const end = Math.min(
    1,
    leaves(point.x, away.x, -1, 1),
    leaves(point.z, away.z, -1, 1),
    leaves(point.y, away.y, -Infinity, BOX_HEIGHT),
  );
  if (!(end > 0)) return false;
  const cells = Math.max(
    (Math.abs(away.x) * end * (surface.rows - 1)) / 2,
    (Math.abs(away.z) * end * (surface.columns - 1)) / 2,
  );
  const steps = Math.min(MAX_STEPS, Math.ceil(2 * cells));
  for (let k = 1; k < steps; k++) {
    const share = (end * k) / steps;
    const height = heightAt(surface, point.x + share * away.x, point.z + share * away.z);
    if (height > point.y + share * away.y + TOLERANCE) return true;
  }
  return false;
}

/** Of the drawn triangle over a place of the floor. */
function heightAt({ rows, columns, units }: SurfaceHeights, x: number, z: number): number {
  const along = ((x + 1) / 2) * (rows - 1);
  const back = ((1 - z) / 2) * (columns - 1);
  const i = Math.min(rows - 2, Math.max(0, Math.floor(along)));
  const j = Math.min(columns - 2, Math.max(0, Math.floor(back)));
  const f = along - i;
  const g = back - j;
  const corner = i * columns + j;
  const right = units[corner + columns]!;
  const behind = units[corner + 1]!;
  if (f + g <= 1) {
    const own = units[corner]!;
    return BOX_HEIGHT * (own + f * (right - own) + g * (behind - own));
  }
  const far = units[corner + columns + 1]!;
  return BOX_HEIGHT * (far + (1 - f) * (behind - far) + (1 - g) * (right - far));
}

/** Where a ray meets the surface, as shares of both axes; null where it does not. */
export function placeOnRay(
  field: LossField,
  scale: HeightScale,
  origin: Point,
  direction: Point,
): readonly [number, number] | null {
  const distance = Math.hypot(origin.x, origin.y, origin.z);
  const far = distance + 2.5;
  const steps = 400;
  let before = Infinity;
  for (let k = 0; k <= steps; k++) {
    const along = Math.max(0.1, distance - 2.5) + (k * 5) / steps;
    if (along > far) break;
    const u = (origin.x + along * direction.x + 1) / 2;
    const v = (1 - (origin.z + along * direction.z)) / 2;
    const loss = fieldAt(field, field.values, u, v);
    if (!Number.isFinite(loss)) {
      before = Infinity;
      continue;
    }
    const above = origin.y + along * direction.y - scale.toUnit(loss) * BOX_HEIGHT;
    if (before !== Infinity && above * before <= 0) return [u, v];
    before = above;
  }
  return null;
}
