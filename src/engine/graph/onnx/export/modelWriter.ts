import { create, toBinary } from '@bufbuild/protobuf';
import type { FloatArray } from '../../../tensor';
import { BLOCKED_DOMAIN } from './blockedLayout';
import { isForProcessor, type Device } from './deviceKernels';
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
} from '../onnx_pb';

/** Operator set the exported graphs are written in. */
const OPSET = 17;

type AttributeValue = number | string | readonly number[];

/** An ONNX model while it is written, node by node; equal constants are one. */
export class ModelWriter {
  readonly precision: 'float32' | 'float64';
  /** Which device executes it, for which what is made for a processor's caches is of no use; null for none. */
  readonly device: Device | null;
  private readonly nodes: NodeProto[] = [];
  private readonly initializers: TensorProto[] = [];
  private readonly inputs: ValueInfoProto[] = [];
  private readonly integers = new Map<string, string>();
  private readonly scalars = new Map<number, string>();
  private names = 0;
  private readonly named: string[] = [];

  constructor(precision: 'float32' | 'float64', device: Device | null = null) {
    this.precision = precision;
    this.device = device;
  }

  /** The model with these outputs, serialised. */
  bytes(outputs: readonly ValueInfoProto[], hasBlocks: boolean): Uint8Array {
    const model = create(ModelProtoSchema, {
      irVersion: 8n,
      producerName: 'basin',
      opsetImport: [
        { domain: '', version: BigInt(OPSET) },
        // Operators ONNX Runtime adds to ONNX's.
        { domain: 'com.microsoft', version: 1n },
        ...(hasBlocks ? [{ domain: BLOCKED_DOMAIN, version: 1n }] : []),
      ],
      graph: {
        name: 'basin',
        node: this.nodes,
        initializer: this.initializers,
        input: this.inputs,
        output: [...outputs],
      },
    });
    return toBinary(ModelProtoSchema, model);
  }

  input(name: string, shape: readonly number[]): void {
    this.inputs.push(this.valueInfo(name, shape));
  }

  initializer(name: string, data: FloatArray, shape: readonly number[]): void {
    this.initializers.push(this.floats(name, data, shape));
  }

  /** An operator of one result. @returns the name of the result. */
  add(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output: string = this.fresh(),
    domain = '',
  ): string {
    this.addAll(type, inputs, attributes, [output], domain);
    return output;
  }

  /** An operator whose results get these names. */
  addAll(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>>,
    outputs: readonly string[],
    domain = '',
  ): void {
    const isNamed =
      this.device === 'webgpu' && isForProcessor({ type, results: outputs.length, attributes });
    const name = isNamed ? `processor${this.named.length}` : '';
    if (isNamed) this.named.push(name);
    this.nodes.push(
      create(NodeProtoSchema, {
        name,
        opType: type,
        domain,
        input: [...inputs],
        output: [...outputs],
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      }),
    );
  }

  /** Names of operators that are for the processor though all others are for a device. */
  get onProcessor(): readonly string[] {
    return this.named;
  }

  /** A name nothing else has. */
  fresh(): string {
    this.names += 1;
    return `t${this.names}`;
  }

  ints(values: readonly number[]): string {
    const key = values.join(',');
    let name = this.integers.get(key);
    if (name === undefined) {
      name = `i${this.integers.size}`;
      this.integers.set(key, name);
      this.integerTensor(values, [values.length], name);
    }
    return name;
  }

  integerTensor(
    values: readonly number[],
    shape: readonly number[],
    name: string = this.fresh(),
  ): string {
    this.initializers.push(
      create(TensorProtoSchema, {
        name,
        dims: shape.map(BigInt),
        dataType: TensorProto_DataType.INT64,
        int64Data: values.map(BigInt),
      }),
    );
    return name;
  }

  scalar(value: number): string {
    let name = this.scalars.get(value);
    if (name === undefined) {
      name = `c${this.scalars.size}`;
      this.scalars.set(value, name);
      this.initializers.push(this.floats(name, Float64Array.of(value), []));
    }
    return name;
  }

  private floats(name: string, data: FloatArray, shape: readonly number[]): TensorProto {
    const wanted = this.precision === 'float64' ? Float64Array : Float32Array;
    const typed = data instanceof wanted ? data : wanted.from(data);
    return create(TensorProtoSchema, {
      name,
      dims: shape.map(BigInt),
      dataType: this.elementType(),
      rawData: new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength),
    });
  }

  elementType(): TensorProto_DataType.FLOAT | TensorProto_DataType.DOUBLE {
    return this.precision === 'float64' ? TensorProto_DataType.DOUBLE : TensorProto_DataType.FLOAT;
  }

  valueInfo(name: string, shape: readonly number[]): ValueInfoProto {
    return create(ValueInfoProtoSchema, {
      name,
      type: {
        value: {
          case: 'tensorType',
          value: {
            elemType: this.elementType(),
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
