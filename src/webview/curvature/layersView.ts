import type { EChartsCoreOption } from 'echarts/core';
import { drawn, valueAxis } from '../plots/drawn';
import { largest, smallest } from '../../shared/extremes';
import type { LayerCurvature } from '../../shared/result/hessian';
import type { ResultDocument } from '../../shared/result';
import { DisposableStore, type Disposable } from '../disposable';
import { Chart, FIXED } from '../plots/chart';
import type { CustomApi } from '../plots/customApi';
import { PlotSection } from '../plots/plotSection';
import { label } from '../plots/shapes';
import { withAlpha, type Theme } from '../plots/theme';
import {
  formatCount,
  formatNumber,
  formatShare,
  formatUncertain,
} from '../../shared/words/numbers';
import { t } from '../../shared/words/text';

/** More bars than this are not told apart; the table has all. */
const MAX_BARS = 24;
const BAR = 17;

/** The trace of every tensor's block of the Hessian, largest first, with its standard error. */
export class LayersView implements Disposable {
  readonly section: PlotSection;
  private readonly store = new DisposableStore();
  private readonly chart: Chart;
  private bars: readonly LayerCurvature[] = [];

  constructor(onTable: (shown: boolean) => void) {
    this.section = new PlotSection(
      'layers',
      t('Curvature by layer'),
      t('The table has every layer.'),
      onTable,
    );
    this.chart = this.store.add(
      new Chart(this.section.stage, (place) => {
        const at = place && this.chart.fromPixel(0, place.x, place.y);
        const bar = at && this.bars[Math.floor(at.y)];
        this.section.read(bar ? reading(bar) : null);
      }),
    );
  }

  update({ hessian }: ResultDocument, theme: Theme): void {
    const layers = (hessian?.layers ?? []).filter(({ name }) => !name.endsWith('.*'));
    this.section.root.hidden = layers.length < 2;
    if (hessian === undefined || layers.length < 2) return;
    const sorted = [...layers].sort((a, b) => Math.abs(b.trace.value) - Math.abs(a.trace.value));
    this.bars = sorted.slice(0, MAX_BARS);
    const share = (layer: LayerCurvature) => formatShare(layer.trace.value / hessian.trace.value);
    const [largest] = sorted as [LayerCurvature];
    const hasLargest = layers.some((layer) => layer.largest !== undefined);
    const hasGradient = layers.some(({ gradientNorm }) => gradientNorm !== undefined);
    this.section.update({
      summary: t(
        'Trace of the Hessian by tensor: {0} has the largest, {1} of all.',
        largest.name,
        share(largest),
      ),
      caption: [
        t('trace of each tensor’s block, ± its standard error'),
        ...(hasLargest ? [`◆\u00a0${t('λmax of its block')}`] : []),
        ...(sorted.length > MAX_BARS ? [t('the {0} largest of {1}', MAX_BARS, sorted.length)] : []),
      ].join(' · '),
      table: () => ({
        caption: t('Trace of the Hessian by tensor'),
        columns: [
          t('Tensor'),
          t('Parameters'),
          t('Trace'),
          t('Standard error'),
          t('Share'),
          ...(hasLargest ? [t('λmax of its block')] : []),
          ...(hasGradient ? [t('Gradient')] : []),
        ],
        rows: sorted.map((layer) => [
          layer.name,
          formatCount(layer.parameters),
          formatNumber(layer.trace.value),
          formatNumber(layer.trace.standardError, 2),
          share(layer),
          ...(hasLargest ? [largestText(layer)] : []),
          ...(hasGradient ? [formatNumber(layer.gradientNorm ?? NaN)] : []),
        ]),
      }),
      data: () => ({
        columns: [
          'tensor',
          'parameters',
          'trace',
          'standard_error',
          'largest_eigenvalue',
          'gradient_norm',
        ],
        rows: sorted.map(({ name, parameters, trace, largest, gradientNorm }) => [
          name,
          parameters,
          trace.value,
          trace.standardError,
          largest?.value ?? '',
          gradientNorm ?? '',
        ]),
      }),
      drawing: () => this.chart.drawing(theme),
    });
    this.chart.draw(
      () => this.option(theme),
      () => this.bars.length * BAR + 52,
    );
  }

