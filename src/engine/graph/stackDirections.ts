import type { Graph } from './graph';
import { topologicalOrder, type AnyNode, type Node, type Program } from './operations';
import { isElementwise, rebuild } from './rules/rules';

/**
 * A program for several values of some inputs at once: these inputs, and all outputs, have a first
 * axis of `count` more. What does not depend on them is read once for all.
 *
 * @returns null where an operation is not made for it: convolutions, whose libraries are at full
 * speed with one, and what takes and puts elements by index.
 */
export function stackDirections(
  g: Graph,
  program: Program,
  inputs: ReadonlySet<string>,
  count: number,
): Program | null {
  const stacked = new Map<number, Node>();
  for (const node of topologicalOrder(program.outputs.values())) {
    if (node.operation === 'input' && inputs.has(node.attributes.name)) {
      stacked.set(node.id, g.input(node.attributes.name, [count, ...node.shape]));
    } else if (node.inputs.some(({ id }) => stacked.has(id))) {
      const result = stackNode(g, node, stacked, count);
      if (result === null) return null;
      stacked.set(node.id, result);
    }
  }
  const outputs = [...program.outputs].map(
    ([name, node]) =>
      [name, stacked.get(node.id) ?? g.expand(node, [count, ...node.shape])] as const,
  );
  return { ...program, outputs: new Map(outputs) };
}

/** An operation of which at least one argument is stacked. */
function stackNode(
  g: Graph,
  node: AnyNode,
  stacked: ReadonlyMap<number, Node>,
  count: number,
): Node | null {
  const { shape, inputs } = node;
  const [a, b] = inputs as [Node, Node];
  /** A stacked argument with axes of one after the first, so that the others meet the others'. */
  const lifted = (input: Node, rank: number): Node => {
    const value = stacked.get(input.id);
    if (value === undefined) return input;
    const missing = Array.from({ length: rank - input.shape.length }, () => 1);
    return g.reshape(value, [count, ...missing, ...input.shape]);
  };
  const whole = (input: Node): Node =>
    stacked.get(input.id) ?? g.expand(input, [count, ...input.shape]);
  if (isElementwise(node.operation)) {
    return rebuild(
      g,
      node,
      inputs.map((input) => lifted(input, shape.length)),
    );
  }
  switch (node.operation) {
    case 'matmul': {
      // One product of all rows, where all are multiplied with the same matrix.
      if (b.shape.length === 2 && !stacked.has(b.id)) {
        const [rows, width] = [a.shape.slice(0, -1), a.shape.at(-1)!];
        const many = count * rows.reduce((product, extent) => product * extent, 1);
        return g.reshape(g.matmul(g.reshape(whole(a), [many, width]), b), [count, ...shape]);
      }
      return g.matmul(lifted(a, shape.length), lifted(b, shape.length));
    }
    case 'sum': {
      const axes = node.attributes.axes.map((axis) => axis + 1);
      return g.sum(whole(a), axes, true);
    }
    case 'reshape':
      return g.reshape(whole(a), [count, ...shape]);
    case 'expand':
      return g.expand(lifted(a, shape.length), [count, ...shape]);
    case 'transpose': {
      const permutation = node.attributes.permutation.map((axis) => axis + 1);
      return g.transpose(whole(a), [0, ...permutation]);
    }
    case 'slice': {
      const { starts, steps, counts } = node.attributes;
      return g.slice(whole(a), {
        starts: [0, ...starts],
        steps: [1, ...steps],
        counts: [count, ...counts],
      });
    }
    case 'place': {
      const { starts, steps } = node.attributes;
      return g.place(whole(a), [count, ...shape], [0, ...starts], [1, ...steps]);
    }
    case 'concat':
      return g.concat(inputs.map(whole), node.attributes.axis + 1);
    default:
      return null;
  }
}
