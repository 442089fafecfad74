import { mergeBasins } from './mergeBasins';
import { isNeighbor, neighborOffsets, stridesOf, unitBlock } from '../neighborhood';
import type { Branches } from './branches';
import type { BasinEdges } from './mergeBasins';
import type { StencilNeighborhood } from '../neighborhood';

/**
 * Branches of the join tree of a grid without sorting its vertices.
 *
 * Every vertex points at a lower neighbour, so it falls to a minimum: the grid is cut into basins
 * (as in PPP, Maack et al. 2021, and ExTreeM, Lukasczyk et al. 2024). Only a vertex whose lower
 * neighbours are not joined to each other right around it can be where two components of a sublevel
 * set meet. Those vertices are the edges along which basins merge (mergeBasins.ts), to the same
 * pairs as the sweep over all vertices (sweep.ts) finds, vertex for vertex.
 *
 * Which lower neighbour does not matter for that, so it is one that comes before in memory if any
 * does: a second pass has its basin already. The bits of a set of lower points are computed without branches,
 * which on rough landscapes would be guessed wrong half of the time.
 */

/** Bits of an Int32 that a set of points around a vertex may take. */
const MAX_BITS = 30;
/** Up to this many bits a set of points around a vertex has its own entry in a table. */
const MAX_TABLE_BITS = 18;
const UNKNOWN = -1;
/** Vertices of one run: their sets stay in the first cache, and so do three rows of values. */
const RUN = 1024;

