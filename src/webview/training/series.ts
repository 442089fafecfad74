import type { Figure } from '../../shared/entryFigures';
import type { PanelEntry } from '../../shared/panelProtocol';
import { WEIGHT_FIGURES, type WeightFigure } from '../../shared/weightFigures';
import type { Run } from '../state/runs';
import { t } from '../../shared/words/text';

/** A number that is followed through a training. */
export interface Measure<Id = Figure | WeightFigure> {
  readonly id: Id;
  readonly title: () => string;
}

export const MEASURES: readonly Measure<Figure>[] = [
  { id: 'loss', title: () => t('Loss') },
  { id: 'accuracy', title: () => t('Accuracy') },
  { id: 'error', title: () => t('Mean absolute error') },
  { id: 'eigenvalue', title: () => t('Largest eigenvalue') },
  { id: 'trace', title: () => t('Hessian trace') },
  { id: 'saddles', title: () => t('Saddles') },
  { id: 'persistence', title: () => t('Average persistence') },
];

/** Of the weights alone, where they were read. */
const WEIGHT_MEASURES: readonly Measure<WeightFigure>[] = [
  { id: 'norm', title: () => t('Norm of the weights') },
  { id: 'fromFirst', title: () => t('Distance to the first checkpoint') },
  { id: 'fromPrevious', title: () => t('Distance to the checkpoint before') },
];

/** Those that at least one of the checkpoints has. */
export function shownWeightMeasures(runs: readonly Run[]): readonly Measure[] {
  return WEIGHT_MEASURES.filter((measure) =>
    runs.some((run) => run.entries.some((entry) => figureOf(entry, measure) !== null)),
  );
}

/** `null` where it is not known or not finite. */
export function figureOf({ summary, weights }: PanelEntry, { id }: Measure): number | null {
  return isOfWeights(id) ? (weights?.[id] ?? null) : (summary?.figures[id] ?? null);
}

function isOfWeights(id: Measure['id']): id is WeightFigure {
  return (WEIGHT_FIGURES as readonly string[]).includes(id);
}

/** Those that at least one of the checkpoints has, and the ones every analysis has. */
export function shownMeasures(runs: readonly Run[]): readonly Measure<Figure>[] {
  return MEASURES.filter(
    ({ id }) =>
      (id !== 'accuracy' && id !== 'error') ||
      runs.some((run) =>
        run.entries.some(({ summary }) => (summary?.figures[id] ?? null) !== null),
      ),
  );
}

/** One value for each checkpoint of the run; null where it is not known or not finite. */
export function seriesOf(run: Run, measure: Measure): readonly (number | null)[] {
  return run.entries.map((entry) => figureOf(entry, measure));
}

/** A range over several decades is drawn by its logarithm, and said to be. */
const DECADES_FOR_LOG = 2;

export interface SeriesScale {
  readonly logarithmic: boolean;
  readonly toUnit: (value: number) => number;
}

export function seriesScale(values: readonly (number | null)[]): SeriesScale {
  const known = values.filter((value) => value !== null);
  const low = known.reduce((least, value) => Math.min(least, value), Infinity);
  const high = known.reduce((most, value) => Math.max(most, value), -Infinity);
  if (known.length === 0 || !(high > low)) return { logarithmic: false, toUnit: () => 0.5 };
  if (low > 0 && Math.log10(high / low) >= DECADES_FOR_LOG) {
    const span = Math.log(high / low);
    return { logarithmic: true, toUnit: (value) => Math.log(value / low) / span };
  }
  return { logarithmic: false, toUnit: (value) => (value - low) / (high - low) };
}
