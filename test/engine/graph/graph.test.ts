import { describe, expect, test } from 'vitest';
import { Graph } from '../../../src/engine/graph/graph';
import { ShapeError } from '../../../src/engine/graph/shapes';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import { erf } from '../../../src/engine/graph/erf';

describe('building', () => {
  test('equal nodes are one node', () => {
    const g = new Graph();
    const x = g.input('x', [2, 3]);
    expect(g.sin(x)).toBe(g.sin(x));
    expect(g.sum(x, [0])).toBe(g.sum(x, [-2]));
    expect(g.sin(x)).not.toBe(g.cos(x));
  });

  test('what is without effect is not built', () => {
    const g = new Graph();
    const x = g.input('x', [2, 3]);
    expect(g.add(x, g.scalar(0))).toBe(x);
    expect(g.mul(g.scalar(1), x)).toBe(x);
    expect(g.neg(g.neg(x))).toBe(x);
    expect(g.transpose(g.transpose(x, [1, 0]), [1, 0])).toBe(x);
    expect(g.reshape(g.reshape(x, [6]), [2, 3])).toBe(x);
  });

  test('shapes that do not fit are named', () => {
    const g = new Graph();
    const x = g.input('x', [2, 3]);
    expect(() => g.matmul(x, x)).toThrow('No matrix product of [2, 3] with [2, 3].');
    expect(() => g.add(x, g.input('y', [4]))).toThrow(ShapeError);
    expect(() => g.reshape(x, [5])).toThrow('[2, 3] cannot be reshaped to [5].');
  });
});

test('a convolution is its definition', async () => {
  const g = new Graph();
  const x = g.input('x', [1, 1, 3, 3]);
  const w = g.input('w', [1, 1, 2, 2]);
  const y = g.conv(x, w, {
    strides: [1, 1],
    dilations: [1, 1],
    padsBefore: [0, 0],
    padsAfter: [0, 0],
    groups: 1,
  });
  const run = await referenceRuntime.compile({ outputs: new Map([['y', y]]) });
  const inputs = new Map([
    ['x', Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9)],
    ['w', Float64Array.of(1, 2, 3, 4)],
  ]);
  // 1·1 + 2·2 + 4·3 + 5·4 and so on.
  expect([...(await run.run(inputs)).get('y')!]).toEqual([37, 47, 67, 77]);
});

test.each([
  // Abramowitz and Stegun, table 7.1, and DLMF 7.23.
  [0, 0],
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [2, 0.9953222650189527],
  [3, 0.9999779095030014],
  [-1, -0.8427007929497149],
])('erf(%d)', (x, value) => {
  expect(erf(x)).toBeCloseTo(value, 14);
});
