import type { Neighborhood } from '../../../src/shared/result/topology';

/**
 * The definition of sublevel-set components, naively: for every step of the order all components
 * found anew by flood fill. Slow, and it shares nothing with the engine.
 */
export interface NaivePair {
  readonly birthVertex: number;
  readonly deathVertex: number;
}

/** −Infinity < finite < +Infinity < NaN, then by index. */
export function precedes(values: ArrayLike<number>, a: number, b: number): boolean {
  const x = values[a]!;
  const y = values[b]!;
  if (Number.isNaN(x) || Number.isNaN(y)) {
    if (Number.isNaN(x) && Number.isNaN(y)) return a < b;
    return Number.isNaN(y);
  }
  return x < y || (x === y && a < b);
}

export function coordinatesOf(vertex: number, shape: readonly number[]): number[] {
  const coordinates: number[] = [];
  let rest = vertex;
  for (const extent of [...shape].reverse()) {
    coordinates.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return coordinates;
}

/** Neighbours by comparing the coordinates of every pair of points. */
export function naiveNeighbors(shape: readonly number[], neighborhood: Neighborhood): number[][] {
  const points = shape.reduce((a, b) => a * b, 1);
  const all = Array.from({ length: points }, (_, v) => coordinatesOf(v, shape));
  const neighbors = all.map((): number[] => []);
  const long = shape.flatMap((extent, axis) => (extent > 1 ? [axis] : []));
  const difference = (a: number, b: number) => long.map((axis) => all[b]![axis]! - all[a]![axis]!);
  if (neighborhood.startsWith('knn:')) {
    const nearest = Number(neighborhood.slice(4));
    for (let a = 0; a < points; a++) {
      const others = all
        .map((_, b) => b)
        .filter((b) => b !== a)
        .map((b) => ({ b, distance: difference(a, b).reduce((sum, d) => sum + d * d, 0) }))
        .sort((p, q) => p.distance - q.distance || p.b - q.b);
      for (const { b } of others.slice(0, nearest)) {
        neighbors[a]!.push(b);
        neighbors[b]!.push(a);
      }
    }
    return neighbors;
  }
  for (let a = 0; a < points; a++) {
    for (let b = 0; b < points; b++) {
      if (a !== b && areNeighbors(difference(a, b), neighborhood)) neighbors[a]!.push(b);
    }
  }
  return neighbors;
}

function areNeighbors(difference: readonly number[], neighborhood: Neighborhood): boolean {
  if (difference.some((d) => Math.abs(d) > 1)) return false;
  const steps = difference.filter((d) => d !== 0).length;
  if (neighborhood === '8') return true;
  if (neighborhood === '4') return steps === 1;
  const turned = [...difference];
  turned[turned.length - 1] = -turned[turned.length - 1]!;
  return turned.every((d) => d >= 0) || turned.every((d) => d <= 0);
}

/**
 * All pairs, those of zero persistence too: adds vertices one by one in their order, finds the
 * components of what is there, and lets the younger ones of those that have met die.
 */
export function naivePairs(
  values: ArrayLike<number>,
  neighbors: readonly (readonly number[])[],
): NaivePair[] {
  const order = Array.from({ length: values.length }, (_, v) => v).sort((a, b) =>
    precedes(values, a, b) ? -1 : 1,
  );
  const pairs: NaivePair[] = [];
  let living = new Set<number>();
  const present = new Set<number>();
  for (const v of order) {
    present.add(v);
    const minima = componentMinima(values, neighbors, present);
    for (const old of living)
      if (!minima.has(old)) pairs.push({ birthVertex: old, deathVertex: v });
    living = minima;
  }
  return pairs;
}

function componentMinima(
  values: ArrayLike<number>,
  neighbors: readonly (readonly number[])[],
  present: ReadonlySet<number>,
): Set<number> {
  const minima = new Set<number>();
  const seen = new Set<number>();
  for (const seed of present) {
    if (seen.has(seed)) continue;
    minima.add(
      componentOf(seed, neighbors, present, seen).reduce((a, b) =>
        precedes(values, a, b) ? a : b,
      ),
    );
  }
  return minima;
}

/** The vertices of `present` that `seed` reaches; adds them to `seen`. */
export function componentOf(
  seed: number,
  neighbors: readonly (readonly number[])[],
  present: ReadonlySet<number>,
  seen = new Set<number>(),
): number[] {
  const component = [seed];
  seen.add(seed);
  for (const v of component) {
    for (const u of neighbors[v]!) {
      if (!present.has(u) || seen.has(u)) continue;
      seen.add(u);
      component.push(u);
    }
  }
  return component;
}
