import type { Scalar } from './scalar';

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
