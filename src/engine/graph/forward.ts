import {
  elementwiseDerivative,
  isElementwise,
  isUnary,
  powerDerivatives,
  remainderDerivative,
} from './elementwise';
import type { Graph } from './graph';
import { topologicalOrder, type AnyNode, type Node, type Operation } from './operations';
import {
  formOf,
  isPlainSum,
  isWide,
  masked,
  plus,
  times,
  written,
  type LinearForm,
} from './linearForm';

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
    if (isConstant(node.operation)) continue;
    for (const input of new Set(node.inputs)) {
      users.set(input.id, (users.get(input.id) ?? 0) + 1);
      if (!isElementwise(node.operation) && node.operation !== 'expand') arrays.add(input.id);
    }
  }
  for (const node of order) {
    if (known.has(node.id) || isConstant(node.operation)) continue;
    if (!node.inputs.some((input) => known.has(input.id))) continue;
    g.differentiating(node, () => {
      push(node);
    });
  }
  return ys.map((y) => arrayOf(y) ?? g.zeros(y.shape));

  function push(node: AnyNode): void {
    const form = pushForm(g, node, (input) => known.get(input.id) ?? null);
    if (form !== undefined) {
      if (form === null) return;
      known.set(node.id, form);
      const isShared = isWide(form) && (users.get(node.id) ?? 0) > 1;
      if (arrays.has(node.id) || isPlainSum(form) || isShared) arrayOf(node);
      return;
    }
    const tangent = pushForward(g, node, node.inputs.map(arrayOf));
    if (tangent !== null) known.set(node.id, formOf(tangent));
  }
}

/** Whether small changes of the arguments change nothing. */
function isConstant(operation: Operation): boolean {
  // The maximum is only subtracted for range, where its derivative cancels.
  return ['less', 'equal', 'argmax', 'maxPoolIndex', 'max'].includes(operation);
}

/** The tangent of an elementwise operation; null is zero. Of any other operation undefined. */
function pushForm(
  g: Graph,
  node: AnyNode,
  tangent: (input: Node) => LinearForm | null,
): LinearForm | null | undefined {
  const [a, b] = node.inputs as [Node, Node];
  const both = (da: LinearForm | null, db: LinearForm | null): LinearForm | null => {
    if (da === null) return db;
    return db === null ? da : plus(g, da, db);
  };
  if (isUnary(node.operation)) {
    const derivative = elementwiseDerivative[node.operation](g, a, node);
    return derivative === null ? null : times(g, tangent(a)!, derivative);
  }
  switch (node.operation) {
    case 'power': {
      const { exponent } = node.attributes;
      return times(g, times(g, tangent(a)!, g.scalar(exponent)), g.power(a, exponent - 1));
    }
    case 'add':
      return both(tangent(a), tangent(b));
    case 'sub': {
      const db = tangent(b);
      return both(tangent(a), db === null ? null : times(g, db, g.scalar(-1)));
    }
    case 'mul': {
      const [da, db] = [tangent(a), tangent(b)];
      return both(da === null ? null : times(g, da, b), db === null ? null : times(g, db, a));
    }
    case 'div': {
      const [da, db] = [tangent(a), tangent(b)];
      const inverse = g.reciprocal(b);
      return both(
        da === null ? null : times(g, da, inverse),
        db === null ? null : times(g, times(g, db, inverse), node, true),
      );
    }
    case 'pow': {
      const [da, db] = [tangent(a), tangent(b)];
      return both(
        da === null ? null : times(g, da, powerDerivatives.base(g, a, b)),
        db === null ? null : times(g, db, powerDerivatives.exponent(g, a, node)),
      );
    }
    case 'fmod': {
      const db = tangent(b);
      return both(
        tangent(a),
        db === null ? null : times(g, db, remainderDerivative(g, a, b, node)),
      );
    }
    case 'where': {
      const [da, db] = [tangent(b), tangent(node.inputs[2]!)];
      return both(
        da === null ? null : masked(g, da, a, true),
        db === null ? null : masked(g, db, a, false),
      );
    }
    case 'expand':
      // Broadcast where it is used.
      return tangent(a);
    default:
      return undefined;
  }
}

/** The tangent of any other operation, from those of its inputs; null is zero. */
function pushForward(g: Graph, node: AnyNode, tangents: readonly (Node | null)[]): Node | null {
  const [a, b] = node.inputs as [Node, Node];
  const [da, db] = tangents as [Node | null, Node | null];
  /** The rule of everything linear in each of two arguments. */
  const product = (of: (u: Node, v: Node) => Node): Node | null => {
    if (da === null) return of(a, db!);
    return db === null ? of(da, b) : g.add(of(da, b), of(a, db));
  };
  switch (node.operation) {
    case 'sum':
      return g.sum(da!, node.attributes.axes, true);
    case 'take':
      return da === null ? null : g.take(da, b);
    case 'put':
      return da === null ? null : g.put(da, b, node.attributes.count);
    case 'reshape':
      return g.reshape(da!, node.shape);
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
    default:
      throw new Error(`${node.operation} has no tangent.`);
  }
}
