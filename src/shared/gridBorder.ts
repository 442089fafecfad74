/**
 * Whether a vertex is the first or the last along an axis.
 *
 * @param vertex in C order, the last axis fastest.
 * @param extents points along each axis, each at least 2.
 */
export function isOnBorder(vertex: number, extents: readonly number[]): boolean {
  let rest = vertex;
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    const extent = extents[axis]!;
    const step = rest % extent;
    if (step === 0 || step === extent - 1) return true;
    rest = (rest - step) / extent;
  }
  return false;
}
