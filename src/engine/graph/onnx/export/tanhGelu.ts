import { knownScalar, type Node } from '../../operations';

/**
 * The argument x of a node that is ½x(1 + tanh(√(2/π)(x + 0.044715x³))), the approximation of GELU
 * in GPT-2 (Hendrycks and Gimpel, 2016), in whatever order it is written; else null.
 */
export function tanhGeluArgument(node: Node): Node | null {
  if (node.operation !== 'mul') return null;
  const { scale, factors } = product(node);
  const sum = factors.find(({ operation }) => operation === 'add');
  if (sum === undefined || factors.length !== 2 || !isNear(scale, 0.5)) return null;
  const x = factors.find((factor) => factor !== sum)!;
  const [a, b] = sum.inputs as [Node, Node];
  const tanh = knownScalar(a) === 1 ? b : knownScalar(b) === 1 ? a : null;
  if (tanh?.operation !== 'tanh') return null;

  const inner = product(tanh.inputs[0]!);
  const [cubic] = inner.factors;
  if (inner.factors.length !== 1 || cubic?.operation !== 'add') return null;
  if (!isNear(inner.scale, Math.sqrt(2 / Math.PI)) || !cubic.inputs.includes(x)) return null;
  const cube = product(cubic.inputs.find((input) => input !== x)!);
  const isCube = cube.factors.length === 3 && cube.factors.every((factor) => factor === x);
  return isCube && isNear(cube.scale, 0.044715) ? x : null;
}

interface Product {
  readonly scale: number;
  readonly factors: readonly Node[];
}

/** Products of products that are looked into: what is looked for has three. */
const MAX_DEPTH = 4;

/** A node as a known number times factors. */
function product(node: Node, depth = 0): Product {
  const known = knownScalar(node);
  if (known !== null) return { scale: known, factors: [] };
  if (node.operation !== 'mul' || depth === MAX_DEPTH) return { scale: 1, factors: [node] };
  const [a, b] = node.inputs.map((input) => product(input, depth + 1)) as [Product, Product];
  return { scale: a.scale * b.scale, factors: [...a.factors, ...b.factors] };
}

/** Constants of an exported model are rounded to float32. */
function isNear(x: number, y: number): boolean {
  return Math.abs(x - y) < 1e-6 * y;
}
