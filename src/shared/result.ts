import type { Precision } from './runtimeSetting';
import type { Source } from './sources';

/**
 * The result document: everything Basin knows about one checkpoint.
 *
 * It is what the engine writes, the cache keeps, `basin analyze --json` prints and the panel
 * draws. It is plain JSON; a document made by the command line and one made in the editor are
 * equal but for `timings`. Parts are absent when they were not asked for.
 */
export interface ResultDocument {
  readonly schema: typeof RESULT_SCHEMA;
  readonly checkpoint: CheckpointIdentity;
  /** Number of trainable scalars: the dimension of θ. */
  readonly parameters: number;
  readonly runtime: RuntimeIdentity;
  /** Seed of every random choice: directions, probes, starting vectors. */
  readonly seed: number;
  /** How well what is computed agrees with the framework, where a probe was given. */
  readonly probe?: ProbeAgreement;
  readonly metrics?: Metrics;
  readonly landscape?: Landscape;
  readonly topology?: Topology;
  readonly hessian?: Hessian;
  /** What a reader must know to judge the numbers: full sentences. */
  readonly notes: readonly string[];
  /** What it follows from; absent in documents of before. */
  readonly sources?: readonly Source[];
  readonly timings: Timings;
}

export const RESULT_SCHEMA = 1;

export interface CheckpointIdentity {
  /** Relative to the folder of the configuration that was analysed, with forward slashes. */
  readonly path: string;
  readonly format: CheckpointFormat;
  /** Of the file's bytes, hexadecimal; of the hashes of all files where there are several. */
  readonly sha256: string;
  readonly step: number | null;
  readonly epoch: number | null;
}

export type CheckpointFormat =
  | 'pytorch'
  | 'pytorch-legacy'
  | 'safetensors'
  | 'npz'
  | 'keras'
  | 'hdf5'
  | 'tfjs'
  | 'onnx'
  | 'gguf';

export interface RuntimeIdentity {
  readonly name: string;
  readonly version: string;
  readonly precision: Precision;
  /** Execution provider of ONNX Runtime where it is not the processor. */
  readonly provider?: string;
}

