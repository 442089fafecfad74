import type { EChartsCoreOption } from 'echarts/core';
import { drawn, valueAxis } from '../plots/drawn';
import type { Axis, Landscape } from '../../shared/result/landscape';
import { FIXED, ticksAt } from '../plots/chart';
import { cross } from '../plots/shapes';
import type { HeightScale } from './heightScale';
import type { PathPoint } from './landscapePath';
import { coordinateAt } from './lossField';
import { MarkedChart } from './markedChart';
import type { PairMark, Place } from '../pairs/pairMark';
import { withAlpha, type Theme } from '../plots/theme';
import { t } from '../../shared/words/text';

export interface CurveContent {
  readonly landscape: Landscape;
  readonly scale: HeightScale;
  readonly marks: readonly PairMark[];
  readonly path: readonly PathPoint[];
  /** Coordinate of the document's checkpoint. */
  readonly own: number | null;
  readonly theme: Theme;
}

const MARGIN = { left: 62, right: 18, top: 14, bottom: 42 };

/** A landscape of one dimension: loss over the one axis. */
export class CurveView extends MarkedChart<CurveContent, number> {
  protected option(content: CurveContent): EChartsCoreOption {
    const { landscape, scale, theme } = content;
    const axis = landscape.axes[0]!;
    return {
      grid: { ...MARGIN, ...FIXED },
      xAxis: {
        ...valueAxis(theme, [axis.min, axis.max], Math.max(3, Math.floor(this.chart.width / 90))),
        name: axis.name,
        nameGap: 24,
      },
      yAxis: {
        ...ticksAt(
          theme,
          scale.ticks.map(({ unit, text }) => ({ at: unit, text })),
        ),
        // Room for a mark at the lowest and at the highest loss.
        min: -0.03,
        max: 1.03,
        name: scale.kind === 'log' ? t('loss (log)') : t('loss'),
        nameGap: 48,
        nameRotate: 90,
      },
      series: [this.series(content)],
    };
  }

  private series(content: CurveContent): Record<string, unknown> {
    const { landscape, theme, marks, scale, own } = content;
    const axis = landscape.axes[0]!;
    const values = landscape.values.map((value) => (value === null ? null : Number(value)));
    const straight = landscape.directions.curve?.straight.map(Number) ?? [];
    return drawn((api) => {
      const at = (x: number, loss: number) => api.coord([x, scale.toUnit(loss)]);
      const children: unknown[] = [];
      const line = (points: readonly unknown[], style: object): void => {
        children.push({ type: 'polyline', shape: { points }, style: { fill: null, ...style } });
      };
      const upright = (x: number, style: object): void => {
        line([api.coord([x, 0]), api.coord([x, 1])], style);
      };
      for (const { coordinates } of content.path) {
        const [x] = coordinates;
        if (x === undefined || x < axis.min || x > axis.max) continue;
        upright(x, { stroke: withAlpha(theme.muted, 0.45), lineWidth: 1, lineDash: [2, 4] });
      }
      for (const part of finiteParts(axis, straight)) {
        const points = part.map(([x, loss]) => at(x, loss));
        line(points, { stroke: theme.muted, lineWidth: 1.5, lineDash: [6, 4] });
      }
      for (const part of finiteParts(axis, values)) {
        const points = part.map(([x, loss]) => at(x, loss));
        line(points, { stroke: theme.foreground, lineWidth: 2 });
        if (points.length === 1) {
          const [cx, cy] = points[0]!;
          children.push({
            type: 'circle',
            shape: { cx, cy, r: 2 },
            style: { fill: theme.foreground },
          });
        }
      }
      for (const mark of marks) {
        if (mark.places === null) continue;
        const pointed = mark.id === this.pointed.pair;
        const color = pointed ? theme.highlight : theme.foreground;
        const [x, y] = at(...mark.places.birth);
        children.push({
          type: 'circle',
          shape: { cx: x, cy: y, r: pointed ? 6 : 4.5 },
          style: mark.border
            ? { fill: theme.background, stroke: color, lineWidth: 1.5 }
            : { fill: color, stroke: theme.background, lineWidth: 1.5 },
        });
        if (mark.essential) continue;
        const [endX, endY] = at(...mark.places.death);
        const [around, core] = mark.border ? [color, theme.background] : [theme.background, color];
        children.push(
          cross([endX, endY], pointed ? 6 : 4.5, [
            [around, 5],
            [core, 2.2],
          ]),
        );
        if (pointed) {
          line(
            [
              [x, y],
              [x, endY],
              [endX, endY],
            ],
            { stroke: theme.highlight, lineWidth: 1.5 },
          );
        }
      }
      const loss = own === null ? NaN : lossAt(axis, values, own);
      if (own !== null && Number.isFinite(loss)) {
        const [cx, cy] = at(own, loss);
        children.push({
          type: 'circle',
          shape: { cx, cy, r: 9 },
          style: { fill: null, stroke: theme.foreground, lineWidth: 1.8 },
        });
      }
      if (this.cursor !== null) {
        upright(coordinateAt(axis, this.cursor), { stroke: theme.highlight, lineWidth: 1 });
      }
      return children;
    });
  }

  protected coordinates({ scale }: CurveContent, [x, loss]: Place): readonly [number, number] {
    return [x, scale.toUnit(loss)];
  }

  protected under(
    { landscape }: CurveContent,
    { x, y }: { readonly x: number; readonly y: number },
  ): number | null {
    const axis = landscape.axes[0]!;
    const data = this.chart.fromPixel(0, x, y);
    if (data === null) return null;
    const step = Math.round(((data.x - axis.min) / (axis.max - axis.min)) * (axis.steps - 1));
    return step >= 0 && step < axis.steps ? step : null;
  }

  protected moved({ landscape }: CurveContent, key: string, steps: number): number | null {
    const axis = landscape.axes[0]!;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (step === undefined) return null;
    const from = this.cursor ?? Math.round((axis.steps - 1) / 2);
    return Math.min(axis.steps - 1, Math.max(0, from + step * steps));
  }
}

/** Stretches of finite losses; points not evaluated yet are skipped, others end a stretch. */
function finiteParts(
  axis: Axis,
  values: readonly (number | null)[],
): readonly (readonly (readonly [number, number])[])[] {
  const parts: [number, number][][] = [[]];
  for (const [step, value] of values.entries()) {
    if (value === null) continue;
    if (Number.isFinite(value)) parts.at(-1)!.push([coordinateAt(axis, step), value]);
    else parts.push([]);
  }
  return parts.filter((part) => part.length > 0);
}

/** Between the points linear; NaN outside, and beside a point that has no finite loss. */
export function lossAt(axis: Axis, values: readonly (number | null)[], coordinate: number): number {
  const place = ((coordinate - axis.min) / (axis.max - axis.min)) * (axis.steps - 1);
  if (!(place >= 0 && place <= axis.steps - 1)) return NaN;
  const step = Math.floor(place);
  const share = place - step;
  const low = values[step] ?? NaN;
  return share < 1e-9 ? low : (1 - share) * low + share * (values[step + 1] ?? NaN);
}
