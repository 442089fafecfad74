import type { Graph } from './graph';
import type { Node } from './operations';

/**
 * x less its largest value along an axis, and log Σ exp of that; both keep the axis. Their
 * difference is log p without the rounding that large values would leave in it.
 */
export function shiftedLogits(
  g: Graph,
  x: Node,
  axis: number,
): { readonly shifted: Node; readonly logSum: Node } {
  const shifted = g.sub(x, g.max(x, [axis]));
  return { shifted, logSum: g.log(g.sum(g.exp(shifted), [axis], true)) };
}

export function logSoftmax(g: Graph, x: Node, axis: number): Node {
  const { shifted, logSum } = shiftedLogits(g, x, axis);
  return g.sub(shifted, logSum);
}

export function softmax(g: Graph, x: Node, axis: number): Node {
  const powers = g.exp(g.sub(x, g.max(x, [axis])));
  return g.div(powers, g.sum(powers, [axis], true));
}
