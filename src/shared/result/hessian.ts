import type { TermCurvature } from './metrics';
import type { Scalar } from './scalar';

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
  // What follows is absent in documents of older versions.
  readonly gradient?: GradientFigures;
  /** The loss along the first eigenvectors: of the largest eigenvalues, largest first. */
  readonly profiles?: readonly LossProfile[];
  /** Where it was asked for. */
  readonly gaussNewton?: GaussNewton;
  /** Where it was asked for. */
  readonly fisher?: EmpiricalFisher;
  /** Where it was asked for; the largest eigenvalue of each block is with the block, in `layers`. */
  readonly offDiagonal?: OffDiagonal;
}

/** λmax beside the curvature above which descent with this learning rate diverges on a quadratic. */
export interface EdgeOfStability {
  /** Gradient descent if absent. */
  readonly optimizer?: 'adam';
  readonly learningRate: number;
  /** 0 where there is none; β₁ of Adam. */
  readonly momentum: number;
  /** 0 if absent. */
  readonly weightDecay?: number;
  /**
   * 2/η; with momentum β 2(1+β)/η, with Nesterov's 2(1+β)/(η(1+2β)); of Adam 2(1+β₁)/((1−β₁)η). What
   * weight decay takes from it is taken off.
   */
  readonly bound: number;
  /** λmax; of Adam that of P^(−½)HP^(−½), P what its steps are divided by. */
  readonly sharpness: number;
  /** Of the sharpness, where it is not λmax: an eigenvalue lies within it. */
  readonly residual?: number;
  /** `edge` within a tenth of the bound. */
  readonly state: 'stable' | 'edge' | 'unstable';
}

export interface Eigenvalue {
  readonly value: number;
  /** ‖Hv − λv‖ of the Ritz pair: an eigenvalue lies within this distance. */
  readonly residual: number;
  readonly converged: boolean;
  /**
   * Standard error of the value over evaluation sets of this size: what the data leave open, of which
   * 1.96 hold the truth with 95 %. Of the first of the largest only, and absent where the data are no
   * independent samples or too few.
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
  /** As that of an eigenvalue. */
  readonly samplingError?: number;
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
  /** ‖g‖ of its part of the gradient. Absent in documents of older versions. */
  readonly gradientNorm?: number;
  /** Of the block, where it was asked for. */
  readonly largest?: Eigenvalue;
  /** The trace of its block of the Gauss–Newton matrix, where it was asked for. */
  readonly gaussNewton?: { readonly value: number; readonly standardError: number };
}

/** The slope of the loss at θ. */
export interface GradientFigures {
  /** ‖g‖ of the gradient of the loss. That of each tensor and group is in `layers`. */
  readonly norm: number;
  /** gᵀHg/‖g‖²: the curvature along the gradient. Null where the gradient is zero. */
  readonly curvature: number | null;
  /** Null where the gradient is zero. */
  readonly ascent: Ascent | null;
}

/**
 * ε-sharpness by one step of steepest ascent: L(θ + ρ·g/‖g‖) − L(θ), the first-order solution of the
 * maximum over a ball (Foret et al. 2021, equation 2). The maximum itself is at least as large.
 */
export interface Ascent {
  /** ρ */
  readonly radius: number;
  readonly rise: Scalar;
}

/** L(θ + t·v), v of unit length. Beside it stands L(θ) + slope·t + eigenvalue·t²/2. */
export interface LossProfile {
  readonly eigenvalue: number;
  /** gᵀv */
  readonly slope: number;
  /** t, rising; 0 is in the middle. */
  readonly distances: readonly number[];
  readonly losses: readonly Scalar[];
}

/** G = JᵀH_zJ, J the derivative of the network's outputs z and H_z the Hessian of the loss in them. */
export interface GaussNewton {
  /** By value, largest first. */
  readonly eigenvalues: readonly Eigenvalue[];
  readonly trace: Estimate;
  /** What H has beyond G: Σ ∂ℓ/∂zₖ ∇²zₖ, the curvature of the network itself. */
  readonly rest: {
    readonly trace: { readonly value: number; readonly standardError: number };
    /** uᵀ(H − G)u along the first eigenvector u of G. */
    readonly curvature: number;
  };
  /**
   * The distribution of the targets whose negative log-likelihood the loss is: G is then the Fisher
   * information of the model's own distribution. Null where the loss is none.
   */
  readonly fisherOf: 'categorical' | 'bernoulli' | 'gaussian' | null;
  /** Products with G. */
  readonly products: number;
}

/**
 * The empirical Fisher: the outer products of the gradients of the samples' losses, averaged as the
 * losses are.
 */
export interface EmpiricalFisher {
  /** By value, largest first. */
  readonly eigenvalues: readonly Eigenvalue[];
  readonly trace: Estimate;
  readonly products: number;
}

/** How much of the Hessian couples one tensor with another. */
export interface OffDiagonal {
  /** Share of ‖H‖² (Frobenius) outside of the diagonal blocks of the tensors. */
  readonly share: number;
  readonly standardError: number;
  /** Holds the share with 95 %, by Student's t. */
  readonly interval: Interval;
  /** ‖H‖ (Frobenius) */
  readonly norm: number;
  /** Pairs of products. */
  readonly samples: number;
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
