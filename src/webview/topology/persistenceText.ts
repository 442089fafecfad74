import type { Topology } from '../../shared/result/topology';
import { formatNumber } from '../../shared/words/numbers';
import type { DataTable } from '../export/drawing';
import { plural, t } from '../../shared/words/text';
import type { PersistenceFrame } from './persistenceFrame';

/** How sure the count is at the threshold of the document. */
export function countsCaption({ threshold, saddles, sensitivity: { band } }: Topology): string {
  return [
    t('{0} above {1}', plural(saddles, 'saddle'), formatNumber(threshold, 2)),
    band === undefined
      ? t('no band: the result is of an older version')
      : t(
          'band: {0} to {1} with other neighborhoods, resolutions and planes (dots)',
          band.saddles.low,
          band.saddles.high,
        ),
  ].join(' · ');
}

export function pairData({ essential, pairs }: Topology): DataTable {
  return {
    columns: ['kind', 'birth', 'death', 'birth_vertex', 'death_vertex', 'border'],
    rows: [essential, ...pairs].map((pair, index) => [
      index === 0 ? 'essential' : 'finite',
      pair.birth,
      pair.death,
      pair.birthVertex,
      pair.deathVertex,
      pair.border === true ? 1 : 0,
    ]),
  };
}

export function caption(topology: Topology, frame: PersistenceFrame): string {
  const { finite, range } = topology.summaries;
  return [
    finite.count === 0
      ? t('no finite pair: a single basin')
      : range > 0
        ? t(
            '{0}, mean {1} ({2} of the range)',
            plural(finite.count, 'finite pair'),
            formatNumber(finite.mean, 3),
            formatNumber(finite.meanOverRange, 2),
          )
        : t('{0}, mean {1}', plural(finite.count, 'finite pair'), formatNumber(finite.mean, 3)),
    t(
      topology.thresholdSource === 'noise'
        ? 'band: up to {0}, left out as noise'
        : 'band: up to {0}, left out',
      formatNumber(topology.threshold, 2),
    ),
    frame.essentialBeyond ? t('△ ends above the plot') : '',
  ]
    .filter((part) => part !== '')
    .join(' · ');
}
