import type { Graph } from '../../graph';
import type { Node } from '../../operations';
import { countable } from './operatorCall';
import { say } from '../../../../shared/words/message';

/** An array seen as rows along some of its axes. */
export interface Rows {
  /** [everything else, the axes] */
  readonly rows: Node;
  /** The shape with the axes as axes of one. */
  readonly kept: readonly number[];
  /** Rows [everything else, n] back in place: n elements along the axis, where it was one axis. */
  readonly restore: (rows: Node) => Node;
}

/** Moves axes behind the others and joins both groups to one axis each. */
export function moveAxesLast(g: Graph, x: Node, axes: readonly number[]): Rows {
  const others = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...others, ...axes];
  const moved = g.transpose(x, order);
  const count = others.reduce((product, axis) => product * x.shape[axis]!, 1);
  const length = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  return {
    rows: g.reshape(moved, [count, length]),
    kept: x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)),
    restore: (rows) => {
      const inverse: number[] = [];
      order.forEach((axis, position) => (inverse[axis] = position));
      return g.transpose(
        g.reshape(rows, [...others.map((axis) => x.shape[axis]!), rows.shape[1]!]),
        inverse,
      );
    },
  };
}

/** Elements of one axis by known places: a slice where they are evenly spaced. */
export function pickAlong(g: Graph, x: Node, axis: number, places: readonly number[]): Node {
  const step = places.length > 1 ? places[1]! - places[0]! : 1;
  if (step !== 0 && places.length > 0 && places.every((at, i) => at === places[0]! + i * step)) {
    return g.slice(x, {
      starts: x.shape.map((_, i) => (i === axis ? places[0]! : 0)),
      steps: x.shape.map((_, i) => (i === axis ? step : 1)),
      counts: x.shape.map((extent, i) => (i === axis ? places.length : extent)),
    });
  }
  return takeAlong(g, x, axis, g.constant(Float64Array.from(places), [1, places.length]));
}

/** Elements of one axis by indices [1, M], the same for all others. */
export function takeAlong(g: Graph, x: Node, axis: number, indices: Node): Node {
  const before = x.shape.slice(0, axis);
  const after = x.shape.slice(axis + 1);
  const size = (shape: readonly number[]): number => shape.reduce((n, extent) => n * extent, 1);
  const blocks = g.reshape(x, [size(before), x.shape[axis]!, size(after)]);
  return g.reshape(g.take(blocks, indices), [...before, indices.shape[1]!, ...after]);
}

/** A matrix [out, in] applied along one axis. */
export function applyAlong(g: Graph, x: Node, axis: number, matrix: Node): Node {
  const rank = x.shape.length;
  if (axis === rank - 2) return g.matmul(matrix, x);
  if (axis === rank - 1) return g.matmul(x, g.transpose(matrix, [1, 0]));
  const { rows, restore } = moveAxesLast(g, x, [axis]);
  return restore(g.matmul(rows, g.transpose(matrix, [1, 0])));
}

/** 0, 1, 2, … along one axis of a shape of that rank. */
export function countAlong(g: Graph, axis: number, extent: number, rank: number): Node {
  return g.constant(
    Float64Array.from({ length: countable(extent, say`places`) }, (_, i) => i),
    Array.from({ length: rank }, (_, i) => (i === axis ? extent : 1)),
  );
}
