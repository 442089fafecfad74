import type { FloatArray } from '../runtime/runtime';
import { lossBatches, type PointSet } from './batches';
import { liveElements, termElements } from './evaluationMemory';
import type { LossProblem } from './lossProblem';
import { LossGraph } from './lossGraph';

/**
 * Elements up to which all samples are evaluated in one run, where statistics are to be those of all
 * of them: a gigabyte in float32.
 */
export const WHOLE_ELEMENTS = 2 ** 28;

/**
 * The sets in one batch each, so that statistics of a batch are those of the set; null where that
 * would take too much memory. It depends on the problem alone, not on the machine.
 *
 * @param most elements of data and intermediate values in one run.
 */
export function wholeSets(problem: LossProblem, most: number): readonly PointSet[] | null {
  const { sets } = problem.data;
  const batches = lossBatches(sets);
  if (batches.length === sets.length) return sets;
  const { model, parameters, buffers, terms } = problem;
  let elements = 0;
  for (const [set, { points }] of sets.entries()) {
    const { size } = batches.find((batch) => batch.set === set)!;
    const graph = new LossGraph(model, parameters, buffers, terms[set]!, size, 'batch');
    const value = graph.value();
    elements = Math.max(elements, ((liveElements(value) + termElements(value)) / size) * points);
  }
  if (elements > most) return null;
  return sets.map((set) => ({ ...set, largestBatch: set.points }));
}

/** Mean and biased variance of each of some channels, from those of parts (Chan et al. 1983). */
export class MomentSum {
  readonly mean: Float64Array;
  private readonly squares: Float64Array;
  private count = 0;

  constructor(channels: number) {
    this.mean = new Float64Array(channels);
    this.squares = new Float64Array(channels);
  }

  add(count: number, mean: FloatArray, variance: FloatArray): void {
    const total = this.count + count;
    for (let c = 0; c < this.mean.length; c += 1) {
      const difference = mean[c]! - this.mean[c]!;
      this.squares[c]! +=
        count * variance[c]! + (difference * difference * this.count * count) / total;
      this.mean[c]! += (difference * count) / total;
    }
    this.count = total;
  }

  variance(): Float64Array {
    return this.squares.map((square) => square / this.count);
  }
}
