/** How many points a grid has. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, steps) => product * steps, 1);
}

/** Steps along every axis of a vertex, the last axis fastest. */
export function stepsOf(vertex: number, shape: readonly number[]): readonly number[] {
  let rest = vertex;
  return shape.map((_, axis) => {
    const inner = sizeOf(shape.slice(axis + 1));
    const step = Math.floor(rest / inner);
    rest -= step * inner;
    return step;
  });
}
