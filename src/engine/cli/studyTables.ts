import { FIGURES, type Figure } from '../../shared/entryFigures';
import type { Group, Spread } from '../studies/groups';
import type { Relation } from '../studies/relations';
import type { StudyDocument } from '../studies/studyDocument';
import type { StudyRow } from '../studies/studyRow';
import {
  formatCount,
  formatNumber,
  formatShare,
  formatWithUncertainty,
} from '../../shared/words/numbers';

/** A table as texts, for the terminal and for Markdown. */
export interface TextTable {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const NONE = '–';

const TITLES: Readonly<Record<Figure, string>> = {
  loss: 'loss',
  accuracy: 'accuracy',
  error: 'error',
  eigenvalue: 'λmax',
  trace: 'trace',
  saddles: 'saddles',
  persistence: 'avg. pers.',
};

/** Rows, groups and relations, those of them that there are. */
export function studyTables(document: StudyDocument): readonly TextTable[] {
  const shown = FIGURES.filter((name) =>
    document.rows.some(({ figures }) => figures !== null && figures[name] !== null),
  );
  return [
    rowTable(document, shown),
    ...(document.groups.length < 2 ? [] : [groupTable(document, shown)]),
    ...(document.relations.length === 0 ? [] : [relationTable(document.relations)]),
  ];
}

function rowTable({ factors, rows }: StudyDocument, shown: readonly Figure[]): TextTable {
  const isNamed = new Set(rows.map((row) => JSON.stringify(row.factors))).size < rows.length;
  const titles = shown.map((name) => TITLES[name]);
  return {
    title: 'Checkpoints',
    header: [...(isNamed || factors.length === 0 ? ['checkpoint'] : []), ...factors, ...titles],
    rows: rows.map((row) => [
      ...(isNamed || factors.length === 0 ? [row.checkpoint ?? NONE] : []),
      ...factors.map((name) => row.factors[name] ?? NONE),
      ...cells(row, shown),
    ]),
  };
}

function cells({ figures, status }: StudyRow, shown: readonly Figure[]): string[] {
  // What keeps a row from having figures stands where its first one would.
  if (figures === null || status === 'diverged') return [status, ...shown.slice(1).map(() => '')];
  return shown.map((name) => {
    const value = figures[name];
    return value === null ? NONE : textOf(name, value);
  });
}

function textOf(name: Figure, value: number): string {
  if (name === 'accuracy') return formatShare(value);
  return name === 'saddles' ? formatCount(value) : formatNumber(value);
}

function groupTable({ factors, groups }: StudyDocument, shown: readonly Figure[]): TextTable {
  return {
    title: 'Mean ± standard deviation between runs',
    header: [factors[0]!, 'n', ...shown.map((name) => TITLES[name])],
    rows: groups.map((group) => [
      group.value,
      countOf(group),
      ...shown.map((name) => spreadText(name, group.figures[name])),
    ]),
  };
}

function countOf({ count, without }: Group): string {
  return without === 0 ? String(count) : `${count} of ${count + without}`;
}

function spreadText(name: Figure, spread: Spread | undefined): string {
  if (spread === undefined) return NONE;
  const { mean, deviation } = spread;
  if (name === 'accuracy') {
    return deviation === null
      ? formatShare(mean)
      : `${formatShare(mean)} ± ${formatShare(deviation)}`;
  }
  if (deviation === null) return formatNumber(mean);
  // Not an error of the mean: where runs differ by more than it, it keeps its digits all the same.
  return deviation < Math.abs(mean)
    ? formatWithUncertainty(mean, deviation)
    : `${formatNumber(mean, 3)} ± ${formatNumber(deviation, 2)}`;
}

function relationTable(relations: readonly Relation[]): TextTable {
  return {
    title: 'Spearman’s ρ, with 95 % of the bootstrap over the rows',
    header: ['', 'against', 'ρ', 'from', 'to', 'n', ''],
    rows: relations.map(({ x, y, rho, interval, count, order, isFew }) => [
      order === undefined ? titleOf(x) : `${x} (${order[0]} < ${order[1]})`,
      TITLES[y],
      signed(rho!),
      interval === null ? NONE : signed(interval[0]),
      interval === null ? NONE : signed(interval[1]),
      String(count),
      isFew ? 'few' : '',
    ]),
  };
}

function titleOf(name: string): string {
  return (TITLES as Readonly<Record<string, string>>)[name] ?? name;
}

function signed(value: number): string {
  return value.toFixed(2).replace('-', '−');
}

/** The whole study as Markdown. */
export function studyMarkdown(document: StudyDocument): string {
  const parts = [`# ${document.title}`];
  for (const { title, header, rows } of studyTables(document)) {
    const line = (texts: readonly string[]): string =>
      `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
    const rule = header.map((_, at) => (at === 0 ? '---' : '---:'));
    parts.push(`## ${title}`, [line(header), line(rule), ...rows.map(line)].join('\n'));
  }
  const open = document.rows.filter(({ why }) => why !== null);
  if (open.length > 0) {
    parts.push(open.map((row) => `- ${nameOf(row)}: ${row.why ?? ''}`).join('\n'));
  }
  if (document.notes.length > 0) parts.push(document.notes.join('\n'));
  return `${parts.join('\n\n')}\n`;
}

/** What a row is called in a sentence. */
export function nameOf({ checkpoint, factors }: StudyRow): string {
  if (checkpoint !== null) return checkpoint;
  return Object.entries(factors)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/** The rows as CSV (RFC 4180), every figure with all its digits. */
export function studyCsv({ factors, rows }: StudyDocument): string {
  const header = [...factors, 'checkpoint', 'status', 'step', 'epoch', ...FIGURES, 'why'];
  const lines = rows.map((row) => [
    ...factors.map((name) => row.factors[name] ?? ''),
    row.checkpoint ?? '',
    row.status,
    row.step ?? '',
    row.epoch ?? '',
    ...FIGURES.map((name) => row.figures?.[name] ?? ''),
    row.why ?? '',
  ]);
  return [header, ...lines].map((line) => line.map(csvField).join(',')).join('\r\n') + '\r\n';
}

function csvField(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
