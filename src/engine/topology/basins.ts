import { settleParents } from './branches';
import { isNeighbor, neighborOffsets, stridesOf, unitBlock } from './neighborhood';
import { sortedOrder } from './order';
import type { Branches } from './branches';
import type { StencilNeighborhood } from './neighborhood';

/**
 * Branches of the join tree of a grid without sorting its vertices.
 *
 * Every vertex points at the lowest of its neighbours, so it falls to a minimum: the grid is cut
 * into basins (as in PPP, Maack et al. 2021, and ExTreeM, Lukasczyk et al. 2024). Only a vertex
 * whose lower neighbours are not joined to each other right around it can be where two components
 * of a sublevel set meet. Those vertices, sorted, are the edges of Kruskal's algorithm on the
 * basins, and the elder rule gives the pairs that the sweep over all vertices (sweep.ts) gives,
 * vertex for vertex.
 */

/** Bits of an Int32 that a set of points around a vertex may take. */
const MAXIMUM_BITS = 30;
/** Up to this many bits a set of points around a vertex has its own entry in a table. */
const TABLE_BITS = 18;
const UNKNOWN = -1;

/** Whether `basinBranches` takes the neighbourhood in so many dimensions: stencils of up to 30. */
export function hasBasinPath(neighborhood: StencilNeighborhood, dimensions: number): boolean {
  switch (neighborhood) {
    case '4':
      return 2 * dimensions <= MAXIMUM_BITS;
    case '8':
      return 3 ** dimensions - 1 <= MAXIMUM_BITS;
    case 'freudenthal':
      return 2 * (2 ** dimensions - 1) <= MAXIMUM_BITS;
  }
}

/**
 * @param keys One for each vertex in C order, without NaN (order.ts).
 * @param extents Points along each axis, each at least 2; may be empty for a single point.
 */
export function basinBranches(
  keys: Float64Array,
  extents: readonly number[],
  neighborhood: StencilNeighborhood,
): Branches {
  const link = new Link(neighborhood, extents);
  const descent = new Descent(keys);
  descendGrid(descent, link, extents);
  const { basin } = descent;
  flatten(basin);
  const minimum = descent.minima.slice(0, descent.minimaCount);
  const edges = basinEdges(descent, link);
  descent.release();

  const saddle = new Int32Array(minimum.length).fill(-1);
  const parent = new Int32Array(minimum.length).fill(-1);
  const deaths = new Int32Array(minimum.length - 1);
  kruskal(keys, minimum, edges, saddle, parent, deaths);
  settleParents(parent, saddle, deaths);
  return {
    minimum,
    saddle,
    parent,
    deaths,
    root: oldest(parent),
    maximum: lastMaximum(keys),
    basin,
  };
}

/**
 * The points right around a vertex: its neighbours, and where there is room the points that join
 * two of them, each a bit.
 */
class Link {
  /** Number of neighbours; bits from here on are joining points. */
  readonly degree: number;
  /** Steps in vertex index, by bit. */
  readonly linear: Int32Array;
  /** Steps along the axes, by bit. */
  readonly offsets: readonly (readonly number[])[];
  private readonly neighborMask: number;
  private readonly adjacent: Int32Array;
  /** By set of lower points, what `representatives` gives, or UNKNOWN. */
  readonly table: Int32Array | null;

  constructor(neighborhood: StencilNeighborhood, extents: readonly number[]) {
    const dimensions = extents.length;
    const neighbors = neighborOffsets(neighborhood, dimensions);
    const apart = (a: readonly number[], b: readonly number[]) =>
      isNeighbor(
        neighborhood,
        a.map((step, axis) => b[axis]! - step),
      );
    const joining =
      neighbors.length > 8
        ? []
        : unitBlock(dimensions).filter(
            (point) =>
              !isNeighbor(neighborhood, point) &&
              neighbors.filter((neighbor) => apart(neighbor, point)).length > 1,
          );
    this.offsets =
      neighbors.length + joining.length <= TABLE_BITS ? [...neighbors, ...joining] : neighbors;
    this.degree = neighbors.length;
    this.neighborMask = 2 ** this.degree - 1;
    const strides = stridesOf(extents);
    this.linear = Int32Array.from(this.offsets, (offset) =>
      offset.reduce((sum, step, axis) => sum + step * strides[axis]!, 0),
    );
    this.adjacent = Int32Array.from(this.offsets, (a) =>
      this.offsets.reduce((mask, b, bit) => (apart(a, b) ? mask | (1 << bit) : mask), 0),
    );
    const bits = this.offsets.length;
    this.table = bits <= TABLE_BITS ? new Int32Array(2 ** bits).fill(UNKNOWN) : null;
  }

  /** One neighbour of each connected part of a set of points around the vertex, as a set. */
  representatives(set: number): number {
    let chosen = 0;
    let rest = set;
    for (;;) {
      const first = rest & this.neighborMask & -(rest & this.neighborMask);
      if (first === 0) return chosen;
      chosen |= first;
      let part = first;
      let front = first;
      while (front !== 0) {
        const bit = front & -front;
        front ^= bit;
        const reached = this.adjacent[31 - Math.clz32(bit)]! & rest & ~part;
        part |= reached;
        front |= reached;
      }
      rest &= ~part;
    }
  }
}

