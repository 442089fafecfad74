import { FIGURES, type Figure } from '../../shared/entryFigures';
import type { StudyRow } from './studyRow';

/** What the rows with one value of a factor have in common. */
export interface Group {
  readonly value: string;
  /** Rows with figures. */
  readonly count: number;
  /** Rows of which nothing is known. */
  readonly without: number;
  readonly figures: Readonly<Partial<Record<Figure, Spread>>>;
}

export interface Spread {
  readonly count: number;
  readonly mean: number;
  /** Standard deviation between the rows (n − 1); null of one. */
  readonly deviation: number | null;
}

/** By the first factor, in the order of the rows: means over all others, as seeds. */
export function groupsOf(factor: string, rows: readonly StudyRow[]): Group[] {
  const byValue = new Map<string, StudyRow[]>();
  for (const row of rows) {
    const value = row.factors[factor];
    if (value !== undefined) byValue.set(value, [...(byValue.get(value) ?? []), row]);
  }
  return [...byValue].map(([value, own]) => {
    const figures: Partial<Record<Figure, Spread>> = {};
    for (const name of FIGURES) {
      const known = own.flatMap((row) => row.figures?.[name] ?? []);
      if (known.length > 0) figures[name] = spreadOf(known);
    }
    const count = own.filter((row) => row.figures !== null).length;
    return { value, count, without: own.length - count, figures };
  });
}

function spreadOf(values: readonly number[]): Spread {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { count, mean, deviation: count < 2 ? null : Math.sqrt(squares / (count - 1)) };
}
