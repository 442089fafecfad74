import {
  elementwiseDerivative,
  isElementwise,
  isUnary,
  powerDerivatives,
  remainderDerivative,
} from './elementwise';
import type { Graph } from './graph';
import { sameShape } from './shapes';
import { topologicalOrder, type AnyNode, type Node } from './operations';
import { formOf, isWide, masked, plus, times, written, type LinearForm } from './linearForm';

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
    // What has several bases is summed here, not once more in every argument.
    const lazy =
      isElementwise(node.operation) &&
      node.inputs.every((input) => !active.has(input.id) || sameShape(input.shape, node.shape));
    g.differentiating(node, () => {
      passOn(node, form, lazy);
    });
  }
  return wrt.map((node) => (cotangents.has(node.id) ? arrayOf(node) : g.zeros(node.shape)));

  function passOn(node: AnyNode, form: LinearForm, lazy: boolean): void {
    if (isWide(form) || !lazy) arrayOf(node);
    let others: readonly (Node | null)[] | undefined;
    node.inputs.forEach((input, position) => {
      if (!active.has(input.id)) return;
      let contribution: LinearForm | null;
      if (isElementwise(node.operation) && sameShape(input.shape, node.shape)) {
        contribution = pullBackForm(g, node, position, cotangents.get(node.id)!);
      } else {
        others ??= pullBack(g, node, arrayOf(node));
        const array = others[position] ?? null;
        contribution = array === null ? null : formOf(array);
      }
      if (contribution === null) return;
      const sum = cotangents.get(input.id);
      cotangents.set(input.id, sum === undefined ? contribution : plus(g, sum, contribution));
    });
  }
}

/** What an argument of an elementwise operation, of the result's shape, gets of its cotangent. */
function pullBackForm(
  g: Graph,
  node: AnyNode,
  position: number,
  dy: LinearForm,
): LinearForm | null {
  const [a, b] = node.inputs as [Node, Node];
  if (isUnary(node.operation)) {
    const derivative = elementwiseDerivative[node.operation](g, a, node);
    return derivative === null ? null : times(g, dy, derivative);
  }
  switch (node.operation) {
    case 'power': {
      const { exponent } = node.attributes;
      return times(g, times(g, dy, g.scalar(exponent)), g.power(a, exponent - 1));
    }
    case 'add':
      return dy;
    case 'sub':
      return position === 0 ? dy : times(g, dy, g.scalar(-1));
    case 'mul':
      return times(g, dy, position === 0 ? b : a);
    case 'div': {
      const quotient = times(g, dy, g.reciprocal(b));
      return position === 0 ? quotient : times(g, quotient, node, true);
    }
    case 'pow':
      return times(
        g,
        dy,
        position === 0 ? powerDerivatives.base(g, a, b) : powerDerivatives.exponent(g, a, node),
      );
    case 'fmod':
      return position === 0 ? dy : times(g, dy, remainderDerivative(g, a, b, node));
    case 'where':
      return position === 0 ? null : masked(g, dy, a, position === 1);
    default:
      throw new Error(`${node.operation} is not elementwise.`);
  }
}

/** The cotangents of a node's inputs, from its own; null where it is zero. */
function pullBack(g: Graph, node: AnyNode, dy: Node): readonly (Node | null)[] {
  const [a, b] = node.inputs as [Node, Node];
  if (isUnary(node.operation)) {
    const derivative = elementwiseDerivative[node.operation](g, a, node);
    return [derivative === null ? null : g.mul(dy, derivative)];
  }
  switch (node.operation) {
    case 'input':
    case 'constant':
      return [];
    case 'power': {
      const { exponent } = node.attributes;
      return [g.mul(dy, g.mul(g.scalar(exponent), g.power(a, exponent - 1)))];
    }
    case 'add':
      return [g.sumTo(dy, a.shape), g.sumTo(dy, b.shape)];
    case 'sub':
      return [g.sumTo(dy, a.shape), g.neg(g.sumTo(dy, b.shape))];
    case 'mul':
      return [g.sumTo(g.mul(dy, b), a.shape), g.sumTo(g.mul(dy, a), b.shape)];
    case 'div': {
      const quotient = g.div(dy, b);
      return [g.sumTo(quotient, a.shape), g.neg(g.sumTo(g.mul(quotient, node), b.shape))];
    }
    case 'pow':
      return [
        g.sumTo(g.mul(dy, powerDerivatives.base(g, a, b)), a.shape),
        g.sumTo(g.mul(dy, powerDerivatives.exponent(g, a, node)), b.shape),
      ];
    case 'fmod':
      return [
        g.sumTo(dy, a.shape),
        g.sumTo(g.mul(dy, remainderDerivative(g, a, b, node)), b.shape),
      ];
    case 'less':
    case 'equal':
    case 'argmax':
    case 'maxPoolIndex':
      return [];
    case 'where': {
      const no = g.scalar(0);
      const c = node.inputs[2]!;
      return [null, g.sumTo(g.where(a, dy, no), b.shape), g.sumTo(g.where(a, no, dy), c.shape)];
    }
    case 'sum':
      return [g.expand(dy, a.shape)];
    case 'max':
      // Only subtracted for range, where its derivative cancels.
      return [null];
    case 'take':
      return [g.put(dy, b, a.shape[1]!), null];
    case 'put':
      return [g.take(dy, b), null];
    case 'reshape':
      return [g.reshape(dy, a.shape)];
    case 'expand':
      return [g.sumTo(dy, a.shape)];
    case 'transpose': {
      const inverse: number[] = [];
      node.attributes.permutation.forEach((axis, position) => (inverse[axis] = position));
      return [g.transpose(dy, inverse)];
    }
    case 'slice':
      return [g.place(dy, a.shape, node.attributes.starts, node.attributes.steps)];
    case 'place':
      return [g.slice(dy, { ...node.attributes, counts: a.shape })];
    case 'concat': {
      const { axis } = node.attributes;
      let start = 0;
      return node.inputs.map((part) => {
        const starts = part.shape.map((_, i) => (i === axis ? start : 0));
        start += part.shape[axis]!;
        return g.slice(dy, { starts, steps: part.shape.map(() => 1), counts: part.shape });
      });
    }
    case 'matmul':
      return [
        g.sumTo(g.matmul(dy, g.matrixTranspose(b)), a.shape),
        matrixWeightCotangent(g, a, b, dy),
      ];
    case 'conv':
      return [
        g.convInput(b, dy, node.attributes, a.shape),
        g.convWeight(a, dy, node.attributes, b.shape),
      ];
    case 'convInput':
      // y = Wᵀ·c: a is w, b is c, dy has the shape of the convolution's input.
      return [g.convWeight(dy, b, node.attributes, a.shape), g.conv(dy, a, node.attributes)];
    case 'convWeight':
      // a is x, b is the cotangent of the convolution, dy has the shape of the weights.
      return [g.convInput(dy, b, node.attributes, a.shape), g.conv(a, dy, node.attributes)];
  }
}

/** The cotangent of b in a·b; one large product where b is a matrix and a a batch of them. */
function matrixWeightCotangent(g: Graph, a: Node, b: Node, dy: Node): Node {
  if (b.shape.length === 2 && a.shape.length > 2) {
    const flat = (x: Node): Node => g.reshape(x, [rows(x), x.shape.at(-1)!]);
    return g.matmul(g.matrixTranspose(flat(a)), flat(dy));
  }
  return g.sumTo(g.matmul(g.matrixTranspose(a), dy), b.shape);
}

function rows(x: Node): number {
  return x.shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
}
