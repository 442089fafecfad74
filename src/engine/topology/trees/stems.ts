import { sortedOrder } from '../order';
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
  /** Stem it joins; −1 for the oldest. */
  readonly parent: Int32Array;
  /** The oldest stem. */
  readonly top: number;
  /** All stems, each after the one it joins. */
  readonly fromTop: Int32Array;
  /** Its joints are those from `firstJoint[s]` to `firstJoint[s + 1]`, by (value, vertex). */
  readonly firstJoint: Int32Array;
  readonly jointVertex: Int32Array;
  /** Joint at which each stem ends; −1 for the oldest. */
  readonly endJoint: Int32Array;
  /** For each branch the stem its component is part of in the end. */
  readonly stemOf: Int32Array;
  readonly nodes: number;
  private jumps: Jumps | null = null;

  /**
   * @param keys One for each vertex, without NaN (order.ts).
   * @param kept A kept branch's parent must be kept, as every threshold on persistence ensures.
   */
  constructor(branches: Branches, keys: Float64Array, kept: Uint8Array) {
    const { minimum, saddle, toward, root, maximum } = branches;
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
    this.parent = new Int32Array(count).fill(-1);
    this.fromTop = new Int32Array(count);
    this.settleParents(this.elders(toward, kept));

    const { firstJoint, joining } = this.joiningStems();
    this.endJoint = new Int32Array(count).fill(-1);
    // As many joints as stems at most: those that end at one vertex share a joint.
    const jointVertex = new Int32Array(count);
    let joints = 0;
    let from = 0;
    for (let stem = 0; stem < count; stem++) {
      const to = firstJoint[stem + 1]!;
      firstJoint[stem] = joints;
      let before = -1;
      for (let k = from; k < to; k++) {
        const end = this.endVertex[joining[k]!]!;
        if (end !== before) jointVertex[joints++] = end;
        this.endJoint[joining[k]!] = joints - 1;
        before = end;
      }
      // The maximum is the end of the last stem, or a joint of its own.
      if (stem === this.top && before !== maximum && minimum[root] !== maximum) {
        jointVertex[joints++] = maximum;
      }
      from = to;
    }
    firstJoint[count] = joints;
    this.firstJoint = firstJoint;
    this.jointVertex = jointVertex.subarray(0, joints);
    this.nodes = count + joints;
  }

  /** Further up than `parent`, made when first asked for. */
  get jump(): Int32Array {
    return this.jumpsOf(this.fromTop.length);
  }

  /** Jumps of the first stems of `fromTop`. */
  private jumpsOf(settled: number): Int32Array {
    this.jumps ??= new Jumps(this.parent, this.fromTop);
    this.jumps.extend(settled);
    return this.jumps.target;
  }

  /**
   * For each stem an older one in its component where it ends; −1 for the oldest. Also replaces in
   * `stemOf` −1 by the stem that a branch which is not kept is part of in the end.
   */
  private elders(toward: Int32Array, kept: Uint8Array): Int32Array {
    const { stemOf } = this;
    for (let b = 0; b < toward.length; b++) {
      let end = b;
      while (stemOf[end]! < 0) end = toward[end]!;
      const stem = stemOf[end]!;
      for (let at = b; stemOf[at]! < 0; at = toward[at]!) stemOf[at] = stem;
    }
    const elder = new Int32Array(this.minimum.length).fill(-1);
    for (let b = 0; b < toward.length; b++) {
      if (kept[b] && toward[b]! >= 0) elder[stemOf[b]!] = stemOf[toward[b]!]!;
    }
    return elder;
  }

  /**
   * The stem that goes on where each ends: the first that ends beyond, from its elder upwards. Elders
   * come first, so that what is above a stem has been settled; no order of the ends is needed, and
   * elders are near in the grid.
   */
  private settleParents(elder: Int32Array): void {
    const { parent, fromTop, endKey, endVertex, top } = this;
    const waiting = new Int32Array(elder.length);
    const isSettled = new Uint8Array(elder.length);
    isSettled[top] = 1;
    fromTop[0] = top;
    let settled = 1;
    for (let s = 0; s < elder.length; s++) {
      let depth = 0;
      for (let at = s; isSettled[at] === 0; at = elder[at]!) waiting[depth++] = at;
      while (depth > 0) {
        const stem = waiting[--depth]!;
        const key = endKey[stem]!;
        const v = endVertex[stem]!;
        let above = elder[stem]!;
        for (let k = 0; endsUpTo(endKey, endVertex, above, key, v); k++) {
          if (k === CLIMB) {
            above = climb(this, this.jumpsOf(settled), above, key, v);
            break;
          }
          above = parent[above]!;
        }
        parent[stem] = above;
        isSettled[stem] = 1;
        fromTop[settled++] = stem;
      }
    }
  }

  /** The stems that join each, by (value, vertex) of their ends, and where those of each begin. */
  private joiningStems(): { firstJoint: Int32Array; joining: Int32Array } {
    const { parent, endKey, endVertex } = this;
    const count = parent.length;
    const firstJoint = new Int32Array(count + 1);
    for (let s = 0; s < count; s++) if (parent[s]! >= 0) firstJoint[parent[s]! + 1]!++;
    for (let s = 0; s < count; s++) firstJoint[s + 1]! += firstJoint[s]!;
    const next = firstJoint.slice(0, count);
    const joining = new Int32Array(count - 1);
    for (let s = 0; s < count; s++) if (parent[s]! >= 0) joining[next[parent[s]!]!++] = s;
    for (let s = 0; s < count; s++) {
      const from = firstJoint[s]!;
      const to = firstJoint[s + 1]!;
      if (to - from > MANY_JOINTS) sortMany(joining.subarray(from, to), endKey, endVertex);
      else if (to - from > 1) sortFew(joining, from, to, endKey, endVertex);
    }
    return { firstJoint, joining };
  }
}

