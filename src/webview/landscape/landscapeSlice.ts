import type { Axis, Landscape } from '../../shared/result/landscape';
import { sizeOf, stepsOf } from './gridSteps';
import { coordinateAt, vertexCoordinates } from './lossField';
import type { PairMark, Place } from '../pairs/pairMark';
import { formatNumber } from '../../shared/words/numbers';
import { plural, t } from '../../shared/words/text';

/** Steps along the third axis and those after it: where a plane through the landscape lies. */
export type SliceSteps = readonly number[];

/** The slice nearest to coordinates 0. */
export function centralSlice({ axes }: Pick<Landscape, 'axes'>): SliceSteps {
  return axes.slice(2).map((axis) => stepNearest(axis, 0));
}

export function stepNearest({ min, max, steps }: Axis, coordinate: number): number {
  if (steps < 2) return 0;
  const step = Math.round(((coordinate - min) / (max - min)) * (steps - 1));
  return Math.min(steps - 1, Math.max(0, step));
}

/** The slice that holds the lowest loss; null where no loss is finite, or there is but one slice. */
export function lowestSlice({ axes, shape, values }: Landscape): SliceSteps | null {
  if (axes.length < 3) return null;
  let lowest = -1;
  let least = Infinity;
  values.forEach((value, vertex) => {
    const loss = value === null ? NaN : Number(value);
    if (loss < least && loss > -Infinity) [lowest, least] = [vertex, loss];
  });
  if (lowest < 0) return null;
  return stepsOf(lowest, shape).slice(2);
}

/** Where a slice lies: `c = 1, d = −0.5`. @param axes those after the second. */
export function sliceText(axes: readonly Axis[], at: SliceSteps): string {
  return axes
    .map((axis, i) => `${axis.name} = ${formatNumber(coordinateAt(axis, at[i] ?? 0), 3)}`)
    .join(', ');
}

/** The plane of the first two axes at steps of the others, as a landscape of two dimensions. */
export function sliceOf(landscape: Landscape, at: SliceSteps): Landscape {
  if (landscape.axes.length < 3) return landscape;
  const { axes, shape, values } = landscape;
  const inner = sizeOf(shape.slice(2));
  const offset = offsetOf(shape, at);
  const points = shape[0]! * shape[1]!;
  return {
    ...landscape,
    axes: axes.slice(0, 2),
    shape: shape.slice(0, 2),
    values: Array.from({ length: points }, (_, point) => values[point * inner + offset] ?? null),
  };
}

/** Marks of the pairs both of whose ends lie in a slice; the others have no place in it. */
export function marksInSlice(
  marks: readonly PairMark[],
  { axes, shape }: Pick<Landscape, 'axes' | 'shape'>,
  at: SliceSteps,
): readonly PairMark[] {
  const [first, second] = axes;
  if (axes.length < 3 || first === undefined || second === undefined) return marks;
  const inner = sizeOf(shape.slice(2));
  const offset = offsetOf(shape, at);
  const place = (vertex: number): Place | null =>
    vertex % inner === offset
      ? vertexCoordinates(Math.floor(vertex / inner), [first, second])
      : null;
  return marks.map((mark) => {
    const birth = place(mark.birthVertex);
    const death = place(mark.deathVertex);
    return { ...mark, places: birth === null || death === null ? null : { birth, death } };
  });
}

/** What is drawn of more than two dimensions, in a sentence. */
export function sliceNote({ axes }: Pick<Landscape, 'axes'>, at: SliceSteps): string | null {
  if (axes.length < 3) return null;
  return t(
    'A slice through {0} at {1}. Minima and saddles are those of the whole grid; marked are the pairs that lie in the slice.',
    plural(axes.length, 'dimension'),
    sliceText(axes.slice(2), at),
  );
}

function offsetOf(shape: readonly number[], at: SliceSteps): number {
  return shape.slice(2).reduce((sum, steps, i) => sum * steps + (at[i] ?? 0), 0);
}
