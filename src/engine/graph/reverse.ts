import type { Graph } from './graph';
import { formOf, isWide, plus, summedTo, written, type LinearForm } from './linearForm';
import { topologicalOrder, type Node } from './operations';
import { ruleOf } from './rules/rules';
import { sameShape } from '../tensor';

/**
 * Reverse mode: the derivatives of a scalar with respect to nodes it is made of, as nodes.
 *
 * @param y of shape [].
 * @returns for each of `wrt`, in order, a node of its shape.
 */
export function gradient(g: Graph, y: Node, wrt: readonly Node[]): readonly Node[] {
  if (y.shape.length > 0) throw new Error('Only a scalar has a gradient.');
  return pulledBack(g, new Map([[y, g.scalar(1)]]), wrt);
}

/**
 * Jᵀ·c: what cotangents of some nodes are of nodes they are made of. A cotangent is taken as it is:
 * that it may depend on the same nodes does not matter.
 *
 * @param given for each node its cotangent, of the same shape.
 * @returns for each of `wrt`, in order, a node of its shape.
 */
export function pulledBack(
  g: Graph,
  given: ReadonlyMap<Node, Node>,
  wrt: readonly Node[],
): readonly Node[] {
  const order = topologicalOrder(given.keys());

  // Cotangents flow only through nodes that depend on one of `wrt`.
  const active = new Set(wrt.map((node) => node.id));
  for (const node of order) {
    if (node.inputs.some((input) => active.has(input.id))) active.add(node.id);
  }

  const cotangents = new Map<number, LinearForm>();
  for (const [node, cotangent] of given) cotangents.set(node.id, formOf(cotangent));
  /** A cotangent as an array. */
  const arrayOf = (node: Node): Node => {
    const array = g.expand(written(g, cotangents.get(node.id)!), node.shape);
    cotangents.set(node.id, formOf(array));
    return array;
  };
  for (const node of [...order].reverse()) {
    const form = cotangents.get(node.id);
    if (form === undefined || !active.has(node.id)) continue;
    g.differentiating(node, () => {
      passOn(node, form);
    });
  }
  return wrt.map((node) => (cotangents.has(node.id) ? arrayOf(node) : g.zeros(node.shape)));

  function passOn(node: Node, form: LinearForm): void {
    const rule = ruleOf(node.operation).reverse;
    if (rule === null) return;
    const add = (input: Node, contribution: LinearForm | null): void => {
      if (contribution === null) return;
      const sum = cotangents.get(input.id);
      cotangents.set(input.id, sum === undefined ? contribution : plus(g, sum, contribution));
    };
    if (rule.kind === 'array') {
      const pulled = rule.pull(g, node, arrayOf(node));
      node.inputs.forEach((input, position) => {
        const array = pulled[position] ?? null;
        if (active.has(input.id) && array !== null) add(input, formOf(array));
      });
      return;
    }
    const isWhole = (input: Node): boolean => sameShape(input.shape, node.shape);
    // What has several bases is summed here, not once more in every argument.
    const isLazy = node.inputs.every((input) => !active.has(input.id) || isWhole(input));
    if (isWide(form) || !isLazy) arrayOf(node);
    node.inputs.forEach((input, position) => {
      if (!active.has(input.id)) return;
      const pulled = rule.pull(g, node, position, cotangents.get(node.id)!);
      add(input, pulled === null || isWhole(input) ? pulled : summedTo(g, pulled, input.shape));
    });
  }
}
