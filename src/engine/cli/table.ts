/** Aligned columns; the first is left-aligned, the others as `align` says. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  align: 'left' | 'right' = 'right',
): string {
  const all = header.length === 0 ? rows : [header, ...rows];
  const widths = (all[0] ?? []).map((_, column) =>
    Math.max(...all.map((row) => width(row[column] ?? ''))),
  );
  return all.map((row) => line(row, widths, align)).join('\n');
}

/** One row for columns of known widths, for tables that are printed as they are made. */
export function line(
  row: readonly string[],
  widths: readonly number[],
  align: 'left' | 'right',
): string {
  return row
    .map((cell, column) => {
      const space = ' '.repeat(Math.max(0, widths[column]! - width(cell)));
      return column === 0 || align === 'left' ? cell + space : space + cell;
    })
    .join('  ')
    .trimEnd();
}

/** In characters: λ and ± are one each. */
function width(text: string): number {
  return Array.from(text).length;
}
