import type { Graph } from '../graph/graph';
import type { Node } from '../graph/operations';
import { shiftedLogits } from '../graph/softmax';
import type { FloatArray } from '../runtime/runtime';
import { sizeOf } from '../tensor';
import type { Batch } from './batches';
import type { ClassTargets } from './classTargets';
import { NOTHING_MEASURED, TERM, type LossTerm, type Measures, type Network } from './lossTerm';
import { samplesAt } from './sampleArray';
import { inputNodes, inputValues, type NamedSamples } from './sampleInputs';

/** Class indices, 0 where they do not count; and probabilities. */
const TARGETS = `${TERM}targets`;
/** Factor of each place's −log p, and 1 where the place counts. */
const FACTORS = `${TERM}factors`;
const COUNTS = `${TERM}counts`;
const CHOICE = `${TERM}choice`;
const SUM = `${TERM}sum`;
const FLOOR = `${TERM}least`;

/**
 * Softmax cross-entropy as `torch.nn.CrossEntropyLoss` has it: of the place p with the class t the
 * loss (1 − ε) wₜ (−log pₜ) + ε/C Σ w_c (−log p_c); its mean is over Σ wₜ of the places that
 * count, and with probabilities for targets over the number of places.
 */
export class ClassTerm implements LossTerm {
  private readonly networkInputs: readonly NamedSamples[];
  private readonly targets: ClassTargets;

  constructor(inputs: readonly NamedSamples[], targets: ClassTargets) {
    this.networkInputs = inputs;
    this.targets = targets;
  }

  build(g: Graph, network: Network, batch: number) {
    const { axis, isSoft } = this.targets;
    const x = network(inputNodes(g, this.networkInputs, batch))[0]!;
    const { shifted, logSum } = shiftedLogits(g, x, axis);
    const places = isSoft ? this.soft(g, shifted, logSum) : this.hard(g, shifted, logSum);
    const rest = x.shape.map((_, other) => other).slice(1);
    return {
      losses: g.sum(places, rest),
      outputs: [x],
      measured: new Map([
        [CHOICE, g.argmax(x, axis)],
        [SUM, g.sum(x, [axis], true)],
        [FLOOR, g.neg(g.max(g.neg(x), [axis]))],
      ]),
    };
  }

  /** Losses of places, with an axis of one for the classes. */
  private hard(g: Graph, shifted: Node, logSum: Node): Node {
    const { classes, smoothing, weights, ignore } = this.targets;
    const target = g.input(TARGETS, logSum.shape);
    const own = g.sub(logSum, this.picked(g, shifted, target));
    if (smoothing === 0 && weights === null && ignore === null) return own;
    let losses = g.mul(g.input(FACTORS, logSum.shape), own);
    const counts = g.input(COUNTS, logSum.shape);
    if (smoothing > 0) {
      const all = this.overClasses(g, shifted, logSum, this.classFactors(g, shifted.shape));
      losses = g.add(losses, g.mul(counts, g.mul(g.scalar(smoothing / classes), all)));
    }
    // What does not count must not spoil the sum, whatever it is.
    return ignore === null ? losses : g.where(counts, losses, g.scalar(0));
  }

  private soft(g: Graph, shifted: Node, logSum: Node): Node {
    const { smoothing, classes } = this.targets;
    const given = g.input(TARGETS, shifted.shape);
    const target =
      smoothing === 0
        ? given
        : g.add(g.mul(g.scalar(1 - smoothing), given), g.scalar(smoothing / classes));
    const factors = this.classFactors(g, shifted.shape);
    return this.overClasses(g, shifted, logSum, factors === null ? target : g.mul(target, factors));
  }

  /** Σ_c f_c (−log p_c) */
  private overClasses(g: Graph, shifted: Node, logSum: Node, factors: Node | null): Node {
    const each = g.sub(logSum, shifted);
    return g.sum(factors === null ? each : g.mul(factors, each), [this.targets.axis], true);
  }

  /** The weights of the classes along their axis. */
  private classFactors(g: Graph, shape: readonly number[]): Node | null {
    const { axis, weights } = this.targets;
    if (weights === null) return null;
    const along = shape.map((extent, other) => (other === axis ? extent : 1));
    return g.constant(Float64Array.from(weights), along);
  }

  /** The value of the class of each place, with an axis of one for the classes. */
  private picked(g: Graph, x: Node, target: Node): Node {
    const { axis, classes } = this.targets;
    if (axis === x.shape.length - 1) {
      const count = sizeOf(target.shape);
      const found = g.take(g.reshape(x, [count, classes, 1]), g.reshape(target, [count, 1]));
      return g.reshape(found, target.shape);
    }
    // Turning the classes to the end would take longer, in every product again.
    const along = x.shape.map((extent, other) => (other === axis ? extent : 1));
    const numbers = g.constant(
      Float64Array.from({ length: classes }, (_, c) => c),
      along,
    );
    return g.sum(g.where(g.equal(target, numbers), x, g.scalar(0)), [axis], true);
  }

  inputs({ start, size }: Batch): ReadonlyMap<string, FloatArray> {
    const { array, isSoft, smoothing, weights, ignore } = this.targets;
    const inputs = inputValues(this.networkInputs, start, size);
    const targets = samplesAt(array, start, size);
    if (isSoft) return inputs.set(TARGETS, targets);
    const indices = targets.map((target) => (target === ignore ? 0 : target));
    inputs.set(TARGETS, indices);
    if (smoothing === 0 && weights === null && ignore === null) return inputs;
    const counts = targets.map((target) => (target === ignore ? 0 : 1));
    inputs.set(COUNTS, counts);
    inputs.set(
      FACTORS,
      Float64Array.from(
        counts,
        (count, i) => count * (1 - smoothing) * (weights?.[indices[i]!] ?? 1),
      ),
    );
    return inputs;
  }

  measure(outputs: ReadonlyMap<string, FloatArray>, { start, size }: Batch): Measures {
    const { array, axis, isSoft, ignore, classes } = this.targets;
    const choice = outputs.get(CHOICE)!;
    const [sums, least] = [outputs.get(SUM)!, outputs.get(FLOOR)!];
    const given = samplesAt(array, start, size);
    const targets = isSoft ? largestAlong(given, classes, sizeOf(array.shape.slice(axis))) : given;
    let [correct, counted, normalised] = [0, 0, 0];
    for (let i = 0; i < choice.length; i += 1) {
      if (least[i]! >= 0 && Math.abs(sums[i]! - 1) < ROUNDING) normalised += 1;
      if (!isSoft && targets[i] === ignore) continue;
      counted += 1;
      if (choice[i] === targets[i]) correct += 1;
    }
    return { ...NOTHING_MEASURED, correct, counted, normalised };
  }
}

/** What float32 leaves of a sum that is 1. */
const ROUNDING = 1e-4;

/** Where the first of the largest values is along an axis of `classes`, of […, classes, inner]. */
function largestAlong(values: FloatArray, classes: number, inner: number): Float64Array {
  const largest = new Float64Array(values.length / classes);
  for (let place = 0; place < largest.length; place += 1) {
    const first = Math.floor(place / inner) * classes * inner + (place % inner);
    let best = 0;
    for (let c = 1; c < classes; c += 1) {
      if (values[first + c * inner]! > values[first + best * inner]!) best = c;
    }
    largest[place] = best;
  }
  return largest;
}
