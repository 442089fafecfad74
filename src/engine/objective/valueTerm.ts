import type { Graph } from '../graph/graph';
import type { Node } from '../graph/operations';
import type { FloatArray } from '../runtime/runtime';
import type { Batch } from './batches';
import { NOTHING_MEASURED, TERM, type LossTerm, type Measures, type Network } from './lossTerm';
import { samplesAt } from './sampleArray';
import { inputNodes, inputValues, type NamedSamples } from './sampleInputs';
import type { ValueTargets } from './valueTargets';

const TARGETS = `${TERM}targets`;
/** Factors of softplus(−x) and softplus(x). */
const POSITIVE = `${TERM}positive`;
const NEGATIVE = `${TERM}negative`;
const PREDICTION = `${TERM}prediction`;

/** A loss of each element of the output with its target; that of a sample is their mean. */
export class ValueTerm implements LossTerm {
  private readonly networkInputs: readonly NamedSamples[];
  private readonly targets: ValueTargets;

  constructor(inputs: readonly NamedSamples[], targets: ValueTargets) {
    this.networkInputs = inputs;
    this.targets = targets;
  }

  build(g: Graph, network: Network, batch: number) {
    const prediction = network(inputNodes(g, this.networkInputs, batch))[0]!;
    const rest = prediction.shape.map((_, axis) => axis).slice(1);
    const each = this.each(g, prediction);
    return {
      losses: rest.length === 0 ? each : g.mean(each, rest),
      outputs: [prediction],
      measured: new Map([[PREDICTION, prediction]]),
    };
  }

  private each(g: Graph, x: Node): Node {
    if (this.targets.kind === 'labels') {
      // −w y log σ(x) − (1 − y) log(1 − σ(x)), which no x takes to infinity.
      const [positive, negative] = [g.input(POSITIVE, x.shape), g.input(NEGATIVE, x.shape)];
      return g.add(g.mul(positive, g.softplus(g.neg(x))), g.mul(negative, g.softplus(x)));
    }
    const { loss, delta } = this.targets;
    const difference = g.sub(x, g.input(TARGETS, x.shape));
    const squares = g.mul(difference, difference);
    if (loss === 'squared') return squares;
    const size = g.abs(difference);
    if (loss === 'absolute') return size;
    // Huber 1964, as `torch.nn.HuberLoss` has it.
    const linear = g.mul(g.scalar(delta), g.sub(size, g.scalar(delta / 2)));
    return g.where(g.less(size, g.scalar(delta)), g.mul(g.scalar(0.5), squares), linear);
  }

  inputs({ start, size }: Batch): ReadonlyMap<string, FloatArray> {
    const inputs = inputValues(this.networkInputs, start, size);
    const targets = samplesAt(this.targets.array, start, size);
    if (this.targets.kind === 'values') return inputs.set(TARGETS, targets);
    const { positiveWeights: weights, smoothing } = this.targets;
    const smooth = (y: number): number => (1 - smoothing) * y + smoothing / 2;
    const factors = Float64Array.from(targets, (y, i) => smooth(y) * weights[i % weights.length]!);
    return inputs.set(POSITIVE, factors).set(
      NEGATIVE,
      Float64Array.from(targets, (y) => 1 - smooth(y)),
    );
  }

  measure(outputs: ReadonlyMap<string, FloatArray>, { start, size }: Batch): Measures {
    const prediction = outputs.get(PREDICTION)!;
    const targets = samplesAt(this.targets.array, start, size);
    if (this.targets.kind === 'labels') {
      let [correct, normalised] = [0, 0];
      for (const [i, x] of prediction.entries()) {
        if (x > 0 === targets[i]! > 0.5) correct += 1;
        if (x >= 0 && x <= 1) normalised += 1;
      }
      return { ...NOTHING_MEASURED, correct, counted: prediction.length, normalised };
    }
    let sum = 0;
    for (const [i, x] of prediction.entries()) sum += Math.abs(x - targets[i]!);
    return { ...NOTHING_MEASURED, absoluteError: (sum * size) / prediction.length };
  }
}
