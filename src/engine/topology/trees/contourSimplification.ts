import { persistenceOf } from '../persistence';
import type { ContourTree } from './contourTree';

/**
 * The contour tree without its leaves of persistence up to a threshold (Carr, Snoeyink and van de
 * Panne, Computational Geometry 43, 2010).
 *
 * A leaf is as persistent as its arc is high. The lowest is taken off first, where another arc leaves
 * its inner node to the same side; a node with one arc down and one up that is left over is none any
 * more, and its arcs are one, higher than either. It is the tree of the function in which what lay
 * beyond the node, seen from the leaf, has been levelled to the node's value. Equally persistent leaves
 * are taken off in the order of their nodes. A tree of one arc stays.
 *
 * Vertices of arcs that are gone are at the node they hung on or, if that is none any more, on the arc
 * that passes it.
 *
 * @param values Those the tree is of.
 * @param threshold With a negative one the tree stays as it is. The tree at a threshold is that of any
 *   lower one, simplified further.
 */
export function simplifyContourTree(
  tree: ContourTree,
  values: Float64Array | Float32Array,
  threshold: number,
): ContourTree {
  const pruning = new Pruning(tree, values);
  pruning.run(threshold);
  return pruning.simplified();
}

class Pruning {
  private readonly down: Int32Array;
  private readonly up: Int32Array;
  private readonly lower: Int32Array;
  private readonly upper: Int32Array;
  /** Arcs down from each node, and up, by exclusive or: of one arc its number. */
  private readonly downArcs: Int32Array;
  private readonly upArcs: Int32Array;
  /** What each arc, and after the arcs each node, has become part of; itself while it is there. */
  private readonly into: Int32Array;
  private readonly arcs: number;
  private readonly queue = new LeafQueue();

  constructor(
    private readonly tree: ContourTree,
    private readonly values: Float64Array | Float32Array,
  ) {
    this.down = tree.down.slice();
    this.up = tree.up.slice();
    this.lower = tree.lower.slice();
    this.upper = tree.upper.slice();
    this.arcs = tree.lower.length;
    this.downArcs = new Int32Array(tree.vertex.length);
    this.upArcs = new Int32Array(tree.vertex.length);
    for (let arc = 0; arc < this.arcs; arc++) {
      this.upArcs[tree.lower[arc]!]! ^= arc;
      this.downArcs[tree.upper[arc]!]! ^= arc;
    }
    this.into = Int32Array.from({ length: this.arcs + tree.vertex.length }, (_, k) => k);
  }

  run(threshold: number): void {
    for (let node = 0; node < this.up.length; node++) this.enqueue(node);
    for (;;) {
      const entry = this.queue.pop();
      if (entry === undefined || !(entry.height <= threshold)) return;
      if (!this.isGone(entry.node) && this.heightOf(this.arcOf(entry.node)) === entry.height) {
        this.prune(entry.node);
      }
    }
  }

  private isGone(node: number): boolean {
    return this.into[this.arcs + node] !== this.arcs + node;
  }

  /** The arc of a leaf. */
  private arcOf(leaf: number): number {
    return this.up[leaf] === 0 ? this.downArcs[leaf]! : this.upArcs[leaf]!;
  }

  private heightOf(arc: number): number {
    const { tree, values } = this;
    return persistenceOf(
      values[tree.vertex[this.lower[arc]!]!]!,
      values[tree.vertex[this.upper[arc]!]!]!,
    );
  }

  private enqueue(node: number): void {
    if (this.up[node]! + this.down[node]! !== 1) return;
    this.queue.push({ height: this.heightOf(this.arcOf(node)), node });
  }

  /** Takes a leaf off unless it is the last on its side of its inner node. */
  private prune(leaf: number): void {
    const { arcs, into, down, up } = this;
    const arc = this.arcOf(leaf);
    const isMaximum = up[leaf] === 0;
    const node = isMaximum ? this.lower[arc]! : this.upper[arc]!;
    const side = isMaximum ? up : down;
    if (side[node]! < 2) return;
    side[node]!--;
    (isMaximum ? this.upArcs : this.downArcs)[node]! ^= arc;
    into[arc] = arcs + node;
    into[arcs + leaf] = arcs + node;
    if (up[node] === 1 && down[node] === 1) this.join(node);
    // On a line, where an inner extremum has two arcs.
    else this.enqueue(node);
  }

  /** Makes one arc of the two that a node parts. */
  private join(node: number): void {
    const { arcs, into, lower, upper } = this;
    const below = this.downArcs[node]!;
    const above = this.upArcs[node]!;
    const end = upper[above]!;
    upper[below] = end;
    this.downArcs[end]! ^= above ^ below;
    into[above] = below;
    into[arcs + node] = below;
    this.enqueue(lower[below]!);
    this.enqueue(end);
  }

  simplified(): ContourTree {
    const { tree, arcs, into } = this;
    const nodes = Array.from(tree.vertex.keys()).filter((node) => !this.isGone(node));
    const nodeNumber = new Int32Array(tree.vertex.length);
    nodes.forEach((node, k) => (nodeNumber[node] = k));
    const left = Array.from({ length: arcs }, (_, arc) => arc)
      .filter((arc) => into[arc] === arc)
      .sort((a, b) => this.lower[a]! - this.lower[b]! || this.upper[a]! - this.upper[b]!);
    const arcNumber = new Int32Array(arcs);
    left.forEach((arc, k) => (arcNumber[arc] = k));
    const size = new Int32Array(left.length);
    const place = tree.place.map((at) => {
      const end = this.endOf(at < 0 ? arcs + ~at : at);
      if (end >= arcs) return ~nodeNumber[end - arcs]!;
      size[arcNumber[end]!]!++;
      return arcNumber[end]!;
    });
    return {
      vertex: Int32Array.from(nodes, (node) => tree.vertex[node]!),
      down: Int32Array.from(nodes, (node) => this.down[node]!),
      up: Int32Array.from(nodes, (node) => this.up[node]!),
      lower: Int32Array.from(left, (arc) => nodeNumber[this.lower[arc]!]!),
      upper: Int32Array.from(left, (arc) => nodeNumber[this.upper[arc]!]!),
      size,
      place,
    };
  }

  /** What an arc or a node is part of in the end. */
  private endOf(from: number): number {
    const { into } = this;
    let end = from;
    while (into[end] !== end) {
      into[end] = into[into[end]!]!;
      end = into[end]!;
    }
    return end;
  }
}

interface Leaf {
  readonly height: number;
  readonly node: number;
}

/** A binary heap: the lowest leaf first, of equally high ones that of the lowest node. */
class LeafQueue {
  private readonly leaves: Leaf[] = [];

  push(leaf: Leaf): void {
    const { leaves } = this;
    let at = leaves.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(leaf, leaves[above]!)) break;
      leaves[at] = leaves[above]!;
      at = above;
    }
    leaves[at] = leaf;
  }

  pop(): Leaf | undefined {
    const { leaves } = this;
    const first = leaves[0];
    const last = leaves.pop();
    if (last === undefined || leaves.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= leaves.length) break;
      if (child + 1 < leaves.length && isBefore(leaves[child + 1]!, leaves[child]!)) child++;
      if (!isBefore(leaves[child]!, last)) break;
      leaves[at] = leaves[child]!;
      at = child;
    }
    leaves[at] = last;
    return first;
  }
}

function isBefore(a: Leaf, b: Leaf): boolean {
  return a.height < b.height || (a.height === b.height && a.node < b.node);
}
