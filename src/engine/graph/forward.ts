import { elementwiseDerivative, isUnary } from './elementwise';
import { topologicalOrder, type AnyNode, type Graph, type Node } from './graph';

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
  const known = new Map<number, Node>();
  for (const [node, tangent] of tangents) known.set(node.id, tangent);
  for (const node of topologicalOrder(ys)) {
    if (known.has(node.id)) continue;
    const moving = node.inputs.map((input) => known.get(input.id) ?? null);
    if (moving.every((tangent) => tangent === null)) continue;
    const tangent = pushForward(g, node, moving);
    if (tangent !== null) known.set(node.id, tangent);
  }
  return ys.map((y) => known.get(y.id) ?? g.zeros(y.shape));
}

/** The tangent of a node from those of its inputs; null is zero. */
function pushForward(g: Graph, node: AnyNode, tangents: readonly (Node | null)[]): Node | null {
  const [a, b] = node.inputs as [Node, Node];
  const [da, db] = tangents as [Node | null, Node | null];
  if (isUnary(node.operation)) {
    const derivative = elementwiseDerivative[node.operation](g, a, node);
    return derivative === null ? null : g.mul(da!, derivative);
  }
  /** The rule of everything linear in each of two arguments. */
  const product = (of: (u: Node, v: Node) => Node): Node | null =>
    plus(g, da === null ? null : of(da, b), db === null ? null : of(a, db));

  switch (node.operation) {
    case 'input':
    case 'constant':
      return null;
    case 'power': {
      const { exponent } = node.attributes;
      return g.mul(da!, g.mul(g.scalar(exponent), g.power(a, exponent - 1)));
    }
    case 'add':
      return plus(g, spread(g, da, node), spread(g, db, node));
    case 'sub':
      return plus(g, spread(g, da, node), db === null ? null : g.neg(spread(g, db, node)!));
    case 'mul':
      return product((u, v) => g.mul(u, v));
    case 'div':
      return plus(
        g,
        da === null ? null : g.div(da, b),
        db === null ? null : g.neg(g.mul(node, g.div(db, b))),
      );
    case 'sum':
      return g.sum(da!, node.attributes.axes, true);
    case 'max':
    case 'less':
    case 'equal':
    case 'argmax':
    case 'maxPoolIndex':
      return null;
    case 'where': {
      const [, first, second] = tangents;
      const no = g.scalar(0);
      if (first === null && second === null) return null;
      return spread(g, g.where(a, first ?? no, second ?? no), node);
    }
    case 'take':
      return da === null ? null : g.take(da, b);
    case 'put':
      return da === null ? null : g.put(da, b, node.attributes.count);
    case 'reshape':
      return g.reshape(da!, node.shape);
    case 'expand':
      return g.expand(da!, node.shape);
    case 'transpose':
      return g.transpose(da!, node.attributes.permutation);
    case 'slice':
      return g.slice(da!, node.attributes);
    case 'place':
      return g.place(da!, node.shape, node.attributes.starts, node.attributes.steps);
    case 'concat':
      return g.concat(
        node.inputs.map((part, position) => tangents[position] ?? g.zeros(part.shape)),
        node.attributes.axis,
      );
    case 'matmul':
      return product((u, v) => g.matmul(u, v));
    case 'conv':
      return product((u, v) => g.conv(u, v, node.attributes));
    case 'convInput':
      return product((u, v) => g.convInput(u, v, node.attributes, node.shape));
    case 'convWeight':
      return product((u, v) => g.convWeight(u, v, node.attributes, node.shape));
  }
}

function plus(g: Graph, a: Node | null, b: Node | null): Node | null {
  if (a === null) return b;
  return b === null ? a : g.add(a, b);
}

function spread(g: Graph, tangent: Node | null, node: Node): Node | null {
  return tangent === null ? null : g.expand(tangent, node.shape);
}
