import type { Configuration } from '../../../shared/configuration';
import type { InputErrorReason } from '../../../shared/inputError';
import type { Topology } from '../../../shared/result/topology';
import type { CurvatureMatrix } from '../../graph/gaussNewton';
import type { SliceWork } from '../../hessian/vectorSlices';
import type { Message } from '../../../shared/words/message';
import type { DirectionPart } from '../../landscape/directions';
import type { Batch } from '../../objective/batches';
import type { LossData } from '../../objective/lossData';
import type { BatchMetrics } from '../../objective/lossProblem';
import type { Differentiated } from '../../objective/lossGraph';
import type { NonFinitePlace } from '../../objective/nonFinitePlace';
import type { WeightLayout } from '../../objective/weights';
import type { ChosenRuntime } from '../../runtime/chooseRuntime';
import type { FloatArray } from '../../tensor';
import type { TopologyOptions } from '../../topology/analyzeTopology';

/** What a worker computes with, for as long as it lives. */
export interface WorkerRuntime {
  readonly runtime: ChosenRuntime;
  /** Of one operation. */
  readonly threads: number;
  /** Shared: the number of a task that nobody waits for any more. */
  readonly left: Int32Array;
}

/** A loss problem as it crosses to a worker. */
export interface ProblemMessage {
  /** Of everything but the weights: problems with the same key share their compiled programs. */
  readonly programs: string;
  readonly model: Uint8Array;
  readonly modelPath: string;
  /** Which of the model's outputs are computed. */
  readonly outputs: readonly string[];
  readonly data: LossData;
  readonly parameters: WeightLayout;
  readonly buffers: WeightLayout;
  readonly bufferValues: FloatArray;
  readonly theta: FloatArray;
}

/** Values in shared memory; the same number is the same values. */
export interface NumberedVector {
  readonly number: number;
  readonly values: FloatArray;
}

/** Which statistics BatchNorm normalises by at a point of a landscape: stored ones if absent. */
export type BatchNorm = Configuration['landscape']['batchNorm'];

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
      readonly batchNorm?: BatchNorm;
    }
  /**
   * The loss at the same points with every weight moved by about its own rounding error: what
   * differs is the noise of computing in the runtime's precision.
   */
  | {
      readonly kind: 'perturbedLosses';
      readonly coordinates: readonly (readonly number[])[];
      readonly mixes?: readonly (readonly number[])[];
      readonly batchNorm?: BatchNorm;
      readonly seed: number;
    }
  | { readonly kind: 'gradient'; readonly batch: Batch }
  /** vᵀHv of the loss of each point of a batch, at θ. */
  | {
      readonly kind: 'curvatures';
      readonly direction: NumberedVector;
      readonly batch: Batch;
    }
  /** The loss, and the gradient of the sum over a batch, at a point of its own. */
  | {
      readonly kind: 'pointLoss';
      readonly theta: FloatArray;
      readonly mix: readonly number[];
    }
  | {
      readonly kind: 'pointGradient';
      readonly theta: FloatArray;
      readonly mix: readonly number[];
      readonly batch: Batch;
    }
  /** How many bytes a kind of work takes in a worker at its peak, before any is taken. */
  | { readonly kind: 'memory'; readonly work: Work }
  /** A part of a random direction, written into memory that all see. */
  | { readonly kind: 'direction'; readonly part: DirectionPart }
  /** A part of what is done with long vectors, in memory that all see. */
  | { readonly kind: 'slice'; readonly slice: SliceWork }
  /** Where the loss, its gradient or its second derivatives stop being finite at θ. */
  | { readonly kind: 'nonFinite'; readonly of: Differentiated; readonly batch: Batch }
  /** Of a large landscape, so that it can be stopped. */
  | {
      readonly kind: 'topology';
      readonly values: Float64Array;
      readonly shape: readonly number[];
      readonly options: TopologyOptions;
    }
  /**
   * H·v of the sum of the losses of a batch, at θ, for each of some directions, or the products with
   * another matrix.
   */
  | {
      readonly kind: 'products';
      readonly matrix?: CurvatureMatrix;
      readonly directions: readonly NumberedVector[];
      readonly batch: Batch;
    };

export interface Answers {
  readonly metrics: BatchMetrics;
  readonly losses: readonly number[];
  readonly perturbedLosses: readonly number[];
  readonly gradient: FloatArray;
  readonly curvatures: FloatArray;
  readonly pointLoss: number;
  readonly pointGradient: FloatArray;
  readonly products: readonly FloatArray[];
  readonly topology: Topology;
  readonly direction: null;
  readonly slice: Float64Array;
  readonly nonFinite: NonFinitePlace | null;
  readonly memory: number;
}

export type ToWorker =
  | { readonly type: 'problem'; readonly problem: ProblemMessage }
  | {
      readonly type: 'directions';
      /** δᵢ, of the length of θ. */
      readonly directions: readonly FloatArray[];
      /** βᵢ, of the length of the buffers. */
      readonly bufferDirections: readonly Float64Array[];
    }
  | { readonly type: 'task'; readonly id: number; readonly task: Task };

/** What a task makes a worker keep programs and values for. */
export type Work = 'values' | 'recomputed values' | 'derivatives';

/** @returns null for tasks that need little memory. */
export function workOf(task: Task): Work | null {
  switch (task.kind) {
    case 'losses':
    case 'perturbedLosses':
      return task.batchNorm === 'recompute' ? 'recomputed values' : 'values';
    case 'metrics':
    case 'pointLoss':
      return 'values';
    case 'gradient':
    case 'curvatures':
    case 'pointGradient':
    case 'products':
      return 'derivatives';
    case 'nonFinite':
      return task.of === 'loss' ? 'values' : 'derivatives';
    case 'direction':
    case 'memory':
    case 'slice':
    case 'topology':
      return null;
  }
}

/** What tasks are of that share what a worker keeps; null for those that share nothing. */
export function sharedBy(task: Task): string | null {
  if (task.kind !== 'products') return null;
  const { matrix = 'hessian', batch } = task;
  return `${matrix} ${batch.set} ${batch.start} ${batch.size}`;
}

export type FromWorker =
  /** The runtime is loaded. */
  | { readonly type: 'ready' }
  /** Sent before the first task of a kind of work is computed. */
  | { readonly type: 'memory'; readonly work: Work; readonly bytes: number }
  | {
      readonly type: 'done';
      readonly id: number;
      readonly answer: Answers[Task['kind']];
      /** Whether what the task shares with others of its batch is kept. */
      readonly keeps: boolean;
    }
  | {
      readonly type: 'failed';
      readonly id: number;
      readonly message: string;
      /** Set where the message is for the user. */
      /** What the user can put right; `null` for a fault of Basin. */
      readonly input: { readonly said: Message; readonly reason: InputErrorReason } | null;
      readonly stack: string | null;
    };
