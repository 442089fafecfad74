import { sizeOf } from '../tensor';
import type { Graph } from './graph';
import { topologicalOrder, type Node, type Program } from './operations';
import { rebuild } from './rules/rules';

/** 256 MiB in float32. */
const PART = 2 ** 26;

/**
 * A program as several that are run one after the other, each with about the same share of the
 * outputs; results of the ones before are inputs, by their names, of those after. A runtime holds
 * results twice while it gives them: so only a part of them. What is no result is made again.
 *
 * @param limit elements of outputs beyond which there is another part.
 */
export function inParts(g: Graph, program: Program, limit = PART): readonly Program[] {
  const total = [...program.outputs.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const count = Math.ceil(total / limit);
  if (count <= 1 || program.outputs.size < count) return [program];
  const order = topologicalOrder(program.outputs.values());
  const names = new Map([...program.outputs].map(([name, node]) => [node.id, name]));
  /** What is known from the parts before. */
  let known = new Map<number, Node>();
  let done = 0;
  return Array.from({ length: count }, (_, part) => {
    const outputs = new Map<string, Node>();
    const given = new Map(known);
    const own = new Map(known);
    for (const node of order) {
      if (own.has(node.id)) continue;
      const args = node.inputs.map(({ id }) => own.get(id)!);
      const copy = rebuild(g, node, args);
      own.set(node.id, copy);
      const name = names.get(node.id);
      if (name === undefined) continue;
      if (done >= ((part + 1) * total) / count && part + 1 < count) break;
      outputs.set(name, copy);
      done += sizeOf(node.shape);
      given.set(node.id, g.input(name, node.shape));
    }
    known = given;
    return { ...program, outputs };
  });
}
