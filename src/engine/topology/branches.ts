/**
 * Branch decomposition of the join tree: one branch for each minimum in the (value, index) order,
 * ended by the elder rule. It holds the persistence pairs, the join tree and, through `basin`, the
 * arc of every vertex; persistence.ts and joinTree.ts read them out of it.
 */
export interface Branches {
  /** Vertex of each branch's minimum, ascending. */
  readonly minimum: Int32Array;
  /** Vertex at which the branch merges into an older one; −1 for the oldest of all. */
  readonly saddle: Int32Array;
  /**
   * Branch it merges into; −1 for the oldest of all. Where more than two merge at one saddle it is
   * the one that goes on from there: its own saddle is higher.
   */
  readonly parent: Int32Array;
  /** The branches that end, by (value, index) of their saddles, lowest first. */
  readonly deaths: Int32Array;
  /** The oldest branch, that of the global minimum. */
  readonly root: number;
  /** Vertex of the global maximum: the last in the order. */
  readonly maximum: number;
  /**
   * For each vertex ~b, the ones' complement of a branch b whose minimum is in the vertex's own
   * component of the sublevel set at the vertex's own value.
   */
  readonly basin: Int32Array;
}

/**
 * Where several branches merge at one saddle, makes each point at the one that goes on: the order
 * of merging at a vertex is an accident.
 */
export function settleParents(parent: Int32Array, saddle: Int32Array, deaths: Int32Array): void {
  // From the highest saddle down, so that a parent has been settled before its children.
  for (let k = deaths.length - 1; k >= 0; k--) {
    const branch = deaths[k]!;
    const at = saddle[branch]!;
    let elder = parent[branch]!;
    while (saddle[elder] === at) elder = parent[elder]!;
    parent[branch] = elder;
  }
}
