import { InputError } from '../../shared/inputError';
import { branchesOf, turnedKeys } from './trees/gridBranches';
import { gridExtents, type StencilNeighborhood } from './neighborhood';
import { comparableKeys, sortedOrder } from './order';
import { pairAt, persistenceOf } from './persistence';
import type { Neighborhood, PersistencePair } from '../../shared/result/topology';
import { say } from '../../shared/words/message';

/**
 * Sublevel-set persistence of dimension 1 of values on a plane grid: loops, each born at a saddle
 * and filled at a maximum.
 *
 * By Alexander duality in the sphere a loop of a sublevel set is a component of what is above it,
 * other than the one that holds the outside. So the pairs are those of the superlevel sets with a
 * vertex around the grid, above all values and next to its whole border, by the elder rule from the
 * top down: a component that begins at a maximum and meets a higher one at a saddle is the loop
 * (saddle, maximum). Connected above is what is not separated below:
 *
 * | neighbourhood | complex | above |
 * |---|---|---|
 * | `freudenthal` | triangulation of the grid, a triangle as high as its highest vertex | `freudenthal` |
 * | `4` | squares on the grid points, as high as their highest (GUDHI's `vertices`) | `8` |
 * | `8` | points as closed squares (GUDHI's `top_dimensional_cells`) | `4` |
 *
 * Grids of one row have no loops. Vertices are those of the values; with equal values ordered by
 * index they are the pairs of the filtration by single vertices.
 *
 * @param values In C order: the last axis is the fastest.
 * @param shape Points along each axis, two of them more than one.
 * @param threshold Pairs of persistence up to this are left out.
 * @returns Most persistent first, then by the vertex of the maximum. `birthVertex` is the
 *   saddle, `deathVertex` the maximum.
 * @throws InputError when the shape is not that of the values, has three or more long axes, or the
 *   neighbourhood is a graph of nearest neighbours, which bounds no faces.
 */
export function loopPairs(
  values: Float64Array | Float32Array,
  shape: readonly number[],
  neighborhood: Neighborhood = 'freudenthal',
  threshold = 0,
): PersistencePair[] {
  const extents = gridExtents(shape, values.length);
  if (extents.length > 2) {
    throw new InputError(
      say`Loops are computed on planes, but the shape [${shape.join(', ')}] has ${extents.length} axes; take a slice of it.`,
      'unsupported',
    );
  }
  const above = dualOf(neighborhood);
  if (extents.length < 2) return [];
  const [rows, columns] = extents as readonly [number, number];
  const ringed = ringedKeys(turnedKeys(separable(comparableKeys(values))), rows, columns);
  const branches = branchesOf(ringed, [rows + 2, columns + 2], above);
  const vertexOf = (ringedVertex: number) => {
    const row = Math.floor(ringedVertex / (columns + 2)) - 1;
    const column = (ringedVertex % (columns + 2)) - 1;
    return values.length - 1 - (row * columns + column);
  };

  const found: number[] = [];
  const falling: number[] = [];
  for (let b = branches.minimum.length - 1; b >= 0; b--) {
    if (b === branches.root) continue;
    const birth = values[vertexOf(branches.saddle[b]!)]!;
    const death = values[vertexOf(branches.minimum[b]!)]!;
    const persistence = persistenceOf(birth, death);
    if (!(persistence > threshold)) continue;
    found.push(b);
    falling.push(-persistence);
  }
  return Array.from(sortedOrder(Float64Array.from(falling)), (k) => {
    const [birth, death] = [branches.saddle[found[k]!]!, branches.minimum[found[k]!]!];
    return pairAt(vertexOf(birth), vertexOf(death), values);
  });
}

/** What joins points above a level where `neighborhood` joins those below. */
function dualOf(neighborhood: Neighborhood): StencilNeighborhood {
  switch (neighborhood) {
    case 'freudenthal':
      return 'freudenthal';
    case '4':
      return '8';
    case '8':
      return '4';
    default:
      throw new InputError(
        say`Loops need a neighbourhood that bounds faces, which ${neighborhood} does not; use freudenthal, 4 or 8.`,
        'unsupported',
      );
  }
}

/** Keys with room above them: ranks where one is infinite already. */
function separable(keys: Float64Array): Float64Array {
  if (!keys.includes(Infinity)) return keys;
  const order = sortedOrder(keys);
  const ranks = new Float64Array(keys.length);
  for (let k = 1; k < order.length; k++) {
    const before = order[k - 1]!;
    ranks[order[k]!] = ranks[before]! + Number(keys[order[k]!]! > keys[before]!);
  }
  return ranks;
}

/** The grid with a ring around it that is below everything. */
function ringedKeys(keys: Float64Array, rows: number, columns: number): Float64Array {
  const ringed = new Float64Array((rows + 2) * (columns + 2)).fill(-Infinity);
  for (let row = 0; row < rows; row++) {
    ringed.set(keys.subarray(row * columns, (row + 1) * columns), (row + 1) * (columns + 2) + 1);
  }
  return ringed;
}
