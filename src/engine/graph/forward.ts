import type { Graph } from './graph';
import { formOf, isPlainSum, isWide, written, type LinearForm } from './linearForm';
import { topologicalOrder, type Node, type Operation } from './operations';
import type { Forward } from './rules/rule';
import { ruleOf } from './rules/rules';

/**
 * Forward mode: the directional derivatives of nodes when some of what they are made of moves.
 *
 * @param tangents for each moving node its direction, a node of the same shape.
 * @returns for each of `ys`, in order, a node of its shape.
 */
export function directionalDerivative(
  g: Graph,
  ys: readonly Node[],
  tangents: ReadonlyMap<Node, Node>,
): readonly Node[] {
  const order = topologicalOrder(ys);
  const known = new Map<number, LinearForm>();
  for (const [node, tangent] of tangents) known.set(node.id, formOf(tangent));
  /** A tangent as an array. */
  const arrayOf = (node: Node): Node | null => {
    const form = known.get(node.id);
    if (form === undefined) return null;
    const array = g.expand(written(g, form), node.shape);
    known.set(node.id, formOf(array));
    return array;
  };
  const users = new Map<number, number>();
  /** Nodes whose tangents are needed as arrays. */
  const arrays = new Set<number>(ys.map((y) => y.id));
  for (const node of order) {
    const rule = ruleOf(node.operation).forward;
    if (rule === null) continue;
    for (const input of new Set(node.inputs)) {
      users.set(input.id, (users.get(input.id) ?? 0) + 1);
      if (rule.kind === 'array') arrays.add(input.id);
    }
  }
  for (const node of order) {
    const rule = ruleOf(node.operation).forward;
    if (rule === null || known.has(node.id)) continue;
    if (!node.inputs.some((input) => known.has(input.id))) continue;
    g.differentiating(node, () => {
      push(node, rule);
    });
  }
  return ys.map((y) => arrayOf(y) ?? g.zeros(y.shape));

  function push(node: Node, rule: Forward<Operation>): void {
    if (rule.kind === 'array') {
      const tangent = rule.push(g, node, node.inputs.map(arrayOf));
      if (tangent !== null) known.set(node.id, formOf(tangent));
      return;
    }
    const tangents = node.inputs.map((input) => known.get(input.id) ?? null);
    const form = rule.push(g, node, tangents);
    if (form === null) return;
    known.set(node.id, form);
    const isShared = isWide(form) && (users.get(node.id) ?? 0) > 1;
    if (arrays.has(node.id) || isPlainSum(form) || isShared) arrayOf(node);
  }
}
