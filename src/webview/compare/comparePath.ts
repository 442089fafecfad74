import type { Interpolation } from '../../shared/comparison';
import { largest } from '../../shared/extremes';
import type { Landscape } from '../../shared/result/landscape';
import type { Theme } from '../plots/theme';
import { formatNumber } from '../../shared/words/numbers';
import { t } from '../../shared/words/text';
import { coordinateAt } from '../landscape/lossField';
import type { Comparison, Side } from './comparison';
import { pathOption } from './pathDrawing';

/** The loss on the way between two checkpoints. */
export function comparePath(
  first: Side,
  second: Side,
  asked: Interpolation | null,
  theme: Theme,
): Comparison | string {
  const path = asked ?? pathOf(first, second);
  if (path === null) {
    return t(
      'The loss between the two is sampled in the editor, or with "basin compare {0} {1} --interpolate line".',
      first.title,
      second.title,
    );
  }
  const titles = [first.title, second.title] as const;
  const barrier = t('barrier {0}', formatNumber(path.barrier));
  return {
    summary: t('Loss on the way from {0} to {1}, {2}.', ...titles, barrier),
    caption: [
      path.path === 'line' ? t('straight line') : t('trained Bézier curve'),
      barrier,
      path.batchNorm === undefined ? '' : t('BatchNorm statistics computed anew at each place'),
    ]
      .filter((part) => part !== '')
      .join(' · '),
    notes: [],
    table: () => ({
      caption: t('Loss on the way from {0} to {1}', ...titles),
      columns: [t('Share of the way'), t('Loss')],
      rows: path.positions.map((at, k) => [
        formatNumber(at, 3),
        formatNumber(path.losses[k] ?? 'NaN'),
      ]),
    }),
    data: () => ({
      columns: ['position', 'loss'],
      rows: path.positions.map((at, k) => [at, path.losses[k] ?? null]),
    }),
    option: ({ width }) => pathOption(path, titles, theme, width),
    read: (chart, place) => {
      const at = chart.fromPixel(0, place.x, place.y);
      if (at === null) return null;
      let near = 0;
      path.positions.forEach((position, k) => {
        if (Math.abs(position - at.x) < Math.abs(path.positions[near]! - at.x)) near = k;
      });
      return t(
        '{0} of the way · loss {1}',
        formatNumber(path.positions[near] ?? NaN, 3),
        formatNumber(path.losses[near] ?? 'NaN'),
      );
    },
  };
}

/** One of the two may have been analysed along the line through both. */
function pathOf(first: Side, second: Side): Interpolation | null {
  for (const { document } of [first, second]) {
    const { landscape } = document;
    const path = landscape === undefined ? null : interpolationOf(landscape);
    if (path === null || landscape === undefined) continue;
    const places = [first, second].map((side) =>
      landscape.directions.anchors?.find(
        ({ checkpoint }) => checkpoint === side.document.checkpoint.path,
      ),
    );
    if (places[0]?.coordinates[0] === 0 && places[1]?.coordinates[0] === 1) return path;
  }
  return null;
}

function interpolationOf({ directions, axes, values }: Landscape): Interpolation | null {
  const [axis] = axes;
  const { kind } = directions;
  if (axis === undefined || (kind !== 'interpolation' && kind !== 'bezier')) return null;
  const positions = values.map((_, step) => coordinateAt(axis, step));
  const losses = values.map((value) => value ?? 'NaN');
  const loss = (k: number) => Number(losses[k]);
  const between = positions.flatMap((at, k) => (at > -1e-9 && at < 1 + 1e-9 ? [loss(k)] : []));
  const barrier = largest(between) - Math.max(between[0] ?? NaN, between.at(-1) ?? NaN);
  return {
    path: kind === 'bezier' ? 'curve' : 'line',
    positions,
    losses,
    barrier: Number.isFinite(barrier) ? barrier : 'NaN',
  };
}
