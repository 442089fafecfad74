import { sortedOrder } from './order';
import type { Branches } from './branches';

/**
 * The branches that are kept, each from its minimum up to its own saddle, with the saddles at which
 * others join it on the way: the join tree as a set of paths. Numbered as they are kept, so
 * neighbours in the grid stay neighbours in memory. Nodes of the tree are numbered too: minima as
 * their stems, then the joints, stem by stem upwards.
 */
export class Stems {
  /** Minimum of each stem. */
  readonly minimum: Int32Array;
  /** Where it ends: (value, vertex); beyond everything for the oldest. */
  readonly endKey: Float64Array;
  readonly endVertex: Int32Array;
  /** Stem it joins. */
  readonly parent: Int32Array;
  /** The oldest stem. */
  readonly top: number;
  /** Its joints are those from `firstJoint[s]` to `firstJoint[s + 1]`, by (value, vertex). */
  readonly firstJoint: Int32Array;
  readonly jointVertex: Int32Array;
  readonly jointKey: Float64Array;
  /** Stems but the oldest by (value, vertex) of their ends, and for each of them the one it joins. */
  readonly byEnd: Int32Array;
  readonly onto: Int32Array;
  /** Joint at which each stem ends; −1 for the oldest. */
  readonly endJoint: Int32Array;
  /** Joints by (value, vertex). */
  readonly jointOrder: Int32Array;
  /** For each branch the stem its component is part of in the end. */
  readonly stemOf: Int32Array;
  readonly nodes: number;

  /**
   * @param keys One for each vertex, without NaN (order.ts).
   * @param kept A kept branch's parent must be kept, as every threshold on persistence ensures.
   */
  constructor(branches: Branches, keys: Float64Array, kept: Uint8Array) {
    const { minimum, saddle, root, maximum } = branches;
    const stemOf = new Int32Array(minimum.length);
    let count = 0;
    for (let b = 0; b < minimum.length; b++) stemOf[b] = kept[b] ? count++ : -1;
    this.stemOf = stemOf;
    this.minimum = new Int32Array(count);
    this.endKey = new Float64Array(count);
    this.endVertex = new Int32Array(count);
    for (let b = 0; b < minimum.length; b++) {
      const stem = stemOf[b]!;
      if (stem < 0) continue;
      const end = saddle[b]!;
      this.minimum[stem] = minimum[b]!;
      this.endVertex[stem] = end < 0 ? keys.length : end;
      this.endKey[stem] = end < 0 ? Infinity : keys[end]!;
    }
    this.top = stemOf[root]!;
    // The top ends last: its vertex is beyond all.
    const byEnd = sortedOrder(this.endKey);
    const ends = breakTies(byEnd, this.endKey, this.endVertex);
    this.byEnd = byEnd.subarray(0, count - 1);
    this.parent = this.firstParents(branches, kept);
    this.onto = this.settleParents(ends);

    // Stems that end at one vertex share a joint; they follow each other in `byEnd`.
    const { onto } = this;
    const firstJoint = new Int32Array(count + 1);
    let before = -1;
    for (let k = 0; k < onto.length; k++) {
      const end = ends[k]!;
      if (end !== before) firstJoint[onto[k]! + 1]!++;
      before = end;
    }
    // The maximum is the end of the last stem, or a joint of its own.
    const hasRootJoint = before !== maximum && minimum[root] !== maximum;
    if (hasRootJoint) firstJoint[this.top + 1]!++;
    for (let s = 0; s < count; s++) firstJoint[s + 1]! += firstJoint[s]!;
    const joints = firstJoint[count]!;
    this.firstJoint = firstJoint;
    this.jointVertex = new Int32Array(joints);
    this.jointKey = new Float64Array(joints);
    this.jointOrder = new Int32Array(joints);
    this.endJoint = new Int32Array(count).fill(-1);
    const next = firstJoint.slice(0, count);
    let joint = -1;
    let ordered = 0;
    before = -1;
    for (let k = 0; k < onto.length; k++) {
      const end = ends[k]!;
      if (end !== before) {
        joint = next[onto[k]!]!++;
        this.jointOrder[ordered++] = joint;
        this.jointVertex[joint] = end;
        before = end;
      }
      this.endJoint[this.byEnd[k]!] = joint;
    }
    if (hasRootJoint) {
      joint = next[this.top]!;
      this.jointOrder[ordered] = joint;
      this.jointVertex[joint] = maximum;
    }
    for (let j = 0; j < joints; j++) this.jointKey[j] = keys[this.jointVertex[j]!]!;
    this.nodes = count + joints;
  }

  /**
   * For each stem an older one in its component where it ends. Also replaces in `stemOf` −1 by the
   * stem that a branch which is not kept is part of in the end.
   */
  private firstParents({ toward }: Branches, kept: Uint8Array): Int32Array {
    const { stemOf } = this;
    const parent = new Int32Array(this.minimum.length).fill(-1);
    for (let b = 0; b < toward.length; b++) {
      let end = b;
      while (stemOf[end]! < 0) end = toward[end]!;
      const stem = stemOf[end]!;
      for (let at = b; stemOf[at]! < 0; at = toward[at]!) stemOf[at] = stem;
    }
    for (let b = 0; b < toward.length; b++) {
      if (kept[b] && toward[b]! >= 0) parent[stemOf[b]!] = stemOf[toward[b]!]!;
    }
    return parent;
  }

  /**
   * The stem that goes on where each ends, by union-find from the lowest end up.
   *
   * @param ends Vertices at which the stems in `byEnd` end.
   */
  private settleParents(ends: Int32Array): Int32Array {
    const { parent, byEnd } = this;
    const onto = new Int32Array(byEnd.length);
    const elder = new Int32Array(parent.length);
    for (let stem = 0; stem < elder.length; stem++) elder[stem] = stem;
    for (let from = 0; from < byEnd.length;) {
      // All that end at one vertex, then the one that goes on from it.
      const end = ends[from]!;
      let to = from;
      do {
        const stem = byEnd[to]!;
        elder[stem] = findElder(elder, parent[stem]!);
        to++;
      } while (to < byEnd.length && ends[to] === end);
      const survivor = findElder(elder, byEnd[from]!);
      for (let k = from; k < to; k++) {
        parent[byEnd[k]!] = survivor;
        onto[k] = survivor;
      }
      from = to;
    }
    return onto;
  }
}

function findElder(elder: Int32Array, from: number): number {
  let stem = from;
  for (let up = elder[stem]!; up !== stem; up = elder[stem]!) {
    elder[stem] = elder[up]!;
    stem = up;
  }
  return stem;
}

/**
 * Puts what is of equal value in the order of its vertices: numbers do not follow those.
 *
 * @returns The vertices in that order.
 */
function breakTies(order: Int32Array, heights: Float64Array, vertex: Int32Array): Int32Array {
  const vertices = new Int32Array(order.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    const key = heights[order[from]!]!;
    while (to < order.length && heights[order[to]!] === key) to++;
    if (to > from + 1) order.subarray(from, to).sort((a, b) => vertex[a]! - vertex[b]!);
    for (let k = from; k < to; k++) vertices[k] = vertex[order[k]!]!;
    from = to;
  }
  return vertices;
}
