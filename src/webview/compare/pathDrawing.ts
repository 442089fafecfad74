import type { EChartsCoreOption } from 'echarts/core';
import { drawn, valueAxis } from '../plots/drawn';
import type { Interpolation } from '../../shared/comparison';
import { FIXED, roomForLabels, ticksAt } from '../plots/chart';
import { label } from '../plots/shapes';
import { withAlpha, type Theme } from '../plots/theme';
import { scatterAxis } from '../relate/scatterAxis';
import { t } from '../../shared/words/text';

/** The loss on the way from one checkpoint to another. */
export function pathOption(
  { positions, losses }: Interpolation,
  titles: readonly [string, string],
  theme: Theme,
  width: number,
): EChartsCoreOption {
  const points = positions.flatMap((at, k) => {
    const loss = Number(losses[k]);
    return Number.isFinite(loss) ? [[at, loss] as const] : [];
  });
  const [low, high] = [positions[0] ?? 0, positions.at(-1) ?? 1];
  const upwards = scatterAxis(points.length === 0 ? [0] : points.map(([, loss]) => loss));
  const ticks = upwards.ticks(6);
  const room = roomForLabels(ticks);
  return {
    grid: { ...FIXED, left: room + 14, right: 24, top: 30, bottom: 42 },
    xAxis: {
      ...valueAxis(theme, [low, high], Math.max(3, Math.floor(width / 110))),
      name: t('share of the way'),
      nameGap: 26,
    },
    yAxis: {
      ...ticksAt(theme, ticks),
      min: upwards.low,
      max: upwards.high,
      name: upwards.logarithmic ? t('loss (log)') : t('loss'),
      nameGap: room,
    },
    series: [
      drawn((api) => {
        const children: unknown[] = [0, 1].flatMap((end) => {
          const [x, top] = api.coord([end, upwards.high]);
          const [, foot] = api.coord([end, upwards.low]);
          return [
            {
              type: 'line',
              shape: { x1: x, y1: top, x2: x, y2: foot },
              style: { stroke: withAlpha(theme.muted, 0.6), lineWidth: 1, lineDash: [3, 3] },
            },
            label(titles[end]!, [x, top - 12], theme, { align: end === 0 ? 'left' : 'right' }),
          ];
        });
        children.push({
          type: 'polyline',
          shape: { points: points.map(([at, loss]) => api.coord([at, upwards.place(loss)])) },
          style: { fill: null, stroke: theme.accent, lineWidth: 1.8, lineJoin: 'round' },
        });
        return children;
      }),
    ],
  };
}
