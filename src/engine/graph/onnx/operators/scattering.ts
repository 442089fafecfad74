import { InputError } from '../../../../shared/inputError';
import { sizeOf, sameShape } from '../../../tensor';
import { say } from '../../../../shared/words/message';
import type { Graph } from '../../graph';
import { knownScalar, type Node } from '../../operations';
import { axisOf, knownValues, type Operator, type OperatorCall } from './operatorCall';
import { winners } from './ordering';
import { moveAxesLast } from './places';

/** Updates of a row up to which each is compared with each. */
const MAX_COMPARED = 2048;

/** What always joins: a node of it without a reduction has lost its own. */
const REDUCING = /\.(scatter|index)_reduce\b/;

/**
 * Says of what axes the indices are: one for each of their last axis, or one for all of them. Only the former
 * may be counted from the end where they are data, as in PyTorch.
 *
 * @throws InputError where a known one is none.
 */
function requirePlaces(c: OperatorCall, x: readonly number[], axes: readonly number[]): void {
  const known = c.known(1);
  const indices = c.node(1);
  const last = indices.shape.length - 1;
  if (known !== null) {
    known.forEach((at, i) => {
      const axis = axes[i % axes.length]!;
      if (at >= -x[axis]! && at < x[axis]!) return;
      throw new InputError(say`index ${at} is outside of axis ${axis} of [${x.join(', ')}]`);
    });
    return;
  }
  axes.forEach((axis, column) => {
    const extent = x[axis]!;
    if (axes.length === 1) {
      c.places(1, { extent });
      return;
    }
    const part = c.g.slice(indices, {
      starts: indices.shape.map((_, i) => (i === last ? column : 0)),
      steps: indices.shape.map(() => 1),
      counts: indices.shape.map((count, i) => (i === last ? 1 : count)),
    });
    c.places(1, { extent, least: -extent, part });
  });
}

/**
 * Indices of several axes [M, k] as places in those axes joined, [1, M].
 *
 * @param first of the axes.
 * @throws InputError where a known one is outside.
 */
export function joinedIndices(c: OperatorCall, x: readonly number[], first: number): Node {
  const { g } = c;
  const indices = c.node(1);
  const shape = x.slice(first);
  const depth = indices.shape.at(-1)!;
  requirePlaces(
    c,
    x,
    Array.from({ length: depth }, (_, axis) => first + axis),
  );
  const count = sizeOf(indices.shape) / Math.max(depth, 1);
  const rows = g.reshape(indices, [count, depth]);
  let joined: Node = g.scalar(0);
  for (let axis = 0; axis < depth; axis += 1) {
    const column = g.slice(rows, { starts: [0, axis], steps: [1, 1], counts: [count, 1] });
    joined = g.add(g.mul(joined, g.scalar(shape[axis]!)), wrapped(g, column, shape[axis]!));
  }
  return g.reshape(g.expand(joined, [count, 1]), [1, count]);
}

/** Negative places count from the end. */
function wrapped(g: Graph, places: Node, extent: number): Node {
  return g.where(g.less(places, g.scalar(0)), g.add(places, g.scalar(extent)), places);
}

/**
 * x [A, K, B] with `updates` [A, M, B] at indices [A or 1, M]: instead of what is there (of several
 * for one place the last), or joined with it.
 */
function scatter(c: OperatorCall, x: Node, indices: Node, updates: Node): Node {
  const { g } = c;
  const count = x.shape[1]!;
  const replaced = (kept: Node): Node => {
    const here = g.put(g.expand(kept, updates.shape), indices, count);
    return g.where(g.less(g.scalar(0), here), g.put(g.mul(kept, updates), indices, count), x);
  };
  switch (c.text('reduction', 'none')) {
    case 'add':
      return g.add(x, g.put(updates, indices, count));
    case 'none':
      // Of one value it does not matter which is the last, nor how many there are.
      if (knownScalar(updates) !== null) {
        const here = g.put(g.expand(g.scalar(1), updates.shape), indices, count);
        return g.where(g.less(g.scalar(0), here), g.scalar(knownScalar(updates)!), x);
      }
      // PyTorch's newer exporter has no mean, and leaves the reduction out without a word.
      if (c.tracedFrom !== null && REDUCING.test(c.tracedFrom)) {
        throw new InputError(
          say`the export left out how values that meet in one place are joined: ${c.tracedFrom} with "mean"; divide the result of reduce="sum" by that of ones, and export again`,
          'unsupported',
        );
      }
      if (areDistinct(indices)) return replaced(g.scalar(1));
      // PyTorch's older exporter writes `index_add` so: what meets in one place of zeros is added.
      if (knownScalar(x) === 0 && c.tracedFrom === null) return g.put(updates, indices, count);
      // Too many to compare: of several for one place, which nobody defines, their mean.
      if (indices.shape[1]! > MAX_COMPARED) return averaged(g, x, indices, updates);
      return replaced(winners(g, updates, indices, 'last'));
    case 'max':
    case 'min': {
      const isMax = c.text('reduction', 'none') === 'max';
      const best = replaced(winners(g, updates, indices, isMax ? 'largest' : 'smallest'));
      return isMax ? g.where(g.less(x, best), best, x) : g.where(g.less(best, x), best, x);
    }
    case 'mul':
      return product(g, x, indices, updates);
    default:
      throw new InputError(
        say`there is no reduction "${c.text('reduction', 'none')}" of updates`,
        'damaged',
      );
  }
}

