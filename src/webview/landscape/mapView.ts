import type { EChartsCoreOption } from 'echarts/core';
import { drawn, valueAxis } from '../plots/drawn';
import { FIXED, ticksAt } from '../plots/chart';
import { cross } from '../plots/shapes';
import { colorTable } from '../plots/colorMap';
import { barImage, gridPlace, mapImage, picture, placeOf } from './mapImage';
import { contourLines, type Polyline } from './contour';
import { MarkedChart } from './markedChart';
import type { PairMark, Place } from '../pairs/pairMark';
import type { SurfaceContent } from './surface/surfaceScene';
import { rgba, withAlpha } from '../plots/theme';
import { t } from '../../shared/words/text';

const COLORS = colorTable();
/** Room for labels left and below, for the colour bar on the right, and above. */
const MARGIN = { left: 52, right: 78, top: 10, bottom: 42 };

/** Shares of both axes. */
type Shares = readonly [number, number];

/** The landscape from above. */
export class MapView extends MarkedChart<SurfaceContent, Shares> {
  private readonly bar = barImage(COLORS);
  private imaged: SurfaceContent | null = null;
  private image: HTMLCanvasElement | null = null;
  private lines: readonly { readonly line: Polyline; readonly light: boolean }[] = [];

  override show(content: SurfaceContent): void {
    const old = this.imaged;
    this.imaged = content;
    if (
      old?.field !== content.field ||
      old.scale !== content.scale ||
      old.theme !== content.theme ||
      this.image === null
    ) {
      const { field, scale } = content;
      this.image = mapImage(field, scale, COLORS, rgba(content.theme.muted), content.evaluated);
      this.lines = scale.levels.flatMap((level) =>
        contourLines(field.values, field.rows, field.columns, level).map((line) => ({
          line,
          light: scale.toUnit(level) <= 0.55,
        })),
      );
    }
    super.show(content);
  }

  /** The plane is drawn with equal units where its axes are equally long. */
  private box(content: SurfaceContent): {
    left: number;
    top: number;
    width: number;
    height: number;
  } {
    const [first, second] = content.field.axes;
    const ratio = (second.max - second.min) / (first.max - first.min);
    const square = ratio > 0.2 && ratio < 5 ? ratio : 1;
    const width = this.chart.width - MARGIN.left - MARGIN.right;
    const height = this.chart.height - MARGIN.top - MARGIN.bottom;
    const side = Math.max(40, Math.min(width, height / square));
    return {
      left: Math.round(MARGIN.left + Math.max(0, (width - side) / 2)),
      top: MARGIN.top,
      width: Math.round(side),
      height: Math.round(side * square),
    };
  }

  protected option(content: SurfaceContent): EChartsCoreOption {
    const { field, scale, theme, marks } = content;
    const [first, second] = field.axes;
    const box = this.box(content);
    const axis = (which: typeof first) => {
      return {
        ...valueAxis(theme, [which.min, which.max], 6),
        name: which.name,
      };
    };
    const bar = { left: box.left + box.width + 16, top: box.top, width: 10, height: box.height };
    return {
      grid: [
        { ...box, ...FIXED },
        { ...bar, ...FIXED },
      ],
      xAxis: [
        { ...axis(first), gridIndex: 0, nameGap: 24 },
        { gridIndex: 1, type: 'value', min: 0, max: 1, show: false },
      ],
      yAxis: [
        { ...axis(second), gridIndex: 0, nameGap: 34 },
        {
          ...ticksAt(
            theme,
            scale.ticks.map(({ unit, text }) => ({ at: unit, text })),
          ),
          axisLine: { show: false },
          gridIndex: 1,
          min: 0,
          max: 1,
          position: 'right',
          name: scale.kind === 'log' ? t('loss (log)') : t('loss'),
          nameGap: 46,
          nameRotate: 90,
        },
      ],
      series: [
        picture(0, () => this.image!, [first.min, second.min, first.max, second.max]),
        this.contours(content),
        picture(1, () => this.bar, [0, 0, 1, 1]),
        this.markSeries(content, marks),
      ],
    };
  }

  /** White lines on the dark half of the colours, black ones on the light half. */
  private contours({ field, theme }: SurfaceContent): Record<string, unknown> {
    const [white, black] = theme.highContrast ? [0.8, 0.7] : [0.32, 0.3];
    return drawn((api) =>
      this.lines.map(({ line, light }) => ({
        type: 'polyline',
        shape: { points: line.map((point) => api.coord(gridPlace(field, point))) },
        style: {
          fill: null,
          stroke: light ? `rgba(255,255,255,${white})` : `rgba(0,0,0,${black})`,
          lineWidth: 1,
        },
      })),
    );
  }

