import { create, toBinary } from '@bufbuild/protobuf';
import { sizeOf, type FloatArray } from '../../tensor';
import { isUnary } from '../elementwise';
import { sameShape } from '../shapes';
import {
  knownScalar,
  topologicalOrder,
  type AnyNode,
  type ConvAttributes,
  type Node,
  type Program,
  type UnaryOperation,
} from '../operations';
import {
  BLOCKED_DOMAIN,
  blockedArgument,
  blockedConvolution,
  blockedNodes,
  hasBlocks,
  isBlockedWeightGradient,
  turnedPads,
} from './blockedLayout';
import { tanhGeluArgument } from './tanhGelu';
import { writeUnary } from './unaryKernels';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx_pb';

/** Operator set the exported graphs are written in. */
const OPSET = 17;

/**
 * A program as a serialised ONNX model. Inputs and outputs keep their names; inputs the program
 * does not depend on are absent.
 *
 * @param known values of inputs that are written into the model, which then does not ask for them.
 * @param block channels in a block of ONNX Runtime's own layout, where it has one: see
 * blockedLayout.ts. What is kept between programs (`Program.kept`) is then in that layout.
 */
export function exportOnnx(
  program: Program,
  precision: 'float32' | 'float64',
  known: ReadonlyMap<string, FloatArray> = new Map(),
  block = 0,
): Uint8Array {
  return new Exporter(program, precision, known, precision === 'float32' ? block : 0).bytes();
}

/** A convolution in blocks with what is done to its result at once: relu(conv + bias + sum). */
interface FusedConvolution {
  readonly conv: AnyNode;
  readonly bias: Node | null;
  readonly sum: Node | null;
  readonly relu: boolean;
}

/** Bytes of shifted inputs a product reads at once in a weight gradient: they fit a core's cache. */
const STACK_BYTES = 3 * 2 ** 19;

/** Places of one sample from which its product alone is long enough. */
const LONG_ROW = 512;

type AttributeValue = number | string | readonly number[];

class Exporter {
  readonly #program: Program;
  readonly #precision: 'float32' | 'float64';
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #order: readonly AnyNode[];
  /** How many nodes use a node: one that is used once may be fused into its user. */
  readonly #uses = new Map<number, number>();
  /** Bias of a convolution, found in the addition that follows it. */
  readonly #biases = new Map<number, { readonly conv: Node<'conv'>; readonly bias: Node }>();
  readonly #skipped = new Set<number>();
  #names = 0;
  readonly #integers = new Map<string, string>();
  /** Names of nodes as booleans and as integers, where they are made. */
  readonly #masks = new Map<number, string>();
  readonly #indices = new Map<number, string>();
  /** Nodes that are needed as floats: the others are only masks, indices or parts of another. */
  readonly #needed = new Set<number>();
  /** Nodes that are needed as whole numbers. */
  readonly #indexed = new Set<number>();
  /** Nodes that are max pooling, with where the largest values are. */
  readonly #pooled = new Map<number, Node<'maxPoolIndex'>>();

  readonly #known: ReadonlyMap<string, FloatArray>;
  readonly #block: number;
  readonly #kept: ReadonlySet<string>;
  /** Nodes that are computed in blocks. */
  readonly #blocked: ReadonlySet<number>;
  /** By the last node of what is fused. */
  readonly #fused = new Map<number, FusedConvolution>();
  /** Arguments of nodes that are a GELU for which there is one kernel. */
  readonly #gelus = new Map<number, Node>();
  /** Values brought into the other layout, and kernels in blocks: computed once. */
  readonly #moved = new Map<string, string>();
  /** Names of nodes that are outputs: the first name of each. */
  readonly #outputs = new Map<number, string>();

