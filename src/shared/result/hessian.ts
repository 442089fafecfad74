import type { TermCurvature } from './metrics';

export interface Hessian {
  /** By value, largest first. */
  readonly eigenvalues: readonly Eigenvalue[];
  /** The most negative end of the spectrum. */
  readonly smallest: Eigenvalue;
  /** As many from the other end, smallest first. Absent in documents of older versions. */
  readonly lowest?: readonly Eigenvalue[];
  /** As many by their absolute values, largest first. Absent in documents of older versions. */
  readonly largestMagnitude?: readonly Eigenvalue[];
  readonly trace: Estimate;
  /** Every tensor, and every group of tensors under one name. Absent in documents of older versions. */
  readonly layers?: readonly LayerCurvature[];
  readonly density: Density;
  /** Where the checkpoint says its optimizer, and that is gradient descent. */
  readonly edgeOfStability?: EdgeOfStability;
  /** What the terms of the loss are of it: differential equations only. */
  readonly terms?: readonly TermCurvature[];
  /** Hessian-vector products on the whole data that all of this cost. */
  readonly products: number;
  readonly lanczosSteps: number;
  readonly probes: number;
}

/** λmax beside the curvature above which descent with this learning rate diverges on a quadratic. */
export interface EdgeOfStability {
  readonly learningRate: number;
  /** 0 where there is none. */
  readonly momentum: number;
  /** 2/η; with momentum β 2(1+β)/η, with Nesterov's 2(1+β)/(η(1+2β)). */
  readonly bound: number;
  /** λmax. */
  readonly sharpness: number;
  /** `edge` within a tenth of the bound. */
  readonly state: 'stable' | 'edge' | 'unstable';
}

export interface Eigenvalue {
  readonly value: number;
  /** ‖Hv − λv‖ of the Ritz pair: an eigenvalue lies within this distance. */
  readonly residual: number;
  readonly converged: boolean;
  /**
   * Standard error of the value over evaluation sets of this size: what the data leave open. Of the
   * first of the largest only, and absent where the data are no independent samples or too few.
   */
  readonly samplingError?: number;
}

export interface Estimate {
  readonly value: number;
  /** Standard error of the mean over samples; 0 where the value is exact. */
  readonly standardError: number;
  /** Independent samples it is a mean of; 0 where it is exact. */
  readonly samples: number;
  /** Holds the true value with 95 %, by Student's t. Absent in documents of older versions. */
  readonly interval?: Interval;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The diagonal block of the Hessian that belongs to some of the parameters. */
export interface LayerCurvature {
  /** A tensor's name, or what the names of a group begin with, followed by `.*`. */
  readonly name: string;
  readonly parameters: number;
  readonly trace: { readonly value: number; readonly standardError: number };
}

/** Eigenvalue density by stochastic Lanczos quadrature; it integrates to 1. */
export interface Density {
  readonly grid: readonly number[];
  readonly values: readonly number[];
  /** Standard deviation of the Gaussian the nodes were smoothed with. */
  readonly sigma: number;
  /** Ritz values and their weights, averaged over the probes: what was smoothed. */
  readonly nodes: readonly { readonly value: number; readonly weight: number }[];
  /**
   * At each point of the grid what holds the density of all eigenvalues, smoothed alike, with 95 %.
   * Absent in documents of older versions, and where one step is all there was.
   */
  readonly band?: { readonly low: readonly number[]; readonly high: readonly number[] };
}
