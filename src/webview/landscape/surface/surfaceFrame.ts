import { Vector3 } from 'three';
import { formatTick } from '../../../shared/words/numbers';
import { linearTicks, type Ticks } from '../../plots/ticks';
import { t } from '../../../shared/words/text';
import type { HeightScale } from '../heightScale';
import type { LossField } from '../lossField';
import { BOX_HEIGHT } from './surfaceGeometry';
import type { SurfaceLabel } from './surfaceLabels';

/** Where one stands: which walls are far depends on it. */
export interface Sides {
  readonly x: 1 | -1;
  readonly z: 1 | -1;
}

type Axis = LossField['axes'][number];

function placeOf(value: number, axis: Axis): number {
  return (2 * (value - axis.min)) / (axis.max - axis.min) - 1;
}

function ticksOf(axis: Axis): Ticks {
  return linearTicks(axis.min, axis.max, 5);
}

/** Floor grid and the two far walls, as ends of segments. */
export function frameLines(
  { axes: [first, second] }: LossField,
  scale: HeightScale,
  sides: Sides,
): Float32Array {
  const lines: number[] = [];
  const line = (...points: readonly number[]) => {
    for (const each of points) lines.push(each);
  };
  for (const value of ticksOf(first).values) {
    const x = placeOf(value, first);
    line(x, 0, -1, x, 0, 1, x, 0, -sides.z, x, BOX_HEIGHT, -sides.z);
  }
  for (const value of ticksOf(second).values) {
    const z = -placeOf(value, second);
    line(-1, 0, z, 1, 0, z, -sides.x, 0, z, -sides.x, BOX_HEIGHT, z);
  }
  for (const { unit } of scale.ticks) {
    const y = unit * BOX_HEIGHT;
    line(-1, y, -sides.z, 1, y, -sides.z, -sides.x, y, -1, -sides.x, y, 1);
  }
  line(-1, 0, -1, 1, 0, -1, -1, 0, 1, 1, 0, 1, -1, 0, -1, -1, 0, 1, 1, 0, -1, 1, 0, 1);
  return Float32Array.from(lines);
}

/** Names and numbers of the axes. @param project to pixels of the canvas. */
export function frameLabels(
  { axes: [first, second] }: LossField,
  scale: HeightScale,
  sides: Sides,
  project: (point: Vector3) => { readonly x: number; readonly y: number },
): readonly SurfaceLabel[] {
  const labels: SurfaceLabel[] = [];
  const text = (
    words: string,
    at: Vector3,
    kind: SurfaceLabel['kind'],
    anchor: SurfaceLabel['anchor'] = 'center',
    offset = 0,
  ) => {
    const { x, y } = project(at);
    labels.push({ text: words, x: x + offset, y, kind, anchor });
  };
  const along = (axis: Axis, at: (place: number) => Vector3) => {
    const ticks = ticksOf(axis);
    for (const value of ticks.values) {
      text(formatTick(value, ticks.step), at(placeOf(value, axis)), 'tick');
    }
  };
  text(first.name, new Vector3(0, 0, sides.z * 1.3), 'title');
  text(second.name, new Vector3(sides.x * 1.3, 0, 0), 'title');
  along(first, (place) => new Vector3(place, 0, sides.z * 1.12));
  along(second, (place) => new Vector3(sides.x * 1.12, 0, -place));
  // The height axis stands on the corner that is leftmost on the screen.
  const corners = [new Vector3(-sides.x, 0, sides.z), new Vector3(sides.x, 0, -sides.z)];
  corners.sort((a, b) => project(a).x - project(b).x);
  const [left] = corners as [Vector3, Vector3];
  text(
    scale.kind === 'log' ? t('loss (log)') : t('loss'),
    left.clone().setY(BOX_HEIGHT * 1.12),
    'title',
    'center',
  );
  for (const tick of scale.ticks) {
    text(tick.text, left.clone().setY(tick.unit * BOX_HEIGHT), 'tick', 'end', -7);
  }
  return labels;
}
