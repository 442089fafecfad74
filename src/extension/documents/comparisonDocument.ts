import type {
  ComparedMinimum,
  ComparedSide,
  Comparison,
  Difference,
  Interpolation,
  MinimumPlace,
  TopologyComparison,
} from '../../shared/comparison';
import { fromScalar, type Scalar } from '../../shared/result/scalar';
import {
  formatCountOrNumber,
  formatNumber,
  formatShare,
  formatWithUncertainty,
} from '../../shared/words/numbers';
import { escapeMarkdown } from '../words/markdown';
import { t, translated } from '../../shared/words/text';
import { markdownTable } from './markdownTable';
import { pathPicture } from './pathPicture';

/** Minima listed: the most persistent. */
const LISTED = 20;
const NONE = '–';

/** A comparison of two checkpoints as a document to read. Differences are second − first. */
export function comparisonDocument({
  first,
  second,
  metrics,
  hessian,
  topology,
  interpolation,
  warnings,
}: Comparison): string {
  const names = [nameOf(first), nameOf(second)] as const;
  const parts = [`# ${escapeMarkdown(`${names[0]} → ${names[1]}`)}`];
  if (warnings.length > 0) {
    parts.push(
      warnings.map((warning) => `> ⚠ ${escapeMarkdown(translated(warning))}`).join('\n>\n'),
    );
  }
  const section = (title: string, differences: readonly Difference[]): void => {
    if (differences.length === 0) return;
    parts.push(`## ${title}`, differenceTable(differences, names));
  };
  section(t('Loss'), metrics);
  if (interpolation !== undefined) {
    parts.push(`## ${t('Between the two')}`, wayText(interpolation, names));
  }
  section(t('Curvature'), hessian);
  if (topology !== undefined) {
    section(t('Topology'), topology.differences);
    parts.push(distances(topology), `## ${t('Minima')}`, minimaText(topology.minima, names));
  }
  const certain = [...metrics, ...hessian].some(({ distinct }) => distinct !== null);
  if (certain) {
    parts.push(
      escapeMarkdown(
        t(
          'Differences are second − first. ≈ marks those within their uncertainty: a standard error for what is estimated from samples or random vectors, a bound for eigenvalues.',
        ),
      ),
    );
  }
  return `${parts.join('\n\n')}\n`;
}

function nameOf({ path, checkpoint }: ComparedSide): string {
  return checkpoint?.path ?? path.split(/[/\\]/).at(-1) ?? path;
}

function differenceTable(
  differences: readonly Difference[],
  [first, second]: readonly [string, string],
): string {
  return markdownTable(
    ['', first, second, t('difference'), ''],
    differences.map((each) => [
      quantityName(each.name),
      quantity(each.name, each.first),
      quantity(each.name, each.second),
      change(each),
      each.distinct === false ? '≈' : '',
    ]),
  );
}

/** What the engine calls a quantity; eigenvalues have numbers. */
function quantityName(name: string): string {
  const [, index] = /^eigenvalue (\d+)$/.exec(name) ?? [];
  return index === undefined ? t(name) : t('eigenvalue {0}', index);
}

function quantity(name: string, value: Scalar): string {
  if (name === 'accuracy') return formatShare(fromScalar(value));
  return formatCountOrNumber(value);
}

function change({ name, difference, uncertainty }: Difference): string {
  const number = fromScalar(difference);
  const sign = number > 0 ? '+' : '';
  if (name === 'accuracy' && uncertainty !== null) {
    return `${sign}${formatWithUncertainty(100 * number, 100 * uncertainty.value)} %`;
  }
  return uncertainty === null
    ? `${sign}${formatCountOrNumber(difference)}`
    : `${sign}${formatWithUncertainty(number, uncertainty.value)}`;
}

/** Lines of the table of the way: of more points it would be no table to read. */
const STOPS = [-0.5, -0.25, 0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 1.25, 1.5];

