import { rootOf } from '../../shared/unionFind';
import { adjacencyOf, type Adjacency } from './adjacency';
import { branchesOf, superlevelBranches } from './trees/gridBranches';
import { gridExtents } from './neighborhood';
import { comparableKeys } from './order';
import { branchesAbove, persistenceOf } from './persistence';
import type { Neighborhood } from '../../shared/result/topology';
import type { Branches } from './trees/branches';

/** The grid cut along its ridges and valleys. */
export interface Segmentation {
  /** Vertices of the minima, ascending, and for each vertex the index of the one it falls to. */
  readonly minima: Int32Array;
  readonly basin: Int32Array;
  /** Vertices of the maxima, ascending, and for each vertex the index of the one it climbs to. */
  readonly maxima: Int32Array;
  readonly hill: Int32Array;
  /** For each vertex its cell: the vertices of one basin and one hill. */
  readonly cell: Int32Array;
  /** Cells in the order of their first vertices. */
  readonly cells: readonly MorseSmaleCell[];
}

export interface MorseSmaleCell {
  /** Index in `minima`. */
  readonly basin: number;
  /** Index in `maxima`. */
  readonly hill: number;
  /** Vertices. */
  readonly size: number;
}

export interface SegmentationOptions {
  /** `freudenthal` unless given. */
  readonly neighborhood?: Neighborhood;
  /** Basins and hills of persistence up to this go to those they spill into; 0 unless given. */
  readonly threshold?: number;
}

/**
 * Basins, hills and the cells of the Morse–Smale complex in which they cross.
 *
 * Each vertex falls to its lowest neighbour in the order of (value, index) until it is at a minimum,
 * and climbs to its highest until it is at a maximum: steepest in the difference of values, not in
 * the slope, so that it needs no distances. A basin that is left out goes to the one whose component
 * it meets at its saddle, a hill likewise from above.
 *
 * @param values In C order: the last axis is the fastest.
 * @param shape Points along each axis.
 * @throws InputError when the shape is not that of the values.
 */
export function segmentLandscape(
  values: Float64Array | Float32Array,
  shape: readonly number[],
  { neighborhood = 'freudenthal', threshold = 0 }: SegmentationOptions = {},
): Segmentation {
  const extents = gridExtents(shape, values.length);
  const keys = comparableKeys(values);
  const n = keys.length;
  const graph = adjacencyOf(neighborhood, extents);

  const below = branchesOf(keys, extents, neighborhood);
  const down = labels(
    steepest(keys, graph, true),
    below,
    keepers(below, threshold, (birth, death) => persistenceOf(values[birth]!, values[death]!)),
    (v) => v,
    (v) => keys[v]!,
  );
  // Vertex v is n − 1 − v in branches from above.
  const above = superlevelBranches(keys, extents, neighborhood);
  const turn = (v: number) => n - 1 - v;
  const up = labels(
    steepest(keys, graph, false),
    above,
    keepers(above, threshold, (birth, death) =>
      persistenceOf(values[turn(death)]!, values[turn(birth)]!),
    ),
    turn,
    (v) => -keys[turn(v)]!,
  );
  return {
    minima: down.ends,
    basin: down.label,
    maxima: up.ends,
    hill: up.label,
    ...crossed(down.label, up.label),
  };
}

function keepers(
  branches: Branches,
  threshold: number,
  persistence: (birth: number, death: number) => number,
): Uint8Array {
  const persistences = Float64Array.from(branches.minimum, (birth, b) =>
    persistence(birth, b === branches.root ? branches.maximum : branches.saddle[b]!),
  );
  return branchesAbove(branches, persistences, threshold);
}

