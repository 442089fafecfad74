import { toScalar, type Metrics } from '../../shared/result';
import type { Batch } from './batches';
import type { LossData } from './lossData';
import type { BatchMetrics } from './lossEvaluator';
import { readPdeProblem } from './pde/pdeProblem';
import { zeroError } from './pde/zeroFunction';

/** The metrics of all data from those of its batches, in their order. */
export function measuredMetrics(
  data: LossData,
  batches: readonly Batch[],
  measured: readonly BatchMetrics[],
): Metrics {
  const mean = (value: (batch: BatchMetrics) => number, ofSet: (set: number) => boolean): number =>
    batches.reduce(
      (sum, { set, share }, i) => (ofSet(set) ? sum + share * value(measured[i]!) : sum),
      0,
    );
  const isLoss = (set: number): boolean => data.sets[set]!.role === 'loss';
  const loss = toScalar(mean((batch) => batch.loss, isLoss));
  const { samples } = data;
  switch (data.kind) {
    case 'samples':
      return data.targets.kind === 'classes'
        ? { loss, accuracy: mean((batch) => batch.correct, isLoss), samples }
        : { loss, error: toScalar(mean((batch) => batch.absoluteError, isLoss)), samples };
    case 'output':
      return { loss, samples };
    case 'collocation': {
      const problem = readPdeProblem(data.objective, data.measurements !== null);
      const terms = problem.sets.flatMap(({ parts }, set) =>
        parts.map(({ kind, text, weight }, part) => ({
          kind,
          expression: text,
          weight,
          value: toScalar(
            mean(
              (batch) => batch.squares[part]!,
              (other) => other === set,
            ),
          ),
          points: data.sets[set]!.points,
        })),
      );
      if (problem.exact === null) return { loss, terms, samples };
      const error = mean(
        (batch) => batch.absoluteError,
        (set) => !isLoss(set),
      );
      return {
        loss,
        error: toScalar(error),
        zeroError: toScalar(zeroError(problem, data)),
        terms,
        samples,
      };
    }
  }
}
