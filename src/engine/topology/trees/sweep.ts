import { sortedOrder } from '../order';
import type { Adjacency } from '../adjacency';
import type { Branches } from './branches';

/**
 * Branches of the join tree of any graph: all vertices sorted, then one sweep with union-find.
 *
 * The plain definition, O(N log N) in its memory traffic; basins.ts gives the same on grids without
 * sorting every vertex.
 *
 * @param keys One for each vertex, without NaN (order.ts).
 * @param graph Connected.
 */
export function sweepBranches(keys: Float64Array, graph: Adjacency): Branches {
  const n = keys.length;
  const order = sortedOrder(keys);
  const rank = new Int32Array(n);
  for (let k = 0; k < n; k++) rank[order[k]!] = k;

  // A component is known by its oldest vertex, its minimum: union always under the elder.
  const elder = new Int32Array(n).fill(-1);
  const owner = new Int32Array(n);
  const saddleOf = new Int32Array(n).fill(-1);
  const parentOf = new Int32Array(n).fill(-1);
  for (let k = 0; k < n; k++) {
    const v = order[k]!;
    let root = v;
    for (let e = graph.starts[v]!; e < graph.starts[v + 1]!; e++) {
      const u = graph.targets[e]!;
      if (elder[u]! < 0) continue;
      const other = find(elder, u);
      if (other === root) continue;
      const older = rank[other]! < rank[root]! ? other : root;
      const younger = older === other ? root : other;
      elder[younger] = older;
      if (younger !== v) {
        saddleOf[younger] = v;
        parentOf[younger] = older;
      }
      root = older;
    }
    elder[v] = root;
    owner[v] = root;
  }
  return numbered(owner, saddleOf, parentOf, order);
}

function find(elder: Int32Array, vertex: number): number {
  let v = vertex;
  let up = elder[v]!;
  while (up !== v) {
    const next = elder[up]!;
    elder[v] = next;
    v = up;
    up = next;
  }
  return v;
}

/** Numbers the branches by their minima's vertices. */
function numbered(
  owner: Int32Array,
  saddleOf: Int32Array,
  parentOf: Int32Array,
  order: Int32Array,
): Branches {
  const n = owner.length;
  const minima: number[] = [];
  const number = new Int32Array(n);
  for (let v = 0; v < n; v++) {
    if (owner[v] !== v) continue;
    number[v] = minima.length;
    minima.push(v);
  }
  const minimum = Int32Array.from(minima);
  const saddle = minimum.map((m) => saddleOf[m]!);
  const toward = minimum.map((m) => (parentOf[m]! < 0 ? -1 : number[parentOf[m]!]!));
  return {
    minimum,
    saddle,
    toward,
    root: number[order[0]!]!,
    maximum: order[n - 1]!,
    basin: owner.map((m) => ~number[m]!),
  };
}
