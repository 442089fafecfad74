import { expect, test } from 'vitest';
import { directionalDerivative } from '../../../src/engine/graph/forward';
import { Graph } from '../../../src/engine/graph/graph';
import { topologicalOrder, type Node } from '../../../src/engine/graph/operations';
import { shareFactors } from '../../../src/engine/graph/sharedFactors';
import { Random } from '../../../src/engine/random';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import { sizeOf } from '../../../src/engine/tensor';

const POINTS = 7;

/** A network of two variables with `layers` layers of tanh, and its derivatives. */
function network(layers: number) {
  const g = new Graph();
  const random = new Random(1, 'shared factors');
  const inputs = new Map<string, Float64Array>();
  const given = (name: string, shape: readonly number[]): Node => {
    inputs.set(
      name,
      Float64Array.from({ length: sizeOf(shape) }, () => random.normal()),
    );
    return g.input(name, shape);
  };
  const x = given('x', [POINTS, 2]);
  let y = x;
  for (let i = 0; i < layers; i += 1) {
    const w = given(`w${i}`, [y.shape[1]!, 5]);
    y = g.tanh(g.add(g.matmul(y, w), given(`b${i}`, [5])));
  }
  const u = g.matmul(y, given('last', [5, 1]));
  const along = (of: Node, axis: number): Node => {
    const unit = g.constant(
      Float64Array.from([0, 1], (i) => Number(i === axis)),
      [1, 2],
    );
    return directionalDerivative(g, [of], new Map([[x, g.expand(unit, x.shape)]]))[0]!;
  };
  return { g, inputs, u, along };
}

function products(node: Node): number {
  return topologicalOrder([node]).filter(({ operation }) => operation === 'matmul').length;
}

async function values(node: Node, inputs: ReadonlyMap<string, Float64Array>) {
  const executable = await referenceRuntime.compile({ outputs: new Map([['y', node]]) });
  return (await executable.run(inputs)).get('y')!;
}

test('a sum of first derivatives is one derivative along the sum', async () => {
  const { g, inputs, u, along } = network(3);
  const sum = g.add(along(u, 1), g.mul(g.scalar(30), along(u, 0)));
  const [shared] = shareFactors(g, [sum]);
  // The network's three inner products, which tanh needs, and those of one tangent in four layers.
  expect(products(shared!)).toBe(3 + 4);
  const [expected, actual] = [await values(sum, inputs), await values(shared!, inputs)];
  const size = Math.max(...expected.map(Math.abs));
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-13 * size);
  });
});

test('a Laplacian takes one second derivative', async () => {
  const { g, inputs, u, along } = network(2);
  const laplacian = g.sub(along(along(u, 0), 0), g.neg(along(along(u, 1), 1)));
  const [shared] = shareFactors(g, [laplacian]);
  expect(products(shared!)).toBeLessThan(products(laplacian));
  const [expected, actual] = [await values(laplacian, inputs), await values(shared!, inputs)];
  const size = Math.max(...expected.map(Math.abs));
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-13 * size);
  });
});

test('a square shares nothing with itself', () => {
  const g = new Graph();
  const y = g.tanh(g.input('x', [4, 3]));
  const slope = g.sub(g.scalar(1), g.mul(y, y));
  // The very same node, so that it is computed once with the others that use it.
  expect(shareFactors(g, [g.mul(slope, g.input('v', [4, 3]))])[0]!.inputs).toContain(slope);
});

test('what others use as well stays, and long sums are no deep recursion', async () => {
  const g = new Graph();
  const [a, w] = [g.input('a', [2, 2]), g.input('w', [2, 2])];
  const product = g.matmul(a, w);
  const sum = g.add(product, g.matmul(g.tanh(a), w));
  let long: Node = g.sub(sum, g.exp(product));
  for (let i = 0; i < 20_000; i += 1) long = g.add(long, g.scalar(2 ** -20));
  const [shared] = shareFactors(g, [long]);
  const inputs = new Map([
    ['a', Float64Array.of(1, -2, 0.5, 0.25)],
    ['w', Float64Array.of(0.5, 1, -1, 2)],
  ]);
  const [expected, actual] = [await values(long, inputs), await values(shared!, inputs)];
  actual.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 12);
  });
  expect(products(shared!)).toBe(2);
});
