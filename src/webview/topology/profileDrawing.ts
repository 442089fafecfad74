import type { EChartsCoreOption } from 'echarts/core';
import { drawn } from '../plots/drawn';
import { largest } from '../../shared/extremes';
import type { LandscapeProfile, ProfileBasin } from '../../shared/result/topology';
import { FIXED, roomForLabels, ticksAt } from '../plots/chart';
import { viridis } from '../plots/colorMap';
import type { Theme } from '../plots/theme';
import { linearTicks } from '../plots/ticks';
import { formatTick } from '../../shared/words/numbers';
import { t } from '../../shared/words/text';
import type { PersistenceFrame } from './persistenceFrame';

/** A basin's outline: places across in vertices, losses upwards. */
export type Outline = readonly (readonly [number, number])[];

/**
 * The outline of a basin's stack of widths, up the right side and down the left: at loss y it is as
 * wide as the number of its vertices of at most that loss (Geniesse et al. 2024, arXiv 2411.12136).
 */
export function outlineOf({ from, to, centre, base, losses, widths }: ProfileBasin): Outline {
  const right: [number, number][] = [[centre + base / 2, Number(from)]];
  let width = base;
  losses.forEach((loss, step) => {
    right.push([centre + width / 2, Number(loss)]);
    width = widths[step] ?? width;
    right.push([centre + width / 2, Number(loss)]);
  });
  right.push([centre + width / 2, Number(to)]);
  const left = right.map(([x, y]) => [2 * centre - x, y] as const).reverse();
  return [...right, ...left].filter(([, y]) => Number.isFinite(y));
}

/**
 * The deepest minimum of every basin: whose basin it is, by the elder rule.
 *
 * @returns its vertex, for each basin of the profile.
 */
export function minimaOf({ basins }: LandscapeProfile): readonly number[] {
  // Sorted by loss: children come before their parents, and the deepest has the smallest index.
  const deepest = basins.map((_, index) => index);
  basins.forEach(({ parent }, index) => {
    if (parent >= 0) deepest[parent] = Math.min(deepest[parent]!, deepest[index]!);
  });
  return deepest.map((index) => basins[index]!.vertex);
}

/** How far from the middle an outline reaches, up to a loss. */
function reach(outline: Outline, middle: number, high: number): number {
  let farthest = 0;
  for (const [x, y] of outline) {
    if (y <= high) farthest = Math.max(farthest, Math.abs(x - middle));
  }
  return farthest;
}

export function profileOption(
  profile: LandscapeProfile,
  frame: PersistenceFrame,
  theme: Theme,
  /** Vertex of the minimum that is pointed at. */
  on: number | null,
): EChartsCoreOption {
  const minima = minimaOf(profile);
  const ticks = frame.ticks(5);
  const room = roomForLabels(ticks);
  const outlines = profile.basins.map(outlineOf);
  // As wide as what is seen: low in a large plane the basins are narrow.
  const widest = Math.max(
    profile.width / 1e4,
    largest(outlines.map((outline) => reach(outline, profile.width / 2, frame.lossAt(frame.high)))),
  );
  const left = profile.width / 2 - widest;
  const shares = linearTicks(0, (2 * widest) / profile.width, 4);
  return {
    grid: { ...FIXED, left: room + 14, right: 26, top: 10, bottom: 42 },
    xAxis: {
      ...ticksAt(
        theme,
        shares.values.map((share) => ({
          at: left + share * profile.width,
          text: `${formatTick(100 * share, 100 * shares.step)}\u202f%`,
        })),
      ),
      min: left,
      max: left + 2 * widest,
      name: t('share of the grid below that loss'),
      nameGap: 26,
    },
    yAxis: {
      ...ticksAt(theme, frame.ticks(5)),
      min: frame.low,
      max: frame.high,
      name: t('loss'),
      nameGap: room,
    },
    series: [
      drawn(
        (api) =>
          profile.basins.map((basin, index) => {
            const isOn = on !== null && minima[index] === on;
            const points = outlines[index]!.map(([x, y]) =>
              api.coord([x, Math.min(frame.place(y), frame.high)]),
            );
            const mean = basin.meanLoss === null ? frame.high : frame.place(basin.meanLoss);
            return {
              type: 'polygon',
              shape: { points },
              style: {
                fill: colorOf((mean - frame.low) / (frame.high - frame.low)),
                stroke: isOn ? theme.highlight : theme.foreground,
                lineWidth: isOn ? 2.5 : 0.6,
              },
            };
          }),
        { clip: true },
      ),
    ],
  };
}

function colorOf(position: number): string {
  return `rgb(${viridis(position)
    .map((channel) => Math.round(channel * 255))
    .join(',')})`;
}
