import { fromScalar } from '../../shared/result/scalar';
import { compare } from '../study/results/compare';
import { ExitStatus } from './exitStatus';
import { lossBetween } from './interpolation';
import { table } from './table';
import type {
  ComparedDistance,
  ComparedMinimum,
  ComparedSide,
  Comparison,
  Difference,
  Interpolation,
  MinimumPlace,
  TopologyComparison,
} from '../../shared/comparison';
import { english } from '../../shared/words/message';
import {
  formatCount,
  formatCountOrNumber,
  formatNumber,
  formatShare,
} from '../../shared/words/numbers';
import { complain, print, sayJson } from './output';

/** Minima listed; --json has all. */
const LISTED = 12;
const NONE = '–';

export interface CompareFlags {
  readonly json?: boolean;
  readonly interpolate?: Interpolation['path'];
}

/** What differs between two sides: tables on a terminal, or one JSON document. */
export async function compareCommand(
  first: string,
  second: string,
  { json, interpolate }: CompareFlags,
  signal: AbortSignal,
): Promise<number> {
  const compared = await compare(first, second, {}, signal);
  const comparison: Comparison =
    interpolate === undefined
      ? compared
      : { ...compared, interpolation: await lossBetween(first, second, interpolate, signal) };
  for (const warning of comparison.warnings) complain(`Warning: ${english(warning)}`);
  if (json === true) {
    await sayJson({ ...comparison, warnings: comparison.warnings.map(english) });
    return ExitStatus.done;
  }
  const { metrics, topology, hessian } = comparison;
  print(`first   ${nameOf(comparison.first)}\nsecond  ${nameOf(comparison.second)}\n`);
  const differences = [...metrics, ...hessian, ...(topology?.differences ?? [])];
  print(table(['', 'first', 'second', 'difference', '±', ''], differences.map(rowOf)));
  if (topology !== undefined) print(`\n${topologyText(topology)}`);
  const { interpolation } = comparison;
  if (interpolation !== undefined) print(`\n${interpolationText(interpolation)}`);
  return ExitStatus.done;
}

function nameOf({ path, checkpoint, outdated }: ComparedSide): string {
  if (checkpoint === undefined) return path;
  const place = [
    outdated === undefined ? [] : ['outdated'],
    checkpoint.epoch === null ? [] : [`epoch ${formatCount(checkpoint.epoch)}`],
    checkpoint.step === null ? [] : [`step ${formatCount(checkpoint.step)}`],
  ].flat();
  return [path, ...(place.length === 0 ? [] : [`(${place.join(', ')})`])].join(' ');
}

function rowOf({ name, first, second, difference, uncertainty, distinct }: Difference): string[] {
  const change = fromScalar(difference);
  const text = name === 'accuracy' ? formatShare : formatCountOrNumber;
  return [
    name,
    text(fromScalar(first)),
    text(fromScalar(second)),
    `${change > 0 ? '+' : ''}${text(change)}`,
    uncertainty === null
      ? ''
      : name === 'accuracy'
        ? formatShare(uncertainty.value)
        : formatNumber(uncertainty.value, 2),
    distinct === false ? `within the ${wordsFor(uncertainty!.kind)}` : '',
  ];
}

function wordsFor(kind: 'standard error' | 'bound'): string {
  return kind === 'bound' ? 'residuals' : 'standard error';
}

function topologyText({ bottleneck, wasserstein, minima, comparedPairs }: TopologyComparison) {
  const both = minima.filter(({ first, second }) => first !== null && second !== null).length;
  const vanished = minima.filter(({ second }) => second === null).length;
  const appeared = minima.filter(({ first }) => first === null).length;
  const lines = [
    `bottleneck distance     ${distanceText(bottleneck)}`,
    `2-Wasserstein distance  ${distanceText(wasserstein)}`,
    `of ${formatCount(comparedPairs.first)} and ${formatCount(comparedPairs.second)} finite pairs and the global minima; costs are max(|Δbirth|, |Δdeath|)`,
    '',
    `minima: ${formatCount(both)} in both, ${formatCount(vanished)} in the first only, ${formatCount(appeared)} in the second only`,
    table(
      ['', 'first', 'death', 'second', 'death', 'moved'],
      minima.slice(0, LISTED).map((minimum) => minimumRow(minimum)),
    ),
  ];
  if (minima.length > LISTED) {
    lines.push(`… and ${formatCount(minima.length - LISTED)} more; --json prints all.`);
  }
  return lines.join('\n');
}

/** Lines of the table of the way between two checkpoints. */
const STOPS = [-0.5, -0.25, 0, 0.25, 0.5, 0.75, 1, 1.25, 1.5];

function interpolationText({ path, positions, losses, barrier, batchNorm }: Interpolation): string {
  const rows = positions.flatMap((position, i) =>
    STOPS.includes(position) ? [[formatNumber(position), formatNumber(losses[i]!)]] : [],
  );
  const way = path === 'line' ? 'straight line' : 'trained curve';
  const statistics =
    batchNorm === 'recompute' ? '\nBatchNorm statistics recomputed at each point' : '';
  return `loss on the ${way} from the first (0) to the second (1): barrier ${formatNumber(fromScalar(barrier))}${statistics}\n${table(['', 'loss'], rows)}`;
}

function distanceText({ distance, overRange, uncertainty }: ComparedDistance): string {
  const share = `${formatShare(fromScalar(overRange))} of the range`;
  const off = uncertainty === null ? '' : `, off by at most ${formatNumber(uncertainty.value, 2)}`;
  return `${formatNumber(fromScalar(distance))} (${share}${off})`;
}

function minimumRow({ first, second, moved }: ComparedMinimum): string[] {
  const ends = (place: MinimumPlace | null) =>
    place === null
      ? [NONE, NONE]
      : [formatNumber(fromScalar(place.birth)), formatNumber(fromScalar(place.death))];
  const isGlobal = (place: MinimumPlace | null) => place?.pair === -1;
  const name =
    isGlobal(first) && isGlobal(second)
      ? 'global minimum'
      : isGlobal(first)
        ? 'global in the first'
        : isGlobal(second)
          ? 'global in the second'
          : first === null
            ? 'appeared'
            : second === null
              ? 'vanished'
              : 'minimum';
  return [name, ...ends(first), ...ends(second), moved === null ? '' : formatNumber(moved, 3)];
}
