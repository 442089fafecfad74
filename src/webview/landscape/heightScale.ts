import { formatNumber, formatTick } from '../../shared/words/numbers';
import { POINT, type LossField } from './lossField';
import { linearTicks, logTicks, roundStep } from '../plots/ticks';
import type { ScaleKind } from '../state/viewState';
import { plural, t } from '../../shared/words/text';

/** From loss to height and colour, both in [0, 1]. */
export interface HeightScale {
  readonly kind: ScaleKind;
  /** Loss at 0 and at 1. Values above `high` are drawn as a plateau at 1. */
  readonly low: number;
  readonly high: number;
  /** Grid points above `high`. */
  readonly clipped: number;
  readonly toUnit: (loss: number) => number;
  readonly ticks: readonly { readonly unit: number; readonly text: string }[];
  /** Loss of each contour line. */
  readonly levels: readonly number[];
  /** The same in units: contour lines are at offset + k · step. */
  readonly levelOffset: number;
  readonly levelStep: number;
}

/**
 * How far above the ninetieth percentile the linear scale reaches, in heights of that percentile
 * above the minimum. A bowl sampled on a square has its corners at 1.5 of them and is never cut; a
 * wall that grows exponentially is, or everything else would be flat.
 */
const HEADROOM = 3;
const CONTOURS = 14;

/** A logarithm needs a positive loss everywhere. */
export function canBeLogarithmic(field: LossField): boolean {
  return field.minimum > 0;
}

/** @param range of the losses that are shown, where it is not that of the field. */
export function heightScale(
  field: LossField,
  wanted: ScaleKind,
  mostTicks = 5,
  range: { readonly low: number; readonly high: number } | null = null,
): HeightScale {
  const low = Math.min(range?.low ?? Infinity, field.minimum);
  const kind = wanted === 'log' && low > 0 && canBeLogarithmic(field) ? 'log' : 'linear';
  let high = field.maximum;
  let clipped = 0;
  if (range !== null) {
    high = range.high;
    for (let v = 0; v < field.values.length; v++) {
      if (field.kinds[v] === POINT.finite && field.values[v]! > high) clipped++;
    }
  } else if (kind === 'linear') {
    const cap = low + HEADROOM * (percentile(field, 0.9) - low);
    if (cap > low && cap < high) {
      high = cap;
      for (let v = 0; v < field.values.length; v++) {
        if (field.kinds[v] === POINT.finite && field.values[v]! > cap) clipped++;
      }
    }
  }
  // Everything equal: a plane at half height.
  if (!(high > low)) {
    return {
      kind,
      low,
      high,
      clipped: 0,
      toUnit: (loss) => (Number.isNaN(loss) ? NaN : 0.5),
      ticks: [{ unit: 0.5, text: formatNumber(low) }],
      levels: [],
      levelOffset: 0,
      levelStep: 1,
    };
  }

  const transform = kind === 'log' ? Math.log10 : (loss: number) => loss;
  const bottom = transform(low);
  const span = transform(high) - bottom;
  const toUnit = (loss: number) => Math.min(1, Math.max(0, (transform(loss) - bottom) / span));
  const ticks = kind === 'log' ? logTicks(low, high, mostTicks) : linearTicks(low, high, mostTicks);
  const spacing = roundStep(span / CONTOURS);
  const firstLevel = Math.ceil(bottom / spacing + 1e-9) * spacing;
  const levels: number[] = [];
  // Half evaluated, the steps between nearest values would be drawn as contours.
  const isWhole = field.counts.pending === 0;
  for (
    let level = firstLevel;
    isWhole && level < bottom + span - spacing * 1e-6;
    level += spacing
  ) {
    levels.push(kind === 'log' ? 10 ** level : level);
  }
  return {
    kind,
    low,
    high,
    clipped,
    toUnit,
    ticks: ticks.values.map((value) => ({
      unit: toUnit(value),
      text: kind === 'log' ? formatNumber(value, 3) : formatTick(value, ticks.step),
    })),
    levels,
    levelOffset: (firstLevel - bottom) / span,
    levelStep: spacing / span,
  };
}

/** What a reader must know about how the values are drawn: sentences, none where all is plain. */
export function drawingNotes(field: LossField, scale: HeightScale): readonly string[] {
  const notes: string[] = [];
  const { pending, nan, infinite, points } = field.counts;
  if (pending > 0) {
    notes.push(
      t(
        '{0} of {1} not evaluated yet: drawn with the nearest value.',
        plural(pending, 'point'),
        points,
      ),
    );
  }
  if (scale.clipped > 0) {
    const share = (100 * scale.clipped) / field.values.length;
    notes.push(
      t(
        'Cut at {0}: {1} % of the points are higher, up to {2}, and drawn as a plateau.',
        formatNumber(scale.high, 3),
        share < 1 ? t('less than 1') : share.toFixed(0),
        formatNumber(field.maximum, 3),
      ),
    );
  }
  if (nan + infinite > 0) {
    const kinds = [
      ...(nan > 0 ? [`${nan} NaN`] : []),
      ...(infinite > 0 ? [t('{0} infinite', infinite)] : []),
    ];
    notes.push(
      t(
        '{0} without a finite loss ({1}): left open.',
        plural(nan + infinite, 'point'),
        kinds.join(', '),
      ),
    );
  }
  return notes;
}

function percentile(field: LossField, share: number): number {
  const finite = field.values.filter((_, v) => field.kinds[v] === POINT.finite).sort();
  return finite.length === 0 ? 0 : finite[Math.floor(share * (finite.length - 1))]!;
}
