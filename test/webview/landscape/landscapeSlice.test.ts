import { describe, expect, it } from 'vitest';
import type { Axis, Landscape } from '../../../src/shared/result/landscape';
import { lossAt } from '../../../src/webview/landscape/curveView';
import { directionsText, samplingText } from '../../../src/webview/landscape/directionsText';
import {
  nearestOnPath,
  ownCoordinates,
  pathOf,
  visiblePath,
} from '../../../src/webview/landscape/landscapePath';
import {
  centralSlice,
  lowestSlice,
  marksInSlice,
  sliceNote,
  sliceOf,
} from '../../../src/webview/landscape/landscapeSlice';
import { coordinateAt, lossField, wholeField } from '../../../src/webview/landscape/lossField';
import { pairMarks } from '../../../src/webview/pairs/pairMark';
import { himmelblau, sampleDocument, sampleLandscape } from '../sampleSnapshot';

const plane = sampleLandscape(himmelblau, 11, 5);

/** f(α) on a grid of its own range and steps along each axis. */
function landscapeOf(axes: readonly Axis[], f: (at: readonly number[]) => number): Landscape {
  const shape = axes.map(({ steps }) => steps);
  const size = shape.reduce((product, steps) => product * steps, 1);
  const values = Array.from({ length: size }, (_, index) => {
    let rest = index;
    const at: number[] = [];
    for (let i = shape.length - 1; i >= 0; i--) {
      at[i] = coordinateAt(axes[i]!, rest % shape[i]!);
      rest = Math.floor(rest / shape[i]!);
    }
    return f(at);
  });
  return { ...plane, axes, shape, values };
}

const axis = (name: string, reach: number, steps: number): Axis => ({
  name,
  min: -reach,
  max: reach,
  steps,
});

describe('a slice of a landscape of more than two dimensions', () => {
  const f = ([a, b, c, d]: readonly number[]): number => a! + 10 * b! + 100 * c! + 1000 * (d ?? 0);
  const space = landscapeOf([axis('a', 1, 3), axis('b', 2, 5), axis('c', 3, 7)], f);

  it('is the plane of the first two axes, through the centre unless told otherwise', () => {
    expect(centralSlice(space)).toEqual([3]);
    for (const [step, c] of [-3, -2, -1, 0, 1, 2, 3].entries()) {
      const slice = sliceOf(space, [step]);
      expect(slice.shape).toEqual([3, 5]);
      const field = lossField(slice)!;
      // (a, b) = (1, −1) is row 2, column 1.
      expect(field.values[2 * 5 + 1]).toBe(f([1, -1, c]));
    }
    expect(sliceNote(space, [4])).toContain('c = 1');
    // f grows along every axis: lowest at c = −3; a bowl around c = 2 is lowest there.
    expect(lowestSlice(space)).toEqual([0]);
    expect(
      lowestSlice(landscapeOf(space.axes, ([a, b, c]) => a! ** 2 + b! ** 2 + (c! - 2) ** 2)),
    ).toEqual([5]);
    expect(lowestSlice({ ...space, values: space.values.map(() => 'NaN' as const) })).toBeNull();
    expect(lowestSlice(plane)).toBeNull();
    expect(sliceNote(plane, [])).toBeNull();
  });

  it('has a place in four and more dimensions too', () => {
    const four = landscapeOf(
      [axis('a', 1, 3), axis('b', 2, 5), axis('c', 3, 3), axis('d', 1, 5)],
      f,
    );
    expect(centralSlice(four)).toEqual([1, 2]);
    expect(lossField(sliceOf(four, [2, 0]))!.values[0]).toBe(f([-1, -2, 3, -1]));
    expect(wholeField(four)!.maximum).toBe(f([1, 2, 3, 1]));
  });

  it('marks the pairs that lie in it, at their coordinates', () => {
    const document = sampleDocument('a.pt', 10, plane, { threshold: 1, largest: 1 });
    const topology = {
      ...document.topology!,
      // (a, b, c) = (1, −1, 0) and (0, 2, 0); the essential pair is elsewhere.
      pairs: [{ birth: 1, death: 2, birthVertex: 2 * 35 + 1 * 7 + 3, deathVertex: 35 + 4 * 7 + 3 }],
      essential: { birth: 0, death: 9, birthVertex: 2, deathVertex: 104 },
    };
    const marks = marksInSlice(pairMarks(topology, space.axes), space, [3]);
    expect(marks.map(({ places }) => places)).toEqual([null, { birth: [1, -1], death: [0, 2] }]);
    const others = marksInSlice(pairMarks(topology, space.axes), space, [2]);
    expect(others.every(({ places }) => places === null)).toBe(true);
  });
});

