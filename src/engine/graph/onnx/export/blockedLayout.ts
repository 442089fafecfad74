import { create, toBinary } from '@bufbuild/protobuf';
import { sizeOf, sameShape } from '../../../tensor';
import { isElementwise } from '../../rules/rules';
import type { AnyNode, ConvAttributes, Node } from '../../operations';
import {
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  ValueInfoProtoSchema,
} from '../onnx_pb';

/**
 * ONNX Runtime's own layout of images: channels in blocks as wide as a vector register, [N, C, H, W]
 * stored as [N, C / block, H, W, block]. Its convolutions in this layout run at the speed of a
 * large matrix product. Its optimizer uses them for known weights only; an exported graph may use
 * them for any.
 */
export const BLOCKED_DOMAIN = 'com.microsoft.nchwc';

/** Multiplications from which bringing arguments into the layout is worth it. */
const WORTH_BLOCKING = 2 ** 18;

/** A convolution that can be computed in blocks. */
export interface BlockedConvolution {
  readonly image: Node;
  readonly kernel: Node;
  /** Whether the kernel is turned round, with inputs and outputs exchanged. */
  readonly turned: boolean;
  /** Whether the image has fewer channels than a block, and is read as it is. */
  readonly plain: boolean;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Before and after each axis. */
  readonly pads: readonly number[];
}

/** How a node is one convolution in blocks, or null. */
export function blockedConvolution(node: AnyNode, block: number): BlockedConvolution | null {
  if (node.operation === 'conv') {
    const [image, kernel] = node.inputs as [Node, Node];
    const { strides, dilations, padsBefore, padsAfter } = node.attributes;
    const channels = image.shape[1]!;
    const plain = channels < block;
    if (!plain && channels % block !== 0) return null;
    if (!isWorthBlocking(node.attributes, kernel.shape, node.shape, block)) return null;
    const pads = [...padsBefore, ...padsAfter];
    return { image, kernel, turned: false, plain, strides, dilations, pads };
  }
  if (node.operation === 'convInput') {
    const [kernel, image] = node.inputs as [Node, Node];
    const { strides, dilations, padsBefore, padsAfter } = node.attributes;
    if (strides.some((stride) => stride !== 1) || node.shape[1]! % block !== 0) return null;
    if (!isWorthBlocking(node.attributes, kernel.shape, image.shape, block)) return null;
    const pads = turnedPads(kernel.shape, { dilations, padsBefore, padsAfter });
    if (pads.some((pad) => pad < 0)) return null;
    return { image, kernel, turned: true, plain: false, strides, dilations, pads };
  }
  return null;
}

/** Whether a weight gradient can be computed in blocks. */
export function isBlockedWeightGradient(node: Node<'convWeight'>, block: number): boolean {
  const [, y] = node.inputs as [Node, Node];
  const samples = y.shape[0]!;
  // Samples are brought to whole blocks.
  if (block <= 1 || Math.ceil(samples / block) * block > 1.5 * samples) return false;
  return isWorthBlocking(node.attributes, node.shape, y.shape, block);
}

function isWorthBlocking(
  { groups }: ConvAttributes,
  kernel: readonly number[],
  output: readonly number[],
  block: number,
): boolean {
  return (
    groups === 1 &&
    kernel.length === 4 &&
    kernel[0]! % block === 0 &&
    sizeOf(output) * sizeOf(kernel.slice(1)) >= WORTH_BLOCKING
  );
}

/** Padding of the convolution with a turned kernel that is the adjoint of one of stride 1. */
export function turnedPads(
  kernel: readonly number[],
  {
    dilations,
    padsBefore,
    padsAfter,
  }: Pick<ConvAttributes, 'dilations' | 'padsBefore' | 'padsAfter'>,
): readonly number[] {
  const reach = kernel.slice(2).map((extent, axis) => dilations[axis]! * (extent - 1));
  return [
    ...reach.map((extent, axis) => extent - padsBefore[axis]!),
    ...reach.map((extent, axis) => extent - padsAfter[axis]!),
  ];
}

/** Whether arrays of a shape can be in blocks, and would be of another order than without. */
export function hasBlocks(shape: readonly number[], block: number): boolean {
  return block > 1 && shape.length === 4 && shape[1]! % block === 0 && sizeOf(shape.slice(2)) > 1;
}

/** How an argument of an elementwise operation on blocked arrays is given. */
export type BlockedArgument = 'image' | 'channels' | 'scalar';

/** Null where an argument of this shape does not fit blocked arrays of `shape`. */
export function blockedArgument(
  argument: readonly number[],
  shape: readonly number[],
): BlockedArgument | null {
  if (sameShape(argument, shape)) return 'image';
  if (sizeOf(argument) === 1) return 'scalar';
  const channels = [shape[1]!, ...shape.slice(2).map(() => 1)];
  return sameShape(argument, channels) || sameShape(argument, [1, ...channels]) ? 'channels' : null;
}

/**
 * The nodes that are computed in blocks: convolutions, and what is done to their results element
 * by element.
 *
 * @param kept names of inputs that come in blocks where their shape has them.
 */
export function blockedNodes(
  order: readonly AnyNode[],
  block: number,
  kept: ReadonlySet<string>,
): ReadonlySet<number> {
  const blocked = new Set<number>();
  if (block <= 1) return blocked;
  for (const node of order) {
    if (!hasBlocks(node.shape, block)) continue;
    if (node.operation === 'input') {
      if (kept.has(node.attributes.name)) blocked.add(node.id);
    } else if (blockedConvolution(node, block) !== null) {
      blocked.add(node.id);
    } else if (isElementwise(node.operation) && node.operation !== 'fmod') {
      // A mask is not broadcast.
      if (node.operation === 'where' && !sameShape(node.inputs[0]!.shape, node.shape)) continue;
      const fits = node.inputs.every((input) => blockedArgument(input.shape, node.shape) !== null);
      if (fits && node.inputs.some((input) => blocked.has(input.id))) blocked.add(node.id);
    }
  }
  return blocked;
}

/** Channels of the array the probe reorders: divisible by every block there is. */
const PROBED = 64;

/** A model that brings an array [1, 64, 1, 2] of whole numbers into blocks. */
export function blockProbe(): Uint8Array {
  const value = (name: string) =>
    create(ValueInfoProtoSchema, {
      name,
      type: {
        value: {
          case: 'tensorType',
          value: {
            elemType: TensorProto_DataType.FLOAT,
            shape: {
              dim: [1, PROBED, 1, 2].map((extent) => ({
                value: { case: 'dimValue' as const, value: BigInt(extent) },
              })),
            },
          },
        },
      },
    });
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [
        { domain: '', version: 17n },
        { domain: BLOCKED_DOMAIN, version: 1n },
      ],
      graph: {
        name: 'probe',
        node: [
          create(NodeProtoSchema, {
            opType: 'ReorderInput',
            domain: BLOCKED_DOMAIN,
            input: ['x'],
            output: ['y'],
          }),
        ],
        input: [value('x')],
        output: [value('y')],
      },
    }),
  );
}

/** What the probe is given: whether each element is the second place of the first channel. */
export function probeInput(): { readonly data: Float32Array; readonly shape: readonly number[] } {
  const data = new Float32Array(PROBED * 2);
  data[1] = 1;
  return { data, shape: [1, PROBED, 1, 2] };
}

/** The width of a block, from what the probe gave: the place before comes with its whole block. */
export function probedBlock(output: ArrayLike<number>): number {
  return Array.from(output).indexOf(1);
}
