import type { Shape } from '../../tensor';
import type { Builder } from '../builder';
import { plus, type LinearForm } from '../linearForm';
import type { Node, Operation, OperationAttributes } from '../operations';

/** All there is to know of an operation. */
export interface Rule<O extends Operation> {
  /** The shape of its result. @throws ShapeError where those of its arguments do not fit. */
  readonly shape: (shapes: readonly Shape[], attributes: OperationAttributes[O]) => Shape;
  /** Its value in float64, as the definition reads, from the arguments' in C order. */
  readonly evaluate: (node: Node<O>, args: readonly Float64Array[]) => Float64Array;
  /** The same operation on other arguments of the same shapes. */
  readonly rebuild: (g: Builder, node: Node<O>, args: readonly Node[]) => Node;
  /** Null where small changes of the arguments change nothing, or where their effect cancels. */
  readonly reverse: Reverse<O> | null;
  /** As `reverse`. */
  readonly forward: Forward<O> | null;
}

/** What the arguments get of the cotangent of the result; null is zero. */
export type Reverse<O extends Operation> =
  | {
      /**
       * Element by element, smoothly: the cotangent times the derivative in an argument, of the
       * result's shape. Whoever asks sums over what was broadcast.
       */
      readonly kind: 'elementwise';
      readonly pull: (
        g: Builder,
        node: Node<O>,
        position: number,
        dy: LinearForm,
      ) => LinearForm | null;
    }
  | {
      readonly kind: 'array';
      /** @returns for every argument an array of its shape. */
      readonly pull: (g: Builder, node: Node<O>, dy: Node) => readonly (Node | null)[];
    };

/** The tangent of the result from those of the arguments, of which one at least is none of zero. */
export type Forward<O extends Operation> =
  | {
      /** Broadcast where it is used. */
      readonly kind: 'form';
      readonly push: (
        g: Builder,
        node: Node<O>,
        tangents: readonly (LinearForm | null)[],
      ) => LinearForm | null;
    }
  | {
      readonly kind: 'array';
      readonly push: (g: Builder, node: Node<O>, tangents: readonly (Node | null)[]) => Node | null;
    };

/** A form times the derivative of the result in one argument; null where that is zero. */
export type Along<O extends Operation> = (
  g: Builder,
  node: Node<O>,
  form: LinearForm,
) => LinearForm | null;

/** Both derivative rules of what works element by element: one product, in either direction. */
export function elementwise<O extends Operation>(
  along: readonly Along<O>[],
): Pick<Rule<O>, 'reverse' | 'forward'> {
  return {
    reverse: {
      kind: 'elementwise',
      pull: (g, node, position, dy) => along[position]!(g, node, dy),
    },
    forward: {
      kind: 'form',
      push: (g, node, tangents) => {
        let sum: LinearForm | null = null;
        tangents.forEach((tangent, position) => {
          const own = tangent === null ? null : along[position]!(g, node, tangent);
          if (own !== null) sum = sum === null ? own : plus(g, sum, own);
        });
        return sum;
      },
    },
  };
}

/** The derivative rules of what is linear in one argument. */
export function linear<O extends Operation>(
  pull: (g: Builder, node: Node<O>, dy: Node) => Node,
  push: (g: Builder, node: Node<O>, tangent: Node) => Node,
): Pick<Rule<O>, 'reverse' | 'forward'> {
  return {
    reverse: { kind: 'array', pull: (g, node, dy) => [pull(g, node, dy)] },
    forward: {
      kind: 'array',
      push: (g, node, [tangent]) => (tangent ? push(g, node, tangent) : null),
    },
  };
}

/** The forward rule of what is linear in each of two arguments: that of a product. */
export function bilinear<O extends Operation>(
  of: (g: Builder, node: Node<O>, u: Node, v: Node) => Node,
): Forward<O> {
  return {
    kind: 'array',
    push: (g, node, [da = null, db = null]) => {
      const [a, b] = node.inputs as [Node, Node];
      if (da === null) return db === null ? null : of(g, node, a, db);
      const first = of(g, node, da, b);
      return db === null ? first : g.add(first, of(g, node, a, db));
    },
  };
}

/** Of what does not change where its arguments change little. */
export const constantRules = { reverse: null, forward: null } as const;
