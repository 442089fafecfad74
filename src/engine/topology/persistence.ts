import { toScalar } from '../../shared/result/scalar';
import type { PersistencePair } from '../../shared/result/topology';
import { sortedOrder } from './order';
import type { Branches } from './trees/branches';

/**
 * Persistence of a pair: death − birth. NaN counts as +Infinity, and from an infinity to the same
 * one it is 0: between losses that are none there is no minimum.
 */
export function persistenceOf(birth: number, death: number): number {
  const from = Number.isNaN(birth) ? Infinity : birth;
  const to = Number.isNaN(death) ? Infinity : death;
  return from === to ? 0 : to - from;
}

/** Persistence of each branch as a finite pair; of the oldest as the essential pair. */
export function branchPersistences(
  branches: Branches,
  values: Float64Array | Float32Array,
): Float64Array {
  const { minimum, saddle, root, maximum } = branches;
  const persistences = new Float64Array(minimum.length);
  for (let b = 0; b < minimum.length; b++) {
    const death = b === root ? maximum : saddle[b]!;
    const difference = values[death]! - values[minimum[b]!]!;
    persistences[b] =
      difference - difference === 0
        ? difference
        : persistenceOf(values[minimum[b]!]!, values[death]!);
  }
  return persistences;
}

/** 1 for each branch whose persistence exceeds the threshold, and for the oldest; 0 for others. */
export function branchesAbove(
  branches: Branches,
  persistences: Float64Array,
  threshold: number,
): Uint8Array {
  const kept = new Uint8Array(persistences.length);
  for (let b = 0; b < kept.length; b++) kept[b] = persistences[b]! > threshold ? 1 : 0;
  kept[branches.root] = 1;
  return kept;
}

/** How many finite pairs are among the kept branches. */
export function countFinite(kept: Uint8Array): number {
  let count = -1;
  for (let b = 0; b < kept.length; b++) count += kept[b]!;
  return count;
}

/**
 * The kept branches other than the oldest: most persistent first, then by (value, vertex) of their
 * minima.
 *
 * @param keys One for each vertex, without NaN (order.ts).
 */
export function byPersistence(
  branches: Branches,
  persistences: Float64Array,
  kept: Uint8Array,
  keys: Float64Array,
): Int32Array {
  const finite = new Int32Array(countFinite(kept));
  const falling = new Float64Array(finite.length);
  let count = 0;
  for (let b = 0; b < kept.length; b++) {
    if (!kept[b] || b === branches.root) continue;
    falling[count] = -persistences[b]!;
    finite[count++] = b;
  }
  const order = sortedOrder(falling);
  const sorted = new Int32Array(count);
  for (let k = 0; k < count; k++) sorted[k] = finite[order[k]!]!;
  for (let from = 0; from < count;) {
    let to = from + 1;
    while (to < count && falling[order[to]!] === falling[order[from]!]) to++;
    if (to > from + 1) sortByBirth(sorted.subarray(from, to), branches.minimum, keys);
    from = to;
  }
  return sorted;
}

/** Sorts branches, given in ascending order of their minima's vertices. */
function sortByBirth(run: Int32Array, minimum: Int32Array, keys: Float64Array): void {
  const births = new Float64Array(run.length);
  for (let k = 0; k < run.length; k++) births[k] = keys[minimum[run[k]!]!]!;
  const order = sortedOrder(births);
  const sorted = order.map((k) => run[k]!);
  run.set(sorted);
}

/** A pair of two vertices, with their values. */
export function pairAt(
  birthVertex: number,
  deathVertex: number,
  values: Float64Array | Float32Array,
): PersistencePair {
  return {
    birth: toScalar(values[birthVertex]!),
    death: toScalar(values[deathVertex]!),
    birthVertex,
    deathVertex,
  };
}
