import { leadingFigures } from '../shared/leadingFigures';
import type { ResultDocument } from '../shared/result';
import type { Hessian } from '../shared/result/hessian';
import type { Neighborhood, Topology } from '../shared/result/topology';
import type { Axis, Landscape } from '../shared/result/landscape';
import type { Metrics } from '../shared/result/metrics';
import type { LossField } from './landscape/lossField';
import {
  formatCount,
  formatNumber,
  formatShare,
  formatUncertain,
  formatWithUncertainty,
  largerError,
} from '../shared/words/numbers';
import { plural, t } from '../shared/words/text';

/** What a plot shows, in sentences made from its numbers: for whoever does not see it. */

export function landscapeSummary(
  field: LossField,
  topology: Topology | undefined,
  /** Loss of the checkpoint, where it is in the plane. */
  own: number,
): string {
  const [first, second] = field.axes;
  const { pending, nan, infinite } = field.counts;
  return [
    t(
      'Loss on a grid of {0} by {1} points, {2}, {3}.',
      first.steps,
      second.steps,
      extentText(first),
      extentText(second),
    ),
    rangeText(field, own),
    topology === undefined ? '' : countsText(topology),
    nan + infinite > 0 ? t('{0} without a finite loss.', plural(nan + infinite, 'point')) : '',
    pending > 0 ? t('{0} not evaluated yet.', plural(pending, 'point')) : '',
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

/** What is inside, and what the border made. */
function countsText(topology: Topology): string {
  const { minima, saddles, borderMinima, borderSaddles } = leadingFigures(topology);
  const inside = t('{0} and {1}.', plural(minima, 'minimum', 'minima'), plural(saddles, 'saddle'));
  return borderMinima + borderSaddles === 0
    ? inside
    : `${inside} ${t('At the border {0} and {1}.', plural(borderMinima, 'minimum', 'minima'), plural(borderSaddles, 'saddle'))}`;
}

function extentText({ name, min, max }: Axis): string {
  return t('{0} from {1} to {2}', name, formatNumber(min), formatNumber(max));
}

function rangeText({ minimum, maximum }: LossField, own: number): string {
  const ends = [formatNumber(minimum), formatNumber(maximum)] as const;
  return Number.isFinite(own)
    ? t('From {0} to {1}; {2} at the checkpoint.', ...ends, formatNumber(own))
    : t('From {0} to {1}.', ...ends);
}

/** The same of a line. */
export function lineSummary(
  { axes }: Landscape,
  field: LossField,
  topology: Topology | undefined,
  own: number,
): string {
  const axis = axes[0]!;
  return [
    t('Loss at {0} points of a line, {1}.', axis.steps, extentText(axis)),
    rangeText(field, own),
    topology === undefined ? '' : countsText(topology),
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

export function persistenceSummary(topology: Topology): string {
  const { finite } = topology.summaries;
  const essential = t(
    'The essential pair is born at {0} and ends at {1}.',
    formatNumber(topology.essential.birth),
    formatNumber(topology.essential.death),
  );
  if (finite.count === 0) {
    return `${t('One minimum and no saddle above a persistence of {0}.', formatNumber(topology.threshold, 2))} ${essential}`;
  }
  const [first] = topology.pairs;
  return [
    t(
      '{0} above a persistence of {1}, mean persistence {2}.',
      plural(finite.count, 'finite pair'),
      formatNumber(topology.threshold, 2),
      formatNumber(finite.mean),
    ),
    first === undefined
      ? ''
      : t(
          'The most persistent is born at {0} and dies at {1}.',
          formatNumber(first.birth),
          formatNumber(first.death),
        ),
    essential,
  ].join(' ');
}

export function mergeTreeSummary(topology: Topology): string {
  const inner = topology.mergeTree.nodes.filter((node) => node.kind === 'saddle');
  const lowest = inner[0];
  return [
    t(
      '{0} joined at {1}.',
      plural(topology.minima, 'minimum', 'minima'),
      plural(topology.saddles, 'saddle'),
    ),
    lowest === undefined
      ? ''
      : t('The first two join at a loss of {0}.', formatNumber(lowest.value)),
  ]
    .join(' ')
    .trim();
}

export function curvatureSummary(hessian: Hessian): string {
  const [largest] = hessian.eigenvalues;
  return [
    t(
      'Eigenvalue density of the Hessian from {0} to {1}.',
      formatNumber(hessian.smallest.value),
      formatNumber(largest?.value ?? NaN),
    ),
    t('Trace {0}.', traceTexts(hessian.trace).join(', ')),
    negativeShare(hessian) > 0.0005
      ? t('{0} of the eigenvalues are negative.', formatShare(negativeShare(hessian)))
      : t('Next to none of the eigenvalues are negative.'),
  ].join(' ');
}

/** The trace with its standard error, in digits that the larger error leaves it, and what the data leave open. */
export function traceTexts({
  value,
  standardError,
  samplingError,
}: Hessian['trace']): readonly [string, ...string[]] {
  const { value: digits } = formatUncertain(value, largerError(standardError, samplingError));
  if (samplingError === undefined) return [formatWithUncertainty(value, standardError)];
  return [
    `${digits} ± ${formatNumber(standardError, 2)}`,
    t('± {0} of the data', formatNumber(samplingError, 2)),
  ];
}

/** Weight of the quadrature nodes below zero, by more than what the density is smoothed with. */
export function negativeShare(hessian: Hessian): number {
  let share = 0;
  for (const node of hessian.density.nodes) {
    if (node.value < -hessian.density.sigma) share += node.weight;
  }
  return share;
}

/** The same in words: a share that rounds to nothing is not none where an eigenvalue is negative. */
export function negativeText(hessian: Hessian): string {
  const share = negativeShare(hessian);
  const isNone = share < 0.0005 && hessian.smallest.value >= -hessian.smallest.residual;
  if (share >= 0.0005) return formatShare(share);
  return isNone ? formatShare(0) : `< ${formatShare(0.0005, 2)}`;
}

/** `6 neighbors` is what the user can picture; the name in brackets is what the setting is called. */
export function neighborhoodText(neighborhood: Neighborhood): string {
  switch (neighborhood) {
    case 'freudenthal':
      return plural(6, 'neighbor');
    case '4':
      return plural(4, 'neighbor');
    case '8':
      return plural(8, 'neighbor');
    default:
      return plural(Number(neighborhood.slice('knn:'.length)), 'nearest neighbor');
  }
}

/** What the other neighborhoods count: `with 4: 13 · with 8: 7`, each on one line. */
export function sensitivityText(topology: Topology): string {
  return Object.entries(topology.sensitivity.saddlesByNeighborhood)
    .flatMap(([neighborhood, saddles]) => {
      if (neighborhood === topology.neighborhood || saddles === undefined) return [];
      const [, nearest] = /^knn:(.*)$/.exec(neighborhood) ?? [];
      const label =
        nearest === undefined
          ? neighborhood.replace('freudenthal', '6')
          : t('nearest {0}', nearest);
      return [t('with {0}: {1}', label, formatCount(saddles)).replaceAll(' ', '\u00a0')];
    })
    .join(' · ');
}

/** Standard error of a share of so many independent targets. */
export function shareError(metrics: Metrics): number | null {
  const { accuracy, targets: count = metrics.samples } = metrics;
  return accuracy === undefined || count < 1
    ? null
    : Math.sqrt((accuracy * (1 - accuracy)) / count);
}

/** What was analyzed, with what: one line. */
export function provenance(document: ResultDocument): string {
  const { checkpoint, runtime } = document;
  return [
    checkpoint.epoch === null ? '' : t('epoch {0}', formatCount(checkpoint.epoch)),
    checkpoint.step === null ? '' : t('step {0}', formatCount(checkpoint.step)),
    plural(document.parameters, 'parameter'),
    checkpoint.format,
    `${runtime.precision}, ${runtime.name} ${runtime.version}${runtime.provider === undefined ? '' : `, ${runtime.provider}`}`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}
