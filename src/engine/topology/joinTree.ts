import { sortedOrder } from './order';
import type { Branches } from './branches';

/**
 * The join tree of the branches that are kept: leaves are minima, inner nodes saddles, the last
 * node the root at the global maximum. Nodes are sorted by (value, vertex). A single point is a
 * root alone.
 */
export interface JoinTree {
  readonly vertex: Int32Array;
  /** Node each node merges into; −1 for the root. */
  readonly parent: Int32Array;
  /** Vertices of the grid on the arc from a node up to its parent, the node included. */
  readonly size: Int32Array;
}

/**
 * Join tree of the branches with `kept[b] !== 0`, and the arc of every vertex in it.
 *
 * Branches that are not kept are flooded up to their saddle: their vertices lie on the arc that
 * passes it, as if they had the saddle's value. Arcs partition the grid, so sizes add up to its
 * number of points.
 *
 * @param keys One for each vertex, without NaN (order.ts).
 * @param kept A kept branch's parent must be kept, as every threshold on persistence ensures.
 * @param arcs Where given, receives for each vertex the node its arc starts at. It may be
 *   `branches.basin` itself, which is then consumed.
 */
export function joinTree(
  branches: Branches,
  keys: Float64Array,
  kept: Uint8Array,
  arcs?: Int32Array,
): JoinTree {
  const stems = new Stems(branches, keys, kept);
  const size = new Int32Array(stems.nodes);
  locate(stems, branches.basin, keys, size, arcs);
  return sorted(stems, keys, size, arcs);
}

/**
 * The kept branches, each from its minimum up to its own saddle, with the saddles at which others
 * join it on the way. Numbered as they are kept, so neighbours in the grid stay neighbours in
 * memory. Nodes are numbered too: minima as their stems, then the joints, stem by stem upwards.
 */
class Stems {
  /** Minimum of each stem. */
  readonly minimum: Int32Array;
  /** Where it ends: (value, vertex); beyond everything for the oldest. */
  readonly endKey: Float64Array;
  readonly endVertex: Int32Array;
  /** Stem it joins. */
  readonly parent: Int32Array;
  /** For each stem one further up, so chosen that any is reached in O(log depth) steps; if needed. */
  private jumps: Int32Array | null = null;
  /** The oldest stem, and from which (value, vertex) up a stem's component is part of it. */
  readonly top: number;
  readonly topKey: Float64Array;
  /** Its joints are those from `firstJoint[s]` to `firstJoint[s + 1]`, by (value, vertex). */
  readonly firstJoint: Int32Array;
  readonly jointVertex: Int32Array;
  readonly jointKey: Float64Array;
  /** Where each joint's bucket among the values of a stem with many of them begins. */
  readonly buckets: Int32Array;
  readonly bucketScale: Float64Array;
  /** Stems but the oldest by (value, vertex) of their ends, and for each of them the one it joins. */
  readonly byEnd: Int32Array;
  private readonly onto: Int32Array;
  /** Joint at which each stem ends; −1 for the oldest. */
  readonly endJoint: Int32Array;
  /** Joints by (value, vertex). */
  readonly jointOrder: Int32Array;
  /** For each branch the stem its basin lies on and the first joint its vertices may lie above. */
  readonly stemOf: Int32Array;
  readonly entry: Int32Array;
  readonly nodes: number;

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
    breakTies(byEnd, this.endKey, this.endVertex);
    this.byEnd = byEnd.subarray(0, count - 1);
    this.parent = this.firstParents(branches, kept);
    this.onto = this.settleParents();

    // Stems that end at one vertex share a joint; they follow each other in `byEnd`.
    const { endVertex, endKey, onto } = this;
    const firstJoint = new Int32Array(count + 1);
    let before = -1;
    for (let k = 0; k < onto.length; k++) {
      const end = endVertex[this.byEnd[k]!]!;
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
      const stem = this.byEnd[k]!;
      const end = endVertex[stem]!;
      if (end !== before) {
        joint = next[onto[k]!]!++;
        this.jointOrder[ordered++] = joint;
        this.jointKey[joint] = endKey[stem]!;
        this.jointVertex[joint] = end;
        before = end;
      }
      this.endJoint[stem] = joint;
    }
    if (hasRootJoint) {
      joint = next[this.top]!;
      this.jointOrder[ordered] = joint;
      this.jointKey[joint] = keys[maximum]!;
      this.jointVertex[joint] = maximum;
    }
    this.nodes = count + joints;

    this.buckets = new Int32Array(joints);
    this.bucketScale = new Float64Array(count);
    for (let s = 0; s < count; s++) this.fillBuckets(s);
    this.topKey = this.waysToTop();
    this.entry = new Int32Array(minimum.length);
    this.enterBranches(branches, keys, kept);
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

