import { Fault } from '../../checkpoint/fault';
import { sizeOf } from '../../tensor';
import { evenAxis, parseNumber, valueName } from './importedLandscape';
import type { Axis } from '../../../shared/result';
import type { ImportedLandscape } from './importedLandscape';

/** A table as text: fields of equal number in every row. */
interface Table {
  /** Names of the columns where the first row is no numbers. */
  readonly header: readonly string[] | null;
  /** An empty field is NaN, as pandas writes it. */
  readonly rows: readonly Float64Array[];
}

/**
 * A landscape in comma-separated values (or semicolons, tabs, blanks): a grid of numbers, where
 * rows are the first axis; a grid with coordinates in its first row and column, the corner empty;
 * or one row for each point, coordinates first, in any order.
 *
 * Rows of points are taken where a column is named like losses (`column` names another), or where
 * three columns without names hold every combination of the first two once.
 *
 * @throws Fault when rows differ in length, a field is no number, or points do not fill a grid.
 */
export function parseCsv(text: string, column: string | undefined): ImportedLandscape {
  const lines = contentLines(text);
  const cornered = corneredGrid(lines);
  if (cornered !== null) return cornered;
  const table = parseTable(lines);
  const { header, rows } = table;
  const width = rows[0]!.length;

  if (column !== undefined && header?.includes(column) !== true) {
    throw new Fault(
      'invalid',
      `it has no column ${column}`,
      header === null ? 'its columns have no names' : `its columns are ${header.join(', ')}`,
    );
  }
  const named = column ?? (header && valueName(header));
  if (header !== null && named !== null && width > 1) {
    return pointGrid(table, header.indexOf(named), header);
  }
  if (header === null && width === 3 && rows.length > 3) {
    const names = ['x', 'y', 'value'];
    if (fillsGrid(rows, [0, 1])) return pointGrid(table, 2, names);
  }
  return {
    values: flattened(rows),
    shape: rows.length === 1 || width === 1 ? [rows.length * width] : [rows.length, width],
    axes: null,
  };
}

interface Line {
  readonly number: number;
  readonly fields: readonly string[];
}

/** Lines that are neither blank nor comments, split into fields. */
function contentLines(text: string): Line[] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .map((line, k) => ({ number: k + 1, line }))
    .filter(({ line }) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  const first = lines[0];
  if (first === undefined) throw new Fault('damaged', 'it holds no numbers', 'check the file');
  const separator = [';', '\t', ','].find((candidate) => first.line.includes(candidate));
  const split = lines.map(({ number, line }) => ({
    number,
    fields:
      separator === undefined
        ? line.trim().split(/\s+/)
        : line.split(separator).map((field) => field.trim().replace(/^"(.*)"$/, '$1')),
  }));
  // A separator at the end of every line ends no column.
  const closed = split.every(({ fields }) => fields.length > 1 && fields.at(-1) === '');
  return closed
    ? split.map(({ number, fields }) => ({ number, fields: fields.slice(0, -1) }))
    : split;
}

function parseTable(lines: readonly Line[]): Table {
  const names = lines[0]!.fields;
  const hasHeader = names.some((field) => field !== '' && parseNumber(field) === null);
  const content = hasHeader ? lines.slice(1) : lines;
  if (content.length === 0) throw new Fault('damaged', 'it holds no numbers', 'check the file');
  return {
    header: hasHeader ? names : null,
    rows: content.map((line) => numbersOf(line, names.length)),
  };
}

function numbersOf({ number, fields }: Line, width: number): Float64Array {
  if (fields.length !== width) {
    throw new Fault(
      'damaged',
      `line ${number} has ${fields.length} fields where the first has ${width}`,
      'give every row the same number of them',
    );
  }
  return Float64Array.from(fields, (field) => {
    if (field === '') return NaN;
    const value = parseNumber(field);
    if (value === null) {
      throw new Fault(
        'damaged',
        `"${field.slice(0, 40)}" in line ${number} is no number`,
        'write numbers with a decimal point',
      );
    }
    return value;
  });
}

/** A grid with coordinates around it: its first field is empty and nothing else around it is. */
function corneredGrid(lines: readonly Line[]): ImportedLandscape | null {
  const top = lines[0]!.fields;
  if (top[0] !== '' || top.length < 2 || lines.length < 2) return null;
  const across = top.slice(1).map(parseNumber);
  if (across.some((coordinate) => coordinate === null)) return null;
  const rows = lines.slice(1).map((line) => numbersOf(line, top.length));
  return {
    values: flattened(rows.map((row) => row.subarray(1))),
    shape: [rows.length, across.length],
    axes: allOrNone([
      evenAxis(
        'row',
        rows.map((row) => row[0]!),
      ),
      evenAxis('column', across as number[]),
    ]),
  };
}

/** Whether every combination of the columns' values is there once. */
function fillsGrid(rows: readonly Float64Array[], columns: readonly number[]): boolean {
  const distinct = columns.map((column) => new Set(rows.map((row) => row[column]!)));
  if (distinct.some((values) => values.size < 2 || values.has(NaN))) return false;
  if (sizeOf(distinct.map((values) => values.size)) !== rows.length) return false;
  return (
    new Set(rows.map((row) => columns.map((column) => row[column]!).join())).size === rows.length
  );
}

/** One row for each point; the coordinates are the first columns that fill a grid. */
function pointGrid(table: Table, valueColumn: number, names: readonly string[]): ImportedLandscape {
  const { rows } = table;
  const others = names.map((_, column) => column).filter((column) => column !== valueColumn);
  const count = others.findIndex((_, k) => fillsGrid(rows, others.slice(0, k + 1))) + 1;
  if (count === 0) {
    throw new Fault(
      'damaged',
      `its ${rows.length} points do not fill a grid`,
      'give every combination of the coordinates once, and the coordinates in the first columns',
    );
  }
  const columns = others.slice(0, count);
  const coordinates = columns.map((column) =>
    Float64Array.from(new Set(rows.map((row) => row[column]!))).sort(),
  );
  const shape = coordinates.map((axis) => axis.length);
  const ranks = coordinates.map((axis) => new Map(Array.from(axis, (x, k) => [x, k])));
  const values = new Float64Array(rows.length);
  for (const row of rows) {
    const vertex = columns.reduce(
      (index, column, axis) => index * shape[axis]! + ranks[axis]!.get(row[column]!)!,
      0,
    );
    values[vertex] = row[valueColumn]!;
  }
  return {
    values,
    shape,
    axes: allOrNone(columns.map((column, axis) => evenAxis(names[column]!, coordinates[axis]!))),
  };
}

function allOrNone(axes: readonly (Axis | null)[]): readonly Axis[] | null {
  const known = axes.filter((axis) => axis !== null);
  return known.length === axes.length ? known : null;
}

function flattened(rows: readonly Float64Array[]): Float64Array {
  const width = rows[0]!.length;
  const values = new Float64Array(rows.length * width);
  rows.forEach((row, k) => {
    values.set(row, k * width);
  });
  return values;
}
