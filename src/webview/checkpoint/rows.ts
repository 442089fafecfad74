import { COLUMNS, type ColumnId } from './columns';
import type { Tensors } from './tensors';

export interface Sorting {
  readonly column: ColumnId;
  readonly descending: boolean;
}

/** More rows than this are no table for people, and higher than a browser draws. */
export const MAX_ROWS = 700_000;

/**
 * Which tensors are shown, in which order: those that contain every word that is looked for,
 * sorted, what is not known last. Without a sorting they are in the file's order.
 */
export function chooseRows(tensors: Tensors, search: string, sorting: Sorting | null): Int32Array {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const rows: number[] = [];
  for (let index = 0; index < tensors.count && rows.length < MAX_ROWS; index++) {
    const text = words.length === 0 ? '' : tensors.text(index);
    if (words.every((word) => text.includes(word))) rows.push(index);
  }
  const column = COLUMNS.find(({ id }) => id === sorting?.column);
  if (sorting === null || column === undefined) return Int32Array.from(rows);
  const sign = sorting.descending ? -1 : 1;
  const keys: (string | number | null)[] = new Array<null>(tensors.count).fill(null);
  for (const index of rows) keys[index] = column.value(tensors, index);
  rows.sort((a, b) => {
    const left = keys[a] ?? null;
    const right = keys[b] ?? null;
    if (left === null || right === null) {
      return Number(left === null) - Number(right === null) || a - b;
    }
    return left < right ? -sign : left > right ? sign : a - b;
  });
  return Int32Array.from(rows);
}
