import { FIGURES, type Figure } from '../../shared/entryFigures';
import { FEW_PAIRS, rankCorrelation, type RankCorrelation } from '../../shared/rankCorrelation';
import type { StudyRow } from './studyRow';

/** How two columns of a study go together over its rows. */
export interface Relation extends RankCorrelation {
  /** A factor or a figure. */
  readonly x: string;
  readonly y: Figure;
  /** Of a factor with two values that are no numbers: which counts as the smaller one. */
  readonly order?: readonly [string, string];
  /** Too few to say anything. */
  readonly isFew: boolean;
}

/** Of the landscape and of curvature: what the paper relates to performance. */
const EXPLAINING: readonly Figure[] = ['saddles', 'persistence', 'eigenvalue', 'trace'];
const PERFORMANCE: readonly Figure[] = ['accuracy', 'error', 'loss'];

/**
 * Each factor against each figure, what the landscape and the curvature say against how well a model
 * does, and one against the other: Spearman's ρ with the bootstrap's interval. Left out is what is
 * known of fewer than three rows or the same in all of them.
 */
export function relationsOf(factors: readonly string[], rows: readonly StudyRow[]): Relation[] {
  const relations: Relation[] = [];
  const relate = (
    x: string,
    across: readonly (number | null)[],
    y: Figure,
    order?: Relation['order'],
  ): void => {
    const correlation = rankCorrelation(
      across,
      rows.map((row) => row.figures?.[y] ?? null),
    );
    const { rho, count } = correlation;
    if (rho === null || count < 3) return;
    const isFew = count < FEW_PAIRS;
    relations.push({ x, y, ...correlation, isFew, ...(order === undefined ? {} : { order }) });
  };
  for (const factor of factors) {
    const scale = scaleOf(rows.map((row) => row.factors[factor]));
    if (scale === null) continue;
    for (const y of FIGURES) relate(factor, scale.values, y, scale.order);
  }
  for (const x of EXPLAINING) {
    const across = rows.map((row) => row.figures?.[x] ?? null);
    for (const y of PERFORMANCE) relate(x, across, y);
  }
  for (const x of ['saddles', 'persistence'] as const) {
    const across = rows.map((row) => row.figures?.[x] ?? null);
    for (const y of ['eigenvalue', 'trace'] as const) relate(x, across, y);
  }
  return relations;
}

/** Values of a factor as numbers, where they are some or there are two of them. */
function scaleOf(values: readonly (string | undefined)[]): {
  readonly values: readonly (number | null)[];
  readonly order?: readonly [string, string];
} | null {
  const known = [...new Set(values.filter((value) => value !== undefined))];
  if (known.length < 2) return null;
  const numbers = values.map((value) => numberOf(value));
  if (values.every((value, at) => value === undefined || numbers[at] !== null)) {
    return { values: numbers };
  }
  if (known.length > 2) return null;
  const [low, high] = known.sort() as [string, string];
  const places = values.map((value) => (value === undefined ? null : Number(value === high)));
  return { values: places, order: [low, high] };
}

function numberOf(text: string | undefined): number | null {
  if (text === undefined || text.trim() === '') return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
