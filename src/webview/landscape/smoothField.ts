import { POINT, type LossField } from './lossField';

/** Grids with fewer steps than this are drawn with points between theirs. */
const COARSE = 90;
/** About as many steps a smooth grid has. */
const SMOOTH = 160;
const MAX_BETWEEN = 8;

/**
 * A coarse grid with points between its own, for drawing: cubic (Catmull and Rom 1974) along one axis
 * and then the other, kept between the values at the corners of each cell. So it goes through every
 * point of the grid and has no minimum and no maximum that the grid has not: what is drawn shows the
 * extrema that are counted.
 *
 * @returns the field itself where it is fine enough, incomplete, or not finite somewhere.
 */
export function smoothField(field: LossField): LossField {
  const { rows, columns, kinds, counts } = field;
  const steps = Math.max(rows, columns);
  const isWhole = counts.pending === 0 && kinds.every((kind) => kind === POINT.finite);
  if (steps >= COARSE || rows < 3 || columns < 3 || !isWhole) return field;
  const between = Math.min(MAX_BETWEEN, Math.ceil(SMOOTH / steps));
  const along = interpolated(field.values, rows, columns, between);
  const fineColumns = (columns - 1) * between + 1;
  const turned = transposed(along, rows, fineColumns);
  const fine = interpolated(turned, fineColumns, rows, between);
  const fineRows = (rows - 1) * between + 1;
  const values = transposed(fine, fineColumns, fineRows);
  limit(values, field, between, fineColumns);
  return {
    ...field,
    rows: fineRows,
    columns: fineColumns,
    values,
    kinds: new Uint8Array(values.length),
  };
}

/** Each row with `between − 1` points between its own. */
function interpolated(
  values: Float64Array,
  rows: number,
  columns: number,
  between: number,
): Float64Array {
  const fine = (columns - 1) * between + 1;
  const result = new Float64Array(rows * fine);
  for (let row = 0; row < rows; row++) {
    const from = row * columns;
    for (let j = 0; j + 1 < columns; j++) {
      const b = values[from + j]!;
      const c = values[from + j + 1]!;
      // Beyond the ends the line goes on straight.
      const a = j > 0 ? values[from + j - 1]! : 2 * b - c;
      const d = j + 2 < columns ? values[from + j + 2]! : 2 * c - b;
      for (let k = 0; k < between; k++) {
        const t = k / between;
        result[row * fine + j * between + k] =
          b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
      }
    }
    result[row * fine + fine - 1] = values[from + columns - 1]!;
  }
  return result;
}

function transposed(values: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(values.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j]!;
  }
  return result;
}

/** Keeps every point within the corners of the cells it belongs to. */
function limit(values: Float64Array, field: LossField, between: number, fineColumns: number): void {
  const { rows, columns } = field;
  for (let v = 0; v < values.length; v++) {
    const i = Math.floor(v / fineColumns);
    const j = v - i * fineColumns;
    const [top, bottom] = [Math.floor(i / between), Math.ceil(i / between)];
    const [left, right] = [Math.floor(j / between), Math.ceil(j / between)];
    const a = field.values[top * columns + left]!;
    const b = field.values[Math.min(rows - 1, bottom) * columns + left]!;
    const c = field.values[top * columns + Math.min(columns - 1, right)]!;
    const d = field.values[Math.min(rows - 1, bottom) * columns + Math.min(columns - 1, right)]!;
    values[v] = Math.min(Math.max(values[v]!, Math.min(a, b, c, d)), Math.max(a, b, c, d));
  }
}
