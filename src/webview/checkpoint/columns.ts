import type { TensorStatistics } from '../../shared/engineProtocol';
import { formatBytes, formatCount, formatNumber, formatShare } from '../../shared/words/numbers';
import { shapeText, type Tensors } from './tensors';
import { t } from '../../shared/words/text';

/** What a column shows, and what it is sorted by. */
export interface Column {
  readonly id: ColumnId;
  readonly title: () => string;
  /** Read out in place of the title where the title is short. */
  readonly label: () => string;
  readonly kind: 'text' | 'number';
  text(tensors: Tensors, index: number): string;
  /** Numbers are compared as numbers, `null` goes last; texts by their `sortKey`. */
  value(tensors: Tensors, index: number): number | string | null;
}

export const COLUMN_IDS = [
  'name',
  'dtype',
  'shape',
  'parameters',
  'bytes',
  'mean',
  'deviation',
  'min',
  'max',
  'zeros',
  'nonFinite',
  'norm',
  'spectralNorm',
  'stableRank',
  'deadUnits',
  'powerLaw',
  'fromFirst',
  'fromPrevious',
] as const;
export type ColumnId = (typeof COLUMN_IDS)[number];

export const COLUMNS: readonly Column[] = [
  {
    id: 'name',
    title: () => t('Name'),
    label: () => t('Name'),
    kind: 'text',
    text: (tensors, index) => tensors.name(index),
    value: (tensors, index) => sortKey(tensors.name(index)),
  },
  {
    id: 'dtype',
    title: () => t('Type'),
    label: () => t('Element type'),
    kind: 'text',
    text: (tensors, index) => tensors.dtype(index),
    value: (tensors, index) => sortKey(tensors.dtype(index)),
  },
  {
    id: 'shape',
    title: () => t('Shape'),
    label: () => t('Shape'),
    kind: 'text',
    text: (tensors, index) => shapeText(tensors.shape(index)),
    // Extent by extent: 64×3 before 64×12.
    value: (tensors, index) => sortKey(shapeText(tensors.shape(index))),
  },
  {
    id: 'parameters',
    title: () => t('Values'),
    label: () => t('Number of values'),
    kind: 'number',
    text: (tensors, index) => formatCount(tensors.parameters(index)),
    value: (tensors, index) => tensors.parameters(index),
  },
  {
    id: 'bytes',
    title: () => t('Size'),
    label: () => t('Size in the file'),
    kind: 'number',
    text: (tensors, index) => {
      const bytes = tensors.bytes(index);
      return bytes === null ? '–' : formatBytes(bytes);
    },
    value: (tensors, index) => tensors.bytes(index),
  },
  measured(
    'mean',
    () => t('Mean'),
    () => t('Mean'),
    ({ mean }) => mean,
  ),
  measured(
    'deviation',
    () => t('Std'),
    () => t('Standard deviation'),
    ({ deviation }) => deviation,
  ),
  measured(
    'min',
    () => t('Min'),
    () => t('Minimum'),
    ({ min }) => min,
  ),
  measured(
    'max',
    () => t('Max'),
    () => t('Maximum'),
    ({ max }) => max,
  ),
  share(
    'zeros',
    () => t('Zeros'),
    () => t('Share of zeros'),
    ({ zeros }) => zeros,
  ),
  share(
    'nonFinite',
    () => t('Not finite'),
    () => t('Share of values that are not finite'),
    (s) => s.nonFinite,
  ),
  measured(
    'norm',
    () => t('‖W‖'),
    () => t('Norm'),
    ({ norm }) => norm,
  ),
  measured(
    'spectralNorm',
    () => t('σ₁'),
    () => t('Spectral norm'),
    ({ matrix }) => matrix?.spectralNorm ?? null,
  ),
  measured(
    'stableRank',
    () => t('Stable rank'),
    () => t('Stable rank, ‖W‖² / σ₁²'),
    ({ matrix }) => matrix?.stableRank ?? null,
  ),
  share(
    'deadUnits',
    () => t('Dead'),
    () => t('Share of units whose weights are all near 0'),
    ({ matrix }) => matrix?.deadUnits ?? null,
    ({ matrix }) => matrix?.rows ?? 0,
  ),
  measured(
    'powerLaw',
    () => t('α'),
    () => t('Exponent of the power law that fits the largest eigenvalues of WᵀW'),
    ({ matrix }) => matrix?.powerLaw?.exponent ?? null,
  ),
  measured(
    'fromFirst',
    () => t('Δ first'),
    () => t('Distance to the first checkpoint of the run'),
    ({ fromFirst }) => fromFirst ?? null,
  ),
  measured(
    'fromPrevious',
    () => t('Δ previous'),
    () => t('Distance to the checkpoint before'),
    ({ fromPrevious }) => fromPrevious ?? null,
  ),
];

/** Columns that are measured: of a tensor, nothing is known in them until it has been read. */
export const MEASURED: ReadonlySet<ColumnId> = new Set(
  COLUMN_IDS.slice(COLUMN_IDS.indexOf('mean')),
);

function statistics(tensors: Tensors, index: number): TensorStatistics | null {
  const outcome = tensors.outcome(index);
  return outcome?.ok === true ? outcome.statistics : null;
}

function measured(
  id: ColumnId,
  title: () => string,
  label: () => string,
  of: (statistics: TensorStatistics) => TensorStatistics['mean'],
): Column {
  return {
    id,
    title,
    label,
    kind: 'number',
    text(tensors, index) {
      const known = statistics(tensors, index);
      if (known === null) return '';
      const value = of(known);
      return value === null ? '–' : formatNumber(value, 3);
    },
    value(tensors, index) {
      const known = statistics(tensors, index);
      const value = known && of(known);
      return value === null ? null : Number(value);
    },
  };
}

function share(
  id: ColumnId,
  title: () => string,
  label: () => string,
  of: (statistics: TensorStatistics) => number | null,
  whole?: (statistics: TensorStatistics) => number,
): Column {
  const value: Column['value'] = (tensors, index) => {
    const known = statistics(tensors, index);
    if (known === null) return null;
    const part = of(known);
    const count = whole?.(known) ?? tensors.parameters(index);
    return part === null || count === 0 ? null : part / count;
  };
  return {
    id,
    title,
    label,
    kind: 'number',
    text(tensors, index) {
      const part = value(tensors, index);
      if (part !== null) return shareText(Number(part));
      return statistics(tensors, index) === null || tensors.parameters(index) === 0 ? '' : '–';
    },
    value,
  };
}

/** All but one is not all. */
export function shareText(part: number): string {
  if (part < 1 && part > 0.9995) return '> 99.9 %';
  return part === 0 || part === 1 ? formatShare(part, 0) : formatShare(part);
}

/** Numbers in a text are compared as numbers: layer.9 before layer.10. */
export function sortKey(text: string): string {
  return text.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(16, '0'));
}
