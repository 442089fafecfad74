import type { Graph } from '../../graph';
import type { Node } from '../../operations';
import { stableLog } from '../../stableForms';
import { axisOf, countable, type Operator, type OperatorCall } from './operatorCall';
import { moveAxesLast } from './places';
import { say } from '../../../../shared/words/message';

type Reduction = (g: Graph, x: Node, axes: readonly number[]) => Node;

/** Reductions over axes, which stay as axes of one. */
const reductions: Readonly<Record<string, Reduction>> = {
  ReduceSum: (g, x, axes) => g.sum(x, axes, true),
  ReduceMean: (g, x, axes) => g.mean(x, axes, true),
  ReduceL1: (g, x, axes) => g.sum(g.abs(x), axes, true),
  ReduceL2: (g, x, axes) => euclideanNorm(g, x, axes),
  ReduceSumSquare: (g, x, axes) => g.sum(g.mul(x, x), axes, true),
  ReduceLogSum: (g, x, axes) => stableLog(g, g.sum(x, axes, true)),
  ReduceLogSumExp: (g, x, axes) => {
    // Of nothing but −∞, or with an ∞, the largest is the result.
    const most = g.max(x, axes);
    const largest = g.where(g.less(g.abs(most), g.scalar(Infinity)), most, g.scalar(0));
    return g.add(g.log(g.sum(g.exp(g.sub(x, largest)), axes, true)), largest);
  },
  ReduceMax: (g, x, axes) => largest(g, x, axes),
  ReduceMin: (g, x, axes) => g.neg(largest(g, g.neg(x), axes)),
  ReduceProd: product,
};

/** √Σ x², whose derivative at 0 is 0, as that of PyTorch's norms is. */
export function euclideanNorm(g: Graph, x: Node, axes: readonly number[]): Node {
  const squares = g.sum(g.mul(x, x), axes, true);
  const isZero = g.equal(squares, g.scalar(0));
  return g.where(isZero, g.scalar(0), g.sqrt(g.where(isZero, g.scalar(1), squares)));
}

/** The first of the largest elements, by its place, so that it has derivatives. */
function largest(g: Graph, x: Node, axes: readonly number[]): Node {
  const { rows, kept } = moveAxesLast(g, x, axes);
  const [count, length] = rows.shape as [number, number];
  const found = g.take(g.reshape(rows, [count, length, 1]), g.argmax(rows, 1));
  return g.reshape(found, kept);
}

/** By halves, so that no factor is divided by. */
function product(g: Graph, x: Node, axes: readonly number[]): Node {
  let { rows } = moveAxesLast(g, x, axes);
  const { kept } = moveAxesLast(g, x, axes);
  const [count] = rows.shape as [number, number];
  const columns = (from: number, length: number): Node =>
    g.slice(rows, { starts: [0, from], steps: [1, 1], counts: [count, length] });
  while (rows.shape[1]! > 1) {
    const length = rows.shape[1]!;
    const half = Math.floor(length / 2);
    const pairs = g.mul(columns(0, half), columns(half, half));
    rows = length % 2 === 0 ? pairs : g.concat([pairs, columns(2 * half, 1)], 1);
  }
  return g.reshape(rows, kept);
}

function reduce(c: OperatorCall, rule: Reduction): Node {
  const x = c.node(0);
  const rank = x.shape.length;
  const given = c.list('axes') ?? c.numbers(1) ?? [];
  if (given.length === 0 && c.integer('noop_with_empty_axes', 0) === 1) return x;
  const axes = (given.length === 0 ? x.shape.map((_, axis) => axis) : given).map((axis) =>
    axisOf(axis, rank),
  );
  const kept = rank === 0 ? rule(c.g, c.g.reshape(x, [1]), [0]) : rule(c.g, x, axes);
  const shape =
    c.integer('keepdims', 1) === 1
      ? x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
      : x.shape.filter((_, axis) => !axes.includes(axis));
  return c.g.reshape(kept, shape);
}

function argmax(sign: 1 | -1): Operator {
  return (c) => {
    const { g } = c;
    const x = sign === 1 ? c.node(0) : g.neg(c.node(0));
    const axis = axisOf(c.integer('axis', 0), x.shape.length);
    const places = g.argmax(x, axis);
    const shape = x.shape.filter((_, i) => i !== axis);
    const node = c.integer('keepdims', 1) === 1 ? places : g.reshape(places, shape);
    return { node, type: 'integer' };
  };
}

/** Running sums: a product with a triangle of ones. */
function cumulativeSum(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const axis = axisOf(c.numbers(1)?.[0] ?? 0, x.shape.length);
  const n = x.shape[axis]!;
  const [exclusive, reverse] = [c.integer('exclusive', 0), c.integer('reverse', 0) === 1];
  const triangle = Float64Array.from({ length: countable(n * n, say`pairs of places`) }, (_, i) => {
    const [from, to] = [Math.floor(i / n), i % n];
    return (reverse ? from - to : to - from) >= exclusive ? 1 : 0;
  });
  const { rows, restore } = moveAxesLast(g, x, [axis]);
  return restore(g.matmul(rows, g.constant(triangle, [n, n])));
}

/** Sums, means, extremes. */
export const reductionOperators: readonly (readonly [string, Operator])[] = [
  ...Object.entries(reductions).map(
    ([name, rule]) => [name, (c: OperatorCall) => reduce(c, rule)] as const,
  ),
  ['ArgMax', argmax(1)],
  ['ArgMin', argmax(-1)],
  ['CumSum', cumulativeSum],
];