/** How the model does on the evaluation data, or at the collocation points. */
export interface Metrics {
  /** Mean loss over the samples; of a differential equation the weighted sum of its terms. */
  readonly loss: Scalar;
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

/**
 * A number that may be none: JSON has no NaN and no infinities, and a loss that is one says
 * something. `toScalar` and `fromScalar` convert.
 */
export type Scalar = number | 'NaN' | 'Infinity' | '-Infinity';

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

/** Sublevel-set persistence of dimension 0. A vertex is its index in C order. */
export interface Topology {
  readonly shape: readonly number[];
  readonly neighborhood: Neighborhood;
  /** Pairs of persistence up to this are left out. */
  readonly threshold: number;
  /** Where the threshold comes from. */
  readonly thresholdSource: 'given' | 'noise' | 'refinement';
  /** Counted above the threshold: finite pairs and the essential one. */
  readonly minima: number;
  /** Minimum–saddle pairs above the threshold. */
  readonly saddles: number;
  /** Those of them that are not on the border of the grid. Absent in documents of older versions. */
  readonly inner?: InnerCounts;
  /** Finite pairs above the threshold, most persistent first. */
  readonly pairs: readonly PersistencePair[];
  /** Global minimum and global maximum. */
  readonly essential: PersistencePair;
  readonly summaries: TopologySummaries;
  /** How the counts change with the neighbourhood, the resolution and the directions. */
  readonly sensitivity: Sensitivity;
  /** The merge tree of what is above the threshold, for drawing. */
  readonly mergeTree: MergeTree;
  /** Absent in documents of older versions. */
  readonly smad?: SaddleMinimumDistance;
  /** Loops of sublevel sets above the threshold; on planes, with neighbourhoods that bound faces. */
  readonly loops?: PersistenceSummary;
  /** Basins within basins, for drawing; absent on grids of more than 2¹⁸ points. */
  readonly profile?: LandscapeProfile;
  /** Vertices whose value is NaN or infinite: ordered above every finite value. */
  readonly nonFinite: number;
}

export type Neighborhood = 'freudenthal' | '4' | '8' | `knn:${number}`;

/** Of vertices that are neither the first nor the last along any axis of more than one point. */
export interface InnerCounts {
  /** The global one among them. */
  readonly minima: number;
  readonly saddles: number;
}

export interface PersistencePair {
  readonly birth: Scalar;
  readonly death: Scalar;
  readonly birthVertex: number;
  readonly deathVertex: number;
  /**
   * Present where the minimum or the saddle is on the border of the grid (of the essential pair: the
   * minimum): it may be of the cut alone.
   */
  readonly border?: true;
  /**
   * Of pairs at the border: whether the minimum would still be one, above the threshold, on a grid
   * one step wider, as the values near the edge continue. Absent on grids of more than 2²⁰ points.
   */
  readonly keptWhenWidened?: boolean;
}

/** Persistences are death − birth. */
export interface TopologySummaries {
  /** Finite pairs of which neither end is on the border. Absent in documents of older versions. */
  readonly inner?: PersistenceSummary;
  /** Finite pairs only; 0 where there is none. */
  readonly finite: PersistenceSummary;
  /** With the essential pair, whose persistence is nearly the range of the values. */
  readonly withEssential: PersistenceSummary;
  /** Difference of the largest and the smallest finite value. */
  readonly range: number;
  /** −Σ pᵢ log pᵢ, pᵢ a pair's share of the total persistence, essential pair included. */
  readonly persistenceEntropy: number;
}

export interface PersistenceSummary {
  readonly count: number;
  readonly total: number;
  readonly mean: number;
  readonly median: number;
  readonly maximum: number;
  /** Mean divided by the range of values. */
  readonly meanOverRange: number;
}

/**
 * The same counts with other choices, all at the same threshold. Only the first is in documents of
 * earlier versions.
 */
export interface Sensitivity {
  readonly saddlesByNeighborhood: Readonly<Partial<Record<Neighborhood, number>>>;
  /** The topology's own neighbourhood first. */
  readonly byNeighborhood?: readonly (PairCounts & { readonly neighborhood: Neighborhood })[];
  /** On the grids of every `stride`-th point, from the whole one on; empty where that is too coarse. Axes of one point are left out. */
  readonly byResolution?: readonly (PairCounts & {
    readonly stride: number;
    readonly shape: readonly number[];
  })[];
  /** In landscapes of other random directions, on coarser grids: as many as were asked for. */
  readonly bySeed?: readonly (PairCounts & {
    readonly seed: number;
    readonly shape: readonly number[];
  })[];
  /** From the smallest to the largest of all of these. */
  readonly band?: SensitivityBands;
}

export interface PairCounts {
  readonly saddles: number;
  readonly minima: number;
  /** Saddles that are not on the border. Absent in documents of older versions. */
  readonly innerSaddles?: number;
  /** Of the finite pairs. */
  readonly totalPersistence: number;
}

export type SensitivityBands = { readonly [Count in keyof PairCounts]: Band };

export interface Band {
  readonly low: number;
  readonly high: number;
}

/**
 * Branches of the join tree: leaves are minima, inner nodes saddles, the root the maximum. Nodes
 * are sorted by value and vertex, the root last.
 */
export interface MergeTree {
  readonly nodes: readonly MergeTreeNode[];
}

export interface MergeTreeNode {
  readonly vertex: number;
  readonly value: Scalar;
  readonly kind: 'minimum' | 'saddle' | 'root';
  /** Index in `nodes` of the node this one merges into; −1 for the root. */
  readonly parent: number;
  /** Vertices of the grid on the arc from this node up to its parent, this node included. */
  readonly size: number;
}

/** Saddle–minimum average distances of a merge tree, in units of the values. */
export interface SaddleMinimumDistance {
  /** Edges from a saddle down to a minimum. */
  readonly edges: number;
  /** Mean of f(saddle) − f(minimum) over them; 0 where there is none. */
  readonly mean: number;
  /** The same, each edge weighted by the vertices on its arc: the volume of its basin. */
  readonly weightedMean: number;
  /** Both divided by the range of finite values; 0 where that is 0. */
  readonly meanOverRange: number;
  readonly weightedMeanOverRange: number;
}

/**
 * The topological landscape profile (Geniesse et al. 2024, arXiv 2411.12136): the merge tree drawn
 * as basins within basins, each a stack of widths. At loss y a basin is as wide as the number of its
 * vertices with value ≤ y.
 *
 * Positions are in vertices, from 0 to `width` from left to right; losses in the landscape's units.
 * At loss y basin b covers [centre − w/2, centre + w/2], w the width of its last step up to y.
 */
export interface LandscapeProfile {
  /** Pairs of persistence up to this are flooded. */
  readonly threshold: number;
  /** Number of vertices: as wide as the root. */
  readonly width: number;
  /** One for each node of the merge tree at this threshold, in the same order; the root last. */
  readonly basins: readonly ProfileBasin[];
}

export interface ProfileBasin {
  readonly kind: 'minimum' | 'saddle' | 'root';
  /** Vertex of the minimum, or of the saddle from which basins that met go on as one. */
  readonly vertex: number;
  /** Loss at which it begins, and at which it ends in its parent; the root ends where it is full. */
  readonly from: Scalar;
  readonly to: Scalar;
  /** Index of the basin it is part of; −1 for the root. */
  readonly parent: number;
  /** Middle of its stack. */
  readonly centre: number;
  /** Width at which it begins: that of its children together, 0 for a minimum. */
  readonly base: number;
  /** Width at which it ends: the vertices of its whole subtree. */
  readonly top: number;
  /** Losses, rising, and the width from each of them up. The last width is `top`. */
  readonly losses: readonly Scalar[];
  readonly widths: readonly number[];
  /** Mean of the finite losses of its whole subtree, for its colour; null where none is finite. */
  readonly meanLoss: number | null;
}

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

/** Milliseconds of elapsed time. */
export type Timings = Readonly<Partial<Record<Part | 'open' | 'total', number>>> & {
  /** When the files of `sources` were written, by path: whole milliseconds since the epoch. */
  readonly written?: Readonly<Record<string, number>>;
};

/** Relative differences on the probe's samples, with the weights of the export; `null` where it does not tell. */
export interface ProbeAgreement {
  /** Version of PyTorch; `null` where the probe does not tell. */
  readonly torch: string | null;
  readonly output: number | null;
  readonly loss: number | null;
  /** The largest of a tensor's gradient, relative to the whole gradient. */
  readonly gradient: number | null;
}

export const PARTS = ['metrics', 'landscape', 'topology', 'hessian'] as const;
export type Part = (typeof PARTS)[number];

/** File name ending of a result document. */
export const RESULT_SUFFIX = '.basin.json';

export function toScalar(value: number): Scalar {
  if (Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? 'Infinity' : '-Infinity';
}

export function fromScalar(value: Scalar): number {
  return Number(value);
}
