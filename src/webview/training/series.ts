import { leadingFigures } from '../../shared/leadingFigures';
import type { ResultDocument } from '../../shared/result';
import type { Run } from './runs';
import { t } from '../text';

/** A number that is followed through a training. */
export interface Measure {
  readonly id: 'loss' | 'accuracy' | 'error' | 'eigenvalue' | 'trace' | 'saddles' | 'persistence';
  readonly title: () => string;
  readonly read: (document: ResultDocument) => number | null;
}

export const MEASURES: readonly Measure[] = [
  { id: 'loss', title: () => t('Loss'), read: (d) => (d.metrics ? Number(d.metrics.loss) : null) },
  { id: 'accuracy', title: () => t('Accuracy'), read: (d) => d.metrics?.accuracy ?? null },
  {
    id: 'error',
    title: () => t('Mean absolute error'),
    read: (d) => (d.metrics?.error === undefined ? null : Number(d.metrics.error)),
  },
  {
    id: 'eigenvalue',
    title: () => t('Largest eigenvalue'),
    read: (d) => d.hessian?.eigenvalues[0]?.value ?? null,
  },
  { id: 'trace', title: () => t('Hessian trace'), read: (d) => d.hessian?.trace.value ?? null },
  {
    id: 'saddles',
    title: () => t('Saddles'),
    read: (d) => (d.topology ? leadingFigures(d.topology).saddles : null),
  },
  {
    id: 'persistence',
    title: () => t('Average persistence'),
    read: (d) => (d.topology ? leadingFigures(d.topology).averagePersistence : null),
  },
];

/** Those that at least one of the documents has, and the ones every analysis has. */
export function shownMeasures(runs: readonly Run[]): readonly Measure[] {
  const documents = runs.flatMap((run) => run.entries.flatMap((entry) => entry.document ?? []));
  return MEASURES.filter(
    (measure) =>
      (measure.id !== 'accuracy' && measure.id !== 'error') ||
      documents.some((document) => measure.read(document) !== null),
  );
}

/** One value for each checkpoint of the run; null where it is not known or not finite. */
export function seriesOf(run: Run, measure: Measure): readonly (number | null)[] {
  return run.entries.map((entry) => {
    const value = entry.document === null ? null : measure.read(entry.document);
    return value !== null && Number.isFinite(value) ? value : null;
  });
}

/** A range over several decades is drawn by its logarithm, and said to be. */
const DECADES_FOR_LOG = 2;

export interface SeriesScale {
  readonly logarithmic: boolean;
  readonly toUnit: (value: number) => number;
}

export function seriesScale(values: readonly (number | null)[]): SeriesScale {
  const known = values.filter((value) => value !== null);
  const low = Math.min(...known);
  const high = Math.max(...known);
  if (known.length === 0 || !(high > low)) return { logarithmic: false, toUnit: () => 0.5 };
  if (low > 0 && Math.log10(high / low) >= DECADES_FOR_LOG) {
    const span = Math.log(high / low);
    return { logarithmic: true, toUnit: (value) => Math.log(value / low) / span };
  }
  return { logarithmic: false, toUnit: (value) => (value - low) / (high - low) };
}
