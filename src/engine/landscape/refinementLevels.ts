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
  /** Sum of |weights|: by how much errors at the nodes may grow. */
  readonly gain: number;
}

/** Intervals of level 0. An even number, so that the middle of an odd number of points is in it. */
const COARSEST_INTERVALS = 4;

/**
 * Levels of an axis of any length: level 0 divides it into four intervals as equal as they can be,
 * and each further one halves every interval that is longer than one step. With 2ᵏ·4 + 1 points the
 * levels are those of strides 2ᵏ, …, 2, 1.
 */
export function axisLevels(points: number): AxisLevels {
  const level = new Uint8Array(points).fill(255);
  const intervals = Math.min(COARSEST_INTERVALS, points - 1);
  let nodes = Array.from({ length: intervals + 1 }, (_, k) =>
    intervals === 0 ? 0 : Math.round((k * (points - 1)) / intervals),
  );
  for (const node of nodes) level[node] = 0;
  const stencils: Record<InterpolationOrder, (Stencil | null)[]> = {
    2: new Array<null>(points).fill(null),
    4: new Array<null>(points).fill(null),
    6: new Array<null>(points).fill(null),
  };
  let depth = 0;
  while (nodes.length < points) {
    depth += 1;
    const finer: number[] = [];
    for (const [k, node] of nodes.entries()) {
      finer.push(node);
      const next = nodes[k + 1];
      if (next === undefined || next === node + 1) continue;
      const middle = (node + next) >> 1;
      finer.push(middle);
      level[middle] = depth;
      for (const order of INTERPOLATION_ORDERS) {
        stencils[order][middle] = stencilAt(middle, k, nodes, order);
      }
    }
    nodes = finer;
  }
  return { level, depth, stencils };
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
  return { nodes: near, weights, gain: weights.reduce((sum, weight) => sum + Math.abs(weight), 0) };
}
