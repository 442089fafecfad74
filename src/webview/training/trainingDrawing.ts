import type { EChartsCoreOption } from 'echarts/core';
import { drawn, valueAxis } from '../plots/drawn';
import { largest, smallest } from '../../shared/extremes';
import type { PanelEntry } from '../../shared/panelProtocol';
import type { DrawingSize } from '../export/drawing';
import { FIXED, ticksAt } from '../plots/chart';
import type { CustomApi } from '../plots/customApi';
import { label } from '../plots/shapes';
import { withAlpha, type Theme } from '../plots/theme';
import { pointMark } from '../relate/pointMark';
import { scatterAxis, type ScatterAxis } from '../relate/scatterAxis';
import { t } from '../../shared/words/text';
import { positions, type Run } from '../state/runs';
import { seenPoints } from './seenPoints';
import { seriesOf, type Measure } from './series';

export interface TrainingContent {
  readonly runs: readonly Run[];
  readonly run: Run;
  readonly selected: PanelEntry;
  readonly pointed: PanelEntry | null;
  readonly measures: readonly Measure[];
  readonly theme: Theme;
}

const TOP = 30;
const LEFT = 58;
const RIGHT = 14;
const ABOVE = 22;
const BELOW = 38;
/** More points than this are a line alone. */
const MAX_MARKS = 80;
const MAX_NAMED = 6;
/** Left and right of the points, as a share of what they span. */
const MARGIN = 0.03;
/** About the pixels a line is wide. */
const COLUMNS = 400;

/** So many columns, each wide enough for its axis. */
export function cellsOf(
  count: number,
  width: number,
): { readonly columns: number; readonly rows: number } {
  const columns = Math.max(1, Math.min(count, 4, Math.floor(width / 270)));
  return { columns, rows: Math.ceil(count / columns) };
}

/** One cell for each measure: its axis is in units of `ScatterAxis`, from 0 to 1 on the screen. */
export function trainingOption(content: TrainingContent, size: DrawingSize): EChartsCoreOption {
  const { runs, measures, theme } = content;
  const { columns, rows } = cellsOf(measures.length, size.width);
  const cell = { width: size.width / columns, height: (size.height - TOP) / rows };
  const places = runs.flatMap((run) => positions(run).at);
  const [low, high] = [smallest(extremes(places)), largest(extremes(places))];
  const margin = MARGIN * (high - low || 1);
  const unit = positions(content.run).unit;
  const axes = measures.map((measure) => {
    const known = runs.flatMap((run) => seriesOf(run, measure).filter((value) => value !== null));
    return scatterAxis(known.length === 0 ? [0, 1] : known);
  });
  return {
    grid: measures.map((_, k) => ({
      ...FIXED,
      left: Math.round((k % columns) * cell.width + LEFT),
      top: Math.round(TOP + Math.floor(k / columns) * cell.height + ABOVE),
      width: Math.max(20, Math.round(cell.width - LEFT - RIGHT)),
      height: Math.max(20, Math.round(cell.height - ABOVE - BELOW)),
    })),
    xAxis: measures.map((_, k) => ({
      ...valueAxis(theme, [low, high], Math.max(2, Math.floor(cell.width / 90))),
      gridIndex: k,
      min: low - margin,
      max: high + margin,
      // Only below the last of each column.
      name: k + columns >= measures.length ? unitName(unit) : '',
      nameGap: 22,
    })),
    yAxis: axes.map((axis, k) => ({
      ...ticksAt(
        theme,
        axis.ticks(4).map(({ at, text }) => ({ at: unitOf(axis, at), text })),
      ),
      gridIndex: k,
      min: 0,
      max: 1,
    })),
    series: measures.map((measure, k) =>
      drawn(
        (api) => [
          ...(k === 0 ? legend(content) : []),
          ...cellShapes(content, measure, axes[k]!, [low, high], api),
        ],
        { grid: k },
      ),
    ),
  };
}

