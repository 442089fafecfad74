import { stemAt } from './stems';
import type { Branches } from './branches';
import type { Stems } from './stems';

/** Finds the arc of the join tree that a vertex lies on. */
class ArcFinder {
  /** From which value up a stem's component is part of the oldest. */
  readonly topKey: Float64Array;
  /**
   * Of stems with many joints, an even division of their values into buckets, more than there are
   * joints: for each the first joint not below it. One more entry ends the last bucket.
   */
  readonly buckets: Int32Array;
  /** Where the buckets of a stem begin, and buckets to a unit of the values; 0 where it has none. */
  readonly firstBucket: Int32Array;
  readonly bucketScale: Float64Array;
  /** For each branch the stem its basin lies on and the first joint its vertices may lie above. */
  readonly stemOf: Int32Array;
  readonly entry: Int32Array;

  constructor(
    readonly stems: Stems,
    readonly jointKey: Float64Array,
    branches: Branches,
    keys: Float64Array,
    kept: Uint8Array,
  ) {
    const count = stems.minimum.length;
    this.firstBucket = new Int32Array(count + 1);
    this.bucketScale = new Float64Array(count);
    this.buckets = this.dividedStems();
    this.topKey = this.waysToTop();
    this.stemOf = stems.stemOf;
    this.entry = new Int32Array(kept.length);
    this.enterBranches(branches, keys, kept);
  }

  private dividedStems(): Int32Array {
    const { firstBucket, bucketScale } = this;
    const { jointKey } = this;
    const { firstJoint } = this.stems;
    const count = bucketScale.length;
    for (let stem = 0; stem < count; stem++) {
      const [from, to] = [firstJoint[stem]!, firstJoint[stem + 1]!];
      let divisions = 0;
      if (to - from > FEW_JOINTS) {
        const scale = (BUCKETS_A_JOINT * (to - from)) / (jointKey[to - 1]! - jointKey[from]!);
        if (scale > 0 && scale < Infinity) {
          bucketScale[stem] = scale;
          divisions = BUCKETS_A_JOINT * (to - from) + 1;
        }
      }
      firstBucket[stem + 1] = firstBucket[stem]! + divisions;
    }
    const buckets = new Int32Array(firstBucket[count]!);
    for (let stem = 0; stem < count; stem++) {
      const scale = bucketScale[stem]!;
      if (scale === 0) continue;
      const from = firstJoint[stem]!;
      const to = firstJoint[stem + 1]!;
      const first = firstBucket[stem]!;
      const last = firstBucket[stem + 1]! - 2;
      let filled = first;
      for (let j = from; j < to; j++) {
        const bucket = bucketOf(jointKey[j]!, jointKey[from]!, scale, first, last);
        while (filled <= bucket) buckets[filled++] = j;
      }
      while (filled <= last + 1) buckets[filled++] = to;
    }
    return buckets;
  }

  private waysToTop(): Float64Array {
    const { top, fromTop, endKey, parent } = this.stems;
    const topKey = new Float64Array(endKey.length).fill(-Infinity);
    for (let k = 1; k < fromTop.length; k++) {
      const stem = fromTop[k]!;
      const above = parent[stem]!;
      topKey[stem] = above === top ? endKey[stem]! : topKey[above]!;
    }
    return topKey;
  }

  /** A branch that is not kept enters the tree on the arc that passes its saddle. */
  private enterBranches({ saddle, toward }: Branches, keys: Float64Array, kept: Uint8Array): void {
    const { entry, stemOf } = this;
    const { firstJoint } = this.stems;
    const way: number[] = [];
    entry.fill(-1);
    for (let b = 0; b < kept.length; b++) if (kept[b]) entry[b] = firstJoint[stemOf[b]!]!;
    for (let b = 0; b < kept.length; b++) {
      for (let at = b; entry[at]! < 0; at = toward[at]!) way.push(at);
      for (let at = way.pop(); at !== undefined; at = way.pop()) {
        const end = saddle[at]!;
        const key = keys[end]!;
        const from = stemOf[toward[at]!]!;
        const stem = stemAt(this.stems, from, key, end);
        const joint = jointsUpTo(this, stem, key, end);
        stemOf[at] = stem;
        entry[at] = stem === from ? Math.max(joint, entry[toward[at]!]!) : joint;
      }
    }
  }
}