/** Whether `basinBranches` takes the neighbourhood in so many dimensions: stencils of up to 30. */
export function hasBasinPath(neighborhood: StencilNeighborhood, dimensions: number): boolean {
  switch (neighborhood) {
    case '4':
      return 2 * dimensions <= MAX_BITS;
    case '8':
      return 3 ** dimensions - 1 <= MAX_BITS;
    case 'freudenthal':
      return 2 * (2 ** dimensions - 1) <= MAX_BITS;
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
  flatten(descent.basin);
  const { basin } = descent;
  const minimum = descent.minima();
  const edges = basinEdges(descent, link);
  const { saddle, toward } = mergeBasins(keys, minimum, edges);
  return {
    minimum,
    saddle,
    toward,
    root: saddle.indexOf(-1),
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
  readonly neighborMask: number;
  private readonly adjacent: Int32Array;
  /** By set of lower points, what `representatives` gives; null for sets of too many points. */
  readonly table: Int32Array | null;
  /** By set of lower points, where the table has it, the step to the one that comes first in memory. */
  readonly firstStep: Int32Array;

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
              neighbors
                .filter((neighbor) => apart(neighbor, point))
                .some((a, _, around) => around.some((b) => a !== b && !apart(a, b))),
          );
    this.offsets =
      neighbors.length + joining.length <= MAX_TABLE_BITS ? [...neighbors, ...joining] : neighbors;
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
    this.table = bits <= MAX_TABLE_BITS ? new Int32Array(2 ** bits).fill(UNKNOWN) : null;
    this.firstStep = new Int32Array(this.table?.length ?? 0);
  }

  /** Step to the first in memory of a set of neighbours; 0 where it is empty. */
  stepDown(set: number): number {
    const neighbors = set & this.neighborMask;
    // The lowest bit comes first in memory.
    return neighbors === 0 ? 0 : this.linear[31 - Math.clz32(neighbors & -neighbors)]!;
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

/** The points of a link that are inside the grid for some position: steps and bits, in threes. */
class Stencil {
  /** Points that come before in memory: not above is lower. */
  readonly before: Int32Array;
  readonly beforeBits: Int32Array;
  /** Points that come after. */
  readonly after: Int32Array;
  readonly afterBits: Int32Array;

  constructor(link: Link, isInside: (offset: readonly number[]) => boolean) {
    const inside = link.offsets.flatMap((offset, bit) => (isInside(offset) ? [bit] : []));
    const step = (bit: number) => link.linear[bit]!;
    const before = inThrees(inside.filter((bit) => step(bit) < 0));
    const after = inThrees(inside.filter((bit) => step(bit) > 0));
    this.before = Int32Array.from(before, step);
    this.beforeBits = Int32Array.from(before);
    this.after = Int32Array.from(after, step);
    this.afterBits = Int32Array.from(after);
  }
}

/** Repeats the last point, which changes no set, until three divide their number. */
function inThrees(bits: readonly number[]): readonly number[] {
  const last = bits.at(-1);
  if (last === undefined) return bits;
  return [...bits, ...new Array<number>((3 - (bits.length % 3)) % 3).fill(last)];
}

/** What the pass over the vertices collects. */
class Descent {
  /** For each vertex ~b, the basin b, or where that is not known yet a lower neighbour. */
  readonly basin: Int32Array;
  minimaCount = 0;
  /** What was found, a page after the other: one that fills up is neither copied nor half empty. */
  readonly pages: Page[] = [];
  page: Page;
  /** The two words of each key, the lower first or last as the machine has it. */
  readonly words: Int32Array;
  /** Sets of lower points of the vertices of one run. */
  readonly sets = new Int32Array(RUN);

  constructor(readonly keys: Float64Array) {
    this.basin = new Int32Array(keys.length);
    this.words = new Int32Array(keys.buffer, keys.byteOffset, 2 * keys.length);
    this.page = this.turned();
  }

  /** Makes room for what the next `run` vertices may bring. */
  reserve(run: number): void {
    const { page } = this;
    const fullest = Math.max(page.minimaCount, page.candidateCount);
    if (fullest + run > page.minima.length) this.page = this.turned();
  }

  private turned(): Page {
    const page = new Page(Math.max(RUN + 2, Math.min(this.keys.length, PAGE)));
    this.pages.push(page);
    return page;
  }

  /** Vertices of all minima, ascending. */
  minima(): Int32Array {
    const all = new Int32Array(this.minimaCount);
    let count = 0;
    for (const { minima, minimaCount } of this.pages) {
      all.set(minima.subarray(0, minimaCount), count);
      count += minimaCount;
    }
    return all;
  }
}

/** Entries of a page; 256 KiB in all. */
const PAGE = 2 ** 14;

class Page {
  readonly minima: Int32Array;
  minimaCount = 0;
  /** Vertices where components may meet, ascending. */
  readonly candidates: Int32Array;
  /** For each of them, one lower neighbour of each connected part, as a set of bits. */
  readonly parts: Int32Array;
  /** And the upper word of its key. */
  readonly words: Int32Array;
  candidateCount = 0;

  constructor(entries: number) {
    this.minima = new Int32Array(entries);
    this.candidates = new Int32Array(entries);
    this.parts = new Int32Array(entries);
    this.words = new Int32Array(entries);
  }
}

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

/** A run of vertices that share a stencil: basins, minima, candidates. */
function descend(descent: Descent, link: Link, stencil: Stencil, start: number, end: number): void {
  const { keys, sets } = descent;
  const { before, beforeBits, after, afterBits } = stencil;
  sets.fill(0, 0, end - start);
  for (let k = 0; k < before.length; k += 3) {
    markNotAbove(
      keys,
      sets,
      start,
      end,
      before[k]!,
      before[k + 1]!,
      before[k + 2]!,
      beforeBits[k]!,
      beforeBits[k + 1]!,
      beforeBits[k + 2]!,
    );
  }
  for (let k = 0; k < after.length; k += 3) {
    markBelow(
      keys,
      sets,
      start,
      end,
      after[k]!,
      after[k + 1]!,
      after[k + 2]!,
      afterBits[k]!,
      afterBits[k + 1]!,
      afterBits[k + 2]!,
    );
  }
  assign(descent, link, start, end);
}

/** Adds three points to the sets of the vertices they are not above. */
function markNotAbove(
  keys: Float64Array,
  sets: Int32Array,
  start: number,
  end: number,
  step0: number,
  step1: number,
  step2: number,
  bit0: number,
  bit1: number,
  bit2: number,
): void {
  for (let v = start, k = 0; v < end; v++, k++) {
    const key = keys[v]!;
    sets[k]! |=
      (Number(keys[v + step0]! <= key) << bit0) |
      (Number(keys[v + step1]! <= key) << bit1) |
      (Number(keys[v + step2]! <= key) << bit2);
  }
}

/** Adds three points to the sets of the vertices they are below. */
function markBelow(
  keys: Float64Array,
  sets: Int32Array,
  start: number,
  end: number,
  step0: number,
  step1: number,
  step2: number,
  bit0: number,
  bit1: number,
  bit2: number,
): void {
  for (let v = start, k = 0; v < end; v++, k++) {
    const key = keys[v]!;
    sets[k]! |=
      (Number(keys[v + step0]! < key) << bit0) |
      (Number(keys[v + step1]! < key) << bit1) |
      (Number(keys[v + step2]! < key) << bit2);
  }
}

/** Minima, candidates, and a lower neighbour of each vertex; no branch depends on the values. */
function assign(descent: Descent, link: Link, start: number, end: number): void {
  const { basin, page, sets, words } = descent;
  const { minima, candidates, parts, words: wordsOf } = page;
  const { table, firstStep, neighborMask } = link;
  const before = page.minimaCount;
  // Basins are numbered through, the entries of a page from 0.
  const numbered = descent.minimaCount - before;
  let { minimaCount, candidateCount } = page;
  for (let v = start; v < end; v++) {
    const lower = sets[v - start]!;
    let chosen: number;
    let step: number;
    if (table === null) {
      chosen = link.representatives(lower);
      step = link.stepDown(lower);
    } else {
      if (table[lower] === UNKNOWN) {
        table[lower] = link.representatives(lower);
        firstStep[lower] = link.stepDown(lower);
      }
      chosen = table[lower]!;
      step = firstStep[lower]!;
    }
    const isMinimum = Number((lower & neighborMask) === 0);
    const to = v + step;
    basin[v] = to ^ ((to ^ ~(numbered + minimaCount)) & -isMinimum);
    minima[minimaCount] = v;
    minimaCount += isMinimum;
    candidates[candidateCount] = v;
    parts[candidateCount] = chosen;
    wordsOf[candidateCount] = words[2 * v + UPPER]!;
    candidateCount += Number((chosen & (chosen - 1)) !== 0);
  }
  descent.minimaCount += minimaCount - before;
  page.minimaCount = minimaCount;
  page.candidateCount = candidateCount;
}

/**
 * Follows every vertex down to its minimum: from the front, until it points at its basin or at a vertex
 * that comes after it, then from the back. A step is taken without a branch, for which what has its
 * basin looks at itself.
 */
function flatten(basin: Int32Array): void {
  for (let v = 0; v < basin.length; v++) {
    let to = basin[v]!;
    to = basin[to ^ ((to ^ v) & (to >> 31))]!;
    // Basins are negative.
    while (to >>> 0 < v) to = basin[to]!;
    basin[v] = to;
  }
  for (let v = basin.length - 1; v >= 0; v--) {
    const to = basin[v]!;
    basin[v] = basin[to ^ ((to ^ v) & (to >> 31))]!;
  }
}

/** Empties the pages as it reads them. */
function basinEdges({ basin, pages }: Descent, { linear }: Link): BasinEdges {
  let most = 1;
  for (const { parts, candidateCount } of pages) {
    for (let c = 0; c < candidateCount; c++) {
      for (let rest = parts[c]!; (rest & (rest - 1)) !== 0; rest &= rest - 1) most++;
    }
  }
  const vertex = new Int32Array(most);
  const left = new Int32Array(most);
  const right = new Int32Array(most);
  const height = new Int32Array(most);
  let count = 0;
  for (let page = pages.shift(); page !== undefined; page = pages.shift()) {
    const { candidates, parts, words, candidateCount } = page;
    for (let c = 0; c < candidateCount; c++) {
      const v = candidates[c]!;
      const h = integerHeight(words[c]!);
      let rest = parts[c]!;
      const first = basin[v + linear[31 - Math.clz32(rest & -rest)]!]!;
      rest &= rest - 1;
      do {
        const other = basin[v + linear[31 - Math.clz32(rest & -rest)]!]!;
        rest &= rest - 1;
        vertex[count] = v;
        height[count] = h;
        left[count] = ~first;
        right[count] = ~other;
        count += Number(other !== first);
      } while (rest !== 0);
    }
  }
  return {
    vertex: vertex.subarray(0, count),
    height: height.subarray(0, count),
    left: left.subarray(0, count),
    right: right.subarray(0, count),
  };
}

/** Of the upper word of a float, an integer that never falls where the float rises. */
function integerHeight(word: number): number {
  // Negative floats sort the other way round but for their sign. −0 equals 0, as do the floats next
  // to them by their upper words.
  return word < 0 ? -(word & 0x7fffffff) : word;
}

/** Which of a float's two words is the upper one. */
const UPPER = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

function lastMaximum(keys: Float64Array): number {
  let highest = -Infinity;
  let at = 0;
  for (let v = 0; v < keys.length; v++) {
    const key = keys[v]!;
    if (key >= highest) {
      highest = key;
      at = v;
    }
  }
  return at;
}
