import type { ResultDocument, Sensitivity } from '../shared/result';
import {
  formatCount,
  formatNumber,
  formatScalar,
  formatShare,
  formatUncertain,
  plural,
} from './quantity';
import type { Measure } from './series';
import { neighborhoodText, sensitivityText, shareError } from './summaries';

/** A number with how sure it is, and what must be known to read it. */
export interface KeyFigure {
  readonly value: string;
  /** With its sign; empty where the number has none. */
  readonly error: string;
  readonly notes: readonly string[];
}

const THRESHOLD_SOURCE = { noise: ' (noise)', given: '', refinement: ' (refined)' } as const;

const UNKNOWN: KeyFigure = { value: '–', error: '', notes: [] };

export function keyFigure(measure: Measure['id'], document: ResultDocument | null): KeyFigure {
  const { metrics, hessian, topology } = document ?? {};
  switch (measure) {
    case 'loss':
      if (metrics === undefined) return UNKNOWN;
      return {
        value: formatScalar(metrics.loss),
        error: '',
        notes: [`mean of ${plural(metrics.samples, 'sample')}`],
      };
    case 'accuracy': {
      if (metrics?.accuracy === undefined) return UNKNOWN;
      const error = shareError(metrics);
      return {
        value: formatShare(metrics.accuracy),
        error: error === null ? '' : `± ${formatShare(error)}`,
        notes: [`of ${plural(metrics.samples, 'sample')}`],
      };
    }
    case 'error':
      if (metrics?.error === undefined) return UNKNOWN;
      return {
        value: formatScalar(metrics.error),
        error: '',
        notes: [`mean of ${plural(metrics.samples, 'sample')}`],
      };
    case 'eigenvalue': {
      const largest = hessian?.eigenvalues[0];
      if (hessian === undefined || largest === undefined) return UNKNOWN;
      return {
        ...formatUncertain(largest.value, largest.residual),
        notes: [
          largest.converged ? 'residual of the Ritz pair' : 'not converged',
          `smallest ${formatNumber(hessian.smallest.value, 3)}`,
        ],
      };
    }
    case 'trace':
      if (hessian === undefined) return UNKNOWN;
      return {
        ...formatUncertain(hessian.trace.value, hessian.trace.standardError),
        notes: [`standard error, ${plural(hessian.trace.samples, 'probe')}`],
      };
    case 'saddles': {
      if (topology === undefined) return UNKNOWN;
      const others = sensitivityText(topology);
      const band = topology.sensitivity.band?.saddles;
      const isSpread = band !== undefined && band.low < band.high;
      return {
        value: formatCount(topology.saddles),
        error: isSpread ? `(${formatCount(band.low)}–${formatCount(band.high)})` : '',
        notes: [
          `${plural(topology.minima, 'minimum', 'minima')} · ${neighborhoodText(topology.neighborhood)}`,
          ...(others === '' ? [] : [others]),
          ...(isSpread ? [`in brackets across ${bandSpan(topology.sensitivity)}`] : []),
          `above ${formatNumber(topology.threshold, 2)}${THRESHOLD_SOURCE[topology.thresholdSource]}`,
        ],
      };
    }
    case 'persistence': {
      if (topology === undefined) return UNKNOWN;
      const { finite, withEssential } = topology.summaries;
      return {
        value: formatNumber(finite.mean),
        error: '',
        notes: [
          `of ${plural(finite.count, 'finite pair')}`,
          Number.isFinite(withEssential.mean)
            ? `${formatNumber(withEssential.mean)} with the essential pair`
            : 'not finite with the essential pair',
        ],
      };
    }
  }
}

/** What the counts of a band differ in. */
function bandSpan({ byResolution = [], bySeed = [] }: Sensitivity): string {
  return [
    'neighborhoods',
    byResolution.length > 1 ? 'coarser grids' : '',
    bySeed.length > 0 ? plural(bySeed.length, 'other plane') : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}
