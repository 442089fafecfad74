import { InputError } from '../../../../shared/inputError';
import { say } from '../../../../shared/words/message';
import { sizeOf } from '../../../tensor';
import type { Graph } from '../../graph';
import type { Node } from '../../operations';
import { broadcastOnto, type Operator, type OperatorCall } from './operatorCall';

/** Vectors are rows on the left and columns on the right, as in numpy. */
function matMul(c: OperatorCall): Node {
  const { g } = c;
  const [a, b] = [c.node(0), c.node(1)];
  const left = a.shape.length === 1 ? g.reshape(a, [1, a.shape[0]!]) : a;
  const right = b.shape.length === 1 ? g.reshape(b, [b.shape[0]!, 1]) : b;
  const product = g.matmul(left, right);
  const drop = [
    ...(a.shape.length === 1 ? [product.shape.length - 2] : []),
    ...(b.shape.length === 1 ? [product.shape.length - 1] : []),
  ];
  return g.reshape(
    product,
    product.shape.filter((_, axis) => !drop.includes(axis)),
  );
}

function gemm(c: OperatorCall): Node {
  const { g } = c;
  const a = c.integer('transA', 0) === 1 ? g.matrixTranspose(c.node(0)) : c.node(0);
  const b = c.integer('transB', 0) === 1 ? g.matrixTranspose(c.node(1)) : c.node(1);
  const product = g.mul(g.matmul(a, b), g.scalar(c.float('alpha', 1)));
  const added = c.optional(2);
  if (added === null) return product;
  const sum = g.add(product, g.mul(added, g.scalar(c.float('beta', 1))));
  return broadcastOnto(product, sum, say`the bias`);
}

/** An array whose axes have names. */
interface Labelled {
  readonly node: Node;
  readonly labels: readonly string[];
}

/** Einstein's summation, two operands at a time, each step a matrix product. */
function einsum(c: OperatorCall): Node {
  const { g } = c;
  const equation = c.text('equation', '').replaceAll(' ', '');
  const [left, right] = equation.split('->') as [string, string?];
  const terms = left.split(',');
  if (terms.length !== c.inputs.length) {
    throw new InputError(say`"${equation}" is not for ${c.inputs.length} inputs`, 'damaged');
  }
  const operands = terms.map((term, position) => labelled(g, c.node(position), term));
  const output =
    right === undefined ? implicitOutput(terms, operands) : expandLabels(right, operands);

  let joined = operands[0]!;
  operands.slice(1).forEach((next, position) => {
    const later = new Set([...output, ...operands.slice(position + 2).flatMap((o) => o.labels)]);
    joined = contract(g, joined, next, later);
  });
  const summed = sumAway(g, joined, new Set(output));
  return g.transpose(
    summed.node,
    output.map((label) => {
      const axis = summed.labels.indexOf(label);
      if (axis < 0) throw new InputError(say`"${equation}" makes ${label} from nothing`, 'damaged');
      return axis;
    }),
  );
}

/** The names of a term's axes; those of "…" are numbers, counted from the last. */
function labelled(g: Graph, node: Node, term: string): Labelled {
  const [before, after] = term.split('...') as [string, string?];
  const hidden = after === undefined ? 0 : node.shape.length - before.length - after.length;
  const labels = [
    ...Array.from(before),
    ...Array.from({ length: hidden }, (_, i) => String(hidden - i)),
    ...Array.from(after ?? ''),
  ];
  if (labels.length !== node.shape.length) {
    throw new InputError(say`"${term}" is not for [${node.shape.join(', ')}]`, 'mismatch');
  }
  return diagonals(g, { node, labels });
}

/** A label that is there twice stands for a diagonal. */
function diagonals(g: Graph, { node, labels }: Labelled): Labelled {
  const first = labels.findIndex((label, axis) => labels.includes(label, axis + 1));
  if (first < 0) return { node, labels };
  const second = labels.indexOf(labels[first]!, first + 1);
  const others = labels.map((_, axis) => axis).filter((axis) => axis !== first && axis !== second);
  const moved = g.transpose(node, [...others, first, second]);
  const n = node.shape[first]!;
  const lead = others.map((axis) => node.shape[axis]!);
  const flat = g.reshape(moved, [...lead, n * n]);
  const diagonal = g.slice(flat, {
    starts: flat.shape.map(() => 0),
    steps: [...lead.map(() => 1), n + 1],
    counts: [...lead, n],
  });
  return diagonals(g, {
    node: diagonal,
    labels: [...others.map((axis) => labels[axis]!), labels[first]!],
  });
}

function isHidden(label: string): boolean {
  return label >= '0' && label <= '9';
}

function hiddenLabels(operands: readonly Labelled[]): readonly string[] {
  const all = new Set(operands.flatMap(({ labels }) => labels).filter(isHidden));
  return [...all].sort((a, b) => Number(b) - Number(a));
}

function expandLabels(term: string, operands: readonly Labelled[]): readonly string[] {
  const [before, after] = term.split('...') as [string, string?];
  return [
    ...Array.from(before),
    ...(after === undefined ? [] : hiddenLabels(operands)),
    ...Array.from(after ?? ''),
  ];
}

/** Without "->": what is there once, in alphabetical order. */
function implicitOutput(
  terms: readonly string[],
  operands: readonly Labelled[],
): readonly string[] {
  const letters = Array.from(terms.join('').replaceAll('...', ''));
  const once = letters.filter((letter) => letters.filter((other) => other === letter).length === 1);
  return [...hiddenLabels(operands), ...once.sort()];
}

function sumAway(g: Graph, { node, labels }: Labelled, keep: ReadonlySet<string>): Labelled {
  const axes = labels.map((_, axis) => axis).filter((axis) => !keep.has(labels[axis]!));
  return { node: g.sum(node, axes), labels: labels.filter((label) => keep.has(label)) };
}

/** Σ of the product of two operands over what nobody needs later. */
function contract(g: Graph, a: Labelled, b: Labelled, later: ReadonlySet<string>): Labelled {
  const left = sumAway(g, a, new Set([...later, ...b.labels]));
  const right = sumAway(g, b, new Set([...later, ...a.labels]));
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => later.has(label));
  const summed = shared.filter((label) => !later.has(label));
  const rows = left.labels.filter((label) => !shared.includes(label));
  const columns = right.labels.filter((label) => !shared.includes(label));

  const extent = (label: string): number => {
    const [u, v] = [left, right].map(({ node, labels }) => node.shape[labels.indexOf(label)] ?? 1);
    return Math.max(u!, v!);
  };
  const sizes = (labels: readonly string[]): readonly number[] => labels.map(extent);
  const matrix = ({ node, labels }: Labelled, order: readonly (readonly string[])[]): Node => {
    const moved = g.transpose(
      node,
      order.flat().map((label) => labels.indexOf(label)),
    );
    // Axes of one broadcast.
    const whole = g.expand(moved, sizes(order.flat()));
    return g.reshape(
      whole,
      order.map((group) => sizeOf(sizes(group))),
    );
  };
  const product = g.matmul(
    matrix(left, [batch, rows, summed]),
    matrix(right, [batch, summed, columns]),
  );
  return {
    node: g.reshape(product, [...sizes(batch), ...sizes(rows), ...sizes(columns)]),
    labels: [...batch, ...rows, ...columns],
  };
}

/** Matrix products. */
export const productOperators: readonly (readonly [string, Operator])[] = [
  ['MatMul', matMul],
  ['Gemm', gemm],
  ['Einsum', einsum],
];