  constructor(
    program: Program,
    precision: 'float32' | 'float64',
    known: ReadonlyMap<string, FloatArray>,
    block: number,
  ) {
    this.#program = program;
    this.#precision = precision;
    this.#known = known;
    this.#block = block;
    this.#kept = program.kept ?? new Set();
    this.#order = topologicalOrder(program.outputs.values());
    this.#blocked = blockedNodes(this.#order, block, this.#kept);
    for (const [name, node] of program.outputs) {
      const made = node.operation !== 'input' && node.operation !== 'constant';
      if (made && !this.#outputs.has(node.id)) this.#outputs.set(node.id, name);
    }
  }

  bytes(): Uint8Array {
    this.#plan();
    for (const node of this.#order) {
      if (node.operation === 'maxPoolIndex') this.#maxPool(node);
      if (this.#needed.has(node.id)) this.#emit(node);
    }
    const outputs = [...this.#program.outputs].map(([name, node]) => {
      const value = this.#isKept(name, node) ? this.#inBlocks(node) : this.#name(node);
      if (value !== name) this.#add('Identity', [value], {}, name);
      return this.#valueInfo(name, node.shape);
    });
    const model = create(ModelProtoSchema, {
      irVersion: 8n,
      producerName: 'basin',
      opsetImport: [
        { domain: '', version: BigInt(OPSET) },
        // Operators ONNX Runtime adds to ONNX's.
        { domain: 'com.microsoft', version: 1n },
        ...(this.#block > 1 ? [{ domain: BLOCKED_DOMAIN, version: 1n }] : []),
      ],
      graph: {
        name: 'basin',
        node: this.#nodes,
        initializer: this.#initializers,
        input: this.#inputs,
        output: outputs,
      },
    });
    return toBinary(ModelProtoSchema, model);
  }

  /** Decides which nodes are written as part of another. */
  #plan(): void {
    for (const node of this.#order) {
      for (const input of node.inputs) {
        this.#uses.set(input.id, (this.#uses.get(input.id) ?? 0) + 1);
      }
    }
    for (const node of this.#program.outputs.values()) this.#uses.set(node.id, Infinity);
    for (const node of this.#order) {
      if (node.operation !== 'add') continue;
      const [a, b] = node.inputs as [Node, Node];
      const found = biasOf(a, b) ?? biasOf(b, a);
      if (found !== null && this.#uses.get(found.conv.id) === 1) {
        this.#biases.set(node.id, found);
        this.#skipped.add(found.conv.id);
      }
    }
    for (const node of this.#order) if (this.#blocked.has(node.id)) this.#fuse(node);
    for (const node of this.#order) {
      const x = this.#precision === 'float32' ? tanhGeluArgument(node) : null;
      // Where what is inside is needed for a derivative, it is made in any case.
      const inside = node.inputs.every((input) => this.#uses.get(input.id) === 1);
      if (x !== null && inside) this.#gelus.set(node.id, x);
    }
    for (const node of this.#program.outputs.values()) this.#needed.add(node.id);
    for (const node of [...this.#order].reverse()) {
      if (this.#needed.has(node.id) && !this.#skipped.has(node.id)) this.#needArguments(node);
    }
    for (const id of this.#skipped) this.#needed.delete(id);
  }

  /** Finds what a convolution in blocks does to its result in the same pass. */
  #fuse(node: AnyNode): void {
    if (blockedConvolution(node, this.#block) !== null) {
      this.#fused.set(node.id, { conv: node, bias: null, sum: null, relu: false });
      return;
    }
    const take = (part: Node, more: Partial<FusedConvolution>): boolean => {
      const found = this.#fused.get(part.id);
      if (found === undefined || found.relu || this.#uses.get(part.id) !== 1) return false;
      if (found.sum !== null && more.relu !== true) return false;
      this.#fused.set(node.id, { ...found, ...more });
      this.#skipped.add(part.id);
      return true;
    };
    const [a, b] = node.inputs as [Node, Node];
    if (node.operation === 'relu') take(a, { relu: true });
    if (node.operation !== 'add') return;
    const biased = this.#biases.get(node.id);
    if (biased !== undefined) take(biased.conv, { bias: biased.bias });
    else if (!sameShape(a.shape, b.shape)) return;
    else if (!take(b, { sum: a })) take(a, { sum: b });
  }

  /** Marks what a node reads, as what it reads it. */
  #needArguments(node: AnyNode): void {
    const [a, b] = node.inputs as [Node, Node];
    const whole = this.#fused.get(node.id);
    if (whole !== undefined) {
      for (const input of [...whole.conv.inputs, whole.bias, whole.sum]) {
        if (input !== null) this.#needed.add(input.id);
      }
      return;
    }
    const fused = this.#biases.get(node.id);
    if (fused !== undefined) {
      for (const input of fused.conv.inputs) this.#needed.add(input.id);
      this.#needed.add(fused.bias.id);
      return;
    }
    const gelu = this.#gelus.get(node.id);
    if (gelu !== undefined && !this.#blocked.has(node.id)) {
      this.#needed.add(gelu.id);
      return;
    }
    const masked = maskedProduct(node);
    if (masked !== null) {
      this.#needMask(masked.step);
      this.#needed.add(masked.other.id);
      return;
    }
    switch (node.operation) {
      case 'where':
        this.#needMask(a);
        this.#needed.add(b.id);
        this.#needed.add(node.inputs[2]!.id);
        return;
      case 'take': {
        const pool = poolOf(node);
        if (pool !== null) {
          this.#pooled.set(node.id, pool);
          this.#needed.add(pool.inputs[0]!.id);
          return;
        }
        this.#needed.add(a.id);
        this.#needIndex(b);
        return;
      }
      case 'put':
        this.#needed.add(a.id);
        this.#needIndex(b);
        return;
      default:
        for (const input of node.inputs) this.#needed.add(input.id);
    }
  }

  #needMask(node: Node): void {
    if (node.operation === 'less' || node.operation === 'equal' || node.operation === 'step') {
      for (const input of node.inputs) this.#needed.add(input.id);
    } else {
      this.#needed.add(node.id);
    }
  }

  #needIndex(node: Node): void {
    if (node.operation === 'reshape') {
      this.#needIndex(node.inputs[0]!);
    } else if (node.operation === 'maxPoolIndex' || node.operation === 'argmax') {
      this.#indexed.add(node.id);
      this.#needed.add(node.inputs[0]!.id);
    } else if (node.operation !== 'constant') {
      this.#needed.add(node.id);
    }
  }

  #emit(node: AnyNode): void {
    if (this.#blocked.has(node.id)) {
      this.#emitInBlocks(node);
      return;
    }
    const out = this.#plainName(node);
    const [first] = node.inputs;
    if (node.operation === 'sum' && first !== undefined && this.#blocked.has(first.id)) {
      if (this.#sumInBlocks(node, first, out)) return;
    }
    if (node.operation === 'convWeight' && isBlockedWeightGradient(node, this.#block)) {
      this.#convWeightInBlocks(node, out);
      return;
    }
    const gelu = this.#gelus.get(node.id);
    if (gelu !== undefined) {
      this.#add('FastGelu', [this.#name(gelu)], {}, out, 'com.microsoft');
      return;
    }
    const args = node.inputs.map((input) => this.#name(input));
    const [a, b] = node.inputs as [Node, Node];
    if (isUnary(node.operation)) {
      if (node.operation === 'step') {
        this.#add('Cast', [this.#mask(node)], { to: this.#elementType() }, out);
      } else {
        this.#unary(node.operation, args[0]!, out);
      }
      return;
    }
    switch (node.operation) {
      case 'input': {
        const { name } = node.attributes;
        const data = this.#known.get(name);
        if (data === undefined) this.#inputs.push(this.#valueInfo(name, node.shape));
        else this.#initializers.push(this.#floats(name, data, node.shape));
        return;
      }
      case 'constant':
        this.#initializers.push(this.#floats(out, node.attributes.data, node.shape));
        return;
      case 'power':
        this.#add('Pow', [args[0]!, this.#scalar(node.attributes.exponent)], {}, out);
        return;
      case 'add': {
        const fused = this.#biases.get(node.id);
        if (fused === undefined) {
          this.#add('Add', args, {}, out);
        } else {
          const { conv, bias } = fused;
          this.#conv(
            [...conv.inputs.map((input) => this.#name(input)), this.#name(bias)],
            conv.inputs[1]!.shape,
            conv.attributes,
            out,
          );
        }
        return;
      }
      case 'sub':
        this.#add('Sub', args, {}, out);
        return;
      case 'mul': {
        const masked = maskedProduct(node);
        if (masked !== null) {
          this.#add(
            'Where',
            [this.#mask(masked.step), this.#name(masked.other), this.#scalar(0)],
            {},
            out,
          );
        } else {
          this.#add('Mul', args, {}, out);
        }
        return;
      }
      case 'div':
        this.#add('Div', args, {}, out);
        return;
      case 'pow':
        this.#add('Pow', args, {}, out);
        return;
      case 'fmod':
        this.#add('Mod', args, { fmod: 1 }, out);
        return;
      case 'less':
      case 'equal':
        this.#add('Cast', [this.#mask(node)], { to: this.#elementType() }, out);
        return;
      case 'where':
        this.#add('Where', [this.#mask(a), args[1]!, args[2]!], {}, out);
        return;
      case 'argmax':
      case 'maxPoolIndex':
        this.#add('Cast', [this.#index(node)], { to: this.#elementType() }, out);
        return;
      case 'take':
        this.#take(node, out);
        return;
      case 'put':
        this.#put(node, out);
        return;
      case 'sum':
        this.#add('ReduceSum', [args[0]!, this.#ints(node.attributes.axes)], { keepdims: 1 }, out);
        return;
      case 'max':
        this.#add('ReduceMax', args, { axes: node.attributes.axes, keepdims: 1 }, out);
        return;
      case 'reshape':
        this.#add('Reshape', [args[0]!, this.#ints(node.shape)], {}, out);
        return;
      case 'expand':
        this.#add('Expand', [args[0]!, this.#ints(node.shape)], {}, out);
        return;
      case 'transpose':
        this.#add('Transpose', args, { perm: node.attributes.permutation }, out);
        return;
      case 'slice': {
        const { starts, steps, counts } = node.attributes;
        this.#slice(args[0]!, a.shape, starts, steps, counts, out);
        return;
      }
      case 'place':
        this.#place(args[0]!, a.shape, node.attributes, out);
        return;
      case 'concat':
        this.#add('Concat', args, { axis: node.attributes.axis }, out);
        return;
      case 'matmul':
        this.#add('MatMul', args, {}, out);
        return;
      case 'conv':
        this.#conv(args, b.shape, node.attributes, out);
        return;
      case 'convInput':
        this.#convInput(args, a.shape, b.shape, node.attributes, out);
        return;
      case 'convWeight':
        this.#convWeight(args, a.shape, b.shape, node.attributes, out);
        return;
    }
  }

  /** Element by element, in whatever order the elements are. */
  #unary(operation: UnaryOperation, x: string, out: string): void {
    writeUnary(operation, this.#precision, x, out, {
      kernel: (type, inputs, output) => this.#add(type, inputs, {}, output),
      scalar: (value) => this.#scalar(value),
    });
  }

  #conv(args: readonly string[], w: readonly number[], conv: ConvAttributes, out?: string): string {
    return this.#add(
      'Conv',
      args,
      {
        kernel_shape: w.slice(2),
        strides: conv.strides,
        dilations: conv.dilations,
        pads: [...conv.padsBefore, ...conv.padsAfter],
        group: conv.groups,
      },
      out,
    );
  }

  #convInput(
    [w, y]: readonly string[],
    wShape: readonly number[],
    yShape: readonly number[],
    conv: ConvAttributes & { readonly shape: readonly number[] },
    out: string,
  ): void {
    const kernel = wShape.slice(2);
    const reach = kernel.map((extent, axis) => conv.dilations[axis]! * (extent - 1));
    if (conv.groups === 1 && conv.strides.every((stride) => stride === 1)) {
      // A convolution with the kernel turned round, which has the faster code.
      const turned = this.#add('Transpose', [this.#flip(w!, wShape)], {
        perm: wShape.map((_, axis) => (axis === 0 ? 1 : axis === 1 ? 0 : axis)),
      });
      const pads = turnedPads(wShape, conv);
      if (pads.every((pad) => pad >= 0)) {
        this.#add(
          'Conv',
          [y!, turned],
          {
            kernel_shape: kernel,
            strides: kernel.map(() => 1),
            dilations: conv.dilations,
            pads,
            group: 1,
          },
          out,
        );
        return;
      }
    }
    const outputPadding = kernel.map(
      (_, axis) =>
        conv.shape[axis + 2]! -
        ((yShape[axis + 2]! - 1) * conv.strides[axis]! +
          reach[axis]! +
          1 -
          conv.padsBefore[axis]! -
          conv.padsAfter[axis]!),
    );
    this.#add(
      'ConvTranspose',
      [y!, w!],
      {
        kernel_shape: kernel,
        strides: conv.strides,
        dilations: conv.dilations,
        pads: [...conv.padsBefore, ...conv.padsAfter],
        output_padding: outputPadding,
        group: conv.groups,
      },
      out,
    );
  }

