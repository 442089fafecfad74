import { directionalDerivative } from '../../../src/engine/graph/forward';
import { Graph } from '../../../src/engine/graph/graph';
import type { Node } from '../../../src/engine/graph/operations';
import { gradient } from '../../../src/engine/graph/reverse';
import { stackDirections } from '../../../src/engine/graph/stackDirections';
import type { FloatArray } from '../../../src/engine/runtime/runtime';
import { sizeOf } from '../../../src/engine/tensor';
import { asOperation } from './onnxCase';
import { onnxCases } from './onnxCases';
import { operationCases, type OperationCase } from './operations';
import { draw, randomNumbers } from './values';

/** Basin's own operations and every ONNX operator. @param extent small, so that shapes vary. */
export const allCases = (extent: number): readonly OperationCase[] => [
  ...operationCases(extent),
  ...onnxCases(extent).map(asOperation),
];

/**
 * Σ c·o(f(args)) with fixed weights c, so that every element of f matters; its ∇ and two H·v, and, where
 * it can be, both of them in one.
 *
 * @param outer o, which is not linear.
 */
export function derivativeProgram(
  { shapes, build }: OperationCase,
  outer: (g: Graph, x: Node) => Node = (g, x) => g.sin(x),
) {
  const g = new Graph();
  const args = shapes.map((shape, i) => g.input(`x${i}`, shape));
  const result = build(g, args);
  const weights = g.input('c', result.shape);
  const loss = g.sum(
    g.mul(weights, outer(g, result)),
    result.shape.map((_, axis) => axis),
  );
  const gradients = gradient(g, loss, args);
  const products = (name: string): readonly Node[] =>
    directionalDerivative(
      g,
      gradients,
      new Map(args.map((arg, i) => [arg, g.input(`${name}${i}`, arg.shape)])),
    );
  const named = (prefix: string, nodes: readonly Node[]) =>
    nodes.map((node, i) => [`${prefix}${i}`, node] as const);
  const both = stackDirections(
    g,
    { outputs: new Map(named('hw', products('w'))) },
    new Set(args.map((_, i) => `w${i}`)),
    2,
  );
  return {
    g,
    isStacked: both !== null,
    resultSize: sizeOf(result.shape),
    program: {
      outputs: new Map<string, Node>([
        ['loss', loss],
        ...named('g', gradients),
        ...named('hv', products('v')),
        ...named('hu', products('u')),
        ...(both?.outputs ?? []),
      ]),
    },
  };
}

/** Arguments x, directions v and u, w which is both, and the weights c. */
export function inputsFor(
  of: OperationCase,
  resultSize: number,
  seed: number,
): Map<string, FloatArray> {
  const random = randomNumbers(seed);
  const inputs = new Map<string, FloatArray>([['c', draw(random, resultSize, undefined)]]);
  of.shapes.forEach((shape, i) => {
    inputs.set(`x${i}`, draw(random, sizeOf(shape), of.domain));
    inputs.set(`v${i}`, draw(random, sizeOf(shape), undefined));
    inputs.set(`u${i}`, draw(random, sizeOf(shape), undefined));
    inputs.set(`w${i}`, Float64Array.of(...inputs.get(`v${i}`)!, ...inputs.get(`u${i}`)!));
  });
  return inputs;
}