/** For each vertex the end of its way along lowest, or highest, neighbours. */
function steepest(keys: Float64Array, { starts, targets }: Adjacency, lowest: boolean): Int32Array {
  const next = new Int32Array(keys.length);
  for (let v = 0; v < keys.length; v++) {
    let best = v;
    for (let e = starts[v]!; e < starts[v + 1]!; e++) {
      const u = targets[e]!;
      if (u !== best && precedes(keys, u, best) === lowest) best = u;
    }
    next[v] = best;
  }
  for (let v = 0; v < next.length; v++) {
    let end = v;
    while (next[end] !== end) end = next[end]!;
    for (let at = v; next[at] !== end && at !== end;) {
      const on = next[at]!;
      next[at] = end;
      at = on;
    }
  }
  return next;
}

function precedes(keys: Float64Array, u: number, v: number): boolean {
  return keys[u]! < keys[v]! || (keys[u] === keys[v] && u < v);
}

/**
 * @param ends For each vertex the extremum it ends at.
 * @param vertexOf A vertex by its name in the branches.
 * @param keyOf Key of a vertex by its name in the branches, as their sweep sees it.
 */
function labels(
  ends: Int32Array,
  branches: Branches,
  kept: Uint8Array,
  vertexOf: (v: number) => number,
  keyOf: (v: number) => number,
): { ends: Int32Array; label: Int32Array } {
  const keeper = keptSurvivors(branches, kept, keyOf);
  const keptEnds = Int32Array.from(
    [...branches.minimum].filter((_, b) => kept[b]).map(vertexOf),
  ).sort();
  const index = new Map(Array.from(keptEnds, (v, k) => [v, k]));
  const labelAt = new Int32Array(ends.length);
  branches.minimum.forEach((extremum, b) => {
    labelAt[vertexOf(extremum)] = index.get(vertexOf(branches.minimum[keeper[b]!]!))!;
  });
  return { ends: keptEnds, label: ends.map((end) => labelAt[end]!) };
}

/** For each branch itself where it is kept, else the kept one that its component becomes part of. */
function keptSurvivors(
  { minimum, saddle, toward, root }: Branches,
  kept: Uint8Array,
  keyOf: (v: number) => number,
): Int32Array {
  const finite = Int32Array.from(minimum.keys()).filter((b) => b !== root);
  const byEnd = finite.sort(
    (a, b) => compare(keyOf(saddle[a]!), keyOf(saddle[b]!)) || saddle[a]! - saddle[b]!,
  );
  const elder = Int32Array.from(minimum.keys());
  const survivor = Int32Array.from(minimum.keys());
  for (let from = 0; from < byEnd.length;) {
    // All that end at one vertex, then the one that goes on from it.
    let to = from;
    const end = saddle[byEnd[from]!]!;
    for (; to < byEnd.length && saddle[byEnd[to]!] === end; to++) {
      elder[byEnd[to]!] = rootOf(elder, toward[byEnd[to]!]!);
    }
    for (let k = from; k < to; k++) survivor[byEnd[k]!] = rootOf(elder, byEnd[k]!);
    from = to;
  }
  // From the last to end down: where a branch goes has been settled before it.
  for (let k = byEnd.length - 1; k >= 0; k--) {
    const b = byEnd[k]!;
    survivor[b] = kept[b] ? b : survivor[survivor[b]!]!;
  }
  return survivor;
}

/** Two infinities of one sign differ by NaN. */
function compare(a: number, b: number): number {
  return Number(a > b) - Number(a < b);
}

function crossed(
  basin: Int32Array,
  hill: Int32Array,
): { cell: Int32Array; cells: readonly MorseSmaleCell[] } {
  const index = new Map<string, number>();
  const cells: { basin: number; hill: number; size: number }[] = [];
  const cell = new Int32Array(basin.length);
  for (let v = 0; v < cell.length; v++) {
    const name = `${basin[v]!},${hill[v]!}`;
    let k = index.get(name);
    if (k === undefined) {
      k = cells.length;
      index.set(name, k);
      cells.push({ basin: basin[v]!, hill: hill[v]!, size: 0 });
    }
    cells[k]!.size++;
    cell[v] = k;
  }
  return { cell, cells };
}
