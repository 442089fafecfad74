import { create } from '@bufbuild/protobuf';
import type { Graph } from '../graph';
import { AttributeProtoSchema } from '../onnx/onnx_pb';
import { OperatorCall, type BatchStatistics } from '../onnx/operators/operatorCall';
import { operators } from '../onnx/operators/operators';
import type { Node } from '../operations';

/** An operator of ONNX that is what a layer does: one form of each computation. */
export function onnxOperator(
  g: Graph,
  name: string,
  inputs: readonly (Node | null)[],
  attributes: Readonly<Record<string, number | string | readonly number[]>>,
  statistics: BatchStatistics | null = null,
): Node {
  const written = Object.entries(attributes).map(([key, value]) => {
    if (typeof value === 'string') {
      return create(AttributeProtoSchema, { name: key, s: new TextEncoder().encode(value) });
    }
    if (typeof value === 'number') {
      const whole = Number.isInteger(value) ? { i: BigInt(value) } : {};
      return create(AttributeProtoSchema, { name: key, f: value, ...whole });
    }
    return create(AttributeProtoSchema, { name: key, ints: value.map(BigInt) });
  });
  const given = inputs.map((node) => (node === null ? null : { node, type: 'float' as const }));
  const call = new OperatorCall(g, given, written, 1, statistics);
  const made = operators.get(name)!(call);
  const [first] = (Array.isArray(made) ? made : [made]) as readonly (Node | { node: Node })[];
  return 'operation' in first! ? first : first!.node;
}