function wayText(
  { path, positions, losses, barrier, batchNorm }: Interpolation,
  names: readonly [string, string],
): string {
  const picture = pathPicture({
    positions,
    losses: losses.map(fromScalar),
    names,
    format: (loss) => formatNumber(loss),
  });
  const rows = positions.flatMap((position, index) => {
    if (!STOPS.some((stop) => Math.abs(stop - position) < 1e-9)) return [];
    const name = position === 0 ? names[0] : position === 1 ? names[1] : undefined;
    const place = name === undefined ? '' : ` (${name})`;
    return [[formatNumber(position) + place, formatNumber(losses[index] ?? 'NaN', 4)]];
  });
  const sentences = [
    wayHeight(path, barrier),
    ...(batchNorm === 'recompute'
      ? [t('BatchNorm statistics are recomputed at each point, as basin.json asks.')]
      : []),
  ];
  return [
    escapeMarkdown(sentences.join(' ')),
    ...(picture === null
      ? []
      : [
          `![${escapeMarkdown(t('The loss on the way'))}](data:image/svg+xml;base64,${Buffer.from(picture).toString('base64')})`,
        ]),
    markdownTable([t('position'), t('loss')], rows),
  ].join('\n\n');
}

function wayHeight(path: Interpolation['path'], barrier: Scalar): string {
  if (barrier === 0) {
    return path === 'line'
      ? t('On the straight line no loss between the two exceeds that of the higher end.')
      : t(
          'On a curve that was trained for a low loss no loss between the two exceeds that of the higher end.',
        );
  }
  return path === 'line'
    ? t(
        'On the straight line the largest loss between the two exceeds both ends by {0}.',
        formatNumber(barrier),
      )
    : t(
        'On a curve that was trained for a low loss the largest loss between the two exceeds both ends by {0}.',
        formatNumber(barrier),
      );
}

function distances({ bottleneck, wasserstein, comparedPairs }: TopologyComparison): string {
  const rows = [
    [t('Bottleneck distance'), bottleneck] as const,
    [t('2-Wasserstein distance'), wasserstein] as const,
  ].map(([name, { distance, overRange, uncertainty }]) => [
    name,
    uncertainty === null
      ? formatNumber(distance)
      : formatWithUncertainty(fromScalar(distance), uncertainty.value),
    t('{0} of the range', formatShare(fromScalar(overRange))),
  ]);
  return [
    markdownTable(['', '', ''], rows),
    escapeMarkdown(
      t(
        'Between the persistence diagrams of {0} and {1} finite pairs and the global minima.',
        comparedPairs.first,
        comparedPairs.second,
      ),
    ),
  ].join('\n\n');
}

function minimaText(
  minima: readonly ComparedMinimum[],
  [first, second]: readonly [string, string],
): string {
  const rows = minima
    .slice(0, LISTED)
    .map((minimum) => [
      fateOf(minimum),
      lossOf(minimum.first),
      persistenceOf(minimum.first),
      lossOf(minimum.second),
      persistenceOf(minimum.second),
      minimum.moved === null ? NONE : formatNumber(minimum.moved),
    ]);
  const head = ['', first, t('persistence'), second, t('persistence'), t('moved')];
  const more = minima.length - rows.length;
  return [
    markdownTable(head, rows),
    ...(more > 0 ? [escapeMarkdown(t('And {0} less persistent ones.', more))] : []),
  ].join('\n\n');
}

function fateOf({ first, second }: ComparedMinimum): string {
  if (first === null) return t('appeared');
  if (second === null) return t('vanished');
  return first.pair === -1 && second.pair === -1 ? t('global minimum') : t('in both');
}

function lossOf(place: MinimumPlace | null): string {
  return place === null ? NONE : formatNumber(place.birth, 4);
}

function persistenceOf(place: MinimumPlace | null): string {
  if (place === null) return NONE;
  return formatNumber(fromScalar(place.death) - fromScalar(place.birth));
}
