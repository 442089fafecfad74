import type { MergeTree } from '../../shared/result/topology';

export interface TreeBranch {
  /** Index of the node at the lower end. */
  readonly node: number;
  /** Place across, in units of one leaf. */
  readonly x: number;
  readonly from: number;
  readonly to: number;
  /** Place across of the node it merges into; equal to x for the trunk. */
  readonly parentX: number;
  readonly size: number;
  /** Vertex of the deepest minimum below: whose basin this is, by the elder rule. */
  readonly minimumVertex: number;
}

export interface TreeLayout {
  readonly leaves: number;
  readonly branches: readonly TreeBranch[];
  /** Where each node stands. */
  readonly x: readonly number[];
}

/**
 * A merge tree as a dendrogram: a leaf for each minimum, height is loss, a node stands over the
 * deepest minimum below it, and the deepest branch is the leftmost of its siblings. So the trunk
 * of the global minimum is the line on the left, and a branch's length is its persistence.
 */
export function treeLayout(tree: MergeTree): TreeLayout {
  const { nodes } = tree;
  const children: number[][] = nodes.map(() => []);
  const roots: number[] = [];
  nodes.forEach((node, index) => {
    const siblings = node.parent >= 0 ? children[node.parent] : undefined;
    if (siblings === undefined) roots.push(index);
    else siblings.push(index);
  });

  // Nodes are sorted by value, so children come before their parent.
  // The deepest has the smallest index, for the same reason.
  const deepest = nodes.map((_, index) => index);
  for (let index = 0; index < nodes.length; index++) {
    for (const child of children[index]!) {
      deepest[index] = Math.min(deepest[index]!, deepest[child]!);
    }
  }
  for (const siblings of children) siblings.sort((a, b) => deepest[a]! - deepest[b]!);

  const x = new Array<number>(nodes.length).fill(0);
  let leaves = 0;
  const stack = [...roots].reverse();
  while (stack.length > 0) {
    const index = stack.pop()!;
    const below = children[index]!;
    if (below.length === 0) x[index] = leaves++;
    for (let k = below.length - 1; k >= 0; k--) stack.push(below[k]!);
  }
  for (let index = 0; index < nodes.length; index++) {
    const first = children[index]![0];
    if (first !== undefined) x[index] = x[first]!;
  }

  const branches: TreeBranch[] = [];
  nodes.forEach((node, index) => {
    if (node.parent < 0) return;
    const parent = nodes[node.parent];
    if (parent === undefined) return;
    branches.push({
      node: index,
      x: x[index]!,
      from: Number(node.value),
      to: Number(parent.value),
      parentX: x[node.parent]!,
      size: node.size,
      minimumVertex: nodes[deepest[index]!]!.vertex,
    });
  });
  return { leaves, branches, x };
}
