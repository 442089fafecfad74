import { escapeMarkdown } from '../words/markdown';

/** A table of Markdown. So many columns of texts first, then numbers to the right. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  texts = 1,
): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => escapeMarkdown(cell)).join(' | ')} |`;
  const rule = `|${head.map((_, index) => (index < texts ? ':--' : '--:')).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
