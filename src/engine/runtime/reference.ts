import { evaluate } from '../graph/rules/rules';
import { topologicalOrder, type Node, type Program } from '../graph/operations';
import { sizeOf } from '../tensor';
import type { Executable, FloatArray, Runtime } from './runtime';

/**
 * A plain interpreter in float64: slow, exact, and the oracle of every other runtime. Each
 * operation is written as its definition reads.
 */
export const referenceRuntime: Runtime = {
  name: 'reference',
  version: '1',
  precision: 'float64',
  compile: (program: Program, known = new Map()): Promise<Executable> =>
    Promise.resolve({
      run: (inputs: ReadonlyMap<string, FloatArray>) =>
        Promise.resolve(interpret(program, new Map([...inputs, ...known]))),
      release: () => Promise.resolve(),
    }),
};

function interpret(
  program: Program,
  inputs: ReadonlyMap<string, FloatArray>,
): ReadonlyMap<string, Float64Array> {
  const order = topologicalOrder(program.outputs.values());
  const lastUse = new Map<number, number>();
  for (const node of order) for (const input of node.inputs) lastUse.set(input.id, node.id);
  const kept = new Set([...program.outputs.values()].map((node) => node.id));

  const values = new Map<number, Float64Array>();
  for (const node of order) {
    const args = node.inputs.map((input) => values.get(input.id)!);
    values.set(node.id, node.operation === 'input' ? given(node, inputs) : evaluate(node, args));
    for (const input of node.inputs) {
      if (lastUse.get(input.id) === node.id && !kept.has(input.id)) values.delete(input.id);
    }
  }
  return new Map([...program.outputs].map(([name, node]) => [name, values.get(node.id)!]));
}

function given(node: Node<'input'>, inputs: ReadonlyMap<string, FloatArray>): Float64Array {
  const values = inputs.get(node.attributes.name);
  if (values?.length !== sizeOf(node.shape)) {
    throw new Error(`Input ${node.attributes.name} is missing or of the wrong size.`);
  }
  return values instanceof Float64Array ? values : Float64Array.from(values);
}
