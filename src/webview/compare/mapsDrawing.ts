import type { EChartsCoreOption } from 'echarts/core';
import { drawn, valueAxis } from '../plots/drawn';
import { FIXED, ticksAt } from '../plots/chart';
import type { CustomApi } from '../plots/customApi';
import type { Theme } from '../plots/theme';
import type { HeightScale } from '../landscape/heightScale';
import type { LossField } from '../landscape/lossField';
import { gridPlace, picture } from '../landscape/mapImage';
import { contourLines } from '../landscape/contour';
import type { PairMark } from '../pairs/pairMark';
import { t } from '../../shared/words/text';

/** One of the maps that stand side by side. */
export interface ComparedMap {
  readonly title: string;
  readonly field: LossField;
  readonly image: HTMLCanvasElement;
  readonly marks: readonly PairMark[];
}

const TOP = 26;
const BOTTOM = 42;
const LEFT = 50;
const GAP = 46;
const RIGHT = 86;

/** Maps on one scale, and the colour bar of all of them. */
export function mapsOption(
  maps: readonly ComparedMap[],
  scale: HeightScale,
  bar: HTMLCanvasElement,
  barName: string,
  theme: Theme,
  { width, height }: { readonly width: number; readonly height: number },
): EChartsCoreOption {
  const room = (width - LEFT - RIGHT - GAP * (maps.length - 1)) / maps.length;
  const side = Math.max(30, Math.min(room, height - TOP - BOTTOM));
  const boxes = maps.map((_, k) => ({
    left: Math.round(LEFT + k * (side + GAP)),
    top: TOP,
    width: Math.round(side),
    height: Math.round(side),
  }));
  const last = boxes.at(-1)!;
  const axis = ({ axes }: LossField, which: 0 | 1, grid: number) => {
    const { min, max, name } = axes[which];
    return {
      ...valueAxis(theme, [min, max], Math.max(2, Math.floor(side / 70))),
      gridIndex: grid,
      name: which === 1 && grid > 0 ? '' : name,
      nameGap: which === 0 ? 24 : 34,
    };
  };
  return {
    grid: [
      ...boxes.map((box) => ({ ...box, ...FIXED })),
      { ...FIXED, left: last.left + last.width + 16, top: TOP, width: 10, height: last.height },
    ],
    xAxis: [
      ...maps.map(({ field }, grid) => axis(field, 0, grid)),
      { gridIndex: maps.length, type: 'value', min: 0, max: 1, show: false },
    ],
    yAxis: [
      ...maps.map(({ field }, grid) => axis(field, 1, grid)),
      {
        ...ticksAt(
          theme,
          scale.ticks.map(({ unit, text }) => ({ at: unit, text })),
        ),
        axisLine: { show: false },
        gridIndex: maps.length,
        min: 0,
        max: 1,
        position: 'right',
        name: barName,
        nameGap: 44,
        nameRotate: 90,
      },
    ],
    series: [
      ...maps.flatMap((map, grid) => {
        const [first, second] = map.field.axes;
        return [
          picture(grid, () => map.image, [first.min, second.min, first.max, second.max]),
          overlay(map, grid, scale, theme),
        ];
      }),
      picture(maps.length, () => bar, [0, 0, 1, 1]),
    ],
  };
}

/** Title, contours, minima and saddles of a map. */
function overlay(
  { title, field, marks }: ComparedMap,
  grid: number,
  scale: HeightScale,
  theme: Theme,
): Record<string, unknown> {
  const lines = scale.levels.flatMap((level) =>
    contourLines(field.values, field.rows, field.columns, level).map((line) => ({
      line,
      light: scale.toUnit(level) <= 0.55,
    })),
  );
  const [first, second] = field.axes;
  return drawn(
    (api) => {
      const [left, top] = api.coord([first.min, second.max]);
      return [
        {
          type: 'text',
          style: {
            text: title,
            x: left,
            y: top - 14,
            fill: theme.foreground,
            font: `11px ${theme.fontFamily}`,
            align: 'left',
            verticalAlign: 'middle',
          },
        },
        ...lines.map(({ line, light }) => ({
          type: 'polyline',
          shape: { points: line.map((point) => api.coord(gridPlace(field, point))) },
          style: {
            fill: null,
            stroke: light ? 'rgba(255,255,255,0.35)' : 'rgba(0,0,0,0.32)',
            lineWidth: 1,
          },
        })),
        ...marks.flatMap((mark) => markShapes(mark, api)),
      ];
    },
    { grid },
  );
}

function markShapes({ places, border, essential }: PairMark, api: CustomApi): unknown[] {
  if (places === null) return [];
  const dark = 'rgba(0,0,0,0.8)';
  const [cx, cy] = api.coord(places.birth);
  const minimum = {
    type: 'circle',
    shape: { cx, cy, r: essential ? 4.5 : 3.5 },
    style: border
      ? { fill: dark, stroke: '#ffffff', lineWidth: 1.5 }
      : { fill: '#ffffff', stroke: dark, lineWidth: 1.2 },
  };
  if (essential) return [minimum];
  const [x, y] = api.coord(places.death);
  const cross = (stroke: string, lineWidth: number) => ({
    type: 'path',
    shape: {
      pathData: `M${x - 3.5} ${y - 3.5}L${x + 3.5} ${y + 3.5}M${x + 3.5} ${y - 3.5}L${x - 3.5} ${y + 3.5}`,
    },
    style: { fill: null, stroke, lineWidth, lineCap: 'round' },
  });
  const [around, core] = border ? ['#ffffff', dark] : [dark, '#ffffff'];
  return [minimum, cross(around, 4), cross(core, 1.8)];
}

/** What the colour bar of a map of losses is called. */
export function lossName(scale: HeightScale): string {
  return scale.kind === 'log' ? t('loss (log)') : t('loss');
}