  /** The stem that goes on where each ends, by union-find from the lowest end up. */
  private settleParents(): Int32Array {
    const { parent, byEnd, endVertex } = this;
    const onto = new Int32Array(byEnd.length);
    const elder = new Int32Array(parent.length);
    for (let stem = 0; stem < elder.length; stem++) elder[stem] = stem;
    for (let from = 0; from < byEnd.length;) {
      // All that end at one vertex, then the one that goes on from it.
      const end = endVertex[byEnd[from]!]!;
      let to = from;
      let stem = byEnd[to]!;
      do {
        elder[stem] = findElder(elder, parent[stem]!);
        to++;
        stem = byEnd[to]!;
      } while (to < byEnd.length && endVertex[stem] === end);
      const survivor = findElder(elder, byEnd[from]!);
      for (let k = from; k < to; k++) {
        parent[byEnd[k]!] = survivor;
        onto[k] = survivor;
      }
      from = to;
    }
    return onto;
  }

  /** An even division of a stem's values, each bucket holding its first joint. */
  private fillBuckets(stem: number): void {
    const from = this.firstJoint[stem]!;
    const to = this.firstJoint[stem + 1]!;
    if (to - from <= FEW_JOINTS) return;
    const low = this.jointKey[from]!;
    const scale = (to - from) / (this.jointKey[to - 1]! - low);
    if (!(scale > 0 && scale < Infinity)) return;
    this.bucketScale[stem] = scale;
    let filled = from;
    for (let j = from; j < to; j++) {
      const bucket = bucketOf(this.jointKey[j]!, low, scale, from, to);
      while (filled <= bucket) this.buckets[filled++] = j;
    }
    while (filled < to) this.buckets[filled++] = to;
  }

  /** From the highest end down: parents before children. */
  private waysToTop(): Float64Array {
    const { top, byEnd, endKey, onto } = this;
    const topKey = new Float64Array(endKey.length).fill(-Infinity);
    for (let k = byEnd.length - 1; k >= 0; k--) {
      const stem = byEnd[k]!;
      const above = onto[k]!;
      topKey[stem] = above === top ? endKey[stem]! : topKey[above]!;
    }
    return topKey;
  }

  /** Jump pointers (Myers 1983). */
  get jump(): Int32Array {
    if (this.jumps !== null) return this.jumps;
    const { top, byEnd, onto } = this;
    const jump = new Int32Array(this.parent.length);
    const depth = new Int32Array(jump.length);
    jump[top] = top;
    for (let k = byEnd.length - 1; k >= 0; k--) {
      const stem = byEnd[k]!;
      const above = onto[k]!;
      const far = jump[above]!;
      const step = depth[above]! - depth[far]!;
      const farStep = depth[far]! - depth[jump[far]!]!;
      jump[stem] = step === farStep ? jump[far]! : above;
      depth[stem] = depth[above]! + 1;
    }
    this.jumps = jump;
    return jump;
  }

  /** A branch that is not kept enters the tree on the arc that passes its saddle. */
  private enterBranches({ saddle, toward }: Branches, keys: Float64Array, kept: Uint8Array): void {
    const { entry, stemOf, firstJoint } = this;
    const way: number[] = [];
    entry.fill(-1);
    for (let b = 0; b < kept.length; b++) if (kept[b]) entry[b] = firstJoint[stemOf[b]!]!;
    for (let b = 0; b < kept.length; b++) {
      for (let at = b; entry[at]! < 0; at = toward[at]!) way.push(at);
      for (let at = way.pop(); at !== undefined; at = way.pop()) {
        const end = saddle[at]!;
        const key = keys[end]!;
        const from = stemOf[toward[at]!]!;
        const stem = stemAt(this, from, key, end);
        const joint = jointsUpTo(this, stem, key, end);
        stemOf[at] = stem;
        entry[at] = stem === from ? Math.max(joint, entry[toward[at]!]!) : joint;
      }
    }
  }
}

/** Up to so many joints are looked through one by one. */
const FEW_JOINTS = 8;

/** Monotone in the key, from `from` to `to` − 1. */
function bucketOf(key: number, low: number, scale: number, from: number, to: number): number {
  const position = (key - low) * scale;
  if (!(position > 0)) return from;
  const last = to - from - 1;
  return position >= last ? to - 1 : from + (position | 0);
}

function findElder(elder: Int32Array, from: number): number {
  let stem = from;
  for (let up = elder[stem]!; up !== stem; up = elder[stem]!) {
    elder[stem] = elder[up]!;
    stem = up;
  }
  return stem;
}

/** Longer ways up are taken in jumps. */
const STEPS = 16;

/** The stem that passes (key, v) above this one: the first on the way up that ends beyond. */
function stemAt(stems: Stems, from: number, key: number, v: number): number {
  const { endKey, endVertex, parent } = stems;
  let stem = from;
  for (let k = 0; k < STEPS; k++) {
    if (!(endKey[stem]! < key || (endKey[stem] === key && endVertex[stem]! <= v))) return stem;
    stem = parent[stem]!;
  }
  const { jump } = stems;
  while (endKey[stem]! < key || (endKey[stem] === key && endVertex[stem]! <= v)) {
    const far = jump[stem]!;
    const farKey = endKey[far]!;
    stem = farKey < key || (farKey === key && endVertex[far]! <= v) ? far : parent[stem]!;
  }
  return stem;
}

