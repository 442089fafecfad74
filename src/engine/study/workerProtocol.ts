import type { InputErrorReason } from '../../shared/inputError';
import type { Batch } from '../objective/batches';
import type { LossData } from '../objective/lossData';
import type { BatchMetrics } from '../objective/lossEvaluator';
import type { WeightLayout } from '../objective/weights';

/** A loss problem as it crosses to a worker. */
export interface ProblemMessage {
  /** Of everything but the weights: problems with the same key share their compiled programs. */
  readonly programs: string;
  readonly model: Uint8Array;
  readonly modelPath: string;
  readonly data: LossData;
  readonly parameters: WeightLayout;
  readonly buffers: WeightLayout;
  readonly bufferValues: Float32Array;
  readonly theta: Float32Array;
}

/** Work of one worker. Each kind's answer is in `Answers`. */
export type Task =
  | { readonly kind: 'metrics'; readonly batch: Batch }
  /**
   * The loss at θ + Σ αᵢδᵢ for each list of coordinates; the buffers there are b + Σ mᵢβᵢ for each
   * list of `mixes`, and b without any.
   */
  | {
      readonly kind: 'losses';
      readonly coordinates: readonly (readonly number[])[];
      readonly mixes?: readonly (readonly number[])[];
    }
  /**
   * The loss at the same points with every weight moved by about its own rounding error: what
   * differs is the noise of computing in single precision.
   */
  | {
      readonly kind: 'perturbedLosses';
      readonly coordinates: readonly (readonly number[])[];
      readonly mixes?: readonly (readonly number[])[];
      readonly seed: number;
    }
  | { readonly kind: 'gradient'; readonly batch: Batch }
  /** The loss, and the gradient of the sum over a batch, at a point of its own. */
  | { readonly kind: 'pointLoss'; readonly theta: Float32Array; readonly mix: readonly number[] }
  | {
      readonly kind: 'pointGradient';
      readonly theta: Float32Array;
      readonly mix: readonly number[];
      readonly batch: Batch;
    }
  /** H·v of the sum of the losses of a batch, at θ. */
  | { readonly kind: 'product'; readonly v: Float32Array; readonly batch: Batch };

export interface Answers {
  readonly metrics: BatchMetrics;
  readonly losses: readonly number[];
  readonly perturbedLosses: readonly number[];
  readonly gradient: Float32Array;
  readonly pointLoss: number;
  readonly pointGradient: Float32Array;
  readonly product: Float32Array;
}

export type ToWorker =
  | { readonly type: 'problem'; readonly problem: ProblemMessage }
  | {
      readonly type: 'directions';
      /** δᵢ, of the length of θ. */
      readonly directions: readonly Float64Array[];
      /** βᵢ, of the length of the buffers. */
      readonly bufferDirections: readonly Float64Array[];
    }
  | { readonly type: 'task'; readonly id: number; readonly task: Task };

export type FromWorker =
  | { readonly type: 'done'; readonly id: number; readonly answer: Answers[Task['kind']] }
  | {
      readonly type: 'failed';
      readonly id: number;
      readonly message: string;
      /** Set where the message is for the user. */
      readonly reason: InputErrorReason | null;
      readonly stack: string | null;
    };