  /** Pairs, the checkpoint, the level of the saddle that is pointed at, and the keys' cursor. */
  private markSeries(
    { field, theme, own, path, trails }: SurfaceContent,
    marks: readonly PairMark[],
  ): Record<string, unknown> {
    const on = this.pointed.pair;
    const chosen = marks.find((mark) => mark.id === on);
    const dark = 'rgba(0,0,0,0.75)';
    return drawn((api) => {
      const children: unknown[] = [];
      const level =
        chosen !== undefined && !chosen.essential && Number.isFinite(chosen.death)
          ? contourLines(field.values, field.rows, field.columns, chosen.death)
          : [];
      for (const line of level) {
        children.push({
          type: 'polyline',
          shape: { points: line.map((point) => api.coord(gridPlace(field, point))) },
          style: { fill: null, stroke: theme.highlight, lineWidth: 2 },
        });
      }
      // The one that is pointed at is drawn last, over the others.
      // Many marks must leave something to be seen of what they mark.
      const shrink = Math.min(1, Math.max(0.55, Math.sqrt(40 / marks.length)));
      const ordered = [...marks].sort((a, b) => Number(a.id === on) - Number(b.id === on));
      for (const mark of ordered) {
        if (mark.places === null) continue;
        const pointed = mark.id === on;
        const [x, y] = api.coord(mark.places.birth);
        const [endX, endY] = api.coord(mark.places.death);
        const color = pointed ? theme.highlight : '#ffffff';
        const r = (mark.essential ? 5 : 4 * shrink) + (pointed ? 1.5 : 0);
        if (!mark.essential || pointed) {
          children.push({
            type: 'line',
            shape: { x1: x, y1: y, x2: endX, y2: endY },
            style: {
              stroke: pointed ? theme.highlight : 'rgba(255,255,255,0.6)',
              lineWidth: pointed ? 2 : 1,
              lineDash: mark.essential ? [4, 4] : null,
            },
          });
        }
        if (pointed) {
          for (const [cx, cy] of mark.essential
            ? [[x, y]]
            : [
                [x, y],
                [endX, endY],
              ]) {
            children.push({
              type: 'circle',
              shape: { cx, cy, r: 10 },
              style: { fill: '#ffffff', stroke: dark, lineWidth: 1.5 },
            });
          }
        }
        children.push({
          type: 'circle',
          shape: { cx: x, cy: y, r },
          style: mark.border
            ? { fill: dark, stroke: color, lineWidth: 1.5 }
            : { fill: color, stroke: dark, lineWidth: 1.2 },
        });
        if (!mark.essential) {
          const [around, core] = mark.border ? [color, dark] : [dark, color];
          children.push(
            cross([endX, endY], pointed ? 5.5 : 4 * shrink, [
              [around, 4.4 * shrink],
              [core, 2 * shrink],
            ]),
          );
        } else if (pointed) {
          children.push({
            type: 'path',
            shape: {
              pathData: `M${endX - 5} ${endY + 4}L${endX} ${endY - 5}L${endX + 5} ${endY + 4}Z`,
            },
            style: { fill: color, stroke: dark, lineWidth: 1.2 },
          });
        }
      }
      for (const [from, to] of trails) {
        const [x1, y1] = api.coord(from);
        const [x2, y2] = api.coord(to);
        for (const [stroke, lineWidth] of [
          [dark, 3],
          ['#ffffff', 1.4],
        ] as const) {
          children.push({
            type: 'line',
            shape: { x1, y1, x2, y2 },
            style: { stroke, lineWidth, lineDash: [3, 2] },
          });
        }
      }
      const [first, second] = field.axes;
      const steps = path.map(({ coordinates: [x = NaN, y = NaN] }) => api.coord([x, y]));
      for (const [stroke, lineWidth] of [
        [dark, 3.4],
        ['#ffffff', 1.6],
      ] as const) {
        children.push({
          type: 'polyline',
          shape: { points: steps },
          style: { fill: null, stroke, lineWidth },
        });
      }
      for (const [cx, cy] of steps) {
        children.push({
          type: 'rect',
          shape: { x: cx - 3, y: cy - 3, width: 6, height: 6 },
          style: { fill: '#ffffff', stroke: dark, lineWidth: 1.2 },
        });
      }
      for (const [stroke, lineWidth] of [
        [dark, 7],
        ['#ffffff', 4.6],
        [theme.highlight, 2.4],
      ] as const) {
        if (own === null) break;
        const [cx, cy] = api.coord(own);
        children.push({
          type: 'circle',
          shape: { cx, cy, r: 8 },
          style: { fill: null, stroke, lineWidth },
        });
      }
      if (this.cursor !== null) {
        const [x, y] = api.coord(placeOf(field, this.cursor));
        const [left, top] = api.coord([first.min, second.max]);
        const [right, bottom] = api.coord([first.max, second.min]);
        for (const shape of [
          { x1: left, y1: y, x2: right, y2: y },
          { x1: x, y1: top, x2: x, y2: bottom },
        ]) {
          children.push({
            type: 'line',
            shape,
            style: { stroke: withAlpha(theme.highlight, 0.9), lineWidth: 1 },
          });
        }
      }
      return children;
    });
  }

  protected coordinates(_: SurfaceContent, end: Place): readonly [number, number] {
    return end;
  }

  protected under(
    { field }: SurfaceContent,
    { x, y }: { readonly x: number; readonly y: number },
  ): Shares | null {
    const data = this.chart.fromPixel(0, x, y);
    if (data === null) return null;
    const [first, second] = field.axes;
    const u = (data.x - first.min) / (first.max - first.min);
    const v = (data.y - second.min) / (second.max - second.min);
    return u >= 0 && u <= 1 && v >= 0 && v <= 1 ? [u, v] : null;
  }

  /** Arrows walk over the points of the grid. */
  protected moved({ field }: SurfaceContent, key: string, steps: number): Shares | null {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[
      key
    ];
    if (step === undefined) return null;
    const [u, v] = this.cursor ?? [0.5, 0.5];
    const move = (share: number, by: number, count: number) =>
      Math.min(1, Math.max(0, Math.round(share * (count - 1) + by * steps) / (count - 1)));
    return [move(u, step[0]!, field.rows), move(v, step[1]!, field.columns)];
  }
}
