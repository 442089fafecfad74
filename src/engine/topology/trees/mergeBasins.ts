import { sortedOrder } from '../order';

/** Where basins meet: at `vertex`, ascending, two of them, by number. */
export interface BasinEdges {
  readonly vertex: Int32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** What of the vertex's key fits into an integer: it never falls where the key rises. */
  readonly height: Int32Array;
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
 * On rough landscapes every comparison of two heights is a branch that would be guessed wrong, so
 * the rounds compare and choose by arithmetic, on the upper words of the floats; only where those
 * are equal, which is rare, they branch.
 *
 * @param keys One for each vertex (order.ts).
 * @param minimum Vertex of each basin's minimum, ascending, so that of two equal ones the basin of
 *   the lower number is older.
 * @param edges All basins must be connected by them. Their arrays are consumed.
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
  while (parts.basin.length > MIN_PARTS) {
    const before = parts.basin.length;
    parts = contracted(parts, keys, deaths);
    if (parts.basin.length > WORTHWHILE * before) break;
  }
  kruskal(parts, keys, deaths);
  return deaths;
}

/** Of fewer parts the edges, many times as many by then, are sorted as fast. */
const MIN_PARTS = 64;
/** A round that leaves more than this share of the parts is the last. */
const WORTHWHILE = 0.8;

/** Merged basins, each known by its oldest, and the edges between them: `left` and `right` are parts. */
interface Parts extends BasinEdges {
  /** The oldest basin of each part, ascending. */
  readonly basin: Int32Array;
  /** Key of its minimum. */
  readonly birth: Float64Array;
}

function initialParts(keys: Float64Array, minimum: Int32Array, edges: BasinEdges): Parts {
  const basin = new Int32Array(minimum.length);
  const birth = new Float64Array(minimum.length);
  for (let b = 0; b < minimum.length; b++) {
    basin[b] = b;
    birth[b] = keys[minimum[b]!]!;
  }
  return { basin, birth, ...edges };
}

/** Merges every part whose lowest edge leads to an older one. Edges are renamed in place. */
function contracted(parts: Parts, keys: Float64Array, deaths: BasinDeaths): Parts {
  const { basin, birth, height, vertex, left, right } = parts;
  const count = basin.length;
  const lowest = lowestEdges(parts, keys);

  const { saddle, toward } = deaths;
  const nextBasin = new Int32Array(count);
  const nextBirth = new Float64Array(count);
  const renamed = new Int32Array(count);
  // `lowest` turns into the part each goes to, itself where it stays.
  const into = lowest;
  let stay = 0;
  for (let a = 0; a < count; a++) {
    const e = lowest[a]!;
    const own = basin[a]!;
    const b = left[e]! + right[e]! - a;
    const ownBirth = birth[a]!;
    const otherBirth = birth[b]!;
    const ends = Number(otherBirth < ownBirth) | (Number(otherBirth === ownBirth) & Number(b < a));
    // Written for those that stay as well: they end later, and write it again.
    saddle[own] = vertex[e]!;
    toward[own] = basin[b]!;
    into[a] = a ^ ((a ^ b) & -ends);
    nextBasin[stay] = own;
    nextBirth[stay] = ownBirth;
    renamed[a] = stay;
    stay += 1 - ends;
  }
  for (let a = 0; a < count; a++) {
    let end = into[a]!;
    while (into[end] !== end) end = into[end]!;
    into[a] = end;
    renamed[a] = renamed[end]!;
  }

  let kept = 0;
  for (let e = 0; e < vertex.length; e++) {
    const a = renamed[left[e]!]!;
    const b = renamed[right[e]!]!;
    height[kept] = height[e]!;
    vertex[kept] = vertex[e]!;
    left[kept] = a;
    right[kept] = b;
    kept += Number(a !== b);
  }
  return {
    basin: nextBasin.subarray(0, stay),
    birth: nextBirth.subarray(0, stay),
    height: height.subarray(0, kept),
    vertex: vertex.subarray(0, kept),
    left: left.subarray(0, kept),
    right: right.subarray(0, kept),
  };
}

/** The lowest edge of each part; every part has one. */
function lowestEdges(
  { basin, height, vertex, left, right }: Parts,
  keys: Float64Array,
): Int32Array {
  const lowest = new Int32Array(basin.length).fill(-1);
  const least = new Int32Array(basin.length).fill(0x7fffffff);
  for (let e = 0; e < height.length; e++) {
    const h = height[e]!;
    const a = left[e]!;
    const b = right[e]!;
    const ofA = least[a]!;
    const ofB = least[b]!;
    if (h === ofA && isLower(keys, vertex, e, lowest[a]!)) lowest[a] = e;
    if (h === ofB && isLower(keys, vertex, e, lowest[b]!)) lowest[b] = e;
    const belowA = -Number(h < ofA);
    const belowB = -Number(h < ofB);
    least[a] = ofA ^ ((ofA ^ h) & belowA);
    least[b] = ofB ^ ((ofB ^ h) & belowB);
    const edgeA = lowest[a]!;
    const edgeB = lowest[b]!;
    lowest[a] = edgeA ^ ((edgeA ^ e) & belowA);
    lowest[b] = edgeB ^ ((edgeB ^ e) & belowB);
  }
  return lowest;
}

/** Of edges of equal height the first has the lower vertex. */
function isLower(keys: Float64Array, vertex: Int32Array, edge: number, than: number): boolean {
  return than < 0 || keys[vertex[edge]!]! < keys[vertex[than]!]!;
}

/** Merges parts along edges from the lowest up; the younger ends at the edge's vertex. */
function kruskal(parts: Parts, keys: Float64Array, deaths: BasinDeaths): void {
  const { basin, birth, vertex, left, right } = parts;
  const order = sortedOrder(Float64Array.from(vertex, (v) => keys[v]!));
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
  // What rounds wrote for the one that never ends.
  const oldest = basin[elder.findIndex((up, part) => up === part)]!;
  deaths.saddle[oldest] = -1;
  deaths.toward[oldest] = -1;
}