describe('a line', () => {
  const line = landscapeOf([axis('α', 2, 5)], ([a]) => (a! - 1) ** 2);

  it('has losses between its points, and none beyond them or beside a hole', () => {
    const values = line.values.map(Number);
    expect(lossAt(line.axes[0]!, values, 0)).toBe(1);
    expect(lossAt(line.axes[0]!, values, 1.5)).toBe(0.5);
    expect(lossAt(line.axes[0]!, values, 2)).toBe(1);
    expect(lossAt(line.axes[0]!, values, 2.1)).toBeNaN();
    expect(lossAt(line.axes[0]!, [9, 4, null, 0, 1], -0.5)).toBeNaN();
  });

  it('marks minima at their coordinate and loss', () => {
    const document = sampleDocument('a.pt', 10, plane, { threshold: 1, largest: 1 });
    const essential = { birth: 0, death: 9, birthVertex: 3, deathVertex: 0 };
    const marks = pairMarks({ ...document.topology!, pairs: [], essential }, line.axes);
    expect(marks[0]!.places).toEqual({ birth: [1, 0], death: [-2, 9] });
  });
});

describe('the run in a landscape', () => {
  const trajectory = [
    { checkpoint: 'first.pt', coordinates: [3, 1], residual: 0.5, norm: 4 },
    { checkpoint: 'last.pt', coordinates: [0, 0], residual: 0, norm: 0 },
    { checkpoint: 'far.pt', coordinates: [9, 0], residual: 2, norm: 9.2 },
  ];
  const landscape: Landscape = {
    ...plane,
    trajectory,
    directions: {
      ...plane.directions,
      kind: 'trajectory',
      center: 'last.pt',
      explained: [0.9, 0.05],
    },
  };

  it('knows where each checkpoint is, the one of the document too', () => {
    expect(ownCoordinates(landscape, 'first.pt')).toEqual([3, 1]);
    expect(ownCoordinates(landscape, 'last.pt')).toEqual([0, 0]);
    expect(ownCoordinates(landscape, 'other.pt')).toBeNull();
    expect(ownCoordinates(plane, 'any.pt')).toEqual([0, 0]);
    const visible = visiblePath(pathOf(landscape), landscape.axes);
    expect(visible.map(({ checkpoint }) => checkpoint)).toEqual(['first.pt', 'last.pt']);
    expect(nearestOnPath(visible, [3.05, 1.05], 10, 10)?.checkpoint).toBe('first.pt');
    expect(nearestOnPath(visible, [2, 1], 10, 10)).toBeNull();
  });

  it('is told in words', () => {
    expect(directionsText(landscape.directions)).toContain('principal components of the run (90');
    expect(directionsText(landscape.directions)).toContain('around last.pt');
    expect(directionsText(plane.directions)).toBe('random directions, filter-normalized, seed 0');
    // What differs from how the checkpoint is used is said, and nothing else.
    expect(samplingText(plane)).toBe(directionsText(plane.directions));
    expect(samplingText({ ...plane, batchNorm: 'recompute' })).toBe(
      'random directions, filter-normalized, seed 0 · BatchNorm statistics recomputed at each point',
    );
  });
});
