import {
  knownScalar,
  topologicalOrder,
  type AnyNode,
  type Node,
  type Program,
} from '../../operations';
import { sameShape } from '../../../tensor';
import {
  blockedConvolution,
  blockedNodes,
  hasBlocks,
  isBlockedWeightGradient,
} from './blockedLayout';
import { tanhGeluArgument } from './tanhGelu';

/** A convolution in blocks with what is done to its result at once: relu(conv + bias + sum). */
export interface FusedConvolution {
  readonly conv: AnyNode;
  readonly bias: Node | null;
  readonly sum: Node | null;
  readonly relu: boolean;
}

/** Which nodes of a program are written as part of another, and which in blocks. */
export class Plan {
  readonly order: readonly AnyNode[];
  readonly block: number;
  /** Bias of a convolution, found in the addition that follows it. */
  readonly biases = new Map<number, { readonly conv: Node<'conv'>; readonly bias: Node }>();
  /** Nodes that are needed as floats: the others are only masks, indices or parts of another. */
  readonly needed = new Set<number>();
  /** Nodes that are needed as whole numbers. */
  readonly indexed = new Set<number>();
  /** Nodes that are max pooling, with where the largest values are. */
  readonly pooled = new Map<number, Node<'maxPoolIndex'>>();
  /** Nodes that are computed in blocks. */
  readonly blocked: ReadonlySet<number>;
  /** By the last node of what is fused. */
  readonly fused = new Map<number, FusedConvolution>();
  /** Weight gradients in blocks that a node is, or is the sum of. */
  readonly weightGradients = new Map<number, readonly Node<'convWeight'>[]>();
  /** Arguments of nodes that are a GELU for which there is one kernel. */
  readonly gelus = new Map<number, Node>();
  /** Names of nodes that are outputs: the first name of each. */
  readonly outputs = new Map<number, string>();
  private readonly kept: ReadonlySet<string>;
  /** How many nodes use a node: one that is used once may be fused into its user. */
  private readonly uses = new Map<number, number>();
  private readonly skipped = new Set<number>();

  constructor(program: Program, precision: 'float32' | 'float64', block: number) {
    this.block = block;
    this.kept = program.kept ?? new Set();
    this.order = topologicalOrder(program.outputs.values());
    this.blocked = blockedNodes(this.order, block, this.kept);
    for (const [name, node] of program.outputs) {
      const made = node.operation !== 'input' && node.operation !== 'constant';
      if (made && !this.outputs.has(node.id)) this.outputs.set(node.id, name);
    }
    for (const node of this.order) {
      for (const input of node.inputs) {
        this.uses.set(input.id, (this.uses.get(input.id) ?? 0) + 1);
      }
    }
    for (const node of program.outputs.values()) this.uses.set(node.id, Infinity);
    for (const node of this.order) {
      if (node.operation !== 'add') continue;
      const [a, b] = node.inputs as [Node, Node];
      const found = biasOf(a, b) ?? biasOf(b, a);
      if (found !== null && this.uses.get(found.conv.id) === 1) {
        this.biases.set(node.id, found);
        this.skipped.add(found.conv.id);
      }
    }
    for (const node of this.order) if (this.blocked.has(node.id)) this.fuse(node);
    for (const node of this.order) this.joinWeightGradients(node);
    for (const node of this.order) {
      const x = precision === 'float32' ? tanhGeluArgument(node) : null;
      // Where what is inside is needed for a derivative, it is made in any case.
      const inside = node.inputs.every((input) => this.uses.get(input.id) === 1);
      if (x !== null && inside) this.gelus.set(node.id, x);
    }
    for (const node of program.outputs.values()) this.needed.add(node.id);
    for (const node of [...this.order].reverse()) {
      if (this.needed.has(node.id) && !this.skipped.has(node.id)) this.needArguments(node);
    }
    for (const id of this.skipped) this.needed.delete(id);
  }

  /** Whether an output, or input, is in blocks. */
  isKept(name: string, node: Node): boolean {
    return this.kept.has(name) && hasBlocks(node.shape, this.block);
  }

  /** Finds what a convolution in blocks does to its result in the same pass. */
  private fuse(node: AnyNode): void {
    if (blockedConvolution(node, this.block) !== null) {
      this.fused.set(node.id, { conv: node, bias: null, sum: null, relu: false });
      return;
    }
    const take = (part: Node, more: Partial<FusedConvolution>): boolean => {
      const found = this.fused.get(part.id);
      if (found === undefined || found.relu || this.uses.get(part.id) !== 1) return false;
      if (more.sum !== undefined && found.sum !== null) return false;
      if (more.bias !== undefined && found.bias !== null) return false;
      this.fused.set(node.id, { ...found, ...more });
      this.skipped.add(part.id);
      return true;
    };
    const [a, b] = node.inputs as [Node, Node];
    if (node.operation === 'relu') take(a, { relu: true });
    if (node.operation !== 'add') return;
    // To a convolution with a sum in it a bias comes last.
    const [ofA, ofB] = [perChannel(b, a.shape), perChannel(a, b.shape)];
    if (ofA !== null) take(a, { bias: ofA });
    else if (ofB !== null) take(b, { bias: ofB });
    else if (!sameShape(a.shape, b.shape)) return;
    else if (!take(b, { sum: a })) take(a, { sum: b });
  }

