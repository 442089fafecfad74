import { say, type Message } from '../../../shared/words/message';
import type { Origin } from '../operations';
import type { NodeProto } from './onnx_pb';

/** The node as the user knows it. */
export function originOf({ opType, name, output, metadataProps }: NodeProto): Origin {
  const scopes = metadataProps.find(({ key }) => key === 'pkg.torch.onnx.name_scopes')?.value;
  // Python's list of the modules from the outside in, the operation itself last.
  const modules = [...(scopes ?? '').matchAll(/'([^']*)'/g)].map(([, module]) => module!);
  return {
    operator: opType,
    name: name === '' ? (output[0] ?? '?') : name,
    scope: modules.slice(0, -1).findLast((module) => module !== '') ?? null,
    isDerivative: false,
  };
}

/** What PyTorch's newer exporter made a node of: `torch.ops.aten.scatter_reduce.two`; null of others. */
export function tracedFrom({ metadataProps }: NodeProto): string | null {
  const traced = metadataProps.find(({ key }) => key === 'pkg.torch.onnx.fx_node')?.value;
  return traced?.match(/target=([\w.]+)/)?.[1] ?? null;
}

/** The nodes outputs depend on, in their order. */
export function neededNodes(
  nodes: readonly NodeProto[],
  outputs: readonly string[],
): readonly NodeProto[] {
  const maker = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const needed = new Set<NodeProto>();
  const open = [...outputs];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = maker.get(name);
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    for (const input of node.input) open.push(input);
  }
  return nodes.filter((node) => needed.has(node));
}

export function trainingNotes(nodes: readonly NodeProto[]): readonly Message[] {
  const training = nodes.filter(
    ({ opType, attribute, output }) =>
      opType === 'BatchNormalization' &&
      (attribute.find(({ name }) => name === 'training_mode')?.i ??
        (output.length > 1 ? 1n : 0n)) === 1n,
  );
  if (training.length === 0) return [];
  const names = training.slice(0, 3).map(({ name, output }) => (name === '' ? output[0]! : name));
  return [
    training.length > 3
      ? say`The graph has BatchNormalization in training mode (${names.join(', ')}, …): it normalises by the mean and variance of each batch that Basin evaluates instead of the running statistics of the checkpoint, so that the loss of a sample depends on the other samples of its batch; export after model.eval() to analyse the network as it predicts.`
      : say`The graph has BatchNormalization in training mode (${names.join(', ')}): it normalises by the mean and variance of each batch that Basin evaluates instead of the running statistics of the checkpoint, so that the loss of a sample depends on the other samples of its batch; export after model.eval() to analyse the network as it predicts.`,
  ];
}
