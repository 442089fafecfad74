import { Fault } from '../../checkpoint/fault';
import { sizeOf } from '../../tensor';
import {
  beyondExact,
  evenAxis,
  isExact,
  parseNumber,
  valueName,
  type ImportedLandscape,
} from './importedLandscape';
import type { Axis } from '../../../shared/result/landscape';
import { say, type Message } from '../../../shared/words/message';

/** A table as text: fields of equal number in every row. */
interface Table {
  /** Names of the columns where the first row is no numbers. */
  readonly header: readonly string[] | null;
  /** Missing values are NaN. */
  readonly rows: readonly Float64Array[];
  readonly warnings: readonly Message[];
}

/**
 * A landscape in comma-separated values (or semicolons, tabs, blanks): a grid of numbers, where
 * rows are the first axis; a grid with coordinates in its first row and column, the corner empty;
 * or one row for each point, coordinates first, in any order.
 *
 * Rows of points are taken where columns have names: the losses are the column named like them
 * (`column` names another) or the only one that is no coordinate. Without names they are taken where
 * three columns hold every combination of the first two once.
 *
 * @throws Fault when rows differ in length, a field is no number, or points do not fill a grid.
 */
export function parseCsv(text: string, column: string | undefined): ImportedLandscape {
  const lines = contentLines(text);
  const cornered = corneredGrid(lines);
  if (cornered !== null) return cornered;
  const table = parseTable(lines);
  const { header, rows, warnings } = table;
  const width = rows[0]!.length;

  if (column !== undefined && header?.includes(column) !== true) {
    throw new Fault(
      'invalid',
      say`it has no column ${column}`,
      header === null ? say`its columns have no names` : say`its columns are ${header.join(', ')}`,
    );
  }
  if (header !== null && width > 1) {
    const named = column ?? valueName(header) ?? onlyValues(table, header);
    // The last of that name: the losses are behind the coordinates.
    if (named !== null) return pointGrid(table, header.lastIndexOf(named), header);
  }
  if (header === null && width === 3) {
    if (rows.length > 3 && fillsGrid(rows, [0, 1], 0)) return pointGrid(table, 2, ['x', 'y', '']);
    refuseHoles(rows);
  }
  return {
    values: flattened(rows),
    shape: rows.length === 1 || width === 1 ? [rows.length * width] : [rows.length, width],
    axes: null,
    warnings: [...warnings, ...narrowWarnings(rows.length, width)],
  };
}

/** The column that is left when all before it are coordinates; null where it is no list of points. */
function onlyValues({ rows }: Table, header: readonly string[]): string | null {
  const others = header.map((_, column) => column).slice(0, -1);
  if (isGrid(rows, others)) return header.at(-1)!;
  // So many columns are those of a plane, whatever their names.
  if (header.length > MAX_COORDINATES + 1) return null;
  throw new Fault(
    'invalid',
    say`none of its columns (${header.slice(0, 10).join(', ')}) is named like losses, nor are all but the last coordinates of a grid`,
    say`say with --array which column holds the losses, or write a plane without names`,
  );
}

/** @throws Fault when three columns are points of a grid that is not whole. */
function refuseHoles(rows: readonly Float64Array[]): void {
  const [across, along] = [0, 1].map((column) => new Set(rows.map((row) => row[column]!)));
  const points = across!.size * along!.size;
  if (across!.size < 2 || along!.size < 2 || across!.has(NaN) || along!.has(NaN)) return;
  if (rows.length >= points || rows.length <= points / 2) return;
  if (new Set(rows.map((row) => `${row[0]!},${row[1]!}`)).size < rows.length) return;
  throw new Fault(
    'damaged',
    say`its first two columns look like coordinates of ${points} points, of which ${points - rows.length} are missing`,
    say`write nan for the loss of points that are missing, or save a plane of numbers as .npy`,
  );
}

/** More coordinates have no landscape that is sampled on a grid. */
const MAX_COORDINATES = 6;

/** Taller than this for its width, a plane is more likely a list of points. */
const NARROW = 10;

