import type { EChartsCoreOption } from 'echarts/core';
import { largest } from '../../shared/extremes';
import type { Topology } from '../../shared/result/topology';
import { FIXED, roomForLabels, ticksAt } from '../plots/chart';
import type { CustomApi } from '../plots/customApi';
import { withAlpha, type Theme } from '../plots/theme';
import { linearTicks, logTicks } from '../plots/ticks';
import { formatNumber, formatTick } from '../../shared/words/numbers';
import { t } from '../../shared/words/text';
import { persistenceOf } from './simplification';

/** How many saddles there are by threshold, and how sure the count is. */
export interface Counts {
  /** Persistences of the finite pairs, largest first. */
  readonly persistences: readonly number[];
  /** Ends of the axis of thresholds, both positive. */
  readonly low: number;
  readonly high: number;
  /** What other choices count at the document's threshold. */
  readonly others: readonly number[];
  readonly band: { readonly low: number; readonly high: number } | null;
}

/** Counted once: a step of the slider asks again. */
const counted = new WeakMap<Topology, Counts>();

export function countsOf(topology: Topology): Counts {
  let known = counted.get(topology);
  if (known === undefined) counted.set(topology, (known = countsIn(topology)));
  return known;
}

function countsIn({ pairs, threshold, sensitivity }: Topology): Counts {
  const persistences = pairs
    .map(persistenceOf)
    .filter((value) => value > 0 && value < Infinity)
    .sort((a, b) => b - a);
  const largest = persistences[0] ?? 1;
  const smallest = persistences.at(-1) ?? largest;
  const { byNeighborhood = [], byResolution = [], bySeed = [], band } = sensitivity;
  return {
    persistences,
    low: Math.max(Math.min(smallest / 2, threshold > 0 ? threshold : Infinity), largest * 1e-9),
    high: largest * 1.3,
    others: [...byNeighborhood, ...byResolution, ...bySeed].map(({ saddles }) => saddles),
    band: band?.saddles ?? null,
  };
}

/** More steps than this are closer than pixels. */
const MAX_STEPS = 1500;

/** From which count to which each step goes: the first ones, which are far apart, one by one. */
function drawnSteps(count: number): (readonly [number, number])[] {
  const stride = Math.ceil(count / MAX_STEPS);
  const steps: (readonly [number, number])[] = [];
  for (let k = 0; k < count;) {
    const next = Math.min(count, k + (k < MAX_STEPS / 3 ? 1 : stride));
    steps.push([k, next]);
    k = next;
  }
  return steps;
}

/** Place on the axis of thresholds: its logarithm. */
const thresholdPlace = Math.log10;

/**
 * @param own the threshold of the document, where the band is known.
 * @param chosen the one that is chosen.
 */
export function countsOption(
  { persistences, low, high, others, band }: Counts,
  own: number,
  chosen: number,
  theme: Theme,
  width: number,
): EChartsCoreOption {
  const most = Math.max(1, persistences.length, band?.high ?? 0, largest(others));
  const upwards = linearTicks(0, most, 5);
  const whole = upwards.values.filter(Number.isInteger);
  const yTicks = whole.map((at) => ({ at, text: formatTick(at, 1) }));
  const room = roomForLabels(yTicks);
  const ticks = logTicks(low, high, Math.max(3, Math.floor(width / 90)));
  return {
    grid: { ...FIXED, left: room + 14, right: 20, top: 14, bottom: 42 },
    xAxis: {
      ...ticksAt(
        theme,
        ticks.values.map((at) => ({ at: thresholdPlace(at), text: formatNumber(at, 2) })),
      ),
      min: thresholdPlace(low),
      max: thresholdPlace(high),
      name: t('persistence threshold (log)'),
      nameGap: 26,
    },
    yAxis: {
      ...ticksAt(theme, yTicks),
      min: 0,
      max: most * 1.06,
      name: t('saddles above it'),
      nameGap: room,
    },
    series: [
      {
        type: 'custom',
        silent: true,
        clip: true,
        data: [0],
        renderItem: (_: unknown, api: CustomApi) => {
          const at = (threshold: number, count: number) =>
            api.coord([thresholdPlace(Math.min(high, Math.max(low, threshold))), count]);
          const steps = [at(high, 0)];
          for (const [k, next] of drawnSteps(persistences.length)) {
            const value = persistences[k]!;
            steps.push(at(value, k), at(value, next));
          }
          steps.push(at(low, persistences.length));
          const children: unknown[] = [];
          if (band !== null) {
            const [left, top] = at(low, band.high);
            const [right, bottom] = at(high, band.low);
            const [x] = at(own, 0);
            children.push(
              {
                type: 'rect',
                shape: { x: left, y: top, width: right - left, height: Math.max(1, bottom - top) },
                style: { fill: withAlpha(theme.highlight, 0.16) },
              },
              {
                type: 'path',
                shape: {
                  pathData: `M${x + 6} ${top}V${bottom}M${x + 2} ${top}H${x + 10}M${x + 2} ${bottom}H${x + 10}`,
                },
                style: { fill: null, stroke: theme.highlight, lineWidth: 2 },
              },
            );
            for (const count of others) {
              const [, y] = at(own, count);
              children.push({
                type: 'circle',
                shape: { cx: x + 6, cy: y, r: 2.5 },
                style: { fill: theme.highlight, stroke: theme.background, lineWidth: 0.8 },
              });
            }
          }
          const [cut, top] = at(chosen, most * 1.06);
          const [, foot] = at(chosen, 0);
          children.push(
            {
              type: 'polyline',
              shape: { points: steps },
              style: { fill: null, stroke: theme.accent, lineWidth: 1.8 },
            },
            {
              type: 'line',
              shape: { x1: cut, y1: top, x2: cut, y2: foot },
              style: { stroke: theme.foreground, lineWidth: 1, lineDash: [3, 3] },
            },
          );
          return { type: 'group', children };
        },
      },
    ],
  };
}
