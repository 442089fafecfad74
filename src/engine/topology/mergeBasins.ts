import { sortedOrder } from './order';

/** Where basins meet: at `vertex`, ascending, two of them, by number. */
export interface BasinEdges {
  readonly vertex: Int32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
}

/** How basins end, as `Branches` has it. */
export interface BasinDeaths {
  readonly saddle: Int32Array;
  readonly toward: Int32Array;
}

/**
 * Merges basins along their edges by the elder rule.
 *
 * A basin whose lowest edge leads to an older one ends there, whatever happens elsewhere: below
 * that edge it is alone, and at it the older one is in its component. Such basins, most of them,
 * are merged in rounds that walk through memory as through the grid (as in Borůvka's algorithm),
 * without sorting. What rounds leave is sorted and merged by Kruskal's.
 *
 * @param keys One for each vertex (order.ts).
 * @param minimum Vertex of each basin's minimum, ascending, so that of two equal ones the basin of
 *   the lower number is older.
 * @param edges All basins must be connected by them.
 */
export function mergeBasins(
  keys: Float64Array,
  minimum: Int32Array,
  edges: BasinEdges,
): BasinDeaths {
  const deaths: BasinDeaths = {
    saddle: new Int32Array(minimum.length).fill(-1),
    toward: new Int32Array(minimum.length).fill(-1),
  };
  let parts = initialParts(keys, minimum, edges);
  while (parts.basin.length > LEAST_PARTS) {
    const before = parts.basin.length;
    parts = contracted(parts, deaths);
    if (parts.basin.length > WORTHWHILE * before) break;
  }
  kruskal(parts, deaths);
  return deaths;
}

/** Fewer parts than this fit into the cache, where sorting is as good. */
const LEAST_PARTS = 2048;
/** A round that leaves more than this share of the parts is the last. */
const WORTHWHILE = 0.8;

/** Merged basins, each known by its oldest, and the edges between them. */
interface Parts {
  /** The oldest basin of each part, ascending. */
  readonly basin: Int32Array;
  /** Key of its minimum. */
  readonly birth: Float64Array;
  /** Edges, by vertex; `left` and `right` are parts. */
  readonly key: Float64Array;
  readonly vertex: Int32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
}

function initialParts(keys: Float64Array, minimum: Int32Array, edges: BasinEdges): Parts {
  const basin = new Int32Array(minimum.length);
  const birth = new Float64Array(minimum.length);
  for (let b = 0; b < minimum.length; b++) {
    basin[b] = b;
    birth[b] = keys[minimum[b]!]!;
  }
  const key = new Float64Array(edges.vertex.length);
  for (let e = 0; e < key.length; e++) key[e] = keys[edges.vertex[e]!]!;
  return { basin, birth, key, ...edges };
}

/** Merges every part whose lowest edge leads to an older one. Edges are renamed in place. */
function contracted(parts: Parts, deaths: BasinDeaths): Parts {
  const { basin, birth, key, vertex, left, right } = parts;
  const count = basin.length;
  const lowest = new Int32Array(count).fill(-1);
  const lowestKey = new Float64Array(count).fill(Infinity);
  for (let e = 0; e < key.length; e++) {
    const height = key[e]!;
    const a = left[e]!;
    const b = right[e]!;
    // Of edges of equal height the first has the lower vertex.
    if (height < lowestKey[a]! || lowest[a]! < 0) {
      lowest[a] = e;
      lowestKey[a] = height;
    }
    if (height < lowestKey[b]! || lowest[b]! < 0) {
      lowest[b] = e;
      lowestKey[b] = height;
    }
  }

  // `lowest` turns into the part each goes to, itself where it stays.
  const into = lowest;
  let stay = 0;
  for (let a = 0; a < count; a++) {
    const e = lowest[a]!;
    const b = e < 0 ? a : left[e]! + right[e]! - a;
    if (birth[b]! < birth[a]! || (birth[b] === birth[a] && b < a)) {
      deaths.saddle[basin[a]!] = vertex[e]!;
      deaths.toward[basin[a]!] = basin[b]!;
      into[a] = b;
    } else {
      into[a] = a;
      stay++;
    }
  }
  const nextBasin = new Int32Array(stay);
  const nextBirth = new Float64Array(stay);
  const renamed = new Int32Array(count);
  let next = 0;
  for (let a = 0; a < count; a++) {
    if (into[a] !== a) continue;
    nextBasin[next] = basin[a]!;
    nextBirth[next] = birth[a]!;
    renamed[a] = next++;
  }
  for (let a = 0; a < count; a++) {
    let end = a;
    while (into[end] !== end) end = into[end]!;
    for (let at = a; into[at] !== end && at !== end;) {
      const up = into[at]!;
      into[at] = end;
      at = up;
    }
    if (end !== a) renamed[a] = renamed[end]!;
  }

  let kept = 0;
  for (let e = 0; e < key.length; e++) {
    const a = renamed[left[e]!]!;
    const b = renamed[right[e]!]!;
    if (a === b) continue;
    key[kept] = key[e]!;
    vertex[kept] = vertex[e]!;
    left[kept] = a;
    right[kept++] = b;
  }
  return {
    basin: nextBasin,
    birth: nextBirth,
    key: key.subarray(0, kept),
    vertex: vertex.subarray(0, kept),
    left: left.subarray(0, kept),
    right: right.subarray(0, kept),
  };
}

/** Merges parts along edges from the lowest up; the younger ends at the edge's vertex. */
function kruskal(parts: Parts, deaths: BasinDeaths): void {
  const { basin, birth, key, vertex, left, right } = parts;
  const order = sortedOrder(key);
  const elder = new Int32Array(basin.length);
  for (let a = 0; a < elder.length; a++) elder[a] = a;
  let rest = basin.length - 1;
  for (let k = 0; k < order.length && rest > 0; k++) {
    const e = order[k]!;
    let a = left[e]!;
    for (let up = elder[a]!; up !== a; up = elder[a]!) {
      elder[a] = elder[up]!;
      a = up;
    }
    let b = right[e]!;
    for (let up = elder[b]!; up !== b; up = elder[b]!) {
      elder[b] = elder[up]!;
      b = up;
    }
    if (a === b) continue;
    const aIsOlder = birth[a]! < birth[b]! || (birth[a] === birth[b] && a < b);
    const younger = aIsOlder ? b : a;
    const older = aIsOlder ? a : b;
    elder[younger] = older;
    deaths.toward[basin[younger]!] = basin[older]!;
    deaths.saddle[basin[younger]!] = vertex[e]!;
    rest--;
  }
}