/** The points of a link that are inside the grid for some position, nearest in memory first. */
class Stencil {
  readonly before: Int32Array;
  readonly beforeBits: Int32Array;
  readonly after: Int32Array;
  readonly afterBits: Int32Array;
  readonly joining: Int32Array;
  readonly joiningBits: Int32Array;

  constructor(link: Link, isInside: (offset: readonly number[]) => boolean) {
    const inside = link.offsets.flatMap((offset, bit) => (isInside(offset) ? [bit] : []));
    const step = (bit: number) => link.linear[bit]!;
    const neighbors = inside.filter((bit) => bit < link.degree);
    const before = neighbors.filter((bit) => step(bit) < 0).sort((a, b) => step(b) - step(a));
    const after = neighbors.filter((bit) => step(bit) > 0).sort((a, b) => step(a) - step(b));
    const joining = inside.filter((bit) => bit >= link.degree);
    this.before = Int32Array.from(before, step);
    this.beforeBits = Int32Array.from(before, (bit) => 1 << bit);
    this.after = Int32Array.from(after, step);
    this.afterBits = Int32Array.from(after, (bit) => 1 << bit);
    this.joining = Int32Array.from(joining, step);
    this.joiningBits = Int32Array.from(joining, (bit) => 1 << bit);
  }
}

/** What the pass over the vertices collects. */
class Descent {
  /** For each vertex its lowest neighbour; ~b for the minimum of basin b. */
  readonly basin: Int32Array;
  minima: Int32Array;
  minimaCount = 0;
  /** Vertices where components may meet, ascending. */
  candidates: Int32Array;
  /** For each of them, one lower neighbour of each connected part, as a set of bits. */
  parts: Int32Array;
  candidateCount = 0;

  constructor(readonly keys: Float64Array) {
    this.basin = new Int32Array(keys.length);
    const guess = 64 + (keys.length >>> 4);
    this.minima = new Int32Array(guess);
    this.candidates = new Int32Array(guess);
    this.parts = new Int32Array(guess);
  }

  /** Makes room for what the next `run` vertices may bring. */
  reserve(run: number): void {
    if (this.minimaCount + run > this.minima.length) {
      this.minima = grown(this.minima, this.minimaCount + run);
    }
    if (this.candidateCount + run > this.candidates.length) {
      this.candidates = grown(this.candidates, this.candidateCount + run);
      this.parts = grown(this.parts, this.candidates.length);
    }
  }

  release(): void {
    this.minima = this.candidates = this.parts = new Int32Array(0);
  }
}

function grown(array: Int32Array, least: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(least, Math.ceil(array.length * 1.5)));
  larger.set(array.subarray(0, Math.min(array.length, larger.length)));
  return larger;
}

/** Longest run of vertices between two calls of `reserve`. */
const RUN = 4096;

function descendGrid(descent: Descent, link: Link, extents: readonly number[]): void {
  const points = descent.keys.length;
  const last = extents.length - 1;
  if (last < 0) {
    descent.reserve(1);
    descend(descent, link, new Stencil(link, () => false), 0, 1);
    return;
  }
  const row = extents[last]!;
  const position = new Array<number>(extents.length).fill(0);
  // Two bits for each axis: is this the first point along it, is it the last.
  const stencils = new Map<number, Stencil>();
  const stencilAt = (code: number): Stencil => {
    let stencil = stencils.get(code);
    if (stencil === undefined) {
      stencil = new Stencil(link, (offset) =>
        offset.every((step, axis) => {
          const side = (code >>> (2 * axis)) & 3;
          return !(step < 0 && (side & 1) !== 0) && !(step > 0 && (side & 2) !== 0);
        }),
      );
      stencils.set(code, stencil);
    }
    return stencil;
  };
  for (let start = 0; start < points; start += row) {
    let code = 0;
    for (let axis = 0; axis < last; axis++) {
      if (position[axis] === 0) code |= 1 << (2 * axis);
      if (position[axis] === extents[axis]! - 1) code |= 2 << (2 * axis);
    }
    descent.reserve(2);
    descend(descent, link, stencilAt(code | (1 << (2 * last))), start, start + 1);
    const middle = stencilAt(code);
    for (let from = start + 1; from < start + row - 1; from += RUN) {
      const to = Math.min(from + RUN, start + row - 1);
      descent.reserve(to - from + 1);
      descend(descent, link, middle, from, to);
    }
    descend(descent, link, stencilAt(code | (2 << (2 * last))), start + row - 1, start + row);
    for (let axis = last - 1; axis >= 0; axis--) {
      if (++position[axis]! < extents[axis]!) break;
      position[axis] = 0;
    }
  }
}

