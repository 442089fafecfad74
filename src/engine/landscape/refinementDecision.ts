import { branchesOf } from '../topology/trees/gridBranches';
import { sortedOrder } from '../topology/order';
import { branchPersistences } from '../topology/persistence';
import type { Neighborhood } from '../../shared/result/topology';
import type { Adjacency } from '../topology/adjacency';
import type { Branches } from '../topology/trees/branches';

/** Bounds of a grid's values; equal where a value is measured. Without NaN. */
export interface Bounds {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/**
 * Points at which a component may be born that lives longer than the threshold, as far as bounds
 * tell.
 *
 * A point v is none if from one of its neighbours something surely lower, high(w) < low(v), is
 * reached without exceeding low(v) + threshold: whatever the values are within their bounds, what
 * is born at v has died when it has lived so long.
 *
 * @returns among the points whose bounds differ.
 */
export function possibleBirths(
  { low, high }: Bounds,
  { starts, targets }: Adjacency,
  threshold: number,
): Uint32Array {
  const n = low.length;
  const asked: number[] = [];
  for (let v = 0; v < n; v += 1) if (low[v]! < high[v]!) asked.push(v);
  const limits = Float64Array.from(asked, (v) => low[v]! + threshold);
  const order = sortedOrder(high);
  const component = new Int32Array(n).fill(-1);
  const possible: number[] = [];
  let next = 0;
  for (const k of sortedOrder(limits)) {
    const limit = limits[k]!;
    for (; next < n && high[order[next]!]! <= limit; next += 1) {
      // The components' roots are their lowest points, as these came first.
      const v = order[next]!;
      let root = v;
      component[v] = v;
      for (let e = starts[v]!; e < starts[v + 1]!; e += 1) {
        const u = targets[e]!;
        if (component[u]! < 0) continue;
        const other = rootOf(component, u);
        if (other === root) continue;
        if (isBelow(high, root, other)) component[other] = root;
        else {
          component[root] = other;
          root = other;
        }
      }
    }
    const v = asked[k]!;
    let isPossible = true;
    for (let e = starts[v]!; e < starts[v + 1]! && isPossible; e += 1) {
      const u = targets[e]!;
      if (component[u]! >= 0) isPossible = !(high[rootOf(component, u)]! < low[v]!);
    }
    if (isPossible) possible.push(v);
  }
  return Uint32Array.from(possible);
}

function isBelow(keys: Float64Array, v: number, u: number): boolean {
  return keys[v]! < keys[u]! || (keys[v] === keys[u] && v < u);
}

function rootOf(component: Int32Array, from: number): number {
  let v = from;
  for (let up = component[v]!; up !== v; up = component[v]!) {
    component[v] = component[up]!;
    v = up;
  }
  return v;
}

/** The pairs of one function that persist beyond a threshold. */
export interface LastingPairs {
  /** Vertices of the minima, the global one among them. */
  readonly births: readonly number[];
  /** Saddle at which a minimum's component ends; −1 if it is none or never ends. */
  readonly deathOf: (birth: number) => number;
  readonly branches: Branches;
}

/**
 * @param keys one for each vertex, without NaN.
 * @param extents points along each axis, each at least 2.
 */
export function lastingPairs(
  keys: Float64Array,
  extents: readonly number[],
  neighborhood: Neighborhood,
  threshold: number,
): LastingPairs {
  const branches = branchesOf(keys, extents, neighborhood);
  const { minimum, saddle, root } = branches;
  const persistences = branchPersistences(branches, keys);
  const births: number[] = [];
  for (let b = 0; b < minimum.length; b += 1) {
    if (b === root || persistences[b]! > threshold) births.push(minimum[b]!);
  }
  const deathOf = (birth: number): number => {
    const b = positionOf(birth, minimum);
    return b < 0 ? -1 : saddle[b]!;
  };
  return { births, deathOf, branches };
}

/** −1 where the value is not among the sorted ones. */
function positionOf(value: number, sorted: Int32Array): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === value ? low : -1;
}
