import { InputError } from '../../shared/inputError';
import { Graph, type Node } from '../graph/graph';
import type { OnnxModel } from '../graph/onnx/importOnnx';
import type { FloatArray } from '../runtime/runtime';
import { sizeOf } from '../tensor';
import type { Batch, PointSet } from './batches';
import {
  NOTHING_MEASURED,
  TERM,
  type LossTerm,
  type Measures,
  type Network,
  type TermNodes,
} from './lossTerm';
import { samplesAt, type SampleArray } from './sampleArray';

const INPUTS = `${TERM}inputs`;

/** What a graph is given whose own output is the loss. */
export interface OutputData {
  readonly kind: 'output';
  /** One: the samples, or one point where the graph takes them all to one number. */
  readonly sets: readonly PointSet[];
  readonly samples: number;
  /** Of one sample of the graph's one input. */
  readonly inputShape: readonly number[];
  /** What the input is: one array, the columns of several, or zeros where there is none. */
  readonly inputs: readonly SampleArray[];
}

/** Most samples in one run of a program. */
const LARGEST_BATCH = 256;

/** Samples up to which a graph is asked for its output of all of them. */
const MOST_ASKED = 1024;

/**
 * How a graph's own output is averaged: a number of the whole data is the loss as it is, an array
 * that keeps the samples holds theirs.
 *
 * @throws InputError where it is neither.
 */
export function outputSet(
  model: OnnxModel,
  inputShape: readonly number[],
  samples: number,
): PointSet {
  const shapeFor = (count: number): readonly number[] => {
    const g = new Graph();
    const weights = new Map(model.weights.map(({ name, shape }) => [name, g.input(name, shape)]));
    return model.build(g, g.input(INPUTS, [count, ...inputShape]), (name) => weights.get(name)!)
      .shape;
  };
  const set = (count: number): PointSet | null => {
    const shape = shapeFor(count);
    if (sizeOf(shape) === 1) return { role: 'loss', points: 1, largestBatch: 1 };
    if (shape[0] !== count) return null;
    return { role: 'loss', points: samples, largestBatch: LARGEST_BATCH };
  };
  if (samples > MOST_ASKED) {
    // All of them may be more than can be computed with at once.
    try {
      const found = set(LARGEST_BATCH);
      if (found !== null) return found;
    } catch (error) {
      // Perhaps it is made for this number of samples.
      if (!(error instanceof InputError)) throw error;
    }
  }
  const found = set(samples);
  if (found !== null) return found;
  throw new InputError(
    `${model.path} gives [${shapeFor(samples).join(', ')}] for ${samples} samples, which is no loss; let it give one number, or one for each sample.`,
    'mismatch',
  );
}

/** The graph's own output as the loss. */
export class OutputTerm implements LossTerm {
  readonly #data: OutputData;

  constructor(data: OutputData) {
    this.#data = data;
  }

  build(g: Graph, network: Network, batch: number): TermNodes {
    const { inputShape } = this.#data;
    const output = network(g.input(INPUTS, [this.#count(batch), ...inputShape]));
    const losses: Node = g.reshape(output, [batch, sizeOf(output.shape) / batch]);
    return { losses: g.mean(losses, [1]), measured: new Map() };
  }

  inputs({ start, size }: Batch): ReadonlyMap<string, FloatArray> {
    const { inputs, inputShape } = this.#data;
    const count = this.#count(size);
    const [only] = inputs;
    if (inputs.length === 1) return new Map([[INPUTS, samplesAt(only!, start, count)]]);
    const width = sizeOf(inputShape);
    const joined = new Float32Array(count * width);
    let offset = 0;
    for (const array of inputs) {
      const values = samplesAt(array, start, count);
      const own = sizeOf(array.shape);
      for (let row = 0; row < count; row += 1) {
        joined.set(values.subarray(row * own, (row + 1) * own), row * width + offset);
      }
      offset += own;
    }
    return new Map([[INPUTS, joined]]);
  }

  measure(): Measures {
    return NOTHING_MEASURED;
  }

  /** Samples of a batch: all of them where they make one number. */
  #count(batch: number): number {
    const { sets, samples } = this.#data;
    return sets[0]!.points === 1 ? samples : batch;
  }
}