/** The first joint of the stem above (key, v), or the end of its joints. */
function jointsUpTo(stems: Stems, stem: number, key: number, v: number): number {
  const { firstJoint, jointKey, jointVertex, buckets, bucketScale } = stems;
  let low = firstJoint[stem]!;
  let high = firstJoint[stem + 1]!;
  const scale = bucketScale[stem]!;
  if (scale > 0) {
    const bucket = bucketOf(key, jointKey[low]!, scale, low, high);
    low = buckets[bucket]!;
    if (bucket + 1 < high) high = buckets[bucket + 1]!;
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = jointKey[middle]!;
    if (other < key || (other === key && jointVertex[middle]! <= v)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Counts the vertices of every arc and, where asked, writes down each vertex's. */
function locate(
  stems: Stems,
  basin: Int32Array,
  keys: Float64Array,
  size: Int32Array,
  arcs: Int32Array | undefined,
): void {
  const { stemOf, entry, endKey, topKey, top, firstJoint, jointKey } = stems;
  const count = stems.minimum.length;
  // Neighbours in memory mostly lie on one arc: that of the last vertex, as a basin and an interval.
  let lastBasin = 0;
  let low = Infinity;
  let high = -Infinity;
  let node = 0;
  for (let v = 0; v < basin.length; v++) {
    const key = keys[v]!;
    const code = basin[v]!;
    if (code !== lastBasin || key <= low || key >= high) {
      const b = ~code;
      const from = stemOf[b]!;
      let stem = from;
      if (endKey[from]! <= key) stem = topKey[from]! < key ? top : stemAt(stems, from, key, v);
      const first = firstJoint[stem]!;
      const enter = stem === from ? entry[b]! : first;
      const end = firstJoint[stem + 1]!;
      let joint = enter;
      if (joint < end && jointKey[joint]! <= key) {
        const above = jointsUpTo(stems, stem, key, v);
        if (above > joint) joint = above;
      }
      // The arc starts at the joint below, or at the minimum.
      node = joint === first ? stem : count + joint - 1;
      lastBasin = code;
      low = joint === enter ? -Infinity : jointKey[joint - 1]!;
      high = joint === end ? endKey[stem]! : jointKey[joint]!;
    }
    size[node]!++;
    if (arcs !== undefined) arcs[v] = node;
  }
}

/** The tree with its nodes in the order of vertices: minima, once sorted, and joints, which are. */
function sorted(
  stems: Stems,
  keys: Float64Array,
  size: Int32Array,
  arcs: Int32Array | undefined,
): JoinTree {
  const { minimum, firstJoint, jointVertex, jointKey, jointOrder, endJoint, nodes } = stems;
  const count = minimum.length;
  const births = new Float64Array(count);
  for (let stem = 0; stem < count; stem++) births[stem] = keys[minimum[stem]!]!;
  const stemOrder = sortedOrder(births);

  const tree = {
    vertex: new Int32Array(nodes),
    parent: new Int32Array(nodes).fill(-1),
    size: new Int32Array(nodes),
  };
  const place = new Int32Array(nodes);
  let nextStem = 0;
  let nextJoint = 0;
  for (let k = 0; k < nodes; k++) {
    let isMinimum = nextJoint === jointOrder.length;
    if (!isMinimum && nextStem < count) {
      const birth = births[stemOrder[nextStem]!]!;
      const height = jointKey[jointOrder[nextJoint]!]!;
      isMinimum =
        birth < height ||
        (birth === height && minimum[stemOrder[nextStem]!]! < jointVertex[jointOrder[nextJoint]!]!);
    }
    const node = isMinimum ? stemOrder[nextStem++]! : count + jointOrder[nextJoint++]!;
    place[node] = k;
    tree.vertex[k] = isMinimum ? minimum[node]! : jointVertex[node - count]!;
    tree.size[k] = size[node]!;
  }
  for (let stem = 0; stem < count; stem++) {
    let node = place[stem]!;
    for (let joint = firstJoint[stem]!; joint < firstJoint[stem + 1]!; joint++) {
      const above = place[count + joint]!;
      tree.parent[node] = above;
      node = above;
    }
    if (endJoint[stem]! >= 0) tree.parent[node] = place[count + endJoint[stem]!]!;
  }
  if (arcs !== undefined) for (let v = 0; v < arcs.length; v++) arcs[v] = place[arcs[v]!]!;
  return tree;
}

/** Puts what is of equal value in the order of its vertices: numbers do not follow those. */
function breakTies(order: Int32Array, heights: Float64Array, vertex: Int32Array): void {
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    const key = heights[order[from]!]!;
    while (to < order.length && heights[order[to]!] === key) to++;
    if (to > from + 1) order.subarray(from, to).sort((a, b) => vertex[a]! - vertex[b]!);
    from = to;
  }
}