function averaged(g: Graph, x: Node, indices: Node, updates: Node): Node {
  const here = g.put(g.expand(g.scalar(1), updates.shape), indices, x.shape[1]!);
  const isHere = g.less(g.scalar(0), here);
  const sum = g.put(updates, indices, x.shape[1]!);
  return g.where(isHere, g.div(sum, g.where(isHere, here, g.scalar(1))), x);
}

/** Whether indices are known and no place is there twice in a row of them. */
function areDistinct(indices: Node): boolean {
  const known = knownValues(indices);
  if (known === null) return false;
  const [rows, m] = indices.shape as [number, number];
  return Array.from({ length: rows }, (_, row) => known.subarray(row * m, (row + 1) * m)).every(
    (own) => new Set(own).size === m,
  );
}

/** The updates of one place are multiplied one after the other: as many times as the most has. */
function product(g: Graph, x: Node, indices: Node, updates: Node): Node {
  const known = knownValues(indices);
  if (known === null) {
    throw new InputError(
      say`a product of updates at places that depend on the data is not supported; write it with a sum of logarithms`,
      'unsupported',
    );
  }
  const [rows, m] = indices.shape as [number, number];
  const turn = new Float64Array(known.length);
  let most = 0;
  for (let row = 0; row < rows; row += 1) {
    const seen = new Map<number, number>();
    for (let i = 0; i < m; i += 1) {
      const place = known[row * m + i]!;
      const before = seen.get(place) ?? 0;
      turn[row * m + i] = before;
      seen.set(place, before + 1);
      most = Math.max(most, before + 1);
    }
  }
  const turns = g.constant(turn, [rows, m, 1]);
  const count = x.shape[1]!;
  let result = x;
  for (let i = 0; i < most; i += 1) {
    const now = g.expand(g.equal(turns, g.scalar(i)), updates.shape);
    const here = g.put(now, indices, count);
    const factor = g.put(g.mul(now, updates), indices, count);
    result = g.where(g.less(g.scalar(0), here), g.mul(result, factor), result);
  }
  return result;
}

function scatterNd(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const indices = c.node(1);
  const depth = indices.shape.at(-1)!;
  const width = sizeOf(x.shape.slice(depth));
  const joined = joinedIndices(c, x.shape, 0);
  const blocks = g.reshape(x, [1, sizeOf(x.shape.slice(0, depth)), width]);
  const updates = g.reshape(c.node(2), [1, joined.shape[1]!, width]);
  return g.reshape(scatter(c, blocks, joined, updates), x.shape);
}

function scatterElements(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const indices = c.node(1);
  const axis = axisOf(c.integer('axis', 0), x.shape.length);
  requirePlaces(c, x.shape, [axis]);
  const others = (shape: readonly number[]): readonly number[] =>
    shape.filter((_, i) => i !== axis);
  if (!sameShape(others(x.shape), others(indices.shape))) return scatterPart(c, x, indices, axis);
  const own = moveAxesLast(g, x, [axis]);
  const at = wrapped(g, moveAxesLast(g, indices, [axis]).rows, x.shape[axis]!);
  const updates = moveAxesLast(g, c.node(2), [axis]).rows;
  const blocks = (rows: Node): Node => g.reshape(rows, [...rows.shape, 1]);
  const result = scatter(c, blocks(own.rows), at, blocks(updates));
  return own.restore(g.reshape(result, own.rows.shape));
}

/** Updates of a part of the other axes, by places in the whole array. */
function scatterPart(c: OperatorCall, x: Node, indices: Node, axis: number): Node {
  const { g } = c;
  const stride = (i: number): number => sizeOf(x.shape.slice(i + 1));
  let places = g.mul(wrapped(g, indices, x.shape[axis]!), g.scalar(stride(axis)));
  indices.shape.forEach((extent, i) => {
    if (i === axis) return;
    const along = Float64Array.from({ length: extent }, (_, k) => k * stride(i));
    places = g.add(
      places,
      g.constant(
        along,
        indices.shape.map((_, k) => (k === i ? extent : 1)),
      ),
    );
  });
  const count = sizeOf(indices.shape);
  const updates = g.reshape(c.node(2), [1, count, 1]);
  const whole = g.reshape(x, [1, sizeOf(x.shape), 1]);
  return g.reshape(scatter(c, whole, g.reshape(places, [1, count]), updates), x.shape);
}

/** What puts elements at places. */
export const scatteringOperators: readonly (readonly [string, Operator])[] = [
  ['ScatterND', scatterNd],
  ['ScatterElements', scatterElements],
];