  /** The spatial axes backwards. */
  #flip(w: string, shape: readonly number[]): string {
    return this.#slice(
      w,
      shape,
      shape.map((extent, axis) => (axis < 2 ? 0 : extent - 1)),
      shape.map((_, axis) => (axis < 2 ? 1 : -1)),
      shape,
    );
  }

  #emitInBlocks(node: AnyNode): void {
    const out = this.#blockedName(node);
    const [a, b] = node.inputs as [Node, Node];
    const fused = this.#fused.get(node.id);
    if (fused !== undefined) {
      this.#convInBlocks(fused, out);
      return;
    }
    if (node.operation === 'input') {
      this.#inputs.push(this.#valueInfo(node.attributes.name, node.shape));
      return;
    }
    const masked = maskedProduct(node);
    if (masked !== null) {
      const mask = this.#maskInBlocks(masked.step);
      this.#elementwise('Where', [masked.other, this.#scalar(0)], node.shape, mask, out);
    } else if (node.operation === 'step') {
      this.#add('Cast', [this.#maskInBlocks(node)], { to: this.#elementType() }, out);
    } else if (node.operation === 'where') {
      const mask = this.#maskInBlocks(a);
      this.#elementwise('Where', [b, node.inputs[2]!], node.shape, mask, out);
    } else if (node.operation === 'power') {
      const exponent = this.#scalar(node.attributes.exponent);
      this.#elementwise('Pow', [a, exponent], node.shape, undefined, out);
    } else {
      const { operation } = node;
      // Of the argument's shape: in the same blocks.
      if (isUnary(operation)) this.#unary(operation, this.#inBlocks(a), out);
      else {
        const type = binaryNames[operation as keyof typeof binaryNames];
        this.#elementwise(type, node.inputs, node.shape, undefined, out);
      }
    }
  }

  /**
   * An operation on arrays in blocks element by element; arguments that are one value for each
   * channel, or one value, are broadcast.
   *
   * @param mask in blocks, before the other arguments.
   */
  #elementwise(
    type: string,
    args: readonly (Node | string)[],
    shape: readonly number[],
    mask?: string,
    out?: string,
  ): string {
    const kinds = args.map((arg) =>
      typeof arg === 'string' ? 'scalar' : blockedArgument(arg.shape, shape),
    );
    const apart = this.#apart(shape);
    const isApart = kinds.includes('channels');
    const whole = (name: string): string =>
      isApart ? this.#add('Reshape', [name, this.#ints(apart)]) : name;
    const values = args.map((arg, i) => {
      if (typeof arg === 'string') return arg;
      if (kinds[i] === 'image') return whole(this.#inBlocks(arg));
      if (kinds[i] === 'scalar') return this.#name(arg);
      return this.#add('Reshape', [this.#name(arg), this.#ints([1, apart[1]!, 1, apart[3]!])]);
    });
    const all = mask === undefined ? values : [whole(mask), ...values];
    if (!isApart) return this.#add(type, all, {}, out);
    return this.#add('Reshape', [this.#add(type, all), this.#ints(shape)], {}, out);
  }

  /** The axes of an array in blocks: [N, C / block, places, block]. */
  #apart(shape: readonly number[]): readonly number[] {
    const [samples, channels, ...places] = shape as [number, number, ...number[]];
    return [samples, channels / this.#block, sizeOf(places), this.#block];
  }

  /** A mask as booleans in blocks. */
  #maskInBlocks(node: Node): string {
    return this.#once(`mask ${node.id}`, () => {
      const { operation, inputs, shape } = node;
      if (operation === 'step') {
        return this.#elementwise('Greater', [inputs[0]!, this.#scalar(0)], shape);
      }
      const fits = inputs.every((input) => blockedArgument(input.shape, shape) !== null);
      if (operation === 'less' && fits) return this.#elementwise('Less', inputs, shape);
      if (operation === 'equal' && fits) return this.#elementwise('Equal', inputs, shape);
      if (operation === 'less' || operation === 'equal') {
        const floats = this.#add('Cast', [this.#mask(node)], { to: this.#elementType() });
        const moved = this.#add('ReorderInput', [floats], {}, undefined, BLOCKED_DOMAIN);
        return this.#add('Cast', [moved], { to: TensorProto_DataType.BOOL });
      }
      return this.#add('Cast', [this.#inBlocks(node)], { to: TensorProto_DataType.BOOL });
    });
  }

  #convInBlocks({ conv, bias, sum, relu }: FusedConvolution, out: string): void {
    const { image, kernel, turned, plain, strides, dilations, pads } = blockedConvolution(
      conv,
      this.#block,
    )!;
    const args = [
      plain ? this.#name(image) : this.#inBlocks(image),
      this.#kernelInBlocks(kernel, turned, plain),
    ];
    if (bias !== null || sum !== null) args.push(bias === null ? '' : this.#name(bias));
    if (sum !== null) args.push(this.#inBlocks(sum));
    const attributes = { kernel_shape: kernel.shape.slice(2), strides, dilations, pads, group: 1 };
    const activation = relu ? { activation: 'Relu' } : {};
    this.#add('Conv', args, { ...attributes, ...activation }, out, BLOCKED_DOMAIN);
  }

  /** Weights [O, I, …] stored as [O / block, I / block, …, inputs of a block, outputs of one]. */
  #kernelInBlocks(node: Node, turned: boolean, plain: boolean): string {
    return this.#once(`kernel ${node.id} ${String(turned)}`, () => {
      const { shape } = node;
      const [outputs, inputs, height, width] = shape as [number, number, number, number];
      const w = turned ? this.#flip(this.#name(node), shape) : this.#name(node);
      const b = this.#block;
      const extents = plain
        ? [outputs / b, b, inputs, 1, height, width]
        : [outputs / b, b, inputs / b, b, height, width];
      const split = this.#add('Reshape', [w, this.#ints(extents)]);
      const perm = turned ? [2, 0, 4, 5, 1, 3] : [0, 2, 4, 5, 3, 1];
      const moved = this.#add('Transpose', [split], { perm });
      const to = turned ? [inputs, outputs, height, width] : shape;
      return this.#add('Reshape', [moved, this.#ints(to)]);
    });
  }

  /** A sum over places, or over samples and places, of an array in blocks. */
  #sumInBlocks(node: Node<'sum'>, x: Node, out: string): boolean {
    const { axes } = node.attributes;
    const places = axes.filter((axis) => axis > 1);
    if (
      axes.includes(1) ||
      sizeOf(places.map((axis) => x.shape[axis]!)) !== sizeOf(x.shape.slice(2))
    ) {
      return false;
    }
    const apart = this.#add('Reshape', [this.#inBlocks(x), this.#ints(this.#apart(x.shape))]);
    // Axis by axis, for which there is fast code.
    let sum = this.#add('ReduceSum', [apart, this.#ints([2])], { keepdims: 1 });
    if (axes.includes(0)) sum = this.#add('ReduceSum', [sum, this.#ints([0])], { keepdims: 1 });
    this.#add('Reshape', [sum, this.#ints(node.shape)], {}, out);
    return true;
  }

  /**
   * The weight gradient as one convolution: inputs are its samples, samples its channels, and the
   * cotangent its kernel.
   */
  #convWeightInBlocks(node: Node<'convWeight'>, out: string): void {
    const [x, y] = node.inputs as [Node, Node];
    const { strides, dilations, padsBefore, shape } = node.attributes;
    const [samples, inputs] = x.shape as [number, number];
    const outputs = y.shape[1]!;
    const kernel = shape.slice(2);
    const places = y.shape.slice(2);
    const block = this.#block;
    const all = Math.ceil(samples / block) * block;
    // With padding, cut to what the windows reach, so that nothing but the taps comes out.
    const after = kernel.map(
      (extent, axis) =>
        strides[axis]! * (places[axis]! - 1) +
        dilations[axis]! * (extent - 1) +
        1 -
        x.shape[axis + 2]! -
        padsBefore[axis]!,
    );
    const image = this.#once(`turned ${x.id} ${padsBefore.join(',')} ${after.join(',')}`, () => {
      const swapped = this.#add('Transpose', [this.#name(x)], { perm: [1, 0, 2, 3] });
      const padded = this.#pad(swapped, [0, 0, ...padsBefore], [0, all - samples, ...after]);
      return this.#add('ReorderInput', [padded], {}, undefined, BLOCKED_DOMAIN);
    });
    const weights = this.#once(`weights ${y.id}`, () => {
      const padded = this.#pad(this.#inBlocks(y), [0, 0, 0, 0], [all - samples, 0, 0, 0]);
      const split = this.#add('Reshape', [
        padded,
        this.#ints([all / block, block, outputs / block, sizeOf(places), block]),
      ]);
      const moved = this.#add('Transpose', [split], { perm: [2, 0, 3, 1, 4] });
      return this.#add('Reshape', [moved, this.#ints([outputs, all, ...places])]);
    });
    const taps = this.#add(
      'Conv',
      [image, weights],
      {
        kernel_shape: places,
        strides: dilations,
        dilations: strides,
        pads: [0, 0, 0, 0],
        group: 1,
      },
      undefined,
      BLOCKED_DOMAIN,
    );
    const split = this.#add('Reshape', [
      taps,
      this.#ints([inputs, outputs / block, sizeOf(kernel), block]),
    ]);
    const moved = this.#add('Transpose', [split], { perm: [1, 3, 0, 2] });
    this.#add('Reshape', [moved, this.#ints(shape)], {}, out);
  }

  /**
   * The weight gradient as matrix products. Its taps along the last axis are shifts of x, those
   * along the others are shifts of y: both are stacked as channels, and one product of the two
   * stacks over all places has every tap. Samples are taken in portions whose stacks stay in the
   * cache. Measured in docs/derivatives.md.
   */
  #convWeight(
    [x, y]: readonly string[],
    xShape: readonly number[],
    yShape: readonly number[],
    conv: ConvAttributes & { readonly shape: readonly number[] },
    out: string,
  ): void {
    const samples = xShape[0]!;
    const stacked = xShape[1]! * conv.shape.at(-1)! * sizeOf(xShape.slice(2)) * 4;
    const portion = Math.max(1, Math.floor(STACK_BYTES / stacked));
    const count = Math.ceil(samples / portion);
    const parts = Array.from({ length: count }, (_, i) => {
      const start = Math.floor((i * samples) / count);
      const size = Math.floor(((i + 1) * samples) / count) - start;
      const some = (name: string, shape: readonly number[]): string =>
        count === 1
          ? name
          : this.#slice(
              name,
              shape,
              shape.map((_, axis) => (axis === 0 ? start : 0)),
              shape.map(() => 1),
              [size, ...shape.slice(1)],
            );
      return this.#convWeightOf(
        some(x!, xShape),
        some(y!, yShape),
        [size, ...xShape.slice(1)],
        [size, ...yShape.slice(1)],
        conv,
      );
    });
    const sum = count === 1 ? parts[0]! : this.#add('Sum', parts);
    const { groups, shape } = conv;
    const kernel = shape.slice(2);
    const split = this.#add('Reshape', [
      sum,
      this.#ints([
        groups,
        sizeOf(kernel.slice(0, -1)),
        shape[0]! / groups,
        kernel.at(-1)!,
        shape[1]!,
      ]),
    ]);
    const moved = this.#add('Transpose', [split], { perm: [0, 2, 4, 1, 3] });
    this.#add('Reshape', [moved, this.#ints(shape)], {}, out);
  }

  /** Of some samples: [groups, taps of y · outputs, taps of x · inputs]. */
  #convWeightOf(
    x: string,
    y: string,
    xShape: readonly number[],
    yShape: readonly number[],
    conv: ConvAttributes & { readonly shape: readonly number[] },
  ): string {
    const { groups, strides, dilations } = conv;
    const kernel = conv.shape.slice(2);
    const last = kernel.length - 1;
    const [samples, inputs] = xShape as [number, number];
    const outputs = yShape[1]!;

    // x with padding, cut to what the windows reach.
    const reached = kernel.map(
      (extent, axis) =>
        strides[axis]! * (yShape[axis + 2]! - 1) + dilations[axis]! * (extent - 1) + 1,
    );
    // Axes along which there is one tap only are read where y is: nothing is placed there.
    const single = kernel.map((extent, axis) => axis < last && extent === 1);
    const rows = kernel.map((_, axis) =>
      axis === last || single[axis] ? yShape[axis + 2]! : reached[axis]!,
    );
    const count = sizeOf(rows);
    // Short rows are joined over the samples: few long products are faster than many short ones.
    const joined = groups === 1 && samples > 1 && count < LONG_ROW;
    const swap = xShape.map((_, axis) => (axis === 0 ? 1 : axis === 1 ? 0 : axis));
    const [first, second] = joined ? [inputs, samples] : [samples, inputs];
    const source = joined ? this.#add('Transpose', [x], { perm: swap }) : x;
    const after = reached.map(
      (extent, axis) => extent - xShape[axis + 2]! - conv.padsBefore[axis]!,
    );
    const padded = this.#pad(source, [0, 0, ...conv.padsBefore], [0, 0, ...after]);
    const paddedShape = [first, second, ...reached];
    const shifts = Array.from({ length: kernel[last]! }, (_, tap) =>
      this.#slice(
        padded,
        paddedShape,
        paddedShape.map((_, axis) => (axis === last + 2 ? tap * dilations[last]! : 0)),
        paddedShape.map((_, axis) =>
          axis === last + 2 || single[axis - 2] === true ? strides[axis - 2]! : 1,
        ),
        [first, second, ...rows],
      ),
    );
    const turned = joined ? this.#add('Transpose', [y], { perm: swap }) : y;
    const turnedShape = joined ? [outputs, samples, ...yShape.slice(2)] : yShape;
    let places: { name: string; shape: readonly number[] }[] = [
      { name: turned, shape: turnedShape },
    ];
    for (let axis = 0; axis < last; axis += 1) {
      if (single[axis]) continue;
      places = places.flatMap(({ name, shape }) => {
        const to = shape.map((extent, i) => (i === axis + 2 ? reached[axis]! : extent));
        return Array.from({ length: kernel[axis]! }, (_, tap) => ({
          name: this.#place(name, shape, {
            shape: to,
            starts: to.map((_, i) => (i === axis + 2 ? tap * dilations[axis]! : 0)),
            steps: to.map((_, i) => (i === axis + 2 ? strides[axis]! : 1)),
          }),
          shape: to,
        }));
      });
    }

    const stack = (names: readonly string[], channels: number): string => {
      const own = channels / groups;
      const apart = names.map((name) =>
        groups === 1
          ? name
          : this.#add('Reshape', [name, this.#ints([samples, groups, own, count])]),
      );
      const axis = joined ? 0 : groups === 1 ? 1 : 2;
      const all = apart.length === 1 ? apart[0]! : this.#add('Concat', apart, { axis });
      return this.#add('Reshape', [
        all,
        this.#ints(
          joined
            ? [1, names.length * channels, samples * count]
            : [samples, groups, names.length * own, count],
        ),
      ]);
    };
    const left = stack(
      places.map(({ name }) => name),
      outputs,
    );
    const right = stack(shifts, inputs);
    const product = this.#productTransposed(left, right, joined ? 3 : 4);
    return joined ? product : this.#add('ReduceSum', [product, this.#ints([0])], { keepdims: 0 });
  }

  /** a·bᵀ over the last two of `rank` axes. */
  #productTransposed(a: string, b: string, rank: number): string {
    if (this.#precision === 'float32') {
      return this.#add('FusedMatMul', [a, b], { transB: 1 }, undefined, 'com.microsoft');
    }
    const axes = Array.from({ length: rank }, (_, axis) => axis);
    const perm = [...axes.slice(0, -2), rank - 1, rank - 2];
    return this.#add('MatMul', [a, this.#add('Transpose', [b], { perm })]);
  }

  /** Zeros around an array; negative amounts cut. */
  #pad(x: string, before: readonly number[], after: readonly number[]): string {
    if ([...before, ...after].every((amount) => amount === 0)) return x;
    return this.#add('Pad', [x, this.#ints([...before, ...after])], { mode: 'constant' });
  }

  #slice(
    x: string,
    shape: readonly number[],
    starts: readonly number[],
    steps: readonly number[],
    counts: readonly number[],
    out?: string,
  ): string {
    const axes = shape
      .map((_, axis) => axis)
      .filter((axis) => !(starts[axis] === 0 && steps[axis] === 1 && counts[axis] === shape[axis]));
    const ends = axes.map((axis) => {
      const end = starts[axis]! + counts[axis]! * steps[axis]!;
      // Before the first element, counted from the end: a plain −1 would mean the last one.
      return end < 0 ? -shape[axis]! - 1 : end;
    });
    return this.#add(
      'Slice',
      [
        x,
        this.#ints(axes.map((axis) => starts[axis]!)),
        this.#ints(ends),
        this.#ints(axes),
        this.#ints(axes.map((axis) => steps[axis]!)),
      ],
      {},
      out,
    );
  }

  #place(
    x: string,
    shape: readonly number[],
    to: {
      readonly shape: readonly number[];
      readonly starts: readonly number[];
      readonly steps: readonly number[];
    },
    out?: string,
  ): string {
    let value = x;
    let starts = to.starts;
    const steps = to.steps.map(Math.abs);
    if (to.steps.some((step) => step < 0)) {
      const back = to.steps.map((step) => step < 0);
      value = this.#slice(
        value,
        shape,
        shape.map((extent, axis) => (back[axis] ? extent - 1 : 0)),
        shape.map((_, axis) => (back[axis] ? -1 : 1)),
        shape,
      );
      starts = starts.map((start, axis) =>
        back[axis] ? start + (shape[axis]! - 1) * to.steps[axis]! : start,
      );
    }
    let extents = [...shape];
    if (steps.some((step) => step > 1)) {
      // Between the elements: pad each one to a block of `step`, then read the blocks as one row.
      const apart = extents.flatMap((extent) => [extent, 1]);
      value = this.#add('Reshape', [value, this.#ints(apart)]);
      const pads = [...apart.map(() => 0), ...steps.flatMap((step) => [0, step - 1])];
      value = this.#add('Pad', [value, this.#ints(pads)], { mode: 'constant' });
      extents = extents.map((extent, axis) => extent * steps[axis]!);
      value = this.#add('Reshape', [value, this.#ints(extents)]);
    }
    // The last block may reach past the end: a negative pad cuts.
    const after = extents.map((extent, axis) => to.shape[axis]! - extent - starts[axis]!);
    return this.#add('Pad', [value, this.#ints([...starts, ...after])], { mode: 'constant' }, out);
  }

  /** The name of a node as booleans; computed once for each node. */
  #mask(node: Node): string {
    let name = this.#masks.get(node.id);
    if (name === undefined) {
      const args = node.inputs.map((input) => this.#name(input));
      if (node.operation === 'step') name = this.#add('Greater', [args[0]!, this.#scalar(0)]);
      else if (node.operation === 'less') name = this.#add('Less', args);
      else if (node.operation === 'equal') name = this.#add('Equal', args);
      else name = this.#add('Cast', [this.#name(node)], { to: TensorProto_DataType.BOOL });
      this.#masks.set(node.id, name);
    }
    return name;
  }

  /** The name of a node as whole numbers; computed once for each node. */
  #index(node: Node): string {
    let name = this.#indices.get(node.id);
    if (name === undefined) {
      if (node.operation === 'reshape') {
        name = this.#add('Reshape', [this.#index(node.inputs[0]!), this.#ints(node.shape)]);
      } else if (node.operation === 'argmax') {
        const { axis } = (node as Node<'argmax'>).attributes;
        name = this.#add('ArgMax', [this.#name(node.inputs[0]!)], { axis, keepdims: 1 });
      } else if (node.operation === 'constant') {
        name = this.#integerTensor([...(node as Node<'constant'>).attributes.data], node.shape);
      } else {
        name = this.#add('Cast', [this.#name(node)], { to: TensorProto_DataType.INT64 });
      }
      this.#indices.set(node.id, name);
    }
    return name;
  }

  /** Max pooling gives its values, and where they are in the whole array. */
  #maxPool(node: Node<'maxPoolIndex'>): void {
    const [x] = node.inputs as [Node];
    const { kernel, strides, dilations, padsBefore, padsAfter } = node.attributes;
    const values = pooledName(node);
    const indexed = this.#indexed.has(node.id) || this.#needed.has(node.id);
    const places = this.#fresh();
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType: 'MaxPool',
        input: [this.#name(x)],
        output: indexed ? [values, places] : [values],
        attribute: Object.entries({
          kernel_shape: kernel,
          strides,
          dilations,
          pads: [...padsBefore, ...padsAfter],
        }).map(([name, value]) => attribute(name, value)),
      }),
    );
    if (!indexed) return;
    const plane = x.shape.slice(2).reduce((product, extent) => product * extent, 1);
    this.#indices.set(node.id, this.#add('Mod', [places, this.#ints([plane])]));
  }

  #take(node: Node<'take'>, out: string): void {
    const [x, indices] = node.inputs as [Node, Node];
    const pool = this.#pooled.get(node.id);
    if (pool !== undefined) {
      this.#add('Reshape', [pooledName(pool), this.#ints(node.shape)], {}, out);
      return;
    }
    const [rows, m] = indices.shape as [number, number];
    if (rows === 1) {
      const flat = this.#add('Reshape', [this.#index(indices), this.#ints([m])]);
      this.#add('Gather', [this.#name(x), flat], { axis: 1 }, out);
    } else {
      const at = this.#spreadIndex(indices, node.shape);
      this.#add('GatherElements', [this.#name(x), at], { axis: 1 }, out);
    }
  }

  #put(node: Node<'put'>, out: string): void {
    const [y, indices] = node.inputs as [Node, Node];
    const [a, m, b] = y.shape as [number, number, number];
    if (a === 1) {
      const at = this.#add('Reshape', [this.#index(indices), this.#ints([m, 1])]);
      const rows = this.#add('Reshape', [this.#name(y), this.#ints([m, b])]);
      const zeros = this.#zeros([node.attributes.count, b]);
      const sum = this.#add('ScatterND', [zeros, at, rows], { reduction: 'add' });
      this.#add('Reshape', [sum, this.#ints(node.shape)], {}, out);
    } else {
      const at = this.#spreadIndex(indices, y.shape);
      const zeros = this.#zeros(node.shape);
      this.#add('ScatterElements', [zeros, at, this.#name(y)], { axis: 1, reduction: 'add' }, out);
    }
  }

  /** Indices [A or 1, M] for every element of [A, M, B]. */
  #spreadIndex(indices: Node, shape: readonly number[]): string {
    const column = this.#add('Reshape', [this.#index(indices), this.#ints([...indices.shape, 1])]);
    return indices.shape[0] === shape[0] && shape[2] === 1
      ? column
      : this.#add('Expand', [column, this.#ints(shape)]);
  }

  #zeros(shape: readonly number[]): string {
    return this.#add('Expand', [this.#scalar(0), this.#ints(shape)]);
  }

  #add(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output: string = this.#fresh(),
    domain = '',
  ): string {
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType: type,
        domain,
        input: [...inputs],
        output: [output],
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      }),
    );
    return output;
  }

  /** The name of a node's value in C order. */
  #name(node: Node): string {
    const name = this.#plainName(node);
    if (!this.#blocked.has(node.id)) return name;
    return this.#once(`plain ${node.id}`, () =>
      this.#add(
        'ReorderOutput',
        [this.#blockedName(node)],
        { channels: node.shape[1]! },
        name,
        BLOCKED_DOMAIN,
      ),
    );
  }

  /** The name of a node's value in blocks. */
  #inBlocks(node: Node): string {
    if (this.#blocked.has(node.id)) return this.#blockedName(node);
    // What is the same everywhere is the same in every order.
    if (knownScalar(node) !== null) return this.#name(node);
    return this.#once(`blocked ${node.id}`, () => {
      const name = this.#blockedName(node);
      const [source] = node.inputs;
      if (node.operation === 'expand' && source !== undefined) {
        const [samples, channels, ...places] = source.shape;
        if (source.shape.length === 4 && channels === node.shape[1] && sizeOf(places) === 1) {
          const apart = this.#apart(node.shape);
          const short = this.#ints([samples!, apart[1]!, 1, apart[3]!]);
          const row = this.#add('Reshape', [this.#name(source), short]);
          const wide = this.#add('Expand', [row, this.#ints(apart)]);
          return this.#add('Reshape', [wide, this.#ints(node.shape)], {}, name);
        }
      }
      return this.#add('ReorderInput', [this.#name(node)], {}, name, BLOCKED_DOMAIN);
    });
  }

  #once(key: string, make: () => string): string {
    let name = this.#moved.get(key);
    if (name === undefined) {
      name = make();
      this.#moved.set(key, name);
    }
    return name;
  }

  /** Whether an output, or input, is in blocks. */
  #isKept(name: string, node: Node): boolean {
    return this.#kept.has(name) && hasBlocks(node.shape, this.#block);
  }

  /** Inputs and outputs have names of their own. */
  #plainName(node: Node): string {
    const name =
      node.operation === 'input'
        ? (node as Node<'input'>).attributes.name
        : this.#outputs.get(node.id);
    return name === undefined || this.#isKept(name, node) ? valueName(node) : name;
  }

  #blockedName(node: Node): string {
    const name =
      node.operation === 'input'
        ? (node as Node<'input'>).attributes.name
        : this.#outputs.get(node.id);
    return name !== undefined && this.#isKept(name, node) ? name : `b${node.id}`;
  }

  #fresh(): string {
    this.#names += 1;
    return `t${this.#names}`;
  }

  #ints(values: readonly number[]): string {
    const key = values.join(',');
    let name = this.#integers.get(key);
    if (name === undefined) {
      name = `i${this.#integers.size}`;
      this.#integers.set(key, name);
      this.#integerTensor(values, [values.length], name);
    }
    return name;
  }

  #integerTensor(
    values: readonly number[],
    shape: readonly number[],
    name: string = this.#fresh(),
  ): string {
    this.#initializers.push(
      create(TensorProtoSchema, {
        name,
        dims: shape.map(BigInt),
        dataType: TensorProto_DataType.INT64,
        int64Data: values.map(BigInt),
      }),
    );
    return name;
  }

  readonly #scalars = new Map<number, string>();

  #scalar(value: number): string {
    let name = this.#scalars.get(value);
    if (name === undefined) {
      name = `c${this.#scalars.size}`;
      this.#scalars.set(value, name);
      this.#initializers.push(this.#floats(name, Float64Array.of(value), []));
    }
    return name;
  }

  #floats(name: string, data: FloatArray, shape: readonly number[]): TensorProto {
    const wanted = this.#precision === 'float64' ? Float64Array : Float32Array;
    const typed = data instanceof wanted ? data : wanted.from(data);
    return create(TensorProtoSchema, {
      name,
      dims: shape.map(BigInt),
      dataType: this.#elementType(),
      rawData: new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength),
    });
  }

  #elementType(): TensorProto_DataType.FLOAT | TensorProto_DataType.DOUBLE {
    return this.#precision === 'float64' ? TensorProto_DataType.DOUBLE : TensorProto_DataType.FLOAT;
  }

  #valueInfo(name: string, shape: readonly number[]): ValueInfoProto {
    return create(ValueInfoProtoSchema, {
      name,
      type: {
        value: {
          case: 'tensorType',
          value: {
            elemType: this.#elementType(),
            shape: {
              dim: shape.map((extent) => ({
                value: { case: 'dimValue' as const, value: BigInt(extent) },
              })),
            },
          },
        },
      },
    });
  }
}