  dispose(): void {
    this.store.dispose();
  }

  private option(theme: Theme): EChartsCoreOption {
    const { bars } = this;
    const ends = bars.flatMap(({ trace: { value, standardError }, largest: eigenvalue }) => [
      value - standardError,
      value + standardError,
      eigenvalue?.value ?? 0,
    ]);
    const low = Math.min(0, smallest(ends));
    const high = Math.max(0, largest(ends)) || 1;
    const margin = 0.04 * (high - low);
    const room = Math.min(0.42 * this.chart.width, 14 + 6.2 * longest(bars));
    return {
      grid: { ...FIXED, left: room, right: 16, top: 8, bottom: 40 },
      xAxis: {
        ...valueAxis(theme, [low, high], Math.max(3, Math.floor(this.chart.width / 110))),
        min: low - (low < 0 ? margin : 0),
        max: high + margin,
        name: t('trace of the Hessian'),
        nameGap: 24,
      },
      yAxis: { type: 'value', min: 0, max: bars.length, inverse: true, show: false },
      series: [drawn((api) => bars.flatMap((bar, row) => barShapes(bar, row, room, theme, api)))],
    };
  }
}

function barShapes(
  { name, trace: { value, standardError }, largest: eigenvalue }: LayerCurvature,
  row: number,
  room: number,
  theme: Theme,
  api: CustomApi,
): unknown[] {
  const [zero, y] = api.coord([0, row + 0.5]);
  const [end] = api.coord([value, row + 0.5]);
  const [from] = api.coord([value - standardError, row + 0.5]);
  const [to] = api.coord([value + standardError, row + 0.5]);
  return [
    {
      type: 'rect',
      shape: {
        x: Math.min(zero, end),
        y: y - 5,
        width: Math.max(1, Math.abs(end - zero)),
        height: 10,
      },
      style: { fill: withAlpha(theme.accent, 0.55), stroke: theme.accent, lineWidth: 1 },
    },
    {
      type: 'path',
      shape: { pathData: `M${from} ${y}H${to}M${from} ${y - 3}V${y + 3}M${to} ${y - 3}V${y + 3}` },
      style: { fill: null, stroke: theme.foreground, lineWidth: 1.2 },
    },
    ...(eigenvalue === undefined ? [] : [diamond(api.coord([eigenvalue.value, row + 0.5]), theme)]),
    label(name, [room - 8, y], theme, { width: room - 12, overflow: 'truncate', align: 'right' }),
  ];
}

function diamond([x, y]: readonly [number, number], theme: Theme): unknown {
  return {
    type: 'path',
    shape: { pathData: `M${x} ${y - 5}L${x + 5} ${y}L${x} ${y + 5}L${x - 5} ${y}Z` },
    style: { fill: theme.highlight, stroke: theme.background, lineWidth: 1.2 },
  };
}

function largestText({ largest: eigenvalue }: LayerCurvature): string {
  if (eigenvalue === undefined) return '–';
  const { value, residual, converged } = eigenvalue;
  const text = formatUncertain(value, residual);
  return converged ? text.value : `${text.value} ${text.error}`;
}

function longest(bars: readonly LayerCurvature[]): number {
  return bars.reduce((most, { name }) => Math.max(most, name.length), 0);
}

function reading(layer: LayerCurvature): string {
  const { name, parameters, trace, gradientNorm } = layer;
  const { value, error } = formatUncertain(trace.value, trace.standardError);
  return [
    name,
    t('trace {0}', `${value} ${error}`),
    ...(layer.largest === undefined ? [] : [`λmax ${largestText(layer)}`]),
    ...(gradientNorm === undefined ? [] : [t('gradient {0}', formatNumber(gradientNorm))]),
    t('{0} parameters', formatCount(parameters)),
  ].join(' · ');
}
