import type { Axis, Landscape } from '../../shared/result/landscape';

/** What is known of a grid point. */
export const POINT = { finite: 0, nan: 1, positiveInfinity: 2, negativeInfinity: 3 } as const;

/**
 * A landscape of two dimensions, ready to draw. Point (i, j) is at index i·columns + j; i goes
 * along the first axis (drawn to the right), j along the second (drawn upwards).
 */
export interface LossField {
  readonly rows: number;
  readonly columns: number;
  readonly axes: readonly [Axis, Axis];
  /** A point that has not been evaluated yet holds the value of the nearest one that has. */
  readonly values: Float64Array;
  /** One of `POINT`. */
  readonly kinds: Uint8Array;
  readonly counts: FieldCounts;
  /** Of the finite values; both 0 where there is none. */
  readonly minimum: number;
  readonly maximum: number;
}

/** Points of the landscape as it was given, also where it is drawn coarser. */
export interface FieldCounts {
  readonly points: number;
  readonly pending: number;
  readonly nan: number;
  readonly infinite: number;
}

/** Larger grids are drawn from every k-th point: more vertices than pixels show nothing more. */
const MAX_DRAWN_STEPS = 301;

/** Null where the landscape is not a grid of two dimensions, or nothing of it is evaluated. */
export function lossField(landscape: Landscape): LossField | null {
  const [first, second] = landscape.axes;
  const [givenRows, givenColumns] = landscape.shape;
  if (landscape.axes.length !== 2 || first === undefined || second === undefined) return null;
  if (givenRows === undefined || givenColumns === undefined) return null;
  if (givenRows < 2 || givenColumns < 2) return null;
  if (landscape.values.length !== givenRows * givenColumns) return null;

  const given = new Float64Array(landscape.values.length);
  const evaluated = new Uint8Array(landscape.values.length);
  let pending = 0;
  let nan = 0;
  let infinite = 0;
  for (let v = 0; v < given.length; v++) {
    const scalar = landscape.values[v] ?? null;
    if (scalar === null) {
      pending++;
      continue;
    }
    const value = Number(scalar);
    given[v] = value;
    evaluated[v] = 1;
    if (Number.isNaN(value)) nan++;
    else if (!Number.isFinite(value)) infinite++;
  }
  if (pending === given.length) return null;

  const source = nearestEvaluated(evaluated, givenRows, givenColumns);
  const rows = Math.min(givenRows, MAX_DRAWN_STEPS);
  const columns = Math.min(givenColumns, MAX_DRAWN_STEPS);
  const values = new Float64Array(rows * columns);
  const kinds = new Uint8Array(rows * columns);
  let minimum = Infinity;
  let maximum = -Infinity;
  for (let i = 0; i < rows; i++) {
    const givenRow = Math.round((i * (givenRows - 1)) / (rows - 1));
    for (let j = 0; j < columns; j++) {
      const givenColumn = Math.round((j * (givenColumns - 1)) / (columns - 1));
      const value = given[source[givenRow * givenColumns + givenColumn]!]!;
      const v = i * columns + j;
      values[v] = value;
      kinds[v] = kindOf(value);
      if (kinds[v] === POINT.finite) {
        minimum = Math.min(minimum, value);
        maximum = Math.max(maximum, value);
      }
    }
  }
  const hasFinite = minimum <= maximum;
  return {
    rows,
    columns,
    axes: [first, second],
    values,
    kinds,
    counts: { points: given.length, pending, nan, infinite },
    minimum: hasFinite ? minimum : 0,
    maximum: hasFinite ? maximum : 0,
  };
}

/**
 * All values of a landscape of any dimension as one column, to find a scale for: of a line, or for
 * the slices of a space, which then look the same height where the loss is.
 */
export function wholeField({ axes, values: given }: Landscape): LossField | null {
  const [first] = axes;
  if (first === undefined) return null;
  const counts = { points: given.length, pending: 0, nan: 0, infinite: 0 };
  const known: number[] = [];
  let minimum = Infinity;
  let maximum = -Infinity;
  for (const scalar of given) {
    if (scalar === null) {
      counts.pending++;
      continue;
    }
    const value = Number(scalar);
    known.push(value);
    if (Number.isNaN(value)) counts.nan++;
    else if (!Number.isFinite(value)) counts.infinite++;
    else {
      minimum = Math.min(minimum, value);
      maximum = Math.max(maximum, value);
    }
  }
  if (known.length === 0) return null;
  const hasFinite = minimum <= maximum;
  return {
    rows: known.length,
    columns: 1,
    axes: [first, first],
    values: Float64Array.from(known),
    kinds: Uint8Array.from(known, kindOf),
    counts,
    minimum: hasFinite ? minimum : 0,
    maximum: hasFinite ? maximum : 0,
  };
}

