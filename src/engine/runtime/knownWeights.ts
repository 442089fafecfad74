import { topologicalOrder, type Node, type Program } from '../graph/graph';

/** Multiplications in convolutions from which a program is worth preparing for each point. */
const WORTH_PREPARING = 2e8;

/**
 * Whether a program of a loss runs faster when its weights are known as it is prepared, although
 * it is then prepared again for every point. ONNX Runtime has blocked convolutions for known
 * weights only; matrix products gain nothing (docs/derivatives.md).
 */
export function gainsFromKnownWeights(program: Program): boolean {
  let multiplications = 0;
  for (const node of topologicalOrder(program.outputs.values())) {
    if (node.operation !== 'conv') continue;
    const [, w] = node.inputs as [Node, Node];
    const perPlace = w.shape.slice(1).reduce((product, extent) => product * extent, 1);
    multiplications += perPlace * node.shape.reduce((product, extent) => product * extent, 1);
  }
  return multiplications >= WORTH_PREPARING;
}
