import { expect, test } from 'vitest';
import { Graph } from '../../../src/engine/graph/graph';
import type { Node } from '../../../src/engine/graph/operations';
import { softmax } from '../../../src/engine/graph/softmax';
import { firstNonFinite } from '../../../src/engine/runtime/nonFinite';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { referenceRuntime } from '../../../src/engine/runtime/reference';

const runtimes = [referenceRuntime, onnxRuntime()];

async function found(build: (g: Graph, x: Node) => Node, values: readonly number[]) {
  return Promise.all(
    runtimes.map(async (runtime) => {
      const g = new Graph();
      const y = build(g, g.input('x', [values.length]));
      const inputs = new Map([['x', Float64Array.from(values)]]);
      const first = await firstNonFinite(g, [y], runtime, inputs);
      return first && [first.node.operation, first.value, first.place];
    }),
  );
}

const both = <T>(value: T): readonly T[] => [value, value];

test('what is finite is not found', async () => {
  expect(await found((g, x) => g.exp(x), [1, 2])).toEqual(both(null));
});

test('the first operation is told, not the last', async () => {
  const build = (g: Graph, x: Node): Node => g.sin(g.mul(g.log(x), x));
  expect(await found(build, [1, 2, -1])).toEqual(both(['log', 'NaN', 2]));
  expect(await found(build, [1, 0, 1])).toEqual(both(['log', 'Infinity', 1]));
});

test('infinity that is subtracted from itself is told where it began', async () => {
  const build = (g: Graph, x: Node): Node => g.sub(g.exp(x), g.mul(g.exp(x), g.scalar(2)));
  expect(await found(build, [1, 1, 1, 2000])).toEqual(both(['exp', 'Infinity', 3]));
});

test('a mask of −∞ is no fault, and a row that is masked whole is the softmax’s', async () => {
  const masked = (g: Graph, x: Node): Node => {
    const open = g.less(g.scalar(0), x);
    const scores = g.where(open, x, g.scalar(-Infinity));
    return softmax(g, g.reshape(scores, [2, 2]), 1);
  };
  expect(await found(masked, [1, -1, 2, 3])).toEqual(both(null));
  // −∞ − (−∞)
  expect(await found(masked, [1, -1, -2, -3])).toEqual(both(['sub', 'NaN', 2]));
});

test('what is infinite and does not matter is not told', async () => {
  const build = (g: Graph, x: Node): Node => g.where(g.less(x, g.scalar(0)), g.exp(g.neg(x)), x);
  expect(await found(build, [2000, -1])).toEqual(both(null));
  const unused = (g: Graph, x: Node): Node => g.log(g.atan(g.reciprocal(x)));
  expect(await found(unused, [0, -1])).toEqual(both(['log', 'NaN', 1]));
});
