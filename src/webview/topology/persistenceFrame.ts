import type { PairMark } from './pairMark';

/** The range of losses a persistence plot shows. */
export interface PersistenceFrame {
  readonly low: number;
  readonly high: number;
  /** The essential pair ends above the plot: finite pairs would not be told apart otherwise. */
  readonly essentialBeyond: boolean;
  /** Where a pair's death is drawn: at the upper edge where it is beyond it or infinite. */
  readonly toHeight: (mark: PairMark) => number;
}

/** How much longer than the finite pairs' range the essential one may be and still be drawn whole. */
const LONGEST = 2.5;
const MARGIN = 0.06;

export function persistenceFrame(marks: readonly PairMark[], threshold: number): PersistenceFrame {
  const births = marks.map((mark) => mark.birth).filter(Number.isFinite);
  const deaths = marks.filter((mark) => !mark.essential).map((mark) => mark.death);
  const finiteDeaths = deaths.filter(Number.isFinite);
  const essential = marks.find((mark) => mark.essential);
  const lowest = births.length === 0 ? 0 : Math.min(...births);
  const highestFinite = Math.max(lowest, ...births, ...finiteDeaths);
  const essentialDeath = essential?.death ?? highestFinite;

  const span = highestFinite - lowest;
  const essentialBeyond =
    !Number.isFinite(essentialDeath) ||
    (finiteDeaths.length > 0 && essentialDeath - lowest > LONGEST * span);
  const highest = essentialBeyond ? lowest + span * 1.15 : Math.max(highestFinite, essentialDeath);
  const extent = Math.max(highest - lowest, threshold, Math.abs(lowest) * 1e-9) || 1;
  const low = lowest - MARGIN * extent;
  const high = lowest + extent * (1 + MARGIN);
  return {
    low,
    high,
    essentialBeyond,
    toHeight: (mark) => {
      const edge = high - (MARGIN / 2) * extent;
      return Number.isFinite(mark.death) ? Math.min(mark.death, edge) : edge;
    },
  };
}
