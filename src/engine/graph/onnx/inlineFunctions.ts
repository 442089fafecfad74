import { clone, create } from '@bufbuild/protobuf';
import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  NodeProtoSchema,
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from './onnx_pb';

/** Nodes a graph may grow to: functions of functions can be many. */
const MAX_NODES = 1_000_000;

/** Functions within functions; exports have a handful. */
const MAX_DEPTH = 100;

/** A model's graph with the calls of its own functions written out. */
export function inlineFunctions(model: ModelProto, path: string): GraphProto {
  const graph = model.graph ?? create(GraphProtoSchema);
  if (model.functions.length === 0) return graph;
  const functions = new Map(model.functions.map((own) => [keyOf(own.domain, own.name), own]));
  const nodes: NodeProto[] = [];
  let calls = 0;

  const write = (node: NodeProto, within: readonly FunctionProto[]): void => {
    const called = functions.get(keyOf(node.domain, node.opType));
    if (called === undefined) {
      nodes.push(node);
    } else if (within.includes(called)) {
      throw new InputError(
        say`${path}: the function ${called.name} calls itself; export the model again.`,
        'damaged',
      );
    } else if (within.length >= MAX_DEPTH) {
      throw new InputError(
        say`${path}: the function ${called.name} is called within ${MAX_DEPTH} others; export the model again.`,
        'unsupported',
      );
    } else {
      calls += 1;
      for (const inner of bodyOf(node, called, `${called.name}#${calls}`)) {
        write(inner, [...within, called]);
      }
    }
    // Functions without nodes can call each other without end, too.
    if (nodes.length + calls > MAX_NODES) {
      throw new InputError(say`${path} has more than ${MAX_NODES} nodes; export a smaller model.`);
    }
  };
  for (const node of graph.node) write(node, []);
  const whole = clone(GraphProtoSchema, graph);
  whole.node = nodes;
  return whole;
}

function keyOf(domain: string, name: string): string {
  return `${domain === 'ai.onnx' ? '' : domain}::${name}`;
}

/** The nodes of a function for one call: names made its own, attributes filled in. */
function bodyOf(call: NodeProto, called: FunctionProto, prefix: string): readonly NodeProto[] {
  const names = new Map<string, string>();
  called.input.forEach((name, position) => names.set(name, call.input[position] ?? ''));
  called.output.forEach((name, position) => {
    const outside = call.output[position];
    if (outside !== undefined && outside !== '') names.set(name, outside);
  });
  const renamed = (name: string): string =>
    name === '' ? '' : (names.get(name) ?? `/${prefix}/${name}`);
  const given = new Map<string, AttributeProto>();
  for (const attribute of called.attributeProto) given.set(attribute.name, attribute);
  for (const attribute of call.attribute) given.set(attribute.name, attribute);

  return called.node.map((node) => {
    const attributes = node.attribute.flatMap((attribute) => {
      if (attribute.refAttrName === '') return [attribute];
      const value = given.get(attribute.refAttrName);
      if (value === undefined) return [];
      return [{ ...clone(AttributeProtoSchema, value), name: attribute.name, refAttrName: '' }];
    });
    return create(NodeProtoSchema, {
      opType: node.opType,
      domain: node.domain,
      name: node.name === '' ? '' : `${call.name}/${node.name}`,
      input: node.input.map(renamed),
      output: node.output.map(renamed),
      attribute: attributes,
    });
  });
}
