import type { Shape } from '../tensor';
import type {
  BinaryOperation,
  ConvAttributes,
  Node,
  PoolAttributes,
  SliceAttributes,
  UnaryOperation,
} from './operations';

/** What rules write their results with: `Graph` without what only those who begin a graph need. */
export type Builder = Readonly<Record<UnaryOperation, (x: Node) => Node>> &
  Readonly<Record<BinaryOperation | 'matmul' | 'take', (a: Node, b: Node) => Node>> & {
    scalar(value: number): Node;
    power(x: Node, exponent: number): Node;
    where(mask: Node, a: Node, b: Node): Node;
    sum(x: Node, axes: readonly number[], keep?: boolean): Node;
    /** Sums over the axes along which `shape` was broadcast to that of `x`. */
    sumTo(x: Node, shape: Shape): Node;
    max(x: Node, axes: readonly number[]): Node;
    argmax(x: Node, axis: number): Node;
    maxPoolIndex(x: Node, attributes: PoolAttributes): Node;
    reshape(x: Node, shape: Shape): Node;
    expand(x: Node, shape: Shape): Node;
    transpose(x: Node, permutation: readonly number[]): Node;
    matrixTranspose(x: Node): Node;
    slice(x: Node, attributes: SliceAttributes): Node;
    place(x: Node, shape: Shape, starts: readonly number[], steps: readonly number[]): Node;
    concat(parts: readonly Node[], axis: number): Node;
    put(y: Node, indices: Node, count: number): Node;
    conv(x: Node, w: Node, attributes: ConvAttributes): Node;
    convInput(w: Node, y: Node, attributes: ConvAttributes, shape: Shape): Node;
    convWeight(x: Node, y: Node, attributes: ConvAttributes, shape: Shape): Node;
    zeros(shape: Shape): Node;
  };
