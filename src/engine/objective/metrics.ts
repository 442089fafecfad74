import type { Metrics } from '../../shared/result/metrics';
import { toScalar } from '../../shared/result/scalar';
import { say, type Message } from '../../shared/words/message';
import type { Batch } from './batches';
import type { LossData } from './lossData';
import { isSample } from './isSample';
import type { BatchMetrics } from './lossProblem';
import { readPdeProblem } from './pde/pdeProblem';
import { errorNotes, problemNotes } from './pde/sanity';
import { zeroError } from './pde/zeroFunction';

/** The metrics of all data from those of its batches, in their order. */
export function measuredMetrics(
  data: LossData,
  batches: readonly Batch[],
  measured: readonly BatchMetrics[],
): Metrics {
  const sum = (value: (batch: BatchMetrics) => number, ofSet: (set: number) => boolean): number =>
    batches.reduce((total, { set }, i) => (ofSet(set) ? total + value(measured[i]!) : total), 0);
  const mean = (value: (batch: BatchMetrics) => number, ofSet: (set: number) => boolean): number =>
    batches.reduce(
      (total, { set }, i) =>
        ofSet(set) ? total + value(measured[i]!) / data.sets[set]!.points : total,
      0,
    );
  const isLoss = (set: number): boolean => data.sets[set]!.role === 'loss';
  const loss = toScalar(
    batches.reduce(
      (total, { set, share }, i) => (isLoss(set) ? total + share * measured[i]!.loss : total),
      0,
    ),
  );
  const { samples } = data;
  switch (data.kind) {
    case 'samples': {
      const error = lossError(data, batches, measured);
      const sure = error === null ? { loss } : { loss, samplingError: error };
      if (data.targets.kind === 'values') {
        return { ...sure, error: toScalar(mean((batch) => batch.absoluteError, isLoss)), samples };
      }
      const counted = sum((batch) => batch.counted, isLoss);
      const normalised = sum((batch) => batch.normalised, isLoss);
      return {
        ...sure,
        accuracy: sum((batch) => batch.correct, isLoss) / counted,
        ...(counted === samples ? {} : { targets: counted }),
        ...(normalised >= counted && counted > 1 ? { outputsAreProbabilities: true } : {}),
        samples,
      };
    }
    case 'output':
      return { loss, samples };
    case 'collocation': {
      const problem = readPdeProblem(data.objective, data.measurements !== null);
      const terms = problem.sets.flatMap(({ parts }, set) =>
        // One for each text: what is periodic is several conditions.
        [...new Set(parts.map(({ text }) => text))].map((expression) => {
          const same = [...parts.keys()].filter((part) => parts[part]!.text === expression);
          const { kind, weight } = parts[same[0]!]!;
          const value = mean(
            (batch) => same.reduce((total, part) => total + batch.squares[part]!, 0),
            (other) => other === set,
          );
          const { points } = data.sets[set]!;
          const [broken] = batches.flatMap((batch, i) =>
            batch.set === set ? same.flatMap((part) => measured[i]!.brokenAt[part] ?? []) : [],
          );
          const width = problem.notation.variables.length;
          const at = broken === undefined ? null : data.points[set]!.subarray(broken * width);
          return {
            kind,
            expression,
            weight,
            value: toScalar(value),
            points,
            ...(at === null ? {} : { notFiniteAt: [...at.subarray(0, width)] }),
          };
        }),
      );
      const largest = measured.reduce((most, batch) => Math.max(most, batch.largest), 0);
      if (problem.exact === null) return { loss, terms, largest, samples };
      const error = mean(
        (batch) => batch.absoluteError,
        (set) => !isLoss(set),
      );
      return {
        loss,
        error: toScalar(error),
        zeroError: toScalar(zeroError(problem, data)),
        terms,
        largest,
        samples,
      };
    }
  }
}

/** The standard error of the mean of the samples' losses; null where it is none. */
function lossError(
  data: LossData,
  batches: readonly Batch[],
  measured: readonly BatchMetrics[],
): number | null {
  const set = data.sets.findIndex(({ role }) => role === 'loss');
  const { points, weight = points } = data.sets[set]!;
  if (!isSample(data) || weight % points !== 0) return null;
  const own = measured.filter((_, i) => batches[i]!.set === set);
  const mean = own.reduce((sum, { loss }) => sum + loss, 0) / points;
  const square = own.reduce((sum, { lossSquares }) => sum + lossSquares, 0) / points;
  const variance = Math.max(0, square - mean * mean) / (points - 1);
  return Number.isFinite(variance) ? (Math.sqrt(variance) * points) / weight : null;
}

/** Sentences a reader needs to judge numbers on these data, and the metrics where there are some. */
export function lossNotes(data: LossData, metrics?: Metrics): readonly Message[] {
  if (data.kind !== 'collocation') {
    const isCoupled = data.sets.some((set) => set.isCoupled === true);
    if (metrics === undefined) return isCoupled ? [...data.notes, COUPLED] : data.notes;
    return metrics.outputsAreProbabilities === true ? [PROBABILITIES] : [];
  }
  const problem = readPdeProblem(data.objective, data.measurements !== null);
  return metrics === undefined ? problemNotes(problem, data) : errorNotes(problem, data, metrics);
}

const COUPLED = say`The network computes the loss of a sample from the others of its batch as well, so that losses and derivatives are those of the batches Basin evaluates, the whole set where memory allows; export the network in evaluation mode if that was not meant.`;

const PROBABILITIES = say`Every output is a probability (from 0 to 1, those of classes 1 together), and the loss takes outputs for logits: the graph seems to end in a softmax or a sigmoid, which is then applied twice; name the logits in "output" if so.`;