/** Up to so many joints are looked through one by one. */
const FEW_JOINTS = 8;

const BUCKETS_A_JOINT = 4;

/** Monotone in the key, from `first` to `last`. */
function bucketOf(key: number, low: number, scale: number, first: number, last: number): number {
  const position = (key - low) * scale;
  if (!(position > 0)) return first;
  return position >= last - first ? last : first + (position | 0);
}

/** The first joint of the stem above (key, v), or the end of its joints. */
function jointsUpTo(finder: ArcFinder, stem: number, key: number, v: number): number {
  const { buckets, firstBucket, bucketScale, jointKey } = finder;
  const { firstJoint, jointVertex } = finder.stems;
  let low = firstJoint[stem]!;
  let high = firstJoint[stem + 1]!;
  const scale = bucketScale[stem]!;
  if (scale > 0) {
    // Those of lower buckets are below, those of higher ones above.
    const first = firstBucket[stem]!;
    const last = firstBucket[stem + 1]! - 2;
    const bucket = bucketOf(key, jointKey[low]!, scale, first, last);
    low = buckets[bucket]!;
    high = buckets[bucket + 1]!;
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = jointKey[middle]!;
    if (other < key || (other === key && jointVertex[middle]! <= v)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Vertices between two looks at how many lie on the arc of the one before. */
const LOOK = 4096;

/**
 * Counts the vertices of every arc and, where asked, writes down each vertex's.
 *
 * @param jointKey Key of each joint's vertex.
 * @param size Receives for each node of the stems the vertices on its arc.
 * @param arcs Where given, receives for each vertex the node its arc starts at. It may be
 *   `branches.basin` itself, which is then consumed.
 */
export function locateVertices(
  stems: Stems,
  jointKey: Float64Array,
  branches: Branches,
  keys: Float64Array,
  kept: Uint8Array,
  size: Int32Array,
  arcs: Int32Array | undefined,
): void {
  const finder = new ArcFinder(stems, jointKey, branches, keys, kept);
  const { stemOf, entry, topKey } = finder;
  const { endKey, top, firstJoint } = stems;
  const { basin } = branches;
  const count = stems.minimum.length;
  // Neighbours in memory mostly lie on one arc: that of the last vertex, as a basin and an interval.
  // On rough landscapes they do not, and looking up the interval would cost more than it saves.
  let remembers = true;
  let same = 0;
  let lastBasin = 0;
  let low = Infinity;
  let high = -Infinity;
  let node = 0;
  let run = 0;
  for (let v = 0; v < basin.length; v++) {
    const key = keys[v]!;
    const code = basin[v]!;
    if (code === lastBasin && key > low && key < high) {
      run++;
    } else {
      same += run;
      size[node]! += run;
      run = 1;
      const b = ~code;
      const from = stemOf[b]!;
      let stem = from;
      if (endKey[from]! <= key) stem = topKey[from]! < key ? top : stemAt(stems, from, key, v);
      const first = firstJoint[stem]!;
      const enter = stem === from ? entry[b]! : first;
      const end = firstJoint[stem + 1]!;
      let joint = enter;
      if (joint < end && jointKey[joint]! <= key) {
        const above = jointsUpTo(finder, stem, key, v);
        if (above > joint) joint = above;
      }
      // The arc starts at the joint below, or at the minimum.
      node = joint === first ? stem : count + joint - 1;
      if (remembers) {
        lastBasin = code;
        low = joint === enter ? -Infinity : jointKey[joint - 1]!;
        high = joint === end ? endKey[stem]! : jointKey[joint]!;
      }
    }
    if (arcs !== undefined) arcs[v] = node;
    if ((v & (LOOK - 1)) === 0) {
      // Every sixteenth stretch is tried again.
      remembers = same > LOOK / 4 || (v & (16 * LOOK - 1)) === 0;
      if (!remembers) lastBasin = 0;
      same = 0;
    }
  }
  size[node]! += run;
}