function valueName(node: Node): string {
  return `n${node.id}`;
}

/** The values of max pooling. */
function pooledName(node: Node<'maxPoolIndex'>): string {
  return `${valueName(node)}p`;
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
  if (conv.operation !== 'conv' || added.operation !== 'reshape') return null;
  const bias = added.inputs[0]!;
  const channels = conv.shape[1]!;
  const perChannel = [channels, ...conv.shape.slice(2).map(() => 1)];
  const fits =
    sameShape(bias.shape, [channels]) &&
    (sameShape(added.shape, perChannel) || sameShape(added.shape, [1, ...perChannel]));
  return fits && knownScalar(bias) === null ? { conv: conv as Node<'conv'>, bias } : null;
}

function maskedProduct(node: Node): { readonly step: Node; readonly other: Node } | null {
  if (node.operation !== 'mul') return null;
  const [a, b] = node.inputs as [Node, Node];
  if (b.operation === 'step' && sameShape(b.shape, node.shape)) return { step: b, other: a };
  if (a.operation === 'step' && sameShape(a.shape, node.shape)) return { step: a, other: b };
  return null;
}

const binaryNames = { add: 'Add', sub: 'Sub', mul: 'Mul', div: 'Div', pow: 'Pow' } as const;

function attribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.STRING,
      s: new TextEncoder().encode(value),
    });
  }
  if (typeof value === 'number') {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.INT,
      i: BigInt(value),
    });
  }
  return create(AttributeProtoSchema, {
    name,
    type: AttributeProto_AttributeType.INTS,
    ints: value.map(BigInt),
  });
}