/** One pass over vertices that share a stencil: lowest neighbour, minima, candidates. */
function descend(descent: Descent, link: Link, stencil: Stencil, start: number, end: number): void {
  const { keys, basin, minima, candidates, parts } = descent;
  const { before, beforeBits, after, afterBits, joining, joiningBits } = stencil;
  const { table } = link;
  let { minimaCount, candidateCount } = descent;
  for (let v = start; v < end; v++) {
    const key = keys[v]!;
    let lowest = key;
    let to = v;
    let lower = 0;
    // Nearest first, so among equals the later one tried has the lower index and wins…
    for (let k = 0; k < before.length; k++) {
      const u = v + before[k]!;
      const other = keys[u]!;
      if (other <= key) {
        lower |= beforeBits[k]!;
        if (other <= lowest) {
          lowest = other;
          to = u;
        }
      }
    }
    // …and on this side the earlier one.
    for (let k = 0; k < after.length; k++) {
      const u = v + after[k]!;
      const other = keys[u]!;
      if (other < key) {
        lower |= afterBits[k]!;
        if (other < lowest) {
          lowest = other;
          to = u;
        }
      }
    }
    if (lower === 0) {
      basin[v] = ~minimaCount;
      minima[minimaCount++] = v;
      continue;
    }
    basin[v] = to;
    if ((lower & (lower - 1)) === 0) continue;
    for (let k = 0; k < joining.length; k++) {
      const step = joining[k]!;
      const other = keys[v + step]!;
      if (other < key || (other === key && step < 0)) lower |= joiningBits[k]!;
    }
    let chosen = table === null ? UNKNOWN : table[lower]!;
    if (chosen === UNKNOWN) {
      chosen = link.representatives(lower);
      if (table !== null) table[lower] = chosen;
    }
    if ((chosen & (chosen - 1)) !== 0) {
      candidates[candidateCount] = v;
      parts[candidateCount++] = chosen;
    }
  }
  descent.minimaCount = minimaCount;
  descent.candidateCount = candidateCount;
}

/** Follows every vertex down to the minimum of its basin. */
function flatten(basin: Int32Array): void {
  for (let v = 0; v < basin.length; v++) {
    let at = basin[v]!;
    if (at < 0) continue;
    let down = basin[at]!;
    if (down < 0) {
      basin[v] = down;
      continue;
    }
    while (down >= 0) {
      at = down;
      down = basin[at]!;
    }
    at = v;
    for (let next = basin[at]!; next >= 0; next = basin[at]!) {
      basin[at] = down;
      at = next;
    }
  }
}

interface BasinEdges {
  /** The vertex at which two basins meet, ascending. */
  readonly vertex: Int32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
}

function basinEdges(descent: Descent, link: Link): BasinEdges {
  const { basin, candidates, parts, candidateCount } = descent;
  const { linear } = link;
  let capacity = candidateCount + 64;
  let vertex = new Int32Array(capacity);
  let left = new Int32Array(capacity);
  let right = new Int32Array(capacity);
  let count = 0;
  for (let c = 0; c < candidateCount; c++) {
    if (count + MAXIMUM_BITS > capacity) {
      vertex = grown(vertex, count + MAXIMUM_BITS);
      left = grown(left, vertex.length);
      right = grown(right, vertex.length);
      capacity = vertex.length;
    }
    const v = candidates[c]!;
    let rest = parts[c]!;
    let bit = rest & -rest;
    rest ^= bit;
    const first = basin[v + linear[31 - Math.clz32(bit)]!]!;
    while (rest !== 0) {
      bit = rest & -rest;
      rest ^= bit;
      const other = basin[v + linear[31 - Math.clz32(bit)]!]!;
      if (other !== first) {
        vertex[count] = v;
        left[count] = ~first;
        right[count++] = ~other;
      }
    }
  }
  return {
    vertex: vertex.subarray(0, count),
    left: left.subarray(0, count),
    right: right.subarray(0, count),
  };
}

/** Joins basins along edges from the lowest up; the younger minimum ends at the edge's vertex. */
function kruskal(
  keys: Float64Array,
  minimum: Int32Array,
  edges: BasinEdges,
  saddle: Int32Array,
  parent: Int32Array,
  deaths: Int32Array,
): void {
  const { vertex, left, right } = edges;
  const edgeKeys = new Float64Array(vertex.length);
  for (let e = 0; e < vertex.length; e++) edgeKeys[e] = keys[vertex[e]!]!;
  const order = sortedOrder(edgeKeys);
  const birth = new Float64Array(minimum.length);
  const elder = new Int32Array(minimum.length);
  for (let b = 0; b < minimum.length; b++) {
    birth[b] = keys[minimum[b]!]!;
    elder[b] = b;
  }
  let count = 0;
  for (let k = 0; k < order.length && count < deaths.length; k++) {
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
    // Branches are numbered by the vertices of their minima.
    const aIsOlder = birth[a]! < birth[b]! || (birth[a] === birth[b] && a < b);
    const younger = aIsOlder ? b : a;
    const older = aIsOlder ? a : b;
    elder[younger] = older;
    parent[younger] = older;
    saddle[younger] = vertex[e]!;
    deaths[count++] = younger;
  }
}

function oldest(parent: Int32Array): number {
  return parent.indexOf(-1);
}

function lastMaximum(keys: Float64Array): number {
  let at = 0;
  for (let v = 1; v < keys.length; v++) if (keys[v]! >= keys[at]!) at = v;
  return at;
}
