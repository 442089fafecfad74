import { topologicalOrder, type AnyNode, type Node, type Origin } from '../graph/operations';
import { firstNonFinite } from '../runtime/nonFinite';
import { referenceRuntime } from '../runtime/reference';
import type { FloatArray, Runtime } from '../runtime/runtime';
import { sizeOf } from '../tensor';
import type { Batch } from './batches';
import { DIRECTION, type Differentiated, type LossGraph } from './lossGraph';
import { TERM } from './lossTerm';
import type { WeightLayout } from './weights';
import { say, type Message } from '../../shared/words/message';

/** Where infinity, or what is not a number, begins. */
export interface NonFinitePlace {
  /** What the operation was made for; null where it is no part of the model. */
  readonly origin: Origin | null;
  /** Basin's own operation; the name of a tensor where that is what is not finite. */
  readonly operation: string;
  readonly kind: 'tensor' | 'data' | 'operation';
  readonly value: 'Infinity' | 'NaN';
  /** First and last of the samples, or points, it may be; both the same where it is known. */
  readonly samples: readonly [number, number];
  readonly isPoints: boolean;
  /** The setting with which all of it is finite: float32 is what overflows. */
  readonly remedy: 'precision' | 'runtime' | null;
}

/** What was computed, and how it can be computed again. */
export interface Search {
  readonly of: Differentiated;
  readonly batch: Batch;
  readonly precision: 'float32' | 'float64';
  readonly isPoints: boolean;
  readonly parameters: WeightLayout;
  readonly graphOf: (size: number) => LossGraph;
  readonly inputsOf: (batch: Batch) => Promise<ReadonlyMap<string, FloatArray>>;
}

/** Multiplications up to which the plain interpreter is asked what float64 would give. */
const MAX_INTERPRETED = 2e7;

/** Basin's operations for which ONNX Runtime has no float64. */
const SINGLE_ONLY: ReadonlySet<string> = new Set([
  'conv',
  'convInput',
  'convWeight',
  'erf',
  'atan',
  'asin',
  'acos',
]);

/** @returns null where all of it is finite. */
export async function locate(search: Search, runtime: Runtime): Promise<NonFinitePlace | null> {
  const { of, batch, isPoints, parameters } = search;
  const { graph, results } = search.graphOf(batch.size).traced(of);
  const found = await firstNonFinite(graph, results, runtime, await withDirections(search, batch));
  if (found === null) return null;
  const { node, value, place } = found;
  const isTensor = parameters.entries.some(({ name }) => isInput(node, name));
  const isData = node.operation === 'input' && node.attributes.name.startsWith(TERM);
  const within = sampleOf(node, place, batch, parameters);
  const samples: readonly [number, number] =
    within === null
      ? [batch.start, batch.start + batch.size - 1]
      : [batch.start + within, batch.start + within];
  return {
    origin: graph.originOf(node),
    operation: node.operation === 'input' ? node.attributes.name : node.operation,
    kind:
      isTensor || (node.operation === 'input' && !isData)
        ? 'tensor'
        : isData
          ? 'data'
          : 'operation',
    value,
    samples,
    isPoints,
    remedy: search.precision === 'float32' ? await remedy(search, within) : null,
  };
}

function isInput(node: AnyNode, name: string): boolean {
  return node.operation === 'input' && node.attributes.name === name;
}

async function withDirections(
  { inputsOf, parameters, of }: Search,
  batch: Batch,
): Promise<ReadonlyMap<string, FloatArray>> {
  const inputs = new Map(await inputsOf(batch));
  if (of !== 'product') return inputs;
  for (const { name, size } of parameters.entries) {
    inputs.set(`${DIRECTION}${name}`, new Float32Array(size).fill(1));
  }
  return inputs;
}

/** Which sample of the batch an element is of; null where an array is none of samples. */
function sampleOf(
  node: AnyNode,
  place: number | null,
  batch: Batch,
  { entries }: WeightLayout,
): number | null {
  const [first] = node.shape;
  if (batch.size === 1) return 0;
  if (place === null || first === undefined || first % batch.size !== 0) return null;
  // What is as long as a weight is may be made of weights alone, or be a derivative in one.
  if (entries.some(({ shape }) => shape.includes(first))) {
    const dependsOnData = topologicalOrder([node]).some(
      (other) => other.operation === 'input' && other.attributes.name.startsWith(TERM),
    );
    if (!dependsOnData || isSummed(node, batch)) return null;
  }
  return Math.floor(place / (sizeOf(node.shape) / batch.size));
}

