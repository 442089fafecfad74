import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { InputError } from '../../shared/inputError';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../graph/onnx/onnx_pb';
import { sizeOf } from '../tensor';

/** A model with one input and one output, and what they are put together from. */
export interface JoinedModel {
  readonly bytes: Uint8Array;
  /** The inputs there were, in the order of the columns of the one there is. */
  readonly inputs: readonly JoinedInput[];
}

export interface JoinedInput {
  readonly name: string;
  /** Of one sample; null for an axis the graph leaves open. */
  readonly shape: readonly (number | null)[];
}

const PREFIX = 'basin_join_';

/**
 * A graph whose inputs are the columns of one, and whose outputs are. Networks that take every
 * variable by itself, or give every unknown by itself, become networks from points to values.
 *
 * A model with one input and one output stays as it is; one without inputs is given one of one
 * column that nothing depends on.
 *
 * @throws InputError when an input leaves more than its first axis open.
 */
export function joinModel(bytes: Uint8Array, path: string): JoinedModel {
  let model;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch {
    // Whoever imports it says what is wrong.
    return { bytes, inputs: [] };
  }
  const { graph } = model;
  if (graph === undefined) return { bytes, inputs: [] };
  const initializers = new Set(graph.initializer.map(({ name }) => name));
  const open = graph.input.filter(({ name }) => !initializers.has(name));
  const inputs = open.map((info) => ({ name: info.name, shape: shapeOf(info).slice(1) }));
  if (open.length === 1 && graph.output.length === 1) return { bytes, inputs };

  const before: NodeProto[] = [];
  const after: NodeProto[] = [];
  if (open.length !== 1) {
    const sizes = open.map((info, i) => columnsOf(info, inputs[i]!.shape, path));
    const name = `${PREFIX}input`;
    const parts = open.map((_, i) => `${name}_${i}`);
    if (open.length > 0) {
      graph.initializer.push(integers(`${PREFIX}sizes`, sizes));
      before.push(node('Split', [name, `${PREFIX}sizes`], parts, { axis: 1 }));
    }
    open.forEach((info, i) => {
      const rank = shapeOf(info).length;
      const shape = rank === 1 ? [] : (inputs[i]!.shape as number[]);
      const target = `${PREFIX}shape_${i}`;
      graph.initializer.push(integers(target, [-1, ...shape]));
      before.push(node('Reshape', [parts[i]!, target], [`${parts[i]!}_shaped`]));
      before.push(node('Cast', [`${parts[i]!}_shaped`], [info.name], { to: typeOf(info) }));
    });
    const total = Math.max(
      1,
      sizes.reduce((sum, size) => sum + size, 0),
    );
    graph.input = [
      ...graph.input.filter((info) => initializers.has(info.name)),
      matrixInfo(name, total),
    ];
  }
  if (graph.output.length > 1) {
    const columns = graph.output.map((info, i) => {
      const column = `${PREFIX}output_${i}`;
      const [, width] = shapeOf(info);
      graph.initializer.push(integers(`${column}_shape`, [-1, width ?? 1]));
      after.push(node('Reshape', [info.name, `${column}_shape`], [column]));
      return column;
    });
    after.push(node('Concat', columns, [`${PREFIX}output`], { axis: 1 }));
    graph.output = [create(ValueInfoProtoSchema, { name: `${PREFIX}output` })];
  }
  graph.node = [...before, ...graph.node, ...after];
  return { bytes: toBinary(ModelProtoSchema, model), inputs };
}

/** Columns of an input; the axes after the first must be known. */
function columnsOf(
  { name }: ValueInfoProto,
  shape: readonly (number | null)[],
  path: string,
): number {
  if (shape.includes(null)) {
    throw new InputError(
      `${path}: input ${name} leaves more than its first axis open ([?, ${shape.map((extent) => extent ?? '?').join(', ')}]); export the model with a dynamic first axis only.`,
      'unsupported',
    );
  }
  return sizeOf(shape as number[]);
}

function shapeOf({ type }: ValueInfoProto): readonly (number | null)[] {
  if (type?.value.case !== 'tensorType') return [null];
  return (type.value.value.shape?.dim ?? []).map(({ value }) =>
    value.case === 'dimValue' ? Number(value.value) : null,
  );
}

function typeOf({ type }: ValueInfoProto): number {
  return type?.value.case === 'tensorType' ? type.value.value.elemType : TensorProto_DataType.FLOAT;
}

function matrixInfo(name: string, columns: number): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: TensorProto_DataType.FLOAT,
          shape: {
            dim: [
              { value: { case: 'dimParam', value: 'batch' } },
              { value: { case: 'dimValue', value: BigInt(columns) } },
            ],
          },
        },
      },
    },
  });
}

function integers(name: string, values: readonly number[]): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: [BigInt(values.length)],
    dataType: TensorProto_DataType.INT64,
    int64Data: values.map(BigInt),
  });
}

function node(
  opType: string,
  input: string[],
  output: string[],
  attributes: Readonly<Record<string, number>> = {},
): NodeProto {
  return create(NodeProtoSchema, {
    opType,
    name: output[0]!,
    input,
    output,
    attribute: Object.entries(attributes).map(([name, value]) =>
      create(AttributeProtoSchema, {
        name,
        type: AttributeProto_AttributeType.INT,
        i: BigInt(value),
      }),
    ),
  });
}