function narrowWarnings(height: number, width: number): Message[] {
  if (width < 2 || width > 4 || height < NARROW * width) return [];
  return [
    say`It is taken for a plane of ${height} × ${width}; if its columns are coordinates and losses, give them names in a first line, the losses as "loss".`,
  ];
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
    .filter(({ line }) => line.trim() !== '' && !/^\s*#(?!n\/a\b)/i.test(line));
  const first = lines[0];
  if (first === undefined)
    throw new Fault('damaged', say`it holds no numbers`, say`check the file`);
  const separator = [';', '\t', ','].find((candidate) => unquoted(first.line).includes(candidate));
  const split = lines.map(({ number, line }) => ({
    number,
    fields: separator === undefined ? line.trim().split(/\s+/) : fieldsOf(line, separator),
  }));
  // A separator at the end of every line ends no column.
  const closed = split.every(({ fields }) => fields.length > 1 && fields.at(-1) === '');
  return closed
    ? split.map(({ number, fields }) => ({ number, fields: fields.slice(0, -1) }))
    : split;
}

/** A line without what is in quotes. */
function unquoted(line: string): string {
  return line.replace(/"[^"]*"/g, '');
}

/** Fields may be in quotes, with separators in them, and quotes written twice. */
function fieldsOf(line: string, separator: string): string[] {
  const plain = line.split(separator);
  if (!line.includes('"')) return plain.map((field) => field.trim());
  const fields: string[] = [];
  let quoted = '';
  for (const part of plain) {
    const text = quoted === '' ? part : `${quoted}${separator}${part}`;
    const isOpen = (text.match(/"/g)?.length ?? 0) % 2 === 1;
    quoted = isOpen ? text : '';
    if (!isOpen)
      fields.push(
        text
          .trim()
          .replace(/^"(.*)"$/, '$1')
          .replaceAll('""', '"'),
      );
  }
  if (quoted !== '') fields.push(quoted.trim());
  return fields;
}

function parseTable(lines: readonly Line[]): Table {
  const names = lines[0]!.fields;
  const counts = lines.length > 2 && isCounting(names);
  const hasHeader = counts || isHeader(names);
  const content = hasHeader ? lines.slice(1) : lines;
  if (content.length === 0)
    throw new Fault('damaged', say`it holds no numbers`, say`check the file`);
  return {
    header: hasHeader && !counts ? names : null,
    rows: content.map((line) => numbersOf(line, names.length)),
    warnings: counts
      ? [
          say`Its first line counts the columns (0, 1, … ${names.length - 1}), as pandas writes them, and is taken for their names; write the plane without them if they are losses.`,
        ]
      : [],
  };
}

/** What programs and people write for a value that is not there. */
const MISSING = /^(|na|n\/a|<na>|#n\/a|null|none|nil|nan|-|--|\?|missing|masked)$/i;

/** Whether a first line is names: no numbers, or one of them a name of losses, or most of them none. */
function isHeader(fields: readonly string[]): boolean {
  const names = fields.filter((field) => !MISSING.test(field) && parseNumber(field) === null);
  if (names.length === 0) return false;
  return valueName(names) !== null || 2 * names.length >= fields.length;
}

/** `0,1,2`: pandas' names of columns that have none. */
function isCounting(fields: readonly string[]): boolean {
  return fields.length > 1 && fields.every((field, k) => field === String(k));
}

function numbersOf({ number, fields }: Line, width: number): Float64Array {
  if (fields.length !== width) {
    throw new Fault(
      'damaged',
      say`line ${number} has ${fields.length} fields where the first has ${width}`,
      say`give every row the same number of them`,
    );
  }
  return Float64Array.from(fields, (field) => {
    if (MISSING.test(field)) return NaN;
    const value = parseNumber(field);
    if (value !== null && Math.abs(value) > Number.MAX_SAFE_INTEGER && !isExact(field, value)) {
      throw beyondExact();
    }
    if (value === null) {
      throw new Fault(
        'damaged',
        say`"${field.slice(0, 40)}" in line ${number} is no number`,
        say`write numbers with a decimal point`,
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

/** Coordinates closer than this share of their range are the same: they pass through float32 and text. */
const NOISE = 1e-6;

/** Ascending values of a column; those that differ by noise are one. */
function levelsOf(rows: readonly Float64Array[], column: number, noise: number): Float64Array {
  const sorted = Float64Array.from(new Set(rows.map((row) => row[column]!))).sort();
  const slack = noise * (sorted[sorted.length - 1]! - sorted[0]!);
  if (!(slack > 0)) return sorted;
  return sorted.filter((value, k) => k === 0 || value - sorted[k - 1]! > slack);
}

/** The index of the level a value is at: the last that is not above it. */
function levelOf(levels: Float64Array, value: number): number {
  let low = 0;
  let high = levels.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (levels[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Whether every combination of the columns' values is there once. */
function fillsGrid(
  rows: readonly Float64Array[],
  columns: readonly number[],
  noise: number,
  fewest = 2,
): boolean {
  const levels = columns.map((column) => levelsOf(rows, column, noise));
  if (levels.some((values) => values.length < fewest || values.some(Number.isNaN))) return false;
  if (sizeOf(levels.map((values) => values.length)) !== rows.length) return false;
  const filled = new Uint8Array(rows.length);
  for (const row of rows) filled[vertexOf(row, columns, levels)] = 1;
  return !filled.includes(0);
}

function vertexOf(
  row: Float64Array,
  columns: readonly number[],
  levels: readonly Float64Array[],
): number {
  return columns.reduce(
    (index, column, axis) => index * levels[axis]!.length + levelOf(levels[axis]!, row[column]!),
    0,
  );
}

/** Whether the columns are coordinates of a grid; axes of one point count where it is all columns. */
function isGrid(rows: readonly Float64Array[], columns: readonly number[]): boolean {
  return fillsGrid(rows, columns, 0, 1) || fillsGrid(rows, columns, NOISE, 1);
}

/** Names that coordinates have and figures of merit do not. */
const COORDINATE =
  /^([xyzuvwabcijk]\d?|xs|ys|alpha|beta|gamma|row|col(umn)?|[xy][-_ ]?coord(inate)?s?|dim(ension)?[-_ ]?\d|dir(ection)?[-_ ]?\d|axis[-_ ]?\d|epsilon_?\d|eps_?\d)$/i;

/**
 * The columns that are coordinates: all but the losses where they fill a grid; else the first ones that
 * do, with figures behind them; else the first alone, if it counts something evenly and none of the
 * others is a coordinate by its name.
 */
function coordinateColumns(
  rows: readonly Float64Array[],
  others: readonly number[],
  names: readonly string[],
): readonly number[] | null {
  if (isGrid(rows, others)) return others;
  for (let count = others.length - 1; count >= 2; count--) {
    const columns = others.slice(0, count);
    if (fillsGrid(rows, columns, 0) || fillsGrid(rows, columns, NOISE)) return columns;
  }
  const [first, ...rest] = others;
  if (first === undefined || rest.some((column) => COORDINATE.test(names[column]!))) return null;
  const column = rows.map((row) => row[first]!);
  return fillsGrid(rows, [first], 0) && evenAxis('', column) !== null ? [first] : null;
}

/** One row for each point. */
function pointGrid(
  { rows, warnings }: Table,
  valueColumn: number,
  names: readonly string[],
): ImportedLandscape {
  const others = names.map((_, column) => column).filter((column) => column !== valueColumn);
  const columns = coordinateColumns(rows, others, names);
  if (columns === null) {
    throw new Fault(
      'damaged',
      say`its ${rows.length} points do not fill a grid`,
      say`give every combination of the coordinates once, and the coordinates in the first columns; points that are scattered are read from .vtu`,
    );
  }
  const noise = fillsGrid(rows, columns, 0, 1) ? 0 : NOISE;
  const levels = columns.map((column) => levelsOf(rows, column, noise));
  const values = new Float64Array(rows.length);
  for (const row of rows) values[vertexOf(row, columns, levels)] = row[valueColumn]!;
  return {
    values,
    shape: levels.map((axis) => axis.length),
    axes: allOrNone(columns.map((column, axis) => evenAxis(names[column]!, levels[axis]!))),
    warnings,
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
