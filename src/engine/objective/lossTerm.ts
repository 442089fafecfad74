import type { Graph } from '../graph/graph';
import type { Node } from '../graph/operations';
import type { FloatArray } from '../runtime/runtime';
import type { Batch } from './batches';

/**
 * One set of points and the loss that is averaged over them. What is minimised is the sum of these
 * means; its derivatives are the sums of theirs.
 */
export interface LossTerm {
  /** Builds the losses of a batch of that many points. */
  build(g: Graph, network: Network, batch: number): TermNodes;

  /** Values of the inputs that `build` made, which has been called for a batch of that size. */
  inputs(batch: Batch): ReadonlyMap<string, FloatArray>;

  /** What the outputs of an evaluation say beside the loss. */
  measure(outputs: ReadonlyMap<string, FloatArray>, batch: Batch): Measures;
}

/** The model: its outputs for its inputs, by their names. The weights are bound. */
export type Network = (inputs: ReadonlyMap<string, Node>) => readonly Node[];

export interface TermNodes {
  /** One loss for each point of the batch, [batch]. */
  readonly losses: Node;
  /**
   * What the losses depend on the weights through: the outputs of the network, the residuals of an
   * equation. Null where the network gives the losses themselves.
   */
  readonly outputs: readonly Node[] | null;
  /** What `measure` needs, by name. */
  readonly measured: ReadonlyMap<string, Node>;
}

/** Sums over the points of a batch. */
export interface Measures {
  /** Targets that the output is right about. */
  readonly correct: number;
  /** Targets that count. */
  readonly counted: number;
  /** Places whose outputs are probabilities: from 0 on, and 1 together. */
  readonly normalised: number;
  /** Σ |prediction − truth|, the mean over the outputs of each. */
  readonly absoluteError: number;
  /** Σ of each condition's squares, without weights. */
  readonly squares: readonly number[];
  /** For each condition the first point where its square is no finite number; null where all are. */
  readonly brokenAt: readonly (number | null)[];
  /** The largest |u| of the unknowns at points of the domain; 0 where they are not taken there. */
  readonly largest: number;
}

export const NOTHING_MEASURED: Measures = {
  correct: 0,
  counted: 0,
  normalised: 0,
  absoluteError: 0,
  squares: [],
  brokenAt: [],
  largest: 0,
};

/** The prefix of names a term gives its inputs and outputs: no weight begins with it. */
export const TERM = 'basin:';
/** The output that holds the losses of the points. */
export const LOSSES = 'losses';
