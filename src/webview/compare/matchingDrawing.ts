import type { EChartsCoreOption } from 'echarts/core';
import { drawn } from '../plots/drawn';
import { FIXED, roomForLabels, ticksAt } from '../plots/chart';
import type { DrawingSize } from '../export/drawing';
import { costShapes, MIN_COSTS_WIDTH, type MatchCost } from './matchingCosts';
import { label } from '../plots/shapes';
import type { Theme } from '../plots/theme';
import { pointMark } from '../relate/pointMark';
import type { PairMark } from '../pairs/pairMark';
import type { PersistenceFrame } from '../topology/persistenceFrame';
import { t } from '../../shared/words/text';
import { onDiagonal, type Matching } from './matching';

/** Above and below the square. */
const ROUND = 58;
const MAX_SIDE = 460;

/** Height of a square as wide as it may be, in pixels. */
export function heightOfMatching(width: number): number {
  return Math.min(MAX_SIDE, width - 60) + ROUND;
}

/**
 * Both diagrams in one square, and a line from each pair to its partner or to the diagonal;
 * beside them what the costliest matches cost, where there is room.
 */
export function matchingOption(
  [first, second]: readonly [readonly PairMark[], readonly PairMark[]],
  titles: readonly [string, string],
  { matches }: Matching,
  costs: readonly MatchCost[],
  frame: PersistenceFrame,
  theme: Theme,
  { width, height }: DrawingSize,
): EChartsCoreOption {
  const ticks = frame.ticks(Math.max(3, Math.floor(Math.min(width, height) / 90)));
  const room = roomForLabels(ticks);
  const side = Math.max(40, Math.min(width - room - 30, height - ROUND));
  const besides = room + 14 + side + 48;
  const colors = [theme.accent, theme.highlight] as const;
  const axis = { ...ticksAt(theme, ticks), min: frame.low, max: frame.high };
  return {
    grid: { ...FIXED, left: room + 14, top: 16, width: side, height: side },
    xAxis: { ...axis, name: t('birth: loss at the minimum'), nameGap: 26 },
    yAxis: { ...axis, name: t('death: loss at the saddle'), nameGap: room },
    series: [
      drawn((api) => {
        const at = (mark: PairMark) => api.coord([frame.place(mark.birth), frame.toHeight(mark)]);
        const line = (
          [x1, y1]: readonly [number, number],
          [x2, y2]: readonly [number, number],
          style: object,
        ) => ({ type: 'line', shape: { x1, y1, x2, y2 }, style });
        const ends = [frame.low, frame.high].map((end) => api.coord([end, end]));
        const children: unknown[] = [
          line(ends[0]!, ends[1]!, { stroke: theme.muted, lineWidth: 1 }),
        ];
        for (const match of matches) {
          const from = match.first === null ? undefined : first[match.first];
          const to = match.second === null ? undefined : second[match.second];
          const foot = (mark: PairMark): [number, number] => {
            const place = frame.place(onDiagonal(mark));
            return api.coord([place, place]);
          };
          const alone = from ?? to;
          if (alone === undefined || !Number.isFinite(onDiagonal(alone))) continue;
          const isPair = from !== undefined && to !== undefined;
          children.push(
            line(
              from === undefined ? foot(alone) : at(from),
              to === undefined ? foot(alone) : at(to),
              {
                stroke: theme.foreground,
                lineWidth: isPair ? 1.4 : 1,
                opacity: isPair ? 0.8 : 0.45,
                lineDash: isPair ? null : [2, 3],
              },
            ),
          );
        }
        [first, second].forEach((marks, side) => {
          for (const mark of marks) {
            const filled = { color: colors[side]!, around: theme.background };
            const hollow = { color: theme.background, around: colors[side]! };
            children.push(
              pointMark(side, at(mark), mark.essential ? 5.5 : 4.5, mark.border ? hollow : filled),
            );
          }
        });
        // Below the diagonal nothing can be: room for what the marks mean.
        titles.forEach((text, side) => {
          const [x, y] = api.coord([frame.low + 0.55 * (frame.high - frame.low), frame.low]);
          const middle: [number, number] = [x, y - 34 + 18 * side];
          children.push(
            pointMark(side, middle, 4.5, { color: colors[side]!, around: theme.background }),
            label(text, [middle[0] + 12, middle[1]], theme),
          );
        });
        const box = { left: besides, top: 10, width: width - besides - 8, height: side };
        return box.width < MIN_COSTS_WIDTH
          ? children
          : [...children, ...costShapes(costs, box, theme)];
      }),
    ],
  };
}
