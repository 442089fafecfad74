import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from '../graph/onnx/onnx_pb';

/** Changes what a graph computes its constants from, so that they follow the weights. */
export class GraphEditor {
  readonly graph: GraphProto;
  private readonly names: Set<string>;
  private readonly nodesBefore: NodeProto[] = [];
  /** Nodes that follow another one, by it. */
  private readonly nodesBehind = new Map<NodeProto, NodeProto>();
  private readonly gone = new Set<TensorProto>();
  private count = 0;

  constructor(graph: GraphProto) {
    this.graph = graph;
    this.names = new Set([
      ...graph.initializer.map(({ name }) => name),
      ...graph.node.flatMap(({ output }) => output),
    ]);
  }

  /** A weight of the checkpoint as an initializer without values. */
  weight(name: string, shape: readonly number[]): string {
    const known = this.graph.initializer.find((tensor) => tensor.name === name);
    if (known === undefined || this.gone.has(known)) {
      this.names.add(name);
      this.graph.initializer.push(
        create(TensorProtoSchema, {
          name,
          dims: shape.map(BigInt),
          dataType: TensorProto_DataType.FLOAT,
        }),
      );
    }
    return name;
  }

  /** Takes an initializer out of the graph. */
  remove(tensor: TensorProto): void {
    this.gone.add(tensor);
  }

  /** Makes an initializer a constant of the graph, which no checkpoint has. */
  constant(tensor: TensorProto): void {
    this.gone.add(tensor);
    this.nodesBefore.push(
      create(NodeProtoSchema, {
        opType: 'Constant',
        name: tensor.name,
        output: [tensor.name],
        attribute: [
          create(AttributeProtoSchema, {
            name: 'value',
            type: AttributeProto_AttributeType.TENSOR,
            t: tensor,
          }),
        ],
      }),
    );
  }

  /** The result of an operator on constants and weights, before all nodes of the graph. */
  before(opType: string, input: string[], attribute: readonly AttributeProto[] = []): string {
    const output = this.fresh();
    this.nodesBefore.push(
      create(NodeProtoSchema, {
        opType,
        name: output,
        input,
        output: [output],
        attribute: [...attribute],
      }),
    );
    return output;
  }

  /** A list of numbers. */
  values(data: readonly number[], kind: 'whole' | 'float'): string {
    const tensor = create(TensorProtoSchema, {
      dims: [BigInt(data.length)],
      ...(kind === 'whole'
        ? { dataType: TensorProto_DataType.INT64, int64Data: data.map(BigInt) }
        : { dataType: TensorProto_DataType.FLOAT, floatData: [...data] }),
    });
    return this.before(
      'Constant',
      [],
      [
        create(AttributeProtoSchema, {
          name: 'value',
          type: AttributeProto_AttributeType.TENSOR,
          t: tensor,
        }),
      ],
    );
  }

  /** Puts an operator behind a node: what read the node's result reads the operator's. */
  behind(
    node: NodeProto,
    opType: string,
    more: readonly string[],
    attribute: readonly AttributeProto[],
  ): void {
    const output = node.output[0]!;
    const raw = this.fresh();
    node.output[0] = raw;
    this.nodesBehind.set(
      node,
      create(NodeProtoSchema, {
        opType,
        name: this.fresh(),
        input: [raw, ...more],
        output: [output],
        attribute: [...attribute],
      }),
    );
  }

  /** Writes what was changed into the graph. */
  finish(): void {
    const seen = new Set<string>();
    this.graph.initializer = this.graph.initializer.filter((tensor) => {
      if (this.gone.has(tensor) || seen.has(tensor.name)) return false;
      seen.add(tensor.name);
      return true;
    });
    const nodes = this.graph.node.flatMap((node) => {
      const next = this.nodesBehind.get(node);
      return next === undefined ? [node] : [node, next];
    });
    this.graph.node = [...this.nodesBefore, ...nodes];
  }

  private fresh(): string {
    for (;;) {
      this.count += 1;
      const name = `/basin/${this.count}`;
      if (this.names.has(name)) continue;
      this.names.add(name);
      return name;
    }
  }
}

export function floatAttribute(name: string, f: number): AttributeProto {
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f });
}

export function listAttribute(name: string, ints: readonly number[]): AttributeProto {
  return create(AttributeProtoSchema, {
    name,
    type: AttributeProto_AttributeType.INTS,
    ints: ints.map(BigInt),
  });
}

export function wholeAttribute(name: string, value: number): AttributeProto {
  const type = AttributeProto_AttributeType.INT;
  return create(AttributeProtoSchema, { name, type, i: BigInt(value) });
}
