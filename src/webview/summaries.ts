import type {
  Hessian,
  Landscape,
  Metrics,
  Neighborhood,
  ResultDocument,
  Topology,
} from '../shared/result';
import type { LossField } from './lossField';
import {
  formatCount,
  formatNumber,
  formatScalar,
  formatShare,
  formatUncertain,
  plural,
} from './quantity';

/** What a plot shows, in sentences made from its numbers: for whoever does not see it. */

export function landscapeSummary(
  field: LossField,
  topology: Topology | undefined,
  /** Loss of the checkpoint, where it is in the plane. */
  own: number,
): string {
  const [first, second] = field.axes;
  const size = `${first.steps} by ${second.steps}`;
  const extent = `${first.name} from ${formatNumber(first.min)} to ${formatNumber(first.max)}, ${second.name} from ${formatNumber(second.min)} to ${formatNumber(second.max)}`;
  const { pending, nan, infinite } = field.counts;
  return [
    `Loss on a grid of ${size} points, ${extent}.`,
    `From ${formatNumber(field.minimum)} to ${formatNumber(field.maximum)}${ownText(own)}.`,
    topology === undefined
      ? ''
      : `${plural(topology.minima, 'minimum', 'minima')} and ${plural(topology.saddles, 'saddle')}.`,
    nan + infinite > 0 ? `${plural(nan + infinite, 'point')} without a finite loss.` : '',
    pending > 0 ? `${plural(pending, 'point')} not evaluated yet.` : '',
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

function ownText(own: number): string {
  return Number.isFinite(own) ? `; ${formatNumber(own)} at the checkpoint` : '';
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
    `Loss at ${axis.steps} points of a line, ${axis.name} from ${formatNumber(axis.min)} to ${formatNumber(axis.max)}.`,
    `From ${formatNumber(field.minimum)} to ${formatNumber(field.maximum)}${ownText(own)}.`,
    topology === undefined
      ? ''
      : `${plural(topology.minima, 'minimum', 'minima')} and ${plural(topology.saddles, 'saddle')}.`,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

export function persistenceSummary(topology: Topology): string {
  const { finite } = topology.summaries;
  const essential = `The essential pair is born at ${formatScalar(topology.essential.birth)} and ends at ${formatScalar(topology.essential.death)}.`;
  if (finite.count === 0) {
    return `One minimum and no saddle above a persistence of ${formatNumber(topology.threshold, 2)}. ${essential}`;
  }
  const [first] = topology.pairs;
  return [
    `${plural(finite.count, 'finite pair')} above a persistence of ${formatNumber(topology.threshold, 2)}, mean persistence ${formatNumber(finite.mean)}.`,
    first === undefined
      ? ''
      : `The most persistent is born at ${formatScalar(first.birth)} and dies at ${formatScalar(first.death)}.`,
    essential,
  ].join(' ');
}

export function mergeTreeSummary(topology: Topology): string {
  const inner = topology.mergeTree.nodes.filter((node) => node.kind === 'saddle');
  const lowest = inner[0];
  return [
    `${plural(topology.minima, 'minimum', 'minima')} joined at ${plural(topology.saddles, 'saddle')}.`,
    lowest === undefined ? '' : `The first two join at a loss of ${formatScalar(lowest.value)}.`,
  ]
    .join(' ')
    .trim();
}

export function curvatureSummary(hessian: Hessian): string {
  const [largest] = hessian.eigenvalues;
  const trace = formatUncertain(hessian.trace.value, hessian.trace.standardError);
  return [
    `Eigenvalue density of the Hessian from ${formatNumber(hessian.smallest.value)} to ${formatNumber(largest?.value ?? NaN)}.`,
    `Trace ${trace.value} ${trace.error}.`,
    negativeShare(hessian) > 0.0005
      ? `${formatShare(negativeShare(hessian))} of the eigenvalues are negative.`
      : 'Next to none of the eigenvalues are negative.',
  ].join(' ');
}

/** Weight of the quadrature nodes below zero, by more than what the density is smoothed with. */
export function negativeShare(hessian: Hessian): number {
  let share = 0;
  for (const node of hessian.density.nodes) {
    if (node.value < -hessian.density.sigma) share += node.weight;
  }
  return share;
}

/** `6 neighbors` is what the user can picture; the name in brackets is what the setting is called. */
export function neighborhoodText(neighborhood: Neighborhood): string {
  switch (neighborhood) {
    case 'freudenthal':
      return '6 neighbors';
    case '4':
      return '4 neighbors';
    case '8':
      return '8 neighbors';
    default:
      return `${neighborhood.slice('knn:'.length)} nearest neighbors`;
  }
}

/** What the other neighborhoods count: `with 4: 13 · with 8: 7`. */
export function sensitivityText(topology: Topology): string {
  const name: Partial<Record<Neighborhood, string>> = { freudenthal: '6' };
  return Object.entries(topology.sensitivity.saddlesByNeighborhood)
    .flatMap(([neighborhood, saddles]) => {
      if (neighborhood === topology.neighborhood || saddles === undefined) return [];
      const label = name[neighborhood as Neighborhood] ?? neighborhood.replace('knn:', 'nearest ');
      return [`with ${label}: ${formatCount(saddles)}`];
    })
    .join(' · ');
}

/** Standard error of a share of so many independent samples. */
export function shareError(metrics: Metrics): number | null {
  const { accuracy, samples } = metrics;
  return accuracy === undefined || samples < 1
    ? null
    : Math.sqrt((accuracy * (1 - accuracy)) / samples);
}

/** What was analyzed, with what: one line. */
export function provenance(document: ResultDocument): string {
  const { checkpoint, runtime } = document;
  return [
    checkpoint.epoch === null ? '' : `epoch ${formatCount(checkpoint.epoch)}`,
    checkpoint.step === null ? '' : `step ${formatCount(checkpoint.step)}`,
    plural(document.parameters, 'parameter'),
    checkpoint.format,
    `${runtime.precision}, ${runtime.name} ${runtime.version}${runtime.provider === undefined ? '' : `, ${runtime.provider}`}`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}
