import { topologicalOrder, type AnyNode, type Program } from '../graph/operations';
import { sizeOf } from '../tensor';
import { TERM } from './lossTerm';

/**
 * Elements in all values of a program that are alive at once, at most: each lives from where it is
 * made to where it is used last. Weights and data are not counted; values that are only seen in
 * another shape are counted once.
 */
export function liveElements({ outputs }: Program): number {
  const order = topologicalOrder(outputs.values());
  const source = new Map<number, number>();
  const lastUse = new Map<number, number>();
  const sizes = new Map<number, number>();
  for (const node of order) {
    const own = isView(node) ? (source.get(node.inputs[0]!.id) ?? node.id) : node.id;
    source.set(node.id, own);
    if (own === node.id) sizes.set(node.id, takesMemory(node) ? sizeOf(node.shape) : 0);
    for (const input of node.inputs) lastUse.set(source.get(input.id)!, node.id);
  }
  for (const node of outputs.values()) lastUse.set(source.get(node.id)!, Infinity);

  const endingAt = new Map<number, number>();
  for (const [own, at] of lastUse) endingAt.set(at, (endingAt.get(at) ?? 0) + sizes.get(own)!);
  let live = 0;
  let most = 0;
  for (const node of order) {
    if (source.get(node.id) === node.id) live += sizes.get(node.id)!;
    most = Math.max(most, live);
    live -= endingAt.get(node.id) ?? 0;
  }
  return most;
}

function isView(node: AnyNode): boolean {
  return node.operation === 'reshape';
}

/** Repeated values broadcast where they are used. */
function takesMemory(node: AnyNode): boolean {
  return node.operation !== 'input' && node.operation !== 'expand';
}

/** Elements of what a program is given beside weights. */
export function termElements({ outputs }: Program): number {
  return topologicalOrder(outputs.values()).reduce((sum, node) => {
    const isTerm = node.operation === 'input' && node.attributes.name.startsWith(TERM);
    return isTerm ? sum + sizeOf(node.shape) : sum;
  }, 0);
}

/** Elements in the outputs of a program. */
export function outputElements({ outputs }: Program): number {
  return [...outputs.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
