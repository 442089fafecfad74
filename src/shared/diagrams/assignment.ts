/**
 * The linear assignment problem: each row a column of its own so that the sum of costs is least.
 *
 * Shortest augmenting paths with dual variables (Jonker and Volgenant 1987, in the rectangular form
 * of Crouse 2016). O(rows² · columns), no more memory than the vectors.
 *
 * @param rows At most `columns`.
 * @param costs rows × columns in C order, finite.
 * @returns For each row its column.
 */
export function assign(rows: number, columns: number, costs: Float64Array): Int32Array {
  const columnOf = new Int32Array(rows).fill(-1);
  const rowOf = new Int32Array(columns).fill(-1);
  const u = new Float64Array(rows);
  const v = new Float64Array(columns);
  const shortest = new Float64Array(columns);
  const before = new Int32Array(columns);
  const rest = new Int32Array(columns);
  const reachedColumns = new Int32Array(columns);
  for (let start = 0; start < rows; start++) {
    shortest.fill(Infinity);
    for (let j = 0; j < columns; j++) rest[j] = j;
    let restCount = columns;
    let reached = 0;
    let row = start;
    let length = 0;
    let sink = -1;
    while (sink < 0) {
      let nearest = -1;
      let least = Infinity;
      const base = length - u[row]!;
      for (let k = 0; k < restCount; k++) {
        const j = rest[k]!;
        const way = base + costs[row * columns + j]! - v[j]!;
        if (way < shortest[j]!) {
          shortest[j] = way;
          before[j] = row;
        }
        // Of equally near columns a free one ends the search.
        const distance = shortest[j]!;
        if (
          distance < least ||
          (distance === least && rowOf[j]! < 0 && rowOf[rest[nearest]!]! >= 0)
        ) {
          least = distance;
          nearest = k;
        }
      }
      length = least;
      const column = rest[nearest]!;
      rest[nearest] = rest[--restCount]!;
      if (rowOf[column]! < 0) {
        sink = column;
      } else {
        reachedColumns[reached++] = column;
        row = rowOf[column]!;
      }
    }
    u[start]! += length;
    for (let k = 0; k < reached; k++) {
      const column = reachedColumns[k]!;
      const slack = length - shortest[column]!;
      u[rowOf[column]!]! += slack;
      v[column]! -= slack;
    }
    for (let column = sink; ;) {
      const from = before[column]!;
      const next = columnOf[from]!;
      rowOf[column] = from;
      columnOf[from] = column;
      if (from === start) break;
      column = next;
    }
  }
  return columnOf;
}
