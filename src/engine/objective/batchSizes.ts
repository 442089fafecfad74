import { InputError } from '../../shared/inputError';
import { topologicalOrder, type AnyNode, type Program } from '../graph/operations';
import type { Model } from '../graph/model';
import { sizeOf } from '../tensor';
import type { PointSet } from './batches';
import { liveElements } from './evaluationMemory';
import { LossGraph } from './lossGraph';
import type { LossTerm } from './lossTerm';
import type { WeightLayout } from './weights';

/**
 * Multiplications of a forward pass from which on a product H·v, about six times as many, is long
 * beside what a run costs whatever its size: a millisecond of a core.
 */
const MIN_WORK = 8e6;

/**
 * The same for each weight: a run reads every weight and gives a derivative for each, which is
 * copied and added to those of the other batches.
 */
const MIN_WORK_PER_WEIGHT = 128;

/**
 * Weight gradients of convolutions are convolutions whose channels are the samples, and blocks of
 * channels are 8 or 16 wide (graph/onnx/export/blockedLayout.ts). It does not follow the processor, as the
 * results follow the batches.
 */
const BLOCK = 16;

/**
 * Points whose network is built to see what one costs: a prime number, so that it is seen in the
 * sizes of arrays whether they hold something for each point.
 */
const PROBED = 251;

/** Elements that are alive in one run, at most: a gigabyte in float32. */
const MAX_ELEMENTS = 2 ** 28;

/**
 * Sets whose batches follow from what a point costs: those of values as large as they were and as
 * memory allows, those of derivatives only as large as keeps a core busy, so that few samples keep
 * many cores busy. What they are depends on data and network alone.
 */
export function sizedSets(
  sets: readonly PointSet[],
  model: Model,
  terms: readonly LossTerm[],
): readonly PointSet[] {
  const weights = model.weights
    .filter(({ role, aliasOf }) => role === 'parameter' && aliasOf === null)
    .reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return sets.map((set, index) => {
    // Samples that are put together stay so.
    if (set.derivativeBatch !== undefined || set.points === 1) return set;
    const cost = costOfPoint(model, terms[index]!, PROBED);
    return cost === null ? set : sizedSet(set, cost, weights);
  });
}

export interface PointCost {
  /** Multiplications of products and convolutions in a forward pass. */
  readonly multiplications: number;
  /** Of all intermediate values, which are kept for derivatives. */
  readonly elements: number;
  /** Of those alive at once in a forward pass. */
  readonly live: number;
  readonly hasConvolutions: boolean;
  /** Whether the loss of a point depends on the others of its batch. */
  readonly isCoupled: boolean;
}

export function sizedSet(set: PointSet, cost: PointCost, weights: number): PointSet {
  const { multiplications, elements, live, hasConvolutions } = cost;
  if (cost.isCoupled) {
    const isWhole = set.points * Math.max(elements, live) <= MAX_ELEMENTS;
    const largestBatch = isWhole ? set.points : set.largestBatch;
    return { ...set, largestBatch, derivativeBatch: largestBatch, isCoupled: true };
  }
  const fit = (each: number, most: number): number =>
    Math.max(1, Math.min(set.largestBatch, most, Math.floor(MAX_ELEMENTS / Math.max(1, each))));
  const least = Math.max(MIN_WORK, MIN_WORK_PER_WEIGHT * weights);
  const wanted = multiplications === 0 ? Infinity : Math.ceil(least / multiplications);
  const unit = hasConvolutions ? BLOCK : 1;
  const derivativeBatch = fit(elements, unit * Math.ceil(wanted / unit));
  const multiple = Math.min(unit, derivativeBatch);
  return {
    ...set,
    largestBatch: fit(live, set.largestBatch),
    derivativeBatch,
    ...(multiple === 1 ? {} : { multiple }),
  };
}

/** @returns null where the network cannot be built for so many points; who evaluates it says why. */
function costOfPoint(model: Model, term: LossTerm, points: number): PointCost | null {
  let value: Program;
  try {
    value = new LossGraph(model, layoutOf(model), NOTHING, term, points).value();
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
  let multiplications = 0;
  let elements = 0;
  let hasConvolutions = false;
  let isCoupled = false;
  for (const node of topologicalOrder(value.outputs.values())) {
    multiplications += multiplicationsOf(node);
    if (!CARRIED.has(node.operation)) elements += sizeOf(node.shape);
    if (node.operation === 'conv') hasConvolutions = true;
    if (mixes(node, points)) isCoupled = true;
  }
  return {
    multiplications: multiplications / points,
    elements: elements / points,
    live: liveElements(value) / points,
    hasConvolutions,
    isCoupled,
  };
}

const NOTHING: WeightLayout = { entries: [], size: 0 };

/** All weights, wherever they lie: only their shapes matter to what a point costs. */
function layoutOf({ weights }: Model): WeightLayout {
  return {
    entries: weights.map(({ name, shape }) => ({ name, shape, offset: 0, size: sizeOf(shape) })),
    size: 0,
  };
}

/**
 * Whether a value is made of several points: it has nothing for each of them though it is made of
 * what has, or something for each pair.
 */
function mixes(node: AnyNode, points: number): boolean {
  const isOfEach = node.inputs.some(({ shape }) => sizeOf(shape) % points === 0);
  const size = sizeOf(node.shape);
  return isOfEach && (size % points !== 0 || size % (points * points) === 0);
}

/** Operations that take no memory of their own. */
const CARRIED: ReadonlySet<AnyNode['operation']> = new Set([
  'input',
  'constant',
  'reshape',
  'expand',
]);

/** Of the products and convolutions a node is. */
function multiplicationsOf(node: AnyNode): number {
  const [a, b] = node.inputs.map(({ shape }) => shape);
  switch (node.operation) {
    case 'matmul':
      return sizeOf(node.shape) * a!.at(-1)!;
    case 'conv':
      return sizeOf(node.shape) * sizeOf(b!.slice(1));
    case 'convInput':
      return sizeOf(b!) * sizeOf(a!.slice(1));
    case 'convWeight':
      return sizeOf(b!) * sizeOf(node.shape.slice(1));
    default:
      return 0;
  }
}
