import type { Scalar } from './scalar';

export interface Landscape {
  /**
   * One for each dimension. Both ends are points of the grid, and so are the centre and the other
   * ends of lines and sides of planes through checkpoints.
   */
  readonly axes: readonly Axis[];
  readonly directions: Directions;
  /** Steps along each axis: the shape of `values`. */
  readonly shape: readonly number[];
  /**
   * Loss at c + Σ αᵢδᵢ in C order, c the centre: the last axis is the fastest. `null` where a point
   * has not been evaluated yet, which only happens in documents sent while an analysis runs. Where
   * `refinement` is set, points that it does not list as evaluated are interpolated.
   */
  readonly values: readonly (Scalar | null)[];
  /** How many loss evaluations the values and their noise cost. */
  readonly evaluations: number;
  /**
   * Standard deviation of a value's rounding noise as a share of it, measured by moving every
   * weight by its own rounding error at some of the points; `null` until it has been.
   */
  readonly relativeNoise: number | null;
  /**
   * Set where BatchNorm normalised by the statistics of its input over the evaluation data at each
   * point, and not by those of the checkpoint: the value at the checkpoint is then not the loss in
   * `metrics`.
   */
  readonly batchNorm?: 'recompute';
  /**
   * The checkpoints of the run in its order, projected into the landscape; where the landscape is
   * one they can be compared in.
   */
  readonly trajectory?: readonly ProjectedCheckpoint[];
  /** Set where not every point was evaluated: the other values are interpolated. */
  readonly refinement?: Refinement;
}

/** How a landscape was refined, and how sure its topology is. */
export interface Refinement {
  /** Points of the grid that were evaluated, of `gridPoints`. */
  readonly evaluations: number;
  readonly gridPoints: number;
  /**
   * Which points were evaluated, in C order: lengths of runs, first of those that were (it may be
   * 0), then of those that were not, and so on in turn.
   */
  readonly evaluated: readonly number[];
  /** Pairs of persistence above this are those of the whole grid. */
  readonly threshold: number;
  /** Given, or a hundredth of what lies between the smallest and the median loss of a coarse grid. */
  readonly thresholdSource: 'given' | 'relative';
  readonly rounds: number;
  /** Points each interpolation takes along its axis. */
  readonly interpolation: number;
  /** From coarse to fine. */
  readonly levels: readonly { readonly points: number; readonly evaluated: number }[];
  /** So many of the coarsest levels were evaluated whole. */
  readonly wholeLevels: number;
  /** Most steps from a point to the nearest evaluated one: what fits between is not seen. */
  readonly farthest: number;
  /** Errors of the predictions at points that were then evaluated. */
  readonly errors: PredictionErrors;
  /** The same at points drawn at random when all was decided: what the bars are worth. */
  readonly check: PredictionErrors;
  /** Minima of pairs that would not be certain if bars were as wide as the worst error of `check` asks for. */
  readonly undecided: readonly number[];
  /** Points that might then be further minima above the threshold. */
  readonly possibleMinima: number;
}

export interface PredictionErrors {
  readonly points: number;
  /** Errors larger than the error bar. */
  readonly beyond: number;
  /** In units of the loss. */
  readonly largest: number;
  /** Largest error as a share of its bar. */
  readonly largestRatio: number;
}

export interface Axis {
  readonly name: string;
  /** Coordinate of the first point, in units of the direction. */
  readonly min: number;
  readonly max: number;
  readonly steps: number;
}

export interface Directions {
  readonly kind: DirectionKind;
  /** Of random directions. */
  readonly normalization: 'filter' | 'layer' | 'none';
  /** Whether tensors with one axis move too under a normalisation; they do not if absent. */
  readonly biases?: 'zero' | 'keep';
  readonly seed: number;
  /** Euclidean length of each direction in parameter space. */
  readonly norms: readonly number[];
  /** Cosine between each pair of directions, (0,1), (0,2), … (1,2) …: 0 where orthogonal. */
  readonly cosines: readonly number[];
  /** Euclidean length of the centre, to judge the scale. */
  readonly parameterNorm: number;
  /** The checkpoint at coordinates 0 of a landscape that all share; else that of the document. */
  readonly center?: string;
  /** The checkpoint shared directions were made from; else the centre. */
  readonly reference?: string;
  /** Of each direction: Hessian directions only. */
  readonly eigenvalues?: readonly number[];
  /**
   * ‖Hv − λv‖ of each, and whether that is below 10⁻³|λ|: a direction of which it is not is no
   * eigenvector yet. Absent in documents of older versions.
   */
  readonly residuals?: readonly number[];
  readonly converged?: readonly boolean[];
  /**
   * Share of Σ‖θₖ − c‖² over the run that lies along each direction: trajectories only.
   */
  readonly explained?: readonly number[];
  /** The checkpoints it goes through: interpolation, curve and plane only. */
  readonly anchors?: readonly Anchor[];
  /** How a curve was found. */
  readonly curve?: CurveTraining;
}

export type DirectionKind =
  'random' | 'hessian' | 'trajectory' | 'interpolation' | 'bezier' | 'plane';

/** A checkpoint that lies in the landscape. */
export interface Anchor {
  readonly checkpoint: string;
  readonly coordinates: readonly number[];
}

export interface ProjectedCheckpoint {
  readonly checkpoint: string;
  /** Of the nearest point of the landscape's line, plane or space. */
  readonly coordinates: readonly number[];
  /** Euclidean distance from that point: what the picture does not show. */
  readonly residual: number;
  /** Euclidean distance from the centre: norm² = distance in the landscape² + residual². */
  readonly norm: number;
}

/** Training of a quadratic Bézier curve between two checkpoints. */
export interface CurveTraining {
  readonly learningRate: number;
  /** Mean loss over the places each step looked at, in the order of the steps. */
  readonly losses: readonly Scalar[];
  /** Largest loss on the curve, and on the straight line, less the larger of both ends. */
  readonly barrier: Scalar;
  readonly straightBarrier: Scalar;
  /** Loss on the straight line at the same places as `values`. */
  readonly straight: readonly Scalar[];
}
