import type { TableTwin } from '../plots/tableTwin';

/** Longer or wider tables are a file's business: the CSV has them. */
const MAX_ROWS = 60;
const MAX_COLUMNS = 12;

/** The picture by its file name, its caption, and its table where one reads it. */
export function markdownText(file: string, caption: string, table: TableTwin | null): string {
  const parts = [`![${escaped(caption)}](${encodeURI(file)})`, escaped(caption)];
  if (table !== null && table.rows.length <= MAX_ROWS && table.columns.length <= MAX_COLUMNS) {
    const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`;
    const alignment = table.columns.map((_, index) => (index === 0 ? '---' : '---:'));
    parts.push(
      [line(table.columns), `| ${alignment.join(' | ')} |`, ...table.rows.map(line)].join('\n'),
    );
  }
  return `${parts.join('\n\n')}\n`;
}

function escaped(text: string): string {
  return text.replace(/[\\`*_[\]<>|#]/g, '\\$&').replace(/\s*[\r\n]+\s*/g, ' ');
}
