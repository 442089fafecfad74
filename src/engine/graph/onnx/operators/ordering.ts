import { sizeOf } from '../../../tensor';
import type { Graph } from '../../graph';
import type { Node } from '../../operations';
import { axisOf, countable, type Operator, type OperatorCall, type Result } from './operatorCall';
import { moveAxesLast } from './places';
import { say } from '../../../../shared/words/message';

/** 1 where the place of the column comes before that of the row, [n, n]. */
function before(g: Graph, n: number): Node {
  const triangle = Float64Array.from({ length: countable(n * n, say`pairs of places`) }, (_, i) =>
    i % n < Math.floor(i / n) ? 1 : 0,
  );
  return g.constant(triangle, [n, n]);
}

/**
 * The places of the elements of each row of x [rows, n] in falling order, the first of equal ones
 * first: [rows, n]. Where an element comes is how many are larger, or equal and before it.
 */
function orderOf(g: Graph, x: Node): Node {
  const [rows, n] = x.shape as [number, number];
  const own = g.reshape(x, [rows, n, 1]);
  const other = g.reshape(x, [rows, 1, n]);
  const ahead = g.add(g.less(own, other), g.mul(g.equal(own, other), before(g, n)));
  const rank = g.reshape(g.sum(ahead, [2], true), [rows, n]);
  const places = g.constant(
    Float64Array.from({ length: n }, (_, i) => i),
    [1, n, 1],
  );
  return g.reshape(g.put(g.expand(places, [rows, n, 1]), rank, n), [rows, n]);
}

/** The largest or smallest elements along an axis and where they are. */
function topK(c: OperatorCall): readonly Result[] {
  const { g } = c;
  const x = c.node(0);
  const axis = axisOf(c.integer('axis', -1), x.shape.length);
  const [k] = c.numbers(1) ?? [0];
  const { rows, restore } = moveAxesLast(g, x, [axis]);
  const [count, n] = rows.shape as [number, number];
  const order = orderOf(g, c.integer('largest', 1) === 1 ? rows : g.neg(rows));
  const places = g.slice(order, { starts: [0, 0], steps: [1, 1], counts: [count, k!] });
  const values = g.reshape(g.take(g.reshape(rows, [count, n, 1]), places), [count, k!]);
  return [restore(values), { node: restore(places), type: 'integer' }];
}

/**
 * Of updates [A, M, B] at indices [A or 1, M], which one is there where several have one index: the
 * last, or the largest or smallest and of equal ones the first. A mask [A, M, B], or [A or 1, M, 1].
 */
export function winners(
  g: Graph,
  updates: Node,
  indices: Node,
  by: 'last' | 'largest' | 'smallest',
): Node {
  const [a, m, b] = updates.shape as [number, number, number];
  const [rows] = indices.shape as [number];
  countable(m * m, say`pairs of updates`);
  const same = g.equal(g.reshape(indices, [rows, m, 1, 1]), g.reshape(indices, [rows, 1, m, 1]));
  const earlier = g.reshape(before(g, m), [1, m, m, 1]);
  if (by === 'last') {
    const later = g.transpose(earlier, [0, 2, 1, 3]);
    const beaten = g.sum(g.mul(same, later), [2], true);
    return g.equal(g.reshape(beaten, [rows, m, 1]), g.scalar(0));
  }
  const values = by === 'largest' ? updates : g.neg(updates);
  const own = g.reshape(values, [a, m, 1, b]);
  const other = g.reshape(values, [a, 1, m, b]);
  countable(sizeOf([a, m, m, b]), say`pairs of updates`);
  const larger = g.add(g.less(own, other), g.mul(g.equal(own, other), earlier));
  const beaten = g.sum(g.mul(same, larger), [2], true);
  return g.equal(g.reshape(beaten, [a, m, b]), g.scalar(0));
}

/** Sorting. */
export const orderingOperators: readonly (readonly [string, Operator])[] = [['TopK', topK]];
