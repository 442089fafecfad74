import type { Model } from '../graph/model';
import type { FloatArray } from '../runtime/runtime';
import type { LossData } from './lossData';
import type { LossTerm, Measures } from './lossTerm';
import type { WeightLayout } from './weights';

/** The loss of one model on one set of data, as a function of θ. */
export interface LossProblem {
  readonly model: Model;
  readonly data: LossData;
  /** One for each of the data's sets. */
  readonly terms: readonly LossTerm[];
  readonly parameters: WeightLayout;
  readonly buffers: WeightLayout;
  readonly bufferValues: FloatArray;
  /**
   * Whether every BatchNormalization takes the statistics of its input over all samples, at the θ
   * it is evaluated at, instead of those of the checkpoint; not if absent.
   */
  readonly recomputesStatistics?: boolean;
}

export interface BatchMetrics extends Measures {
  /** Σ of the losses. */
  readonly loss: number;
  /** Σ of their squares. */
  readonly lossSquares: number;
}