function unitOf({ low, high }: ScatterAxis, at: number): number {
  return (at - low) / (high - low);
}

function cellShapes(
  { runs, run, selected, pointed, theme }: TrainingContent,
  measure: Measure,
  axis: ScatterAxis,
  [low, high]: readonly [number, number],
  api: CustomApi,
): unknown[] {
  const span = high - low || 1;
  const [x, top] = api.coord([low - MARGIN * span, 1]);
  const [, foot] = api.coord([low, 0]);
  const title = measure.title();
  const children: unknown[] = [
    label(axis.logarithmic ? t('{0} (log)', title) : title, [x, top - 11], theme),
  ];
  const here = run.entries.indexOf(selected);
  if (here >= 0) {
    const [at] = api.coord([positions(run).at[here]!, 0]);
    children.push({
      type: 'line',
      shape: { x1: at, y1: top, x2: at, y2: foot },
      style: { stroke: withAlpha(theme.highlight, 0.7), lineWidth: 1 },
    });
  }
  // The shown run is drawn last, over the others.
  const ordered = [...runs.keys()].sort(
    (a, b) => Number(runs[a] === run) - Number(runs[b] === run),
  );
  for (const index of ordered) {
    const each = runs[index]!;
    const isOwn = each === run;
    const color = colorOf(index, isOwn, theme);
    const values = seriesOf(each, measure);
    const { at } = positions(each);
    const pointAt = (k: number): [number, number] | null => {
      const value = values[k] ?? null;
      return value === null ? null : api.coord([at[k]!, unitOf(axis, axis.place(value))]);
    };
    const shares = at.map((place) => (place - low) / span);
    for (const part of parts(seenPoints(shares, values, COLUMNS).map(pointAt))) {
      children.push({
        type: 'polyline',
        shape: { points: part },
        style: { fill: null, stroke: color, lineWidth: isOwn ? 1.8 : 1.2, lineJoin: 'round' },
      });
    }
    each.entries.forEach((entry, k) => {
      const isOn = entry === selected || entry === pointed;
      if (!isOn && at.length > MAX_MARKS) return;
      const point = pointAt(k);
      if (point === null) return;
      children.push(
        pointMark(index, point, isOn ? 5.5 : 2.6, {
          color: isOn ? theme.highlight : color,
          around: entry === pointed ? theme.foreground : theme.background,
        }),
      );
    });
  }
  return children;
}

/** Which run is which: in words, with its mark. */
function legend({ runs, run, theme }: TrainingContent): unknown[] {
  const named = runs.slice(0, MAX_NAMED);
  let x = LEFT;
  return named.flatMap((each, index) => {
    const name =
      index === MAX_NAMED - 1 && runs.length > MAX_NAMED
        ? t('{0} and {1} more', each.name, runs.length - MAX_NAMED)
        : each.name;
    const color = colorOf(index, each === run, theme);
    const shapes = [
      pointMark(index, [x, 12], 4, { color, around: theme.background }),
      label(name, [x + 10, 12], theme),
    ];
    x += 30 + 6.6 * name.length;
    return shapes;
  });
}

function colorOf(_index: number, isOwn: boolean, theme: Theme): string {
  return isOwn ? theme.accent : withAlpha(theme.foreground, 0.55);
}

/** Gaps stay gaps. */
function parts<T>(points: readonly (T | null)[]): T[][] {
  const found: T[][] = [[]];
  for (const point of points) {
    if (point === null) found.push([]);
    else found.at(-1)!.push(point);
  }
  return found.filter((part) => part.length > 1);
}

function extremes(values: readonly number[]): [number, number] {
  return [
    values.reduce((least, value) => Math.min(least, value), Infinity),
    values.reduce((most, value) => Math.max(most, value), -Infinity),
  ];
}

function unitName(unit: string): string {
  switch (unit) {
    case 'epoch':
      return t('epoch');
    case 'step':
      return t('step');
    default:
      return t('checkpoint');
  }
}
