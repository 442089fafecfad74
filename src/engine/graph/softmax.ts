import type { Graph, Node } from './graph';

/**
 * log Σ exp x along an axis, which stays. The largest value is subtracted for range; what its own
 * derivative would add cancels, so that it can be taken as a constant.
 */
export function logSumExp(g: Graph, x: Node, axis: number): Node {
  const largest = g.max(x, [axis]);
  return g.add(g.log(g.sum(g.exp(g.sub(x, largest)), [axis], true)), largest);
}

export function logSoftmax(g: Graph, x: Node, axis: number): Node {
  return g.sub(x, logSumExp(g, x, axis));
}

export function softmax(g: Graph, x: Node, axis: number): Node {
  const powers = g.exp(g.sub(x, g.max(x, [axis])));
  return g.div(powers, g.sum(powers, [axis], true));
}
