import type { Band, Topology } from './result/topology';

/**
 * What is said first of a landscape: what lies inside of it. Minima and saddles on its border may be
 * of the cut alone, and are told beside it.
 */
export interface LeadingFigures {
  /** Saddles, and from what to what their number goes with other choices. */
  readonly saddles: number;
  readonly band: Band | undefined;
  readonly minima: number;
  /** On the border. */
  readonly borderSaddles: number;
  readonly borderMinima: number;
  /** Finite pairs of which neither end is on the border, and the mean of their persistence. */
  readonly pairs: number;
  /** In units of the values; null where there is no such pair. */
  readonly averagePersistence: number | null;
  /** False in documents of older versions: then everything is counted. */
  readonly knowsBorder: boolean;
}

export function leadingFigures(topology: Topology): LeadingFigures {
  const { inner, minima, saddles, summaries, sensitivity } = topology;
  const pairs = summaries.inner ?? summaries.finite;
  return {
    saddles: inner?.saddles ?? saddles,
    band: inner === undefined ? sensitivity.band?.saddles : sensitivity.band?.innerSaddles,
    minima: inner?.minima ?? minima,
    borderSaddles: saddles - (inner?.saddles ?? saddles),
    borderMinima: minima - (inner?.minima ?? minima),
    pairs: pairs.count,
    averagePersistence: pairs.count === 0 ? null : pairs.mean,
    knowsBorder: inner !== undefined,
  };
}
