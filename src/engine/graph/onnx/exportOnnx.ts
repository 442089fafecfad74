import { create, toBinary } from '@bufbuild/protobuf';
import { isUnary } from '../elementwise';
import {
  knownScalar,
  sameShape,
  topologicalOrder,
  type AnyNode,
  type ConvAttributes,
  type Node,
  type Program,
} from '../graph';
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
 */
export function exportOnnx(program: Program, precision: 'float32' | 'float64'): Uint8Array {
  return new Exporter(program, precision).bytes();
}

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
  readonly #masks = new Map<number, string>();

  constructor(program: Program, precision: 'float32' | 'float64') {
    this.#program = program;
    this.#precision = precision;
    this.#order = topologicalOrder(program.outputs.values());
  }

  bytes(): Uint8Array {
    this.#plan();
    for (const node of this.#order) {
      if (!this.#skipped.has(node.id)) this.#emit(node);
    }
    const outputs = [...this.#program.outputs].map(([name, node]) => {
      this.#add('Identity', [valueName(node)], {}, name);
      return this.#valueInfo(name, node.shape);
    });
    const model = create(ModelProtoSchema, {
      irVersion: 8n,
      producerName: 'basin',
      opsetImport: [{ domain: '', version: BigInt(OPSET) }],
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
    // A step that is only ever multiplied is a mask.
    for (const node of this.#order) {
      if (node.operation !== 'step' || this.#uses.get(node.id) === Infinity) continue;
      const users = this.#order.filter((user) => user.inputs.includes(node));
      if (users.every((user) => maskedProduct(user)?.step === node)) this.#skipped.add(node.id);
    }
  }

  #emit(node: AnyNode): void {
    const out = valueName(node);
    const args = node.inputs.map(valueName);
    const [a, b] = node.inputs as [Node, Node];
    if (isUnary(node.operation)) {
      if (node.operation === 'step') {
        this.#add('Cast', [this.#mask(a)], { to: this.#elementType() }, out);
      } else {
        this.#add(unaryNames[node.operation], args, {}, out);
      }
      return;
    }
    switch (node.operation) {
      case 'input':
        this.#inputs.push(this.#valueInfo(node.attributes.name, node.shape));
        this.#add('Identity', [node.attributes.name], {}, out);
        return;
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
            [...conv.inputs.map(valueName), valueName(bias)],
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
        if (masked !== null && this.#skipped.has(masked.step.id)) {
          this.#add(
            'Where',
            [this.#mask(masked.step.inputs[0]!), valueName(masked.other), this.#scalar(0)],
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
      const flipped = this.#slice(
        w!,
        wShape,
        wShape.map((extent, axis) => (axis < 2 ? 0 : extent - 1)),
        wShape.map((_, axis) => (axis < 2 ? 1 : -1)),
        wShape,
      );
      const turned = this.#add('Transpose', [flipped], {
        perm: wShape.map((_, axis) => (axis === 0 ? 1 : axis === 1 ? 0 : axis)),
      });
      const before = reach.map((extent, axis) => extent - conv.padsBefore[axis]!);
      const after = reach.map((extent, axis) => extent - conv.padsAfter[axis]!);
      if ([...before, ...after].every((pad) => pad >= 0)) {
        this.#add(
          'Conv',
          [y!, turned],
          {
            kernel_shape: kernel,
            strides: kernel.map(() => 1),
            dilations: conv.dilations,
            pads: [...before, ...after],
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

  /**
   * The weight gradient is itself a correlation, of x with y over samples and places: channels
   * and samples change roles, strides and dilations too.
   */
  #convWeight(
    [x, y]: readonly string[],
    xShape: readonly number[],
    yShape: readonly number[],
    conv: ConvAttributes & { readonly shape: readonly number[] },
    out: string,
  ): void {
    const { groups } = conv;
    if (groups === 1) {
      this.#convWeightOfGroup(x!, y!, xShape, yShape, conv, out);
      return;
    }
    const channels = (name: string, shape: readonly number[], group: number): string => {
      const count = shape[1]! / groups;
      return this.#slice(
        name,
        shape,
        shape.map((_, axis) => (axis === 1 ? group * count : 0)),
        shape.map(() => 1),
        shape.map((extent, axis) => (axis === 1 ? count : extent)),
      );
    };
    const part = (shape: readonly number[]): readonly number[] =>
      shape.map((extent, axis) => (axis === 1 ? extent / groups : extent));
    const parts = Array.from({ length: groups }, (_, group) =>
      this.#convWeightOfGroup(
        channels(x!, xShape, group),
        channels(y!, yShape, group),
        part(xShape),
        part(yShape),
        conv,
      ),
    );
    this.#add('Concat', parts, { axis: 0 }, out);
  }

  #convWeightOfGroup(
    x: string,
    y: string,
    xShape: readonly number[],
    yShape: readonly number[],
    conv: ConvAttributes & { readonly shape: readonly number[] },
    out?: string,
  ): string {
    const swap = xShape.map((_, axis) => (axis === 0 ? 1 : axis === 1 ? 0 : axis));
    const rows = this.#add('Transpose', [x], { perm: swap });
    const columns = this.#add('Transpose', [y], { perm: swap });
    const spatial = yShape.slice(2);
    const product = this.#add('Conv', [rows, columns], {
      kernel_shape: spatial,
      strides: conv.dilations,
      dilations: conv.strides,
      pads: [...conv.padsBefore, ...conv.padsAfter],
      group: 1,
    });
    // Rows of x that no place of y reached make the result larger than the kernel.
    const extents = spatial.map((extent, axis) => {
      const padded = xShape[axis + 2]! + conv.padsBefore[axis]! + conv.padsAfter[axis]!;
      const reach = conv.strides[axis]! * (extent - 1) + 1;
      return Math.floor((padded - reach) / conv.dilations[axis]!) + 1;
    });
    const shape = [xShape[1]!, yShape[1]!, ...extents];
    const wanted = [xShape[1]!, yShape[1]!, ...conv.shape.slice(2)];
    const zeros = shape.map(() => 0);
    const ones = shape.map(() => 1);
    const cut = sameShape(shape, wanted)
      ? product
      : this.#slice(product, shape, zeros, ones, wanted);
    return this.#add('Transpose', [cut], { perm: swap }, out);
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
    out: string,
  ): void {
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
    this.#add('Pad', [value, this.#ints([...starts, ...after])], { mode: 'constant' }, out);
  }

  /** The name of `x > 0` as booleans; computed once for each node. */
  #mask(x: Node): string {
    let name = this.#masks.get(x.id);
    if (name === undefined) {
      name = this.#add('Greater', [valueName(x), this.#scalar(0)]);
      this.#masks.set(x.id, name);
    }
    return name;
  }

  #add(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output: string = this.#fresh(),
  ): string {
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType: type,
        input: [...inputs],
        output: [output],
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      }),
    );
    return output;
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
      this.#initializers.push(
        create(TensorProtoSchema, {
          name,
          dims: [BigInt(values.length)],
          dataType: TensorProto_DataType.INT64,
          int64Data: values.map(BigInt),
        }),
      );
    }
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

  #floats(name: string, data: Float64Array, shape: readonly number[]): TensorProto {
    const typed = this.#precision === 'float64' ? data : Float32Array.from(data);
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

const unaryNames = {
  neg: 'Neg',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  reciprocal: 'Reciprocal',
  tanh: 'Tanh',
  sigmoid: 'Sigmoid',
  erf: 'Erf',
  sin: 'Sin',
  cos: 'Cos',
  abs: 'Abs',
  relu: 'Relu',
  sign: 'Sign',
} as const;

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
