import { expect, test } from 'vitest';
import { evaluatedPlaces, refinementNote } from '../../../src/webview/landscape/refinedPoints';
import { centredGrid } from '../../../src/engine/landscape/grid';
import { sampleRefined } from '../../../src/engine/landscape/refinementSampling';
import type { Landscape, Refinement } from '../../../src/shared/result/landscape';

const NO_ERRORS = { points: 0, beyond: 0, largest: 0, largestRatio: 0 };

function refinementOf(evaluated: readonly number[], undecided: readonly number[] = []): Refinement {
  return {
    evaluations: 1712,
    gridPoints: 4225,
    evaluated,
    threshold: 1,
    thresholdSource: 'given',
    rounds: 3,
    interpolation: 4,
    levels: [],
    wholeLevels: 2,
    farthest: 2,
    errors: NO_ERRORS,
    check: NO_ERRORS,
    undecided,
    possibleMinima: 0,
  };
}

function landscapeOf(shape: readonly number[], refinement?: Refinement): Landscape {
  return {
    axes: [],
    directions: {
      kind: 'random',
      normalization: 'filter',
      seed: 0,
      norms: [],
      cosines: [],
      parameterNorm: 1,
    },
    shape,
    values: [],
    evaluations: 0,
    relativeNoise: null,
    ...(refinement === undefined ? {} : { refinement }),
  };
}

test('runs become places, the first axis first', () => {
  // 2 × 3 points: (0, 0) and (0, 1) evaluated, (0, 2) and (1, 0) not, (1, 1) evaluated.
  expect(evaluatedPlaces(landscapeOf([2, 3], refinementOf([2, 2, 1])))).toEqual([
    [0, 0],
    [0, 0.5],
    [1, 0.5],
  ]);
});

test('runs that do not fit the grid end with it', () => {
  expect(evaluatedPlaces(landscapeOf([2, 2], refinementOf([1e15])))).toHaveLength(4);
  expect(evaluatedPlaces(landscapeOf([2, 2], refinementOf([0, 3, 9])))).toEqual([[1, 1]]);
});

test('no dots where all is evaluated, where there is no plane, or no room', () => {
  expect(evaluatedPlaces(landscapeOf([2, 2]))).toBeNull();
  expect(evaluatedPlaces(landscapeOf([8], refinementOf([8])))).toBeNull();
  expect(evaluatedPlaces(landscapeOf([401, 401], refinementOf([9])))).toBeNull();
});

test('as many dots as evaluations the engine made', async () => {
  const grid = centredGrid(2, 41, 1);
  const { refinement } = await sampleRefined(
    grid,
    (points) => Promise.resolve(points.map(([x, y]) => Math.sin(4 * x!) * Math.cos(3 * y!))),
    { lanes: 1, known: [] },
    { neighborhood: 'freudenthal', seed: 0 },
  );
  expect(evaluatedPlaces(landscapeOf(grid.shape, refinement))).toHaveLength(refinement.evaluations);
});

test('the note says how many, and what is open', () => {
  expect(refinementNote(refinementOf([]))).toContain('1,712 of 4,225 points evaluated');
  expect(refinementNote(refinementOf([], [7]))).toContain('1 minimum would be undecided');
});