  /** Finds weight gradients in blocks, which convolutions add up while they compute them. */
  private joinWeightGradients(node: AnyNode): void {
    if (node.operation === 'convWeight') {
      if (isBlockedWeightGradient(node, this.block)) this.weightGradients.set(node.id, [node]);
      return;
    }
    if (node.operation !== 'add') return;
    const parts = node.inputs.map(({ id, shape }) => {
      const isOnlyHere = this.uses.get(id) === 1 && sameShape(shape, node.shape);
      return isOnlyHere ? this.weightGradients.get(id) : undefined;
    });
    if (parts.includes(undefined)) return;
    this.weightGradients.set(
      node.id,
      parts.flatMap((part) => part!),
    );
    for (const { id } of node.inputs) this.skipped.add(id);
  }

  /** Marks what a node reads, as what it reads it. */
  private needArguments(node: AnyNode): void {
    const [a, b] = node.inputs as [Node, Node];
    const whole = this.fused.get(node.id);
    if (whole !== undefined) {
      for (const input of [...whole.conv.inputs, whole.bias, whole.sum]) {
        if (input !== null) this.needed.add(input.id);
      }
      return;
    }
    const fused = this.biases.get(node.id);
    if (fused !== undefined) {
      for (const input of fused.conv.inputs) this.needed.add(input.id);
      this.needed.add(fused.bias.id);
      return;
    }
    const gradients = this.weightGradients.get(node.id);
    if (gradients !== undefined) {
      for (const { inputs } of gradients) for (const { id } of inputs) this.needed.add(id);
      return;
    }
    const gelu = this.gelus.get(node.id);
    if (gelu !== undefined && !this.blocked.has(node.id)) {
      this.needed.add(gelu.id);
      return;
    }
    const masked = maskedProduct(node);
    if (masked !== null) {
      this.needMask(masked.step);
      this.needed.add(masked.other.id);
      return;
    }
    switch (node.operation) {
      case 'where':
        this.needMask(a);
        this.needed.add(b.id);
        this.needed.add(node.inputs[2]!.id);
        return;
      case 'take': {
        const pool = poolOf(node);
        if (pool !== null) {
          this.pooled.set(node.id, pool);
          this.needed.add(pool.inputs[0]!.id);
          return;
        }
        this.needed.add(a.id);
        this.needIndex(b);
        return;
      }
      case 'put':
        this.needed.add(a.id);
        this.needIndex(b);
        return;
      default:
        for (const input of node.inputs) this.needed.add(input.id);
    }
  }

  private needMask(node: Node): void {
    if (node.operation === 'less' || node.operation === 'equal' || node.operation === 'step') {
      for (const input of node.inputs) this.needed.add(input.id);
    } else {
      this.needed.add(node.id);
    }
  }

  private needIndex(node: Node): void {
    if (node.operation === 'reshape') {
      this.needIndex(node.inputs[0]!);
    } else if (node.operation === 'maxPoolIndex' || node.operation === 'argmax') {
      this.indexed.add(node.id);
      this.needed.add(node.inputs[0]!.id);
    } else if (node.operation !== 'constant') {
      this.needed.add(node.id);
    }
  }
}

/** Max pooling, if that is what taking is: of x at the places of the largest values of x. */
function poolOf(node: Node<'take'>): Node<'maxPoolIndex'> | null {
  const [x, indices] = node.inputs.map(withoutReshape) as [Node, Node];
  if (indices.operation !== 'maxPoolIndex') return null;
  return withoutReshape(indices.inputs[0]!) === x ? (indices as Node<'maxPoolIndex'>) : null;
}

function withoutReshape(node: Node): Node {
  return node.operation === 'reshape' ? withoutReshape(node.inputs[0]!) : node;
}

/** A convolution and what is added to each of its output channels, if that is what a sum is. */
function biasOf(conv: Node, added: Node): { conv: Node<'conv'>; bias: Node } | null {
  const bias = conv.operation === 'conv' ? perChannel(added, conv.shape) : null;
  return bias === null ? null : { conv: conv as Node<'conv'>, bias };
}

/** One value for each channel of an image, if that is what is added to it. */
function perChannel(added: Node, [, channels, ...places]: readonly number[]): Node | null {
  if (added.operation !== 'reshape' || channels === undefined) return null;
  const bias = added.inputs[0]!;
  const apart = [channels, ...places.map(() => 1)];
  const fits =
    sameShape(bias.shape, [channels]) &&
    (sameShape(added.shape, apart) || sameShape(added.shape, [1, ...apart]));
  return fits && knownScalar(bias) === null ? bias : null;
}

export function maskedProduct(node: Node): { readonly step: Node; readonly other: Node } | null {
  if (node.operation !== 'mul') return null;
  const [a, b] = node.inputs as [Node, Node];
  if (b.operation === 'step' && sameShape(b.shape, node.shape)) return { step: b, other: a };
  if (a.operation === 'step' && sameShape(a.shape, node.shape)) return { step: a, other: b };
  return null;
}
