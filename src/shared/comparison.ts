import type { CheckpointIdentity } from './result';
import type { Landscape } from './result/landscape';
import type { Scalar } from './result/scalar';
import type { Change } from './sources';
import type { Message } from './words/message';

/**
 * What differs between two analysed checkpoints, or two landscapes: what `basin compare --json`
 * prints and the engine answers. Plain JSON. Differences are second − first.
 */
export interface Comparison {
  readonly schema: typeof COMPARISON_SCHEMA;
  readonly first: ComparedSide;
  readonly second: ComparedSide;
  /** Loss, accuracy, error: those that both have. */
  readonly metrics: readonly Difference[];
  /** Absent unless both have a topology. */
  readonly topology?: TopologyComparison;
  /** Eigenvalues and trace; empty unless both have a Hessian. */
  readonly hessian: readonly Difference[];
  /** Present where it was asked for. */
  readonly interpolation?: Interpolation;
  /** What keeps the two from being compared like with like, and what was left out: full sentences. */
  readonly warnings: readonly Message[];
}

export const COMPARISON_SCHEMA = 1;

/** The loss between two checkpoints: whether a ridge keeps their basins apart. */
export interface Interpolation {
  /** Straight, or a quadratic Bézier curve whose control point was trained for a low loss. */
  readonly path: 'line' | 'curve';
  /** 0 is the first checkpoint, 1 the second; a line goes on beyond both. */
  readonly positions: readonly number[];
  readonly losses: readonly Scalar[];
  /** Largest loss from 0 to 1 less the larger of both ends; 0 where nothing is in between. */
  readonly barrier: Scalar;
  /** As of a landscape: set where the statistics were computed anew at each position. */
  readonly batchNorm?: Landscape['batchNorm'];
}

export interface ComparedSide {
  /** As it was named. */
  readonly path: string;
  readonly kind: 'result' | 'landscape';
  /** Of results. */
  readonly checkpoint?: CheckpointIdentity;
  /** Why the result no longer holds; absent where it does. */
  readonly outdated?: readonly Change[];
}

/** One quantity on both sides. */
export interface Difference {
  readonly name: string;
  readonly first: Scalar;
  readonly second: Scalar;
  /** second − first. */
  readonly difference: Scalar;
  /** How far the difference may be off; `null` where nothing is known about that. */
  readonly uncertainty: Uncertainty | null;
  /** Whether |difference| exceeds the uncertainty; `null` where there is none. */
  readonly distinct: boolean | null;
}

export interface Uncertainty {
  readonly value: number;
  /**
   * `standard error`: one standard deviation of the difference, of two independent estimates.
   * `bound`: the difference is off by no more.
   */
  readonly kind: 'standard error' | 'bound';
}

export interface TopologyComparison {
  /** Counts and summaries of persistence. */
  readonly differences: readonly Difference[];
  /**
   * Pairs as points (birth, death) of two diagrams, the essential one with an infinite death, so that
   * only the difference of the global minima counts; `comparedPairs` finite ones of each, the most
   * persistent.
   */
  readonly comparedPairs: { readonly first: number; readonly second: number };
  /** Largest of the matched costs, least over all matchings; with max(|Δbirth|, |Δdeath|). */
  readonly bottleneck: ComparedDistance;
  /** Root of the sum of squared costs, least over all matchings; with max(|Δbirth|, |Δdeath|). */
  readonly wasserstein: ComparedDistance;
  /**
   * Minima of both, by the matching of the 2-Wasserstein distance with the essential pairs among
   * the others: most persistent first. Those of one side alone have appeared or vanished.
   */
  readonly minima: readonly ComparedMinimum[];
}

export interface ComparedDistance {
  readonly distance: Scalar;
  /** Divided by the larger of the two ranges of values; 0 where that is 0. */
  readonly overRange: Scalar;
  /**
   * The distance of the two landscapes without noise, and with the pairs that are left out, differs
   * from this by no more (for each landscape with probability 95 %): persistence is stable. `null`
   * for the Wasserstein distance, for which nothing like it holds.
   */
  readonly uncertainty: Uncertainty | null;
  /** Every point once, the costliest first. */
  readonly matches: readonly ComparedMatch[];
}

/** Indices in the `pairs` of the topologies, −1 the essential pair; `null` the diagonal. */
export interface ComparedMatch {
  readonly first: number | null;
  readonly second: number | null;
  readonly cost: Scalar;
}

export interface ComparedMinimum {
  readonly first: MinimumPlace | null;
  readonly second: MinimumPlace | null;
  /**
   * Distance between the two in the coordinates of the plane; `null` where one is missing or the
   * planes are not the same.
   */
  readonly moved: number | null;
}

export interface MinimumPlace {
  /** Index in `pairs`; −1 the essential pair. */
  readonly pair: number;
  readonly vertex: number;
  readonly birth: Scalar;
  readonly death: Scalar;
  /** Coordinates along the axes; `null` where the file does not say them. */
  readonly position: readonly number[] | null;
}
