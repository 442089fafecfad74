/**
 * The points of one axis in levels, each of which halves the steps of the one before, and how the
 * points of a level are interpolated from those of coarser levels.
 */
export interface AxisLevels {
  /** Level at which each point appears: 0 is the coarsest. */
  readonly level: Uint8Array;
  /** Number of levels beyond level 0. */
  readonly depth: number;
  /** For each point of level ≥ 1 the coarser points it is interpolated from, by order. */
  readonly stencils: Readonly<Record<InterpolationOrder, readonly (Stencil | null)[]>>;
}

/** Interpolation by the polynomial through so many points: a half of them on either side. */
export type InterpolationOrder = (typeof INTERPOLATION_ORDERS)[number];
export const INTERPOLATION_ORDERS = [2, 4, 6] as const;

export interface Stencil {
  /** Positions along the axis, ascending. */
  readonly nodes: readonly number[];
  readonly weights: readonly number[];
}

/** Steps of level 0 are as long as they can be with so many on the axis. */
const MIN_STEPS = 4;

/**
 * Levels of an axis of any length: every 2ᵏ-th point from the middle on to both sides, and both ends;
 * level 0 has the largest k, the last level k = 0.
 */
export function axisLevels(points: number): AxisLevels {
  const level = new Uint8Array(points);
  const stencils: Record<InterpolationOrder, (Stencil | null)[]> = {
    2: new Array<null>(points).fill(null),
    4: new Array<null>(points).fill(null),
    6: new Array<null>(points).fill(null),
  };
  const depth = Math.max(0, Math.floor(Math.log2((points - 1) / MIN_STEPS)));
  let nodes = nodesOf(points, 2 ** depth);
  for (let own = 1; own <= depth; own += 1) {
    const finer = nodesOf(points, 2 ** (depth - own));
    // At most one point is new between two nodes.
    for (let k = 0, below = 0; k < finer.length; k += 1) {
      const point = finer[k]!;
      while (below + 1 < nodes.length && nodes[below + 1]! <= point) below += 1;
      if (nodes[below] === point) continue;
      level[point] = own;
      for (const order of INTERPOLATION_ORDERS) {
        stencils[order][point] = stencilAt(point, below, nodes, order);
      }
    }
    nodes = finer;
  }
  return { level, depth, stencils };
}

function nodesOf(points: number, stride: number): readonly number[] {
  const middle = (points - 1) >> 1;
  return Array.from({ length: points }, (_, x) => x).filter(
    (x) => x === 0 || x === points - 1 || (x - middle) % stride === 0,
  );
}

/** Lagrange's weights of the nodes nearest to a point between `nodes[below]` and the next. */
function stencilAt(
  point: number,
  below: number,
  nodes: readonly number[],
  order: InterpolationOrder,
): Stencil {
  const count = Math.min(order, nodes.length);
  const first = Math.min(Math.max(below + 1 - count / 2, 0), nodes.length - count);
  const start = Math.floor(first);
  const near = nodes.slice(start, start + count);
  const weights = near.map((node, i) =>
    near.reduce(
      (product, other, j) => (j === i ? product : (product * (point - other)) / (node - other)),
      1,
    ),
  );
  return { nodes: near, weights };
}
