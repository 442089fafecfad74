import { create } from '@bufbuild/protobuf';
import type { NetworkSettings } from './networkSettings';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../onnx_pb';
import { BUFFER_KIND, PARAMETER_KIND, SIGNATURE_KIND, TIED } from '../initializers';

/** The first that has attention and the normalisation by the root mean square. */
const OPSET = 23;

type Extent = number | string;
type Attribute = number | string | readonly number[] | { readonly real: number };

/**
 * A network while it is written as an ONNX graph: what an export would have been, without values of
 * weights, which are named as the library saves them.
 */
export class NetworkWriter {
  private readonly nodes: NodeProto[] = [];
  private readonly initializers = new Map<string, TensorProto>();
  private readonly inputs: ValueInfoProto[] = [];
  private readonly kinds: ValueInfoProto[] = [];
  private values = 0;

  model(outputs: readonly string[]): ModelProto {
    return create(ModelProtoSchema, {
      irVersion: 10n,
      producerName: 'basin',
      opsetImport: [{ domain: '', version: BigInt(OPSET) }],
      graph: {
        name: 'transformers',
        node: this.nodes,
        initializer: [...this.initializers.values()],
        input: this.inputs,
        valueInfo: this.kinds,
        output: outputs.map((name) => create(ValueInfoProtoSchema, { name })),
      },
    });
  }

  /** @param shape names are open axes. */
  input(name: string, shape: readonly Extent[], type: 'integer' | 'real'): string {
    const elemType = type === 'integer' ? TensorProto_DataType.INT64 : TensorProto_DataType.FLOAT;
    const dim = shape.map((extent) =>
      typeof extent === 'number'
        ? { value: { case: 'dimValue' as const, value: BigInt(extent) } }
        : { value: { case: 'dimParam' as const, value: extent } },
    );
    const value = { case: 'tensorType' as const, value: { elemType, shape: { dim } } };
    this.inputs.push(create(ValueInfoProtoSchema, { name, type: { value } }));
    return name;
  }

  /** @param isBuffer whether it is no parameter, as what BatchNormalization normalises by. */
  weight(name: string, shape: readonly number[], isBuffer = false): string {
    if (!this.initializers.has(name)) {
      const dims = shape.map(BigInt);
      const dataType = TensorProto_DataType.FLOAT;
      this.initializers.set(name, create(TensorProtoSchema, { name, dims, dataType }));
      this.describe(name, SIGNATURE_KIND, isBuffer ? BUFFER_KIND : PARAMETER_KIND);
    }
    return name;
  }

  private describe(name: string, key: string, value: string): void {
    const entry = create(StringStringEntryProtoSchema, { key, value });
    this.kinds.push(create(ValueInfoProtoSchema, { name, metadataProps: [entry] }));
  }

  /** Another name for a weight; a tensor of its own where a checkpoint has other values of it. */
  alias(name: string, of: string): string {
    this.describe(name, TIED, of);
    return this.add('Identity', [of], {}, name);
  }

  /** An operator of one result. @returns its name. */
  add(
    opType: string,
    input: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output: string = this.fresh(),
  ): string {
    this.nodes.push(
      create(NodeProtoSchema, {
        opType,
        name: output,
        input: [...input],
        output: [output],
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      }),
    );
    return output;
  }

  integers(values: readonly number[], shape: readonly number[] = [values.length]): string {
    const name = `integers ${shape.length} ${values.join(' ')}`;
    const dims = shape.map(BigInt);
    const dataType = TensorProto_DataType.INT64;
    const int64Data = values.map(BigInt);
    this.initializers.set(name, create(TensorProtoSchema, { name, dims, dataType, int64Data }));
    return name;
  }

  /** Numbers that are no weights. */
  reals(values: readonly number[], shape: readonly number[] = []): string {
    const output = this.fresh();
    const t = create(TensorProtoSchema, {
      dims: shape.map(BigInt),
      dataType: TensorProto_DataType.DOUBLE,
      doubleData: [...values],
    });
    const type = AttributeProto_AttributeType.TENSOR;
    const constant = this.add('Constant', [], {}, output);
    this.nodes.at(-1)!.attribute.push(create(AttributeProtoSchema, { name: 'value', type, t }));
    return this.add('Cast', [constant], { to: TensorProto_DataType.FLOAT });
  }

  /** x·Wᵀ + b, as PyTorch's Linear. */
  linear(x: string, name: string, from: number, to: number, hasBias = true): string {
    const turned = this.add('Transpose', [this.weight(`${name}.weight`, [to, from])], {
      perm: [1, 0],
    });
    const product = this.add('MatMul', [x, turned]);
    return hasBias ? this.add('Add', [product, this.weight(`${name}.bias`, [to])]) : product;
  }

  layerNorm(x: string, name: string, size: number, epsilon: number): string {
    return this.add(
      'LayerNormalization',
      [x, this.weight(`${name}.weight`, [size]), this.weight(`${name}.bias`, [size])],
      { axis: -1, epsilon: { real: epsilon } },
    );
  }

  /** Rows of a table. */
  embedding(indices: string, name: string, rows: number, size: number): string {
    return this.add('Gather', [this.weight(name, [rows, size]), indices], { axis: 0 });
  }

  /** The length of an axis, as a list of one whole number. */
  lengthOf(x: string, axis: number): string {
    return this.add('Gather', [this.add('Shape', [x]), this.integers([axis])], { axis: 0 });
  }

  /** Of x from `start` to `end` along an axis. */
  slice(x: string, axis: number, start: number, end: number | string): string {
    const to = typeof end === 'string' ? end : this.integers([end]);
    return this.add('Slice', [x, this.integers([start]), to, this.integers([axis])]);
  }

  /** The first step of [batch, steps, size], as [batch, size]. */
  firstStep(x: string): string {
    return this.add('Gather', [x, this.integers([0], [])], { axis: 1 });
  }

  /** @throws InputError where the setting names another than those that are known. */
  activation(x: string, settings: NetworkSettings, setting: string, fallback: string): string {
    switch (settings.text(setting, fallback)) {
      case 'gelu':
        return this.add('Gelu', [x]);
      case 'gelu_new':
      case 'gelu_fast':
      case 'gelu_pytorch_tanh':
        return this.add('Gelu', [x], { approximate: 'tanh' });
      case 'relu':
        return this.add('Relu', [x]);
      case 'silu':
      case 'swish':
        return this.add('Mul', [x, this.add('Sigmoid', [x])]);
      case 'tanh':
        return this.add('Tanh', [x]);
      default:
        throw settings.unknown(setting);
    }
  }

  private fresh(): string {
    this.values += 1;
    // As the values inside of an export are called: no name of a weight begins so.
    return `/${this.values}`;
  }
}

function attribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'string') {
    const s = new TextEncoder().encode(value);
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s });
  }
  if (typeof value === 'number') {
    const i = BigInt(value);
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i });
  }
  if ('real' in value) {
    const f = value.real;
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f });
  }
  const ints = value.map(BigInt);
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints });
}