/** Whether samples are added up in a node, as in the derivative in a weight. */
function isSummed(node: AnyNode, batch: Batch): boolean {
  return topologicalOrder([node]).some(
    (other) =>
      other.operation === 'convWeight' ||
      (other.operation === 'sum' && other.attributes.axes.includes(0)) ||
      (other.operation === 'matmul' && other.inputs[0]!.shape.at(-1) === batch.size),
  );
}

/** Whether the same is finite in float64, and how that can be had. */
async function remedy(
  search: Search,
  within: number | null,
): Promise<'precision' | 'runtime' | null> {
  const { batch, of } = search;
  const own =
    within === null ? batch : { ...batch, index: -1, start: batch.start + within, size: 1 };
  const { graph, results } = search.graphOf(own.size).traced(of);
  const order = topologicalOrder(results);
  if (order.reduce((sum, node) => sum + multiplications(node), 0) > MAX_INTERPRETED) return null;
  const found = await firstNonFinite(
    graph,
    results,
    referenceRuntime,
    await withDirections(search, own),
  );
  if (found !== null) return null;
  return order.some(({ operation }) => SINGLE_ONLY.has(operation)) ? 'runtime' : 'precision';
}

function multiplications(node: AnyNode): number {
  const [a, b] = node.inputs as [Node, Node];
  const size = sizeOf(node.shape);
  switch (node.operation) {
    case 'matmul':
      return size * a.shape.at(-1)!;
    case 'conv':
      return size * sizeOf(b.shape.slice(1));
    case 'convInput':
      return sizeOf(b.shape) * sizeOf(a.shape.slice(1));
    case 'convWeight':
      return sizeOf(b.shape) * sizeOf(node.shape.slice(1));
    default:
      return size;
  }
}

/** Sentences for the notes of a result. */
export function nonFiniteNotes(of: Differentiated, found: NonFinitePlace): readonly Message[] {
  return [whereItBegins(of, found), ...remedies(found)];
}

function whereItBegins(of: Differentiated, found: NonFinitePlace): Message {
  const first = beginning(found);
  switch (of) {
    case 'loss':
      return say`The loss is not finite at this checkpoint: ${first}`;
    case 'gradient':
      return say`The gradient of the loss is not finite at this checkpoint: ${first}`;
    case 'product':
      return say`The second derivatives of the loss are not finite at this checkpoint: ${first}`;
  }
}

function beginning(found: NonFinitePlace): Message {
  const what = described(found);
  const [from, to] = found.samples;
  const isNaN = found.value === 'NaN';
  if (found.kind === 'tensor') {
    return isNaN
      ? say`the tensor ${found.operation} has values that are not numbers.`
      : say`the tensor ${found.operation} has infinite values.`;
  }
  if (found.isPoints) {
    return isNaN
      ? say`the first value that is not a number is that of ${what}, at points ${from} to ${to}.`
      : say`the first value that is infinite is that of ${what}, at points ${from} to ${to}.`;
  }
  if (from === to) {
    return isNaN
      ? say`the first value that is not a number is that of ${what}, in sample ${from}.`
      : say`the first value that is infinite is that of ${what}, in sample ${from}.`;
  }
  return isNaN
    ? say`the first value that is not a number is that of ${what}, in samples ${from} to ${to}.`
    : say`the first value that is infinite is that of ${what}, in samples ${from} to ${to}.`;
}

function described({ origin, operation, kind }: NonFinitePlace): Message {
  if (kind === 'data') return say`the evaluation data`;
  if (origin === null) return say`"${operation}" in the objective`;
  const { operator, name, scope, isDerivative } = origin;
  if (scope === null) {
    return isDerivative
      ? say`the derivative of ${operator} (node "${name}")`
      : say`${operator} (node "${name}")`;
  }
  return isDerivative
    ? say`the derivative of ${operator} (node "${name}" of "${scope}")`
    : say`${operator} (node "${name}" of "${scope}")`;
}

function remedies({ remedy }: NonFinitePlace): readonly Message[] {
  switch (remedy) {
    case 'precision':
      return [
        say`In float64 it is finite: analyze with --precision float64, in the editor "basin.precision".`,
      ];
    case 'runtime':
      return [
        say`In float64 it is finite: analyze with --runtime reference, in the editor "basin.runtime", which is slow.`,
      ];
    case null:
      return [];
  }
}
