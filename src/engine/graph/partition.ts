import { isElementwise, rebuild } from './rules/rules';
import type { Graph } from './graph';
import { sameShape } from '../tensor';
import { topologicalOrder, type AnyNode, type Node, type Program } from './operations';

/** A program cut in two: what does not depend on some inputs, and the rest. */
export interface Partition {
  /** Everything that does not depend on them, with the values the rest needs as outputs. */
  readonly fixed: Program;
  /** The program's outputs, with the fixed program's outputs as inputs of the same names. */
  readonly moving: Program;
}

/**
 * Cuts a program so that runs which differ only in `inputs` share the work that does not depend on
 * them: of a Hessian-vector product, the whole forward and backward pass.
 */
export function partition(g: Graph, program: Program, inputs: ReadonlySet<string>): Partition {
  const moving = new Set<number>();
  const clones = new Map<number, Node>();
  const fixed = new Map<string, Node>();

  /** A fixed node as the moving side sees it. */
  const across = (node: AnyNode): Node => {
    const known = clones.get(node.id);
    if (known !== undefined) return known;
    let clone: Node;
    if (node.operation === 'input' || node.operation === 'constant') {
      clone = node;
    } else if (isView(node)) {
      // Cheaper to do again than to carry over.
      clone = rebuild(g, node, [across(node.inputs[0] as AnyNode)]);
    } else {
      const name = `fixed${node.id}`;
      fixed.set(name, node);
      clone = g.input(name, node.shape);
    }
    clones.set(node.id, clone);
    return clone;
  };

  for (const node of topologicalOrder(program.outputs.values())) {
    const own = node.operation === 'input' && inputs.has(node.attributes.name);
    if (own || node.inputs.some((input) => moving.has(input.id))) {
      moving.add(node.id);
      const args = node.inputs.map((input) =>
        moving.has(input.id) ? clones.get(input.id)! : across(input as AnyNode),
      );
      clones.set(node.id, own ? node : rebuild(g, node, args));
    }
  }
  const outputs = [...program.outputs].map(
    ([name, node]) =>
      [name, moving.has(node.id) ? clones.get(node.id)! : across(node as AnyNode)] as const,
  );
  const images = imagesOf(fixed.values());
  const kept = new Set([...fixed].filter(([, node]) => images.has(node.id)).map(([name]) => name));
  return {
    fixed: { ...program, outputs: fixed, kept, stays: true, seldom: true },
    moving: { ...program, outputs: new Map(outputs), kept },
  };
}

/** Whether a node's elements are its argument's, in the same order or as a transposed matrix. */
function isView(node: AnyNode): boolean {
  if (node.operation === 'expand' || node.operation === 'reshape') return true;
  if (node.operation !== 'transpose') return false;
  // Products read transposed matrices as they are.
  const { permutation } = node.attributes;
  const rank = permutation.length;
  return (
    permutation[rank - 1] === rank - 2 &&
    permutation.slice(0, -2).every((axis, position) => axis === position)
  );
}

/** What convolutions give, and what is made of it element by element. */
function imagesOf(nodes: Iterable<Node>): ReadonlySet<number> {
  const images = new Set<number>();
  for (const node of topologicalOrder(nodes)) {
    const made = node.operation === 'conv' || node.operation === 'convInput';
    const same = (input: Node): boolean =>
      images.has(input.id) && sameShape(input.shape, node.shape);
    if (made || (isElementwise(node.operation) && node.inputs.some(same))) images.add(node.id);
  }
  return images;
}
