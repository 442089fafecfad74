import { InputError } from '../../shared/inputError';
import type { Model } from '../graph/model';
import type { PlaceUse } from '../graph/onnx/importOnnx';
import type { Program } from '../graph/operations';
import { referenceRuntime } from '../runtime/reference';
import type { Executable, FloatArray, Runtime } from '../runtime/runtime';
import { zerosLike } from '../tensor';
import { derivativeBatches, splitBatches, type Batch } from './batches';
import { liveElements, outputElements, termElements } from './evaluationMemory';
import type { LossData } from './lossData';
import {
  DERIVATIVE,
  DIRECTION,
  LossGraph,
  momentNames,
  type Differentiated,
  type Normalisation,
} from './lossGraph';
import { LOSSES, type LossTerm, type Measures } from './lossTerm';
import { locate, type NonFinitePlace } from './nonFinitePlace';
import type { WeightLayout } from './weights';
import { MomentSum, WHOLE_ELEMENTS, wholeSets } from './wholeSetStatistics';

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
}