/** Longer ways up are taken in jumps: to the parent, for which there may be none yet, and later. */
const CLIMB = 64;
const STEPS = 16;

/** More joints than this on one stem are sorted by radix. */
const MANY_JOINTS = 64;

/** For each stem one further up, so chosen that any is reached in O(log depth) steps (Myers 1983). */
class Jumps {
  readonly target: Int32Array;
  private readonly depth: Int32Array;
  private done = 0;

  constructor(
    private readonly parent: Int32Array,
    private readonly fromTop: Int32Array,
  ) {
    this.target = new Int32Array(parent.length);
    this.depth = new Int32Array(parent.length);
  }

  extend(settled: number): void {
    const { target, depth, parent, fromTop } = this;
    for (; this.done < settled; this.done++) {
      const stem = fromTop[this.done]!;
      const above = parent[stem]!;
      if (above < 0) {
        target[stem] = stem;
        continue;
      }
      const far = target[above]!;
      const step = depth[above]! - depth[far]!;
      const farStep = depth[far]! - depth[target[far]!]!;
      target[stem] = step === farStep ? target[far]! : above;
      depth[stem] = depth[above]! + 1;
    }
  }
}

/** The stem that passes (key, v) above this one: the first on the way up that ends beyond. */
export function stemAt(stems: Stems, from: number, key: number, v: number): number {
  const { endKey, endVertex, parent } = stems;
  let stem = from;
  for (let k = 0; k < STEPS; k++) {
    if (!endsUpTo(endKey, endVertex, stem, key, v)) return stem;
    stem = parent[stem]!;
  }
  return climb(stems, stems.jump, stem, key, v);
}

function climb(
  { endKey, endVertex, parent }: Stems,
  jump: Int32Array,
  from: number,
  key: number,
  v: number,
): number {
  let stem = from;
  while (endsUpTo(endKey, endVertex, stem, key, v)) {
    const far = jump[stem]!;
    stem = endsUpTo(endKey, endVertex, far, key, v) ? far : parent[stem]!;
  }
  return stem;
}

function endsUpTo(
  endKey: Float64Array,
  endVertex: Int32Array,
  stem: number,
  key: number,
  v: number,
): boolean {
  const end = endKey[stem]!;
  return end < key || (end === key && endVertex[stem]! <= v);
}

function sortFew(
  joining: Int32Array,
  from: number,
  to: number,
  endKey: Float64Array,
  endVertex: Int32Array,
): void {
  for (let i = from + 1; i < to; i++) {
    const stem = joining[i]!;
    const key = endKey[stem]!;
    const v = endVertex[stem]!;
    let k = i;
    for (; k > from && !endsUpTo(endKey, endVertex, joining[k - 1]!, key, v); k--) {
      joining[k] = joining[k - 1]!;
    }
    joining[k] = stem;
  }
}

function sortMany(joining: Int32Array, endKey: Float64Array, endVertex: Int32Array): void {
  const heights = new Float64Array(joining.length);
  for (let k = 0; k < joining.length; k++) heights[k] = endKey[joining[k]!]!;
  const order = sortedOrder(heights);
  const sorted = new Int32Array(joining.length);
  for (let k = 0; k < joining.length; k++) sorted[k] = joining[order[k]!]!;
  joining.set(sorted);
  // Numbers of stems do not follow the vertices at which they end.
  for (let from = 0; from < joining.length;) {
    const height = endKey[joining[from]!]!;
    let to = from + 1;
    while (to < joining.length && endKey[joining[to]!] === height) to++;
    if (to > from + 1) {
      joining.subarray(from, to).sort((a, b) => endVertex[a]! - endVertex[b]!);
    }
    from = to;
  }
}