/**
 * For each point the index of the nearest evaluated one, by a breadth-first search from all of
 * them at once (steps to the eight neighbors).
 */
export function nearestEvaluated(evaluated: Uint8Array, rows: number, columns: number): Int32Array {
  const distance = (v: number, w: number) => {
    const rowV = Math.floor(v / columns);
    const rowW = Math.floor(w / columns);
    return Math.hypot(rowV - rowW, v - rowV * columns - (w - rowW * columns));
  };
  const source = new Int32Array(rows * columns).fill(-1);
  const queue = new Int32Array(rows * columns);
  let tail = 0;
  for (let v = 0; v < source.length; v++) {
    if (evaluated[v] === 1) {
      source[v] = v;
      queue[tail++] = v;
    }
  }
  for (let head = 0; head < tail; head++) {
    const v = queue[head]!;
    const row = Math.floor(v / columns);
    const column = v - row * columns;
    for (let i = Math.max(0, row - 1); i <= Math.min(rows - 1, row + 1); i++) {
      for (let j = Math.max(0, column - 1); j <= Math.min(columns - 1, column + 1); j++) {
        const w = i * columns + j;
        if (source[w] === -1) {
          queue[tail++] = w;
          source[w] = source[v]!;
        } else if (distance(w, source[v]!) < distance(w, source[w]!)) {
          source[w] = source[v]!;
        }
      }
    }
  }
  return source;
}

function kindOf(value: number): number {
  if (Number.isFinite(value)) return POINT.finite;
  if (Number.isNaN(value)) return POINT.nan;
  return value > 0 ? POINT.positiveInfinity : POINT.negativeInfinity;
}

/** Coordinates of a vertex of a grid with these axes. */
export function vertexCoordinates(
  vertex: number,
  axes: readonly [Axis, Axis],
): readonly [number, number] {
  const row = Math.floor(vertex / axes[1].steps);
  return [coordinateAt(axes[0], row), coordinateAt(axes[1], vertex - row * axes[1].steps)];
}

export function coordinateAt(axis: Axis, step: number): number {
  return axis.steps < 2 ? axis.min : axis.min + (step * (axis.max - axis.min)) / (axis.steps - 1);
}

/**
 * Value at a place between the points, linear on the triangles of the grid whose diagonals join
 * (i+1, j) and (i, j+1). That is the triangulation persistence is computed on by default, so that
 * what is drawn has the saddles that are counted. `u` and `v` are in [0, 1] along the axes; NaN
 * outside and where a corner is not finite.
 */
export function fieldAt(
  field: { readonly rows: number; readonly columns: number },
  values: ArrayLike<number>,
  u: number,
  v: number,
): number {
  if (!(u >= 0 && u <= 1 && v >= 0 && v <= 1)) return NaN;
  const x = u * (field.rows - 1);
  const y = v * (field.columns - 1);
  const i = Math.min(field.rows - 2, Math.floor(x));
  const j = Math.min(field.columns - 2, Math.floor(y));
  const s = x - i;
  const t = y - j;
  const corner = i * field.columns + j;
  const b = values[corner + field.columns]!;
  const c = values[corner + 1]!;
  if (s + t <= 1) {
    const a = values[corner]!;
    // A corner without weight must not spoil the value: 0 · NaN is NaN.
    return mix(a, 1 - s - t) + mix(b, s) + mix(c, t);
  }
  const d = values[corner + field.columns + 1]!;
  return mix(d, s + t - 1) + mix(c, 1 - s) + mix(b, 1 - t);
}

/** The same at coordinates instead of shares of the axes. */
export function lossAtPlace(field: LossField, [x, y]: readonly [number, number]): number {
  const [first, second] = field.axes;
  return fieldAt(
    field,
    field.values,
    (x - first.min) / (first.max - first.min),
    (y - second.min) / (second.max - second.min),
  );
}

function mix(value: number, weight: number): number {
  return weight < 1e-12 ? 0 : value * weight;
}
