import { isOnBorder } from '../../shared/gridBorder';
import { branchesOf } from './trees/gridBranches';
import { comparableKeys } from './order';
import { branchPersistences } from './persistence';
import { stridesOf } from './neighborhood';
import type { InnerCounts, Neighborhood } from '../../shared/result/topology';
import type { Branches } from './trees/branches';

/**
 * A sampled plane is cut out of the loss, and the cut makes critical points of its own: a slope has
 * its minimum on the edge of every plane through it. What touches the edge is told apart from what
 * lies inside.
 */

/**
 * The minima and the saddles of branches that are not on the border, the global minimum among them.
 *
 * @param which branches other than the oldest.
 */
export function innerCounts(
  branches: Branches,
  which: ArrayLike<number>,
  extents: readonly number[],
): InnerCounts {
  let minima = isOnBorder(branches.minimum[branches.root]!, extents) ? 0 : 1;
  let saddles = 0;
  for (let k = 0; k < which.length; k++) {
    if (!isOnBorder(branches.minimum[which[k]!]!, extents)) minima++;
    if (!isOnBorder(branches.saddle[which[k]!]!, extents)) saddles++;
  }
  return { minima, saddles };
}

/**
 * The minima that a grid one step wider on every side would still have, by what the values near the
 * edge say: each line of points is continued by the parabola through its last three (by the straight
 * line through two where there are no more), which is exact where the loss is quadratic.
 *
 * @param values in C order.
 * @param extents points along each axis, each at least 2.
 * @param threshold minima of persistence up to this do not count.
 * @returns vertices of the given grid; the one with the smallest value is among them where it is
 *   still a minimum.
 */
export function minimaWhenWidened(
  values: Float64Array | Float32Array,
  extents: readonly number[],
  neighborhood: Neighborhood,
  threshold: number,
): ReadonlySet<number> {
  const wide = widened(values, extents);
  const branches = branchesOf(comparableKeys(wide.values), wide.extents, neighborhood);
  const persistences = branchPersistences(branches, wide.values);
  const strides = stridesOf(extents);
  const wideStrides = stridesOf(wide.extents);
  const kept = new Set<number>();
  for (let b = 0; b < branches.minimum.length; b++) {
    if (b !== branches.root && !(persistences[b]! > threshold)) continue;
    let rest = branches.minimum[b]!;
    if (isOnBorder(rest, wide.extents)) continue;
    let vertex = 0;
    for (let axis = 0; axis < extents.length; axis++) {
      const step = Math.floor(rest / wideStrides[axis]!);
      rest -= step * wideStrides[axis]!;
      vertex += (step - 1) * strides[axis]!;
    }
    kept.add(vertex);
  }
  return kept;
}

/** The grid with one more point at both ends of every axis. */
export function widened(
  values: Float64Array | Float32Array,
  extents: readonly number[],
): { readonly values: Float64Array; readonly extents: readonly number[] } {
  let grid = Float64Array.from(values);
  const current = [...extents];
  for (let axis = 0; axis < current.length; axis++) {
    grid = widenedAlong(grid, current, axis);
    current[axis]! += 2;
  }
  return { values: grid, extents: current };
}

function widenedAlong(
  values: Float64Array,
  extents: readonly number[],
  axis: number,
): Float64Array<ArrayBuffer> {
  const extent = extents[axis]!;
  const stride = stridesOf(extents)[axis]!;
  const outer = values.length / (extent * stride);
  const wide = new Float64Array(outer * (extent + 2) * stride);
  for (let block = 0; block < outer; block++) {
    const from = block * extent * stride;
    const to = block * (extent + 2) * stride;
    wide.set(values.subarray(from, from + extent * stride), to + stride);
    for (let k = 0; k < stride; k++) {
      const first = from + k;
      const last = first + (extent - 1) * stride;
      wide[to + k] = continued(values, first, stride, extent);
      wide[to + (extent + 1) * stride + k] = continued(values, last, -stride, extent);
    }
  }
  return wide;
}

/** The value one step before `at`, from those at it and after it; its own where they are not finite. */
function continued(values: Float64Array, at: number, stride: number, extent: number): number {
  const first = values[at]!;
  const second = values[at + stride]!;
  const value = extent > 2 ? 3 * (first - second) + values[at + 2 * stride]! : 2 * first - second;
  return Number.isFinite(value) ? value : first;
}
