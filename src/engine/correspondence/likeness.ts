/** How an array of a graph follows from a tensor of a checkpoint. */
export type Recipe =
  | { readonly kind: 'same' }
  /** In the same order, in another shape. */
  | { readonly kind: 'reshape'; readonly shape: readonly number[] }
  | { readonly kind: 'transpose'; readonly axes: readonly number[] }
  /** Rows in another order, as gates are: of the tensor with its first axis and the rest. */
  | { readonly kind: 'rows'; readonly order: readonly number[]; readonly shape: readonly number[] };

/** A number that is the same whatever the order of the values, and hardly for others. */
export function fingerprint(values: ArrayLike<number>): string {
  const single = Float32Array.from(values);
  const bits = new Uint32Array(single.buffer);
  let sum = 0;
  let mixed = 0;
  for (const word of bits) {
    sum = (sum + word) >>> 0;
    let h = Math.imul(word ^ (word >>> 15), 0x2c1b3c6d);
    h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
    mixed = (mixed + (h ^ (h >>> 15))) >>> 0;
  }
  return `${bits.length} ${sum} ${mixed}`;
}

/**
 * How `made` follows from `source`, number by number in float32; null where it does not.
 *
 * @param made values of shape `to`. @param source values of shape `from`.
 */
export function recipeFor(
  made: ArrayLike<number>,
  to: readonly number[],
  source: ArrayLike<number>,
  from: readonly number[],
): Recipe | null {
  if (made.length !== source.length) return null;
  if (made.length > 0 && isSameOrder(made, source)) {
    return from.length === to.length && from.every((extent, axis) => extent === to[axis])
      ? { kind: 'same' }
      : { kind: 'reshape', shape: to };
  }
  if (from.length === to.length && from.length <= MAX_AXES) {
    for (const axes of permutations(from.length)) {
      if (axes.some((axis, i) => from[axis] !== to[i])) continue;
      if (isTransposed(made, to, source, from, axes)) return { kind: 'transpose', axes };
    }
  }
  return rowsOf(made, to, source, from);
}

const MAX_AXES = 4;

function isSame(a: number, b: number): boolean {
  return Math.fround(a) === Math.fround(b);
}

function isSameOrder(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  for (let i = 0; i < a.length; i += 1) if (!isSame(a[i]!, b[i]!)) return false;
  return true;
}

function isTransposed(
  made: ArrayLike<number>,
  to: readonly number[],
  source: ArrayLike<number>,
  from: readonly number[],
  axes: readonly number[],
): boolean {
  const strides = from.map((_, axis) => from.slice(axis + 1).reduce((size, n) => size * n, 1));
  const steps = axes.map((axis) => strides[axis]!);
  const at = to.map(() => 0);
  let place = 0;
  for (let i = 0; i < made.length; i += 1) {
    if (!isSame(made[i]!, source[place]!)) return false;
    for (let axis = to.length - 1; axis >= 0; axis -= 1) {
      at[axis]! += 1;
      place += steps[axis]!;
      if (at[axis]! < to[axis]!) break;
      place -= steps[axis]! * to[axis]!;
      at[axis] = 0;
    }
  }
  return true;
}

function permutations(count: number): readonly (readonly number[])[] {
  let all: number[][] = [[]];
  for (let next = 0; next < count; next += 1) {
    all = all.flatMap((own) =>
      Array.from({ length: own.length + 1 }, (_, i) => [...own.slice(0, i), next, ...own.slice(i)]),
    );
  }
  return all;
}

/** Rows of the source in another order; null where they are not, or where two are equal. */
function rowsOf(
  made: ArrayLike<number>,
  to: readonly number[],
  source: ArrayLike<number>,
  from: readonly number[],
): Recipe | null {
  const rows = from[0] ?? 0;
  if (rows < 2) return null;
  const width = source.length / rows;
  const places = new Map<string, number>();
  const rowOf = (values: ArrayLike<number>, row: number): string => {
    const own = Float32Array.from({ length: width }, (_, i) => values[row * width + i]!);
    return new Uint32Array(own.buffer).join();
  };
  for (let row = 0; row < rows; row += 1) places.set(rowOf(source, row), row);
  if (places.size < rows) return null;
  const order: number[] = [];
  for (let row = 0; row < rows; row += 1) {
    const place = places.get(rowOf(made, row));
    if (place === undefined) return null;
    order.push(place);
  }
  return { kind: 'rows', order, shape: to };
}
