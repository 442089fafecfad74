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
   * An older branch in the component it merges into, which may itself have ended by then: the one
   * that goes on is found upwards from it. −1 for the oldest of all.
   */
  readonly toward: Int32Array;
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
