import type { Figure } from '../../shared/entryFigures';
import { leadingFigures } from '../../shared/leadingFigures';
import type { ResultDocument } from '../../shared/result';
import type { Sensitivity, Topology } from '../../shared/result/topology';
import {
  formatCount,
  formatNumber,
  formatShare,
  formatSure,
  formatUncertain,
  largerError,
} from '../../shared/words/numbers';
import { neighborhoodText, sensitivityText, shareError } from '../summaries';
import { plural, t } from '../../shared/words/text';

/** A number with how sure it is, and what must be known to read it. */
export interface KeyFigure {
  readonly value: string;
  /** With its sign; empty where the number has none. */
  readonly error: string;
  readonly notes: readonly string[];
}

const UNKNOWN: KeyFigure = { value: '–', error: '', notes: [] };

export function keyFigure(measure: Figure, document: ResultDocument | null): KeyFigure {
  const { metrics, hessian, topology } = document ?? {};
  switch (measure) {
    case 'loss':
      if (metrics === undefined) return UNKNOWN;
      return {
        value: formatSure(metrics.loss, metrics.samplingError ?? 0),
        error: '',
        notes: [t('mean of {0}', plural(metrics.samples, 'sample'))],
      };
    case 'accuracy': {
      if (metrics?.accuracy === undefined) return UNKNOWN;
      const error = shareError(metrics);
      return {
        value: formatShare(metrics.accuracy),
        error: error === null ? '' : `± ${formatShare(error)}`,
        notes: [t('of {0}', plural(metrics.samples, 'sample'))],
      };
    }
    case 'error':
      if (metrics?.error === undefined) return UNKNOWN;
      return {
        value: formatNumber(metrics.error),
        error: '',
        notes: [t('mean of {0}', plural(metrics.samples, 'sample'))],
      };
    case 'eigenvalue': {
      const largest = hessian?.eigenvalues[0];
      if (hessian === undefined || largest === undefined) return UNKNOWN;
      return {
        ...formatUncertain(largest.value, largerError(largest.residual, largest.samplingError)),
        notes: [
          largest.converged
            ? (largest.samplingError ?? 0) > largest.residual
              ? t('error of the data')
              : t('residual of the Ritz pair')
            : t('not converged'),
          t('smallest {0}', formatNumber(hessian.smallest.value, 3)),
        ],
      };
    }
    case 'trace': {
      if (hessian === undefined) return UNKNOWN;
      const { value, standardError, samplingError, samples } = hessian.trace;
      const ofEstimate = t('standard error, {0}', plural(samples, 'probe'));
      const isOfData = (samplingError ?? 0) > standardError;
      return {
        ...formatUncertain(value, largerError(standardError, samplingError)),
        notes: isOfData
          ? [t('error of the data'), `± ${formatNumber(standardError, 2)} ${ofEstimate}`]
          : [
              ofEstimate,
              ...(samplingError === undefined
                ? []
                : [t('± {0} of the data', formatNumber(samplingError, 2))]),
            ],
      };
    }
    case 'saddles': {
      if (topology === undefined) return UNKNOWN;
      const others = sensitivityText(topology);
      const { saddles, minima, borderSaddles, borderMinima, band } = leadingFigures(topology);
      const isSpread = band !== undefined && band.low < band.high;
      return {
        value: formatCount(saddles),
        error:
          borderSaddles > 0
            ? t('+ {0} at the border', formatCount(borderSaddles))
            : isSpread
              ? `(${formatCount(band.low)}–${formatCount(band.high)})`
              : '',
        notes: [
          `${plural(minima, 'minimum', 'minima')} · ${neighborhoodText(topology.neighborhood)}`,
          ...(borderSaddles + borderMinima === 0
            ? []
            : [
                t(
                  'at the border {0}, {1}',
                  plural(borderMinima, 'minimum', 'minima'),
                  plural(borderSaddles, 'saddle'),
                ),
              ]),
          ...(others === '' ? [] : [others]),
          ...(isSpread
            ? [
                t(
                  '{0}–{1} across {2}',
                  formatCount(band.low),
                  formatCount(band.high),
                  bandSpan(topology.sensitivity),
                ),
              ]
            : []),
          thresholdText(topology),
        ],
      };
    }
    case 'persistence': {
      if (topology === undefined) return UNKNOWN;
      const { finite } = topology.summaries;
      const { averagePersistence, pairs, knowsBorder } = leadingFigures(topology);
      return {
        value: averagePersistence === null ? '–' : formatNumber(averagePersistence),
        error: '',
        notes: [
          knowsBorder
            ? t('of {0}', plural(pairs, 'pair inside', 'pairs inside'))
            : t('of {0}', plural(pairs, 'finite pair')),
          ...(knowsBorder && finite.count > pairs
            ? [t('{0} with those at the border', formatNumber(finite.mean))]
            : []),
        ],
      };
    }
  }
}

/** Which pairs count. */
function thresholdText({ threshold, thresholdSource }: Topology): string {
  const value = formatNumber(threshold, 2);
  switch (thresholdSource) {
    case 'noise':
      return t('above {0} (noise)', value);
    case 'given':
      return t('above {0}', value);
    case 'refinement':
      return t('above {0} (refined)', value);
  }
}

/** What the counts of a band differ in. */
function bandSpan({ byResolution = [], bySeed = [] }: Sensitivity): string {
  return [
    t('neighborhoods'),
    byResolution.length > 1 ? t('coarser grids') : '',
    bySeed.length > 0 ? plural(bySeed.length, 'other plane') : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}
