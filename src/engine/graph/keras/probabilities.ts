import type { Node } from '../operations';

/** A value that a softmax or sigmoid made. */
export interface Probability {
  readonly operator: 'Softmax' | 'Sigmoid';
  /** What it was made of. */
  readonly logits: Node;
}

/**
 * Which values of a network are probabilities, and of which logits: a loss is taken of those, where it
 * keeps its digits however sure the network is.
 */
export class Probabilities {
  private readonly made = new Map<Node, Probability>();

  remember(result: Node, probability: Probability): void {
    this.made.set(result, probability);
  }

  of(result: Node): Probability | null {
    return this.made.get(result) ?? null;
  }
}
