import { escaped } from '../../shared/escaped';

type Align = 'left' | 'right';

/** Aligned columns; the first is left-aligned, the others as `align` says. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  align: Align = 'right',
): string {
  const all = (header.length === 0 ? rows : [header, ...rows]).map((row) => row.map(escaped));
  const widths = (all[0] ?? []).map((_, column) =>
    all.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), 0),
  );
  return all
    .map((row) =>
      row
        .map((text, column) => cell(text, widths[column]!, column === 0 ? 'left' : align))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function cell(text: string, width: number, align: Align): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + space : space + text;
}

/** In characters: λ and ± are one each. */
function widthOf(text: string): number {
  let pairs = 0;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) pairs++;
  return text.length - pairs;
}
