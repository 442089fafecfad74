import type { TableTwin } from '../plots/tableTwin';
import type { DataTable } from './drawing';

/** RFC 4180: cells with a comma, a quote or a line break are quoted, lines end in CR LF. */
export function csvText({ columns, rows }: DataTable): string {
  return [columns, ...rows].map((row) => row.map(csvCell).join(',') + '\r\n').join('');
}

function csvCell(value: string | number | null): string {
  if (value === null) return '';
  // Every digit: a number that is read back is the same float64.
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

/** What spreadsheets take from the clipboard: cells apart by tabs. */
export function tabbedText({ columns, rows }: TableTwin): string {
  return [columns, ...rows]
    .map((row) => row.map((cell) => cell.replace(/[\t\r\n]+/g, ' ')).join('\t'))
    .join('\n');
}
