import type { Graph } from '../graph/graph';
import { knownScalar, topologicalOrder, type AnyNode, type Node } from '../graph/operations';
import { sizeOf } from '../tensor';
import type { Executable, FloatArray, Runtime } from './runtime';

/** The operation at which infinity, or what is not a number, begins. */
export interface NonFinite {
  readonly node: AnyNode;
  readonly value: 'Infinity' | 'NaN';
  /** The place of the first such element in C order; null where it is past 2²⁴. */
  readonly place: number | null;
}

/** Places that are exact in float32. */
const MAX_PLACES = 2 ** 24;

const COUNT = 'count';
const NANS = 'nans';
const PLACE = 'place';

/**
 * The first operation whose result is not finite, of those the results follow from. Values are
 * those of the runtime itself; only how many of each are not finite leaves it.
 *
 * −∞ where something is masked is no fault as long as nothing that is not a number comes of it.
 *
 * @returns null where everything is finite.
 */
export async function firstNonFinite(
  g: Graph,
  results: readonly Node[],
  runtime: Runtime,
  inputs: ReadonlyMap<string, FloatArray>,
): Promise<NonFinite | null> {
  const order = topologicalOrder(results);
  const run = async (
    nodes: readonly AnyNode[],
    probes: readonly (readonly [string, (node: Node) => Node])[],
  ): Promise<ReadonlyMap<string, FloatArray>> => {
    const outputs = new Map(
      nodes.flatMap((node) =>
        probes.map(([name, probe]) => [`${name} ${node.id}`, probe(node)] as const),
      ),
    );
    if (outputs.size === 0) return new Map();
    const executable: Executable = await runtime.compile({ outputs, seldom: true });
    try {
      return await executable.run(inputs);
    } finally {
      await executable.release();
    }
  };
  const computed = order.filter(({ operation, shape }) => {
    return operation !== 'constant' && sizeOf(shape) > 0;
  });
  const counts = await run(computed, [[COUNT, (node) => count(g, notFinite(g, node))]]);
  const bad = computed.filter(({ id }) => counts.get(`${COUNT} ${id}`)![0] !== 0);
  const isBad = new Set(bad.map(({ id }) => id));
  const root = results.find(({ id }) => isBad.has(id));
  if (root === undefined) return null;

  const nans = await run(bad, [[NANS, (node) => count(g, notANumber(g, node))]]);
  const isNaNAt = new Set(
    bad.filter(({ id }) => nans.get(`${NANS} ${id}`)![0] !== 0).map(({ id }) => id),
  );
  const found = beginning(root as AnyNode, isBad, isNaNAt);
  const value = isNaNAt.has(found.id) ? 'NaN' : 'Infinity';
  const places = sizeOf(found.shape);
  let place: number | null = null;
  if (places <= MAX_PLACES) {
    const marked = value === 'Infinity' ? notFinite(g, found) : notANumber(g, found);
    const first = g.argmax(g.reshape(marked, [1, places]), 1);
    const results = await run([found], [[PLACE, () => first]]);
    place = results.get(`${PLACE} ${found.id}`)![0]!;
  }
  return { node: found, value, place };
}

/** Where what is wrong with a node's value began. */
function beginning(
  root: AnyNode,
  isBad: ReadonlySet<number>,
  isNaNAt: ReadonlySet<number>,
): AnyNode {
  if (!isNaNAt.has(root.id)) return firstOf(root, isBad) ?? root;
  const first = firstOf(root, isNaNAt) ?? root;
  // ∞ − ∞, 0 · ∞: where the infinity came from says more, if it was not put there as a mask.
  const infinite = first.inputs.filter(({ id }) => isBad.has(id)) as readonly AnyNode[];
  for (const input of infinite) {
    const source = firstOf(input, isBad);
    if (source !== null && !isMask(source)) return source;
  }
  return first;
}

/** The first of the marked nodes that a node follows from through marked ones alone. */
function firstOf(node: AnyNode, marked: ReadonlySet<number>): AnyNode | null {
  const reached = new Set<number>();
  const open = [node];
  let first: AnyNode | null = null;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next.id)) continue;
    reached.add(next.id);
    const before = next.inputs.filter(({ id }) => marked.has(id)) as readonly AnyNode[];
    if (before.length === 0 && (first === null || next.id < first.id)) first = next;
    for (const each of before) open.push(each);
  }
  return first;
}

function isMask(node: AnyNode): boolean {
  return node.inputs.some((input) => {
    if (input.operation !== 'constant') return !Number.isFinite(knownScalar(input) ?? 0);
    return (input as Node<'constant'>).attributes.data.some((x) => !Number.isFinite(x));
  });
}

/** 1 where a value is infinite or not a number, else 0. */
function notFinite(g: Graph, x: Node): Node {
  return g.sub(g.scalar(1), g.less(g.abs(x), g.scalar(Infinity)));
}

function notANumber(g: Graph, x: Node): Node {
  return g.sub(g.scalar(1), g.equal(x, x));
}

function count(g: Graph, marks: Node): Node {
  return g.sum(
    marks,
    marks.shape.map((_, axis) => axis),
  );
}
