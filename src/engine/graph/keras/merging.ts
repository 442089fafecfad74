import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import { sizeOf } from '../../tensor';
import type { Graph } from '../graph';
import type { Node } from '../operations';
import { axisIn, elementwise } from './axes';
import { signalsIn, type LayerCall, type LayerRule, type Made } from './layerCall';

type Merge = (g: Graph, a: Node, b: Node) => Node;

const larger: Merge = (g, a, b) => g.add(b, g.relu(g.sub(a, b)));
const smaller: Merge = (g, a, b) => g.sub(b, g.relu(g.sub(b, a)));

function merged(merge: Merge): LayerRule {
  return (c) => joined(c, merge);
}

function joined(c: LayerCall, merge: Merge): Made {
  const nodes = c.inputs.map(({ node }) => node);
  if (nodes.length === 0) throw new InputError(say`it is given nothing`, 'damaged');
  const node = elementwise(c.g, nodes, ([first, ...others]) =>
    others.reduce((result, other) => merge(c.g, result, other), first!),
  );
  return { node, mask: commonMask(c) };
}

/** Steps that count in all of them; one without a mask counts everywhere. */
function commonMask({ g, inputs }: LayerCall): Node | null {
  const masks = inputs.flatMap(({ mask }) => (mask === null ? [] : [mask]));
  const [first, ...others] = masks;
  if (first === undefined || masks.length < inputs.length) return null;
  return others.reduce((product, mask) => g.mul(product, mask), first);
}

function average(c: LayerCall): Made {
  const count = c.inputs.length;
  const sum = joined(c, (g, a, b) => g.add(a, b));
  return 'node' in sum ? { ...sum, node: c.g.mul(c.g.scalar(1 / count), sum.node) } : sum;
}

function subtract(c: LayerCall): Made {
  if (c.inputs.length !== 2) throw new InputError(say`it takes two inputs`, 'damaged');
  return joined(c, (g, a, b) => g.sub(a, b));
}

function concatenate(c: LayerCall): Made {
  const { g } = c;
  const nodes = c.inputs.map(({ node }) => node);
  const axis = axisIn(c.x, c.settings.number('axis', -1));
  const orders = nodes.map((x) =>
    x.operation === 'transpose' ? (x as Node<'transpose'>).attributes.permutation : null,
  );
  const [order] = orders;
  const mask = commonMask(c);
  if (
    order === null ||
    order === undefined ||
    orders.some((other) => other?.join() !== order.join())
  ) {
    return { node: g.concat(nodes, axis), mask };
  }
  const inner = nodes.map((x) => x.inputs[0]!);
  return { node: g.transpose(g.concat(inner, order[axis]!), order), mask };
}

/** The product over one axis of each, sample by sample. */
function dot(c: LayerCall): Node {
  const { g, settings } = c;
  const nodes = c.inputs.map(({ node }) => node);
  const [a, b] = nodes;
  if (a === undefined || b === undefined || nodes.length > 2) {
    throw new InputError(say`it takes two inputs`, 'damaged');
  }
  const axes = settings.numbers('axes') ?? [-1];
  const [own, other] = [axisIn(a, axes[0]!), axisIn(b, axes[1] ?? axes[0]!)];
  const unit = (x: Node, axis: number): Node => {
    if (!settings.flag('normalize', false)) return x;
    const square = g.sum(g.mul(x, x), [axis], true);
    const bounded = g.add(g.relu(g.sub(square, g.scalar(1e-12))), g.scalar(1e-12));
    return g.mul(x, g.reciprocal(g.sqrt(bounded)));
  };
  const rest = (x: Node, axis: number): readonly number[] =>
    x.shape.map((_, i) => i).filter((i) => i !== 0 && i !== axis);
  const [left, right] = [rest(a, own), rest(b, other)];
  const shapeOf = (x: Node, list: readonly number[]): readonly number[] =>
    list.map((axis) => x.shape[axis]!);
  const batch = a.shape[0]!;
  const rows = g.reshape(g.transpose(unit(a, own), [0, ...left, own]), [
    batch,
    sizeOf(shapeOf(a, left)),
    a.shape[own]!,
  ]);
  const columns = g.reshape(g.transpose(unit(b, other), [0, other, ...right]), [
    batch,
    b.shape[other]!,
    sizeOf(shapeOf(b, right)),
  ]);
  const shape = [...shapeOf(a, left), ...shapeOf(b, right)];
  return g.reshape(g.matmul(rows, columns), [batch, ...(shape.length === 0 ? [1] : shape)]);
}

/** Arithmetic that was written with operators: of tensors and of numbers. */
function arithmetic(merge: Merge): LayerRule {
  return (c) => {
    const { g } = c;
    const operands = [c.argument(0, 'x'), c.argument(1, 'y') ?? c.argument(1, 'x2')].map(
      (given): Node => {
        const [signal] = signalsIn(given ?? undefined);
        if (signal !== undefined) return signal.node;
        const value = given !== null && 'value' in given ? given.value : null;
        if (typeof value !== 'number') {
          throw new InputError(
            say`it takes something else than tensors and numbers; export the model to ONNX`,
            'unsupported',
          );
        }
        return g.scalar(value);
      },
    );
    const [a, b] = operands as [Node, Node];
    const single = [a, b].filter(({ shape }) => shape.length > 0);
    if (single.length === 1) {
      return elementwise(g, single, ([x]) =>
        merge(g, a === single[0] ? x! : a, b === single[0] ? x! : b),
      );
    }
    return elementwise(g, [a, b], ([x, y]) => merge(g, x!, y!));
  };
}

const OPERATORS: readonly (readonly [string, readonly string[], Merge])[] = [
  ['Add', ['__operators__.add', 'math.add'], (g, a, b) => g.add(a, b)],
  ['Subtract', ['math.subtract', '__operators__.subtract'], (g, a, b) => g.sub(a, b)],
  ['Multiply', ['math.multiply'], (g, a, b) => g.mul(a, b)],
  ['TrueDivide', ['math.truediv', 'math.divide'], (g, a, b) => g.div(a, b)],
  ['Divide', [], (g, a, b) => g.div(a, b)],
  ['Maximum', ['math.maximum'], larger],
  ['Minimum', ['math.minimum'], smaller],
];

export const mergingLayers: readonly (readonly [string, LayerRule])[] = [
  ['Add', merged((g, a, b) => g.add(a, b))],
  ['Multiply', merged((g, a, b) => g.mul(a, b))],
  ['Maximum', merged(larger)],
  ['Minimum', merged(smaller)],
  ['Average', average],
  ['Subtract', subtract],
  ['Concatenate', concatenate],
  ['Dot', dot],
  ...OPERATORS.flatMap(([name, functions, merge]): (readonly [string, LayerRule])[] =>
    [`ops.${name}`, ...functions.map((own) => `tf.${own}`)].map((kind) => [
      kind,
      arithmetic(merge),
    ]),
  ),
];
