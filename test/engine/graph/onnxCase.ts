import { create, toBinary } from '@bufbuild/protobuf';
import type { Node } from '../../../src/engine/graph/operations';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  TensorProto_DataType,
  type AttributeProto,
} from '../../../src/engine/graph/onnx/onnx_pb';
import {
  OperatorCall,
  type ElementType,
} from '../../../src/engine/graph/onnx/operators/operatorCall';
import { operators } from '../../../src/engine/graph/onnx/operators/operators';
import { sizeOf } from '../../../src/engine/tensor';
import type { OperationCase } from './operations';

/** One ONNX operator on small arrays: some given when it runs, some known before. */
export interface OnnxCase {
  readonly name: string;
  readonly operator: string;
  readonly inputs: readonly (Variable | Constant | null)[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly results?: number;
  readonly domain?: OperationCase['domain'];
  /** Operator set; 17 where absent. */
  readonly opset?: number;
}

type AttributeValue = number | string | readonly number[] | readonly string[] | { float: number };

export interface Variable {
  readonly shape: readonly number[];
}

export interface Constant {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly type: ElementType;
  /** Whether ONNX wants whole numbers of 32 bits. */
  readonly isShort?: boolean;
}

/** Shapes of what is given when it runs. */
export function variables({ inputs }: OnnxCase): readonly (readonly number[])[] {
  return inputs.filter((input) => input !== null && !('values' in input)).map((i) => i!.shape);
}

/** The operator as one operation of Basin's graph: all its results in a row. */
export function asOperation(of: OnnxCase): OperationCase {
  return {
    name: of.name,
    shapes: variables(of),
    ...(of.domain === undefined ? {} : { domain: of.domain }),
    build: (g, args) => {
      const left = [...args];
      const inputs = of.inputs.map((input) => {
        if (input === null) return null;
        if (!('values' in input)) return { node: left.shift()!, type: 'float' as const };
        const node = g.constant(Float64Array.from(input.values), input.shape);
        return { node, type: input.type };
      });
      const made = operators.get(of.operator)!(
        new OperatorCall(g, inputs, attributesOf(of), of.results ?? 1),
      );
      const results = (Array.isArray(made) ? made : [made]) as readonly (Node | { node: Node })[];
      const nodes = results
        .slice(0, of.results ?? 1)
        .map((result) => ('operation' in result ? result : result.node));
      return nodes.length === 1
        ? nodes[0]!
        : g.concat(
            nodes.map((node) => g.reshape(node, [sizeOf(node.shape)])),
            0,
          );
    },
  };
}

const TYPES = {
  float: TensorProto_DataType.FLOAT,
  integer: TensorProto_DataType.INT64,
  boolean: TensorProto_DataType.BOOL,
};

/** The operator alone in an ONNX model, for ONNX Runtime's own kernel. */
export function asModel(of: OnnxCase): Uint8Array {
  const name = (position: number): string => `x${position}`;
  const results = Array.from({ length: of.results ?? 1 }, (_, i) => `y${i}`);
  let variable = 0;
  const names = of.inputs.map((input, position) => {
    if (input === null) return '';
    return 'values' in input ? `c${position}` : name(variable++);
  });
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: BigInt(of.opset ?? 17) }],
    graph: {
      name: of.name,
      node: [{ opType: of.operator, input: names, output: results, attribute: attributesOf(of) }],
      initializer: of.inputs.flatMap((input, position) => {
        if (input === null || !('values' in input)) return [];
        return [
          {
            name: `c${position}`,
            dims: input.shape.map(BigInt),
            dataType: input.isShort === true ? TensorProto_DataType.INT32 : TYPES[input.type],
            ...(input.type === 'float'
              ? { floatData: [...input.values] }
              : input.type === 'integer' && input.isShort !== true
                ? { int64Data: input.values.map(BigInt) }
                : { int32Data: [...input.values] }),
          },
        ];
      }),
      input: variables(of).map((shape, position) => ({
        name: name(position),
        type: {
          value: {
            case: 'tensorType' as const,
            value: {
              elemType: TensorProto_DataType.FLOAT,
              shape: {
                dim: shape.map((extent) => ({
                  value: { case: 'dimValue' as const, value: BigInt(extent) },
                })),
              },
            },
          },
        },
      })),
      output: results.map((result) => ({ name: result })),
    },
  });
  return toBinary(ModelProtoSchema, model);
}

function attributesOf({ attributes = {} }: OnnxCase): AttributeProto[] {
  return Object.entries(attributes).map(([name, value]) => {
    const type = AttributeProto_AttributeType;
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
    if (typeof value === 'number') {
      return create(AttributeProtoSchema, { name, type: type.INT, i: BigInt(value) });
    }
    if (typeof value === 'string') {
      return create(AttributeProtoSchema, { name, type: type.STRING, s: bytes(value) });
    }
    if ('float' in value) {
      return create(AttributeProtoSchema, { name, type: type.FLOAT, f: value.float });
    }
    return typeof value[0] === 'string'
      ? create(AttributeProtoSchema, {
          name,
          type: type.STRINGS,
          strings: (value as readonly string[]).map(bytes),
        })
      : create(AttributeProtoSchema, {
          name,
          type: type.INTS,
          ints: (value as readonly number[]).map(BigInt),
        });
  });
}
