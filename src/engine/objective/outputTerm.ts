import { InputError } from '../../shared/inputError';
import type { Graph } from '../graph/graph';
import type { Node } from '../graph/operations';
import type { Model } from '../graph/model';
import { say, type Message } from '../../shared/words/message';
import type { FloatArray } from '../runtime/runtime';
import { sizeOf } from '../tensor';
import type { Batch, PointSet } from './batches';
import { NOTHING_MEASURED, type LossTerm, type Measures, type Network } from './lossTerm';
import { outputShape, type ShapedInput } from './outputShape';
import { fixedBatch, inputNodes, inputValues, sampleSet, type NamedSamples } from './sampleInputs';

/** What a graph is given whose own output is the loss. */
export interface OutputData {
  readonly kind: 'output';
  /** One: the samples, or one point where the graph takes them all to one number. */
  readonly sets: readonly PointSet[];
  readonly samples: number;
  readonly inputs: readonly NamedSamples[];
  /** Full sentences about the data. */
  readonly notes: readonly Message[];
}

/** Samples up to which a graph is asked for its output of all of them. */
const MAX_ASKED = 1024;

/**
 * How a graph's own output is averaged: a number of the whole data is the loss as it is, an array
 * that keeps the samples holds theirs.
 *
 * @throws InputError where it is neither.
 */
export function outputSet(
  model: Model,
  inputs: readonly ShapedInput[],
  samples: number,
): { readonly set: PointSet; readonly notes: readonly Message[] } {
  const { set, notes } = sampleSet(model, samples);
  const shapeFor = (count: number): readonly number[] => outputShape(model, inputs, count);
  const setFor = (count: number): PointSet | null => {
    const shape = shapeFor(count);
    if (sizeOf(shape) === 1) return { role: 'loss', points: 1, largestBatch: 1 };
    return shape[0] === count ? set : null;
  };
  const together = Math.min(samples, set.largestBatch);
  if (samples > MAX_ASKED) {
    // All of them may be more than can be computed with at once.
    try {
      const found = setFor(together);
      if (found !== null) return { set: found, notes };
    } catch (error) {
      // Perhaps it is made for this number of samples.
      if (!(error instanceof InputError)) throw error;
    }
  }
  const fixed = fixedBatch(model);
  const found = setFor(fixed ?? samples);
  if (found !== null && found.points === 1 && fixed !== null && fixed !== samples) {
    throw new InputError(
      say`${model.path} takes exactly ${fixed} samples to one number and there are ${samples}; set "data.limit" to ${fixed}, or export the model with a dynamic batch axis.`,
      'mismatch',
    );
  }
  if (found !== null) return { set: found, notes };
  throw new InputError(
    say`${model.path} gives [${shapeFor(samples).join(', ')}] for ${samples} samples, which is no loss; let it give one number, or one for each sample.`,
    'mismatch',
  );
}

/** The graph's own output as the loss. */
export class OutputTerm implements LossTerm {
  private readonly data: OutputData;

  constructor(data: OutputData) {
    this.data = data;
  }

  build(g: Graph, network: Network, batch: number) {
    const output = network(inputNodes(g, this.data.inputs, this.count(batch)))[0]!;
    const losses: Node = g.reshape(output, [batch, sizeOf(output.shape) / batch]);
    return { losses: g.mean(losses, [1]), outputs: null, measured: new Map() };
  }

  inputs({ start, size }: Batch): ReadonlyMap<string, FloatArray> {
    return inputValues(this.data.inputs, start, this.count(size));
  }

  measure(): Measures {
    return NOTHING_MEASURED;
  }

  /** Samples of a batch: all of them where they make one number. */
  private count(batch: number): number {
    const { sets, samples } = this.data;
    return sets[0]!.points === 1 ? samples : batch;
  }
}
