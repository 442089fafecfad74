import type { Scalar } from './scalar';

/** How the model does on the evaluation data, or at the collocation points. */
export interface Metrics {
  /** Mean loss over the samples; of a differential equation the weighted sum of its terms. */
  readonly loss: Scalar;
  /**
   * Standard error of the loss over evaluation sets of this size; absent where the data are no
   * independent samples, too few, or of weights that are not all the same.
   */
  readonly samplingError?: number;
  /** Share of targets the output is right about, in [0, 1]; where targets are classes or labels. */
  readonly accuracy?: number;
  /** Targets that count, where they are not one for each sample. */
  readonly targets?: number;
  /** Set where all outputs are probabilities, as after a softmax or a sigmoid. */
  readonly outputsAreProbabilities?: boolean;
  /** Mean absolute error; regression and differential equations only. */
  readonly error?: Scalar;
  /** The error of the function that is 0 everywhere, to judge `error` by; equations only. */
  readonly zeroError?: Scalar;
  /** What the loss is a sum of: differential equations only. */
  readonly terms?: readonly Term[];
  /** The largest |u| of the unknowns at points of the domain; equations only. */
  readonly largest?: number;
  /** Number of samples the figures are means of. */
  readonly samples: number;
}

/** One condition of a differential equation: `weight` × `value` is its share of the loss. */
export interface Term {
  readonly kind: 'residual' | 'initial' | 'boundary' | 'data';
  /** As basin.json states it. */
  readonly expression: string;
  readonly weight: number;
  /** Mean square over the points it is taken at. */
  readonly value: Scalar;
  readonly points: number;
  /** The first of its points where it is no finite number, where there is one. */
  readonly notFiniteAt?: readonly number[];
}

/** What one term of a loss is of its gradient and its largest curvature. */
export interface TermCurvature extends Pick<Term, 'kind' | 'expression'> {
  /** Length of the gradient of `weight` × the term. */
  readonly gradient: number;
  /** vᵀHv of `weight` × the term along the first eigenvector: they add up to the eigenvalue. */
  readonly curvature: number;
}
