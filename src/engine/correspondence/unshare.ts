import { clone } from '@bufbuild/protobuf';
import { NodeProtoSchema, type GraphProto, type NodeProto } from '../graph/onnx/onnx_pb';

const SCOPES = 'pkg.torch.onnx.name_scopes';

/** Operators that only show a weight in another form. */
const FORMS: ReadonlySet<string> = new Set(['Transpose', 'Identity', 'Cast']);

/**
 * Gives every module its own form of a weight. Exporters that store equal weights once also make
 * what follows from them once, so that modules would be read as one.
 */
export function unshareForms(graph: GraphProto): void {
  const initializers = new Set(graph.initializer.map(({ name }) => name));
  const consumers = new Map<string, NodeProto[]>();
  for (const node of graph.node) {
    for (const name of new Set(node.input)) {
      consumers.set(name, [...(consumers.get(name) ?? []), node]);
    }
  }
  const outputs = new Set(graph.output.map(({ name }) => name));
  graph.node = graph.node.flatMap((node) => {
    const [source] = node.input;
    const [made] = node.output;
    if (source === undefined || made === undefined || outputs.has(made)) return [node];
    if (!FORMS.has(node.opType) || !initializers.has(source)) return [node];
    const groups = new Map<string, NodeProto[]>();
    for (const consumer of consumers.get(made) ?? []) {
      const scopes = scopesOf(consumer);
      if (scopes === undefined) return [node];
      const module = scopes.value.split(', ').slice(0, -1).join();
      groups.set(module, [...(groups.get(module) ?? []), consumer]);
    }
    if (groups.size < 2) return [node];
    return [...groups.values()].map((own, i) => {
      const copy = clone(NodeProtoSchema, node);
      copy.output = [`${made}/${i}`];
      copy.name = `${node.name}/${i}`;
      copy.metadataProps = [
        ...copy.metadataProps.filter(({ key }) => key !== SCOPES),
        scopesOf(own[0]!)!,
      ];
      for (const consumer of own) {
        consumer.input = consumer.input.map((name) => (name === made ? copy.output[0]! : name));
      }
      return copy;
    });
  });
}

function scopesOf({ metadataProps }: NodeProto) {
  return metadataProps.find(({ key }) => key === SCOPES);
}
