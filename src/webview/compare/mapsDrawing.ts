import type { EChartsCoreOption } from 'echarts/core';
import { drawn, valueAxis } from '../plots/drawn';
import { FIXED, ticksAt } from '../plots/chart';
import { cross, label } from '../plots/shapes';
import type { DrawingSize } from '../export/drawing';
import { mapBoxes } from './mapsLayout';
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
  /** The same, smooth between its points. */
  readonly drawn: LossField;
  readonly image: HTMLCanvasElement;
  readonly marks: readonly PairMark[];
  readonly scale: HeightScale;
  /** The losses whose contours are drawn, each in its colour. */
  readonly levels: readonly { readonly level: number; readonly stroke: string }[];
  /** Of the last of those on one scale. */
  readonly bar: ColorBar | null;
}

/** What the colours of a map mean, to its right. */
export interface ColorBar {
  readonly image: HTMLCanvasElement;
  readonly name: string;
}

/** The contours of a scale of losses, as they are to be seen on its colours. */
export function contoursOf(scale: HeightScale): ComparedMap['levels'] {
  return scale.levels.map((level) => ({
    level,
    stroke: scale.toUnit(level) <= 0.55 ? 'rgba(255,255,255,0.35)' : 'rgba(0,0,0,0.32)',
  }));
}

/** Which of them have a colour bar. */
export function barsOf(maps: readonly ComparedMap[]): readonly boolean[] {
  return maps.map(({ bar }) => bar !== null);
}

/** Maps side by side, each with the colour bar that begins with it. */
export function mapsOption(
  maps: readonly ComparedMap[],
  theme: Theme,
  size: DrawingSize,
): EChartsCoreOption {
  const boxes = mapBoxes(barsOf(maps), size);
  const barred = maps.flatMap((map, k) =>
    map.bar === null ? [] : [{ bar: map.bar, scale: map.scale, box: boxes[k]! }],
  );
  const axis = ({ axes }: LossField, which: 0 | 1, grid: number) => {
    const { min, max, name } = axes[which];
    const box = boxes[grid]!;
    return {
      ...valueAxis(theme, [min, max], Math.max(2, Math.floor(box.width / 70))),
      gridIndex: grid,
      name: which === 1 && !box.isFirst ? '' : name,
      nameGap: which === 0 ? 24 : 34,
    };
  };
  return {
    grid: [
      ...boxes.map(({ left, top, width, height }) => ({ left, top, width, height, ...FIXED })),
      ...barred.map(({ box }) => ({
        ...FIXED,
        left: box.left + box.width + 16,
        top: box.top,
        width: 10,
        height: box.height,
      })),
    ],
    xAxis: [
      ...maps.map(({ field }, grid) => axis(field, 0, grid)),
      ...barred.map((_, k) => ({
        gridIndex: maps.length + k,
        type: 'value',
        min: 0,
        max: 1,
        show: false,
      })),
    ],
    yAxis: [
      ...maps.map(({ field }, grid) => axis(field, 1, grid)),
      ...barred.map(({ bar, scale }, k) => ({
        ...ticksAt(
          theme,
          scale.ticks.map(({ unit, text }) => ({ at: unit, text })),
        ),
        axisLine: { show: false },
        gridIndex: maps.length + k,
        min: 0,
        max: 1,
        position: 'right',
        name: bar.name,
        nameGap: 44,
        nameRotate: 90,
      })),
    ],
    series: [
      ...maps.flatMap((map, grid) => {
        const [first, second] = map.field.axes;
        return [
          picture(grid, () => map.image, [first.min, second.min, first.max, second.max]),
          overlay(map, grid, theme, boxes[grid]!.width),
        ];
      }),
      ...barred.map(({ bar }, k) => picture(maps.length + k, () => bar.image, [0, 0, 1, 1])),
    ],
  };
}

/** Title, contours, minima and saddles of a map. */
function overlay(
  { title, drawn: smooth, marks, levels }: ComparedMap,
  grid: number,
  theme: Theme,
  width: number,
): Record<string, unknown> {
  const lines = levels.flatMap(({ level, stroke }) =>
    contourLines(smooth.values, smooth.rows, smooth.columns, level).map((line) => ({
      line,
      stroke,
    })),
  );
  const [first, second] = smooth.axes;
  return drawn(
    (api) => {
      const [left, top] = api.coord([first.min, second.max]);
      return [
        label(title, [left, top - 14], theme, { width: width + 20, overflow: 'truncate' }),
        ...lines.map(({ line, stroke }) => ({
          type: 'polyline',
          shape: { points: line.map((point) => api.coord(gridPlace(smooth, point))) },
          style: { fill: null, stroke, lineWidth: 1 },
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
  const [around, core] = border ? ['#ffffff', dark] : [dark, '#ffffff'];
  return [
    minimum,
    cross(api.coord(places.death), 3.5, [
      [around, 4],
      [core, 1.8],
    ]),
  ];
}

/** What the colour bar of a map of losses is called. */
export function lossName(scale: HeightScale): string {
  return scale.kind === 'log' ? t('loss (log)') : t('loss');
}
