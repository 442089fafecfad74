import { InputError } from '../../shared/inputError';
import type { Graph, Node } from '../graph/graph';
import { logSoftmax } from '../graph/softmax';
import type { FloatArray } from '../runtime/runtime';
import { sizeOf } from '../tensor';
import type { Batch } from './batches';
import type { EvaluationData } from './evaluationData';
import {
  NOTHING_MEASURED,
  TERM,
  type LossTerm,
  type Measures,
  type Network,
  type TermNodes,
} from './lossTerm';
import { samplesAt } from './sampleArray';

const INPUTS = `${TERM}inputs`;
const TARGETS = `${TERM}targets`;
const PREDICTION = `${TERM}prediction`;

/** Cross-entropy or squared error of the model's output with targets, sample by sample. */
export class SupervisedTerm implements LossTerm {
  readonly #data: EvaluationData;
  readonly #path: string;
  /** Of the model's output for one sample. */
  #outputShape: readonly number[] = [];

  /** @param path of the graph, for messages. */
  constructor(data: EvaluationData, path: string) {
    this.#data = data;
    this.#path = path;
  }

  build(g: Graph, network: Network, batch: number): TermNodes {
    const prediction = network(g.input(INPUTS, [batch, ...this.#data.inputs.shape]));
    if (prediction.shape[0] !== batch) {
      throw new InputError(
        `${this.#path}: the output [${prediction.shape.join(', ')}] does not keep the batch as its first axis; export the model with a dynamic batch axis.`,
        'unsupported',
      );
    }
    this.#outputShape = prediction.shape.slice(1);
    const target = g.input(TARGETS, prediction.shape);
    return {
      losses: this.#losses(g, prediction, target),
      measured: new Map([[PREDICTION, prediction]]),
    };
  }

  #losses(g: Graph, prediction: Node, target: Node): Node {
    const { shape } = prediction;
    switch (this.#data.targets.kind) {
      case 'classes':
        // Targets are one-hot.
        if (shape.length !== 2) {
          throw new InputError(
            `${this.#path}: classification needs an output [batch, classes], not [${shape.join(', ')}]; choose another objective or export the logits.`,
            'mismatch',
          );
        }
        return g.neg(g.sum(g.mul(target, logSoftmax(g, prediction, 1)), [1]));
      case 'values': {
        const difference = g.sub(prediction, target);
        const squares = g.mul(difference, difference);
        const rest = shape.map((_, axis) => axis).slice(1);
        return rest.length === 0 ? squares : g.mean(squares, rest);
      }
    }
  }

  inputs({ start, size }: Batch): ReadonlyMap<string, FloatArray> {
    return new Map<string, FloatArray>([
      [INPUTS, samplesAt(this.#data.inputs, start, size)],
      [TARGETS, this.#targets(start, size)],
    ]);
  }

  /** What the loss compares the prediction with: one-hot rows, or values of its shape. */
  #targets(start: number, size: number): FloatArray {
    const { kind, array } = this.#data.targets;
    const width = sizeOf(this.#outputShape);
    if (kind === 'values') {
      if (sizeOf(array.shape) !== width) {
        throw new InputError(
          `The targets have shape [${array.shape.join(', ')}] for each sample and ${this.#path} gives [${this.#outputShape.join(', ')}]; they must be the same.`,
          'mismatch',
        );
      }
      return samplesAt(array, start, size);
    }
    const rows = new Float32Array(size * width);
    samplesAt(array, start, size).forEach((target, sample) => {
      if (target >= width) {
        throw new InputError(
          `Sample ${start + sample} is of class ${target} and ${this.#path} has ${width} classes, counted from 0; check the targets.`,
          'mismatch',
        );
      }
      rows[sample * width + target] = 1;
    });
    return rows;
  }

  measure(outputs: ReadonlyMap<string, FloatArray>, { start, size }: Batch): Measures {
    const prediction = outputs.get(PREDICTION)!;
    const width = prediction.length / size;
    const { kind, array } = this.#data.targets;
    const targets = samplesAt(array, start, size);
    let correct = 0;
    let absoluteError = 0;
    for (let sample = 0; sample < size; sample += 1) {
      const row = prediction.subarray(sample * width, (sample + 1) * width);
      if (kind === 'classes') {
        if (argmax(row) === targets[sample]) correct += 1;
      } else {
        for (let i = 0; i < width; i += 1) {
          absoluteError += Math.abs(row[i]! - targets[sample * width + i]!) / width;
        }
      }
    }
    return { ...NOTHING_MEASURED, correct, absoluteError };
  }
}

function argmax(row: FloatArray): number {
  let best = 0;
  for (let i = 1; i < row.length; i += 1) if (row[i]! > row[best]!) best = i;
  return best;
}
