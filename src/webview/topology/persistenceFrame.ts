import { formatTick } from '../../shared/words/numbers';
import { linearTicks, logTicks } from '../plots/ticks';
import type { ScaleKind } from '../state/viewState';
import type { PairMark } from '../pairs/pairMark';

/** The range of losses a persistence plot shows, and where on its axis each of them is. */
export interface PersistenceFrame {
  /** Ends of the axis, in its own units: losses, or their logarithms to the base of ten. */
  readonly low: number;
  readonly high: number;
  readonly scale: ScaleKind;
  /** The essential pair ends above the plot: finite pairs would not be told apart otherwise. */
  readonly essentialBeyond: boolean;
  /** Where a loss is on the axis. */
  readonly place: (loss: number) => number;
  /** The loss at a place. */
  readonly lossAt: (place: number) => number;
  /** Where a pair's death is drawn: at the upper edge where it is beyond it or infinite. */
  readonly toHeight: (mark: PairMark) => number;
  /** Ticks of the axis, at most about as many as said. */
  readonly ticks: (most: number) => readonly { readonly at: number; readonly text: string }[];
}

/** How much longer than the finite pairs' range the essential one may be and still be drawn whole. */
const MAX_ESSENTIAL = 2.5;
const MARGIN = 0.06;

/**
 * @param threshold pairs of persistence up to this are left out: the band beside the diagonal.
 * @param wanted that of the landscape; linear where a loss is not positive.
 */
export function persistenceFrame(
  marks: readonly PairMark[],
  threshold: number,
  wanted: ScaleKind = 'linear',
  range: { readonly low: number; readonly high: number } | null = null,
): PersistenceFrame {
  const allBirths = marks.map((mark) => mark.birth).filter(Number.isFinite);
  const scale = wanted === 'log' && allBirths.every((birth) => birth > 0) ? 'log' : 'linear';
  const place = scale === 'log' ? Math.log10 : (loss: number) => loss;
  const lossAt = scale === 'log' ? (at: number) => 10 ** at : (at: number) => at;
  const births = allBirths.map(place);
  const deaths = marks.filter((mark) => !mark.essential).map((mark) => place(mark.death));
  const finiteDeaths = deaths.filter(Number.isFinite);
  const essential = marks.find((mark) => mark.essential);
  const least = births.reduce((low, birth) => Math.min(low, birth), Infinity);
  const lowest =
    range !== null && (scale === 'linear' || range.low > 0)
      ? place(range.low)
      : births.length === 0
        ? 0
        : least;
  const highestFinite = [...births, ...finiteDeaths].reduce(
    (most, end) => Math.max(most, end),
    range === null ? lowest : Math.max(lowest, place(range.high)),
  );
  const essentialDeath = essential === undefined ? highestFinite : place(essential.death);

  const span = highestFinite - lowest;
  const essentialBeyond =
    !Number.isFinite(essentialDeath) ||
    (range !== null && essentialDeath > highestFinite) ||
    (finiteDeaths.length > 0 && essentialDeath - lowest > MAX_ESSENTIAL * span);
  const highest = essentialBeyond ? lowest + span * 1.15 : Math.max(highestFinite, essentialDeath);
  const smallest = scale === 'log' ? 0.1 : threshold;
  const extent = Math.max(highest - lowest, smallest, Math.abs(lowest) * 1e-9) || 1;
  const low = lowest - MARGIN * extent;
  const high = lowest + extent * (1 + MARGIN);
  return {
    low,
    high,
    scale,
    essentialBeyond,
    place,
    lossAt,
    toHeight: (mark) => {
      const edge = high - (MARGIN / 2) * extent;
      const death = place(mark.death);
      return Number.isFinite(death) ? Math.min(death, edge) : edge;
    },
    ticks: (most) => {
      const { values, step } =
        scale === 'log' ? logTicks(10 ** low, 10 ** high, most) : linearTicks(low, high, most);
      return values.map((loss) => ({
        at: place(loss),
        text: formatTick(loss, scale === 'log' ? Math.min(step, loss) : step),
      }));
    },
  };
}
