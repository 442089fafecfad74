/**
 * The root of a union-find in an array, where a root is its own parent; halves the way on it
 * (Tarjan and van Leeuwen, J. ACM 31, 1984).
 */
export function rootOf(parent: Int32Array, from: number): number {
  let at = from;
  while (parent[at] !== at) {
    parent[at] = parent[parent[at]!]!;
    at = parent[at]!;
  }
  return at;
}
