import type { EChartsCoreOption } from 'echarts/core';
import { drawn } from '../plots/drawn';
import { smallest } from '../../shared/extremes';
import type { ResultDocument } from '../../shared/result';
import type { Hessian } from '../../shared/result/hessian';
import { Chart, FIXED, ticksAt } from '../plots/chart';
import type { CustomApi } from '../plots/customApi';
import { densityFrame, densityPoints, type DensityFrame } from './densityFrame';
import { deeperRows } from './deeperRows';
import { DisposableStore, type Disposable } from '../disposable';
import type { DataTable } from '../export/drawing';
import type { RunScales } from '../training/runScales';
import { PlotSection } from '../plots/plotSection';
import { label } from '../plots/shapes';
import {
  formatNumber,
  formatShare,
  formatTick,
  formatUncertain,
  largerError,
} from '../../shared/words/numbers';
import { curvatureSummary, negativeText, traceTexts } from '../summaries';
import { withAlpha, type Theme } from '../plots/theme';
import { linearTicks } from '../plots/ticks';
import { plural, t } from '../../shared/words/text';

const RITZ_HEIGHT = 54;
/** How near the pointer must be to an eigenvalue, in pixels. */
const REACH = 12;

/** Eigenvalue density of the Hessian, with the Ritz values it is made of and the eigenvalues. */
export class DensityView implements Disposable {
  readonly section: PlotSection;
  private readonly store = new DisposableStore();
  private readonly chart: Chart;
  private shown: {
    readonly hessian: Hessian;
    readonly frame: DensityFrame;
    readonly theme: Theme;
  } | null = null;
  /** Index of the eigenvalue the keys or the pointer are at. */
  private at: number | null = null;

  constructor(onTable: (shown: boolean) => void) {
    this.section = new PlotSection(
      'density',
      t('Curvature'),
      t('Arrow keys go through the eigenvalues, largest first; Escape lets go.'),
      onTable,
    );
    this.chart = this.store.add(
      new Chart(this.section.stage, (place) => {
        this.point(place);
      }),
    );
    this.store.listen(this.section.stage, 'keydown', (event) => {
      const count = this.shown?.hessian.eigenvalues.length ?? 0;
      if (event.key === 'Escape') this.select(null);
      else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
        event.preventDefault();
        // Largest first: to the left on the axis is to the next in the list.
        const next = (this.at ?? -1) + (event.key === 'ArrowLeft' || this.at === null ? 1 : -1);
        if (count > 0) this.select(Math.min(count - 1, Math.max(0, next)));
      }
    });
  }

  update(
    document: ResultDocument,
    theme: Theme,
    running: boolean,
    range: RunScales['spectrum'] = null,
  ): void {
    const { hessian } = document;
    if (hessian === undefined) {
      this.shown = null;
      this.section.explain(
        running
          ? t('The curvature is measured after the landscape.')
          : t('The curvature has not been measured.'),
      );
      return;
    }
    if (this.shown?.hessian !== hessian) this.at = null;
    this.shown = { hessian, frame: densityFrame(hessian, range), theme };
    this.section.update({
      summary: curvatureSummary(hessian),
      caption: caption(hessian),
      drawing: () => this.chart.drawing(theme),
      data: () => curvatureData(hessian),
      table: () => ({
        caption: t(
          'Eigenvalues of the Hessian; {0}',
          plural(hessian.products, 'Hessian-vector product'),
        ),
        columns: [
          t('Eigenvalue'),
          t('Value'),
          t('Residual'),
          t('Error of the data'),
          t('Converged'),
        ],
        rows: [...eigenvalueRows(hessian), ...layerRows(hessian), ...deeperRows(hessian)],
      }),
    });
    this.draw();
  }

  dispose(): void {
    this.store.dispose();
  }

  private draw(): void {
    const { shown } = this;
    if (shown !== null) this.chart.draw(() => this.option(shown));
  }

  private option({ hessian, frame, theme }: NonNullable<typeof this.shown>): EChartsCoreOption {
    const ticks = linearTicks(
      frame.low,
      frame.high,
      Math.max(3, Math.floor(this.chart.width / 90)),
    );
    const across = (labels: boolean) => ({
      ...ticksAt(
        theme,
        labels ? ticks.values.map((at) => ({ at, text: formatTick(at, ticks.step) })) : [],
      ),
      min: frame.low,
      max: frame.high,
    });
    const plotHeight = Math.max(40, this.chart.height - RITZ_HEIGHT - 42 - 12 - 10);
    return {
      grid: [
        { ...FIXED, left: 64, right: 16, top: 12, height: plotHeight },
        { ...FIXED, left: 64, right: 16, top: 12 + plotHeight + 10, height: RITZ_HEIGHT },
      ],
      xAxis: [
        { ...across(false), gridIndex: 0 },
        { ...across(true), gridIndex: 1, name: t('eigenvalue'), nameGap: 26 },
      ],
      yAxis: [
        {
          ...ticksAt(
            theme,
            frame.decades.map((at) => ({ at, text: formatNumber(10 ** at, 1) })),
          ),
          gridIndex: 0,
          min: frame.bottom,
          max: frame.top,
          name: t('density (log)'),
          nameGap: 50,
        },
        {
          ...ticksAt(theme, []),
          axisLine: { show: false },
          gridIndex: 1,
          min: 0,
          max: 1,
          name: t('Ritz'),
          nameGap: 14,
        },
      ],
      series: [
        drawn(
          (api) => {
            const points = densityPoints(hessian, frame, Math.ceil(this.chart.width)).map((place) =>
              api.coord(place),
            );
            const [, foot] = api.coord([frame.low, frame.bottom]);
            const first = points[0] ?? [0, 0];
            const last = points.at(-1) ?? [0, 0];
            const [zero, zeroTop] = api.coord([0, frame.top]);
            return [
              {
                type: 'line',
                shape: { x1: zero, y1: zeroTop, x2: zero, y2: foot },
                style: { stroke: theme.line, lineWidth: 1 },
              },
              ...this.band(hessian, frame, theme, api),
              ...this.edge(hessian, frame, theme, api),
              {
                type: 'polygon',
                shape: { points: [[first[0], foot], ...points, [last[0], foot]] },
                style: { fill: withAlpha(theme.accent, 0.16) },
              },
              {
                type: 'polyline',
                shape: { points },
                style: { fill: null, stroke: theme.accent, lineWidth: 1.5, lineJoin: 'round' },
              },
            ];
          },
          { clip: true },
        ),
        drawn(
          (api) => [...this.stems(hessian, frame, theme, api), ...this.bars(hessian, theme, api)],
          { grid: 1 },
        ),
      ],
    };
  }

  /** Where the density of all eigenvalues lies with 95 %. */
  private band(hessian: Hessian, frame: DensityFrame, theme: Theme, api: CustomApi): unknown[] {
    const { band } = hessian.density;
    if (band === undefined) return [];
    const edge = (values: readonly number[]) =>
      densityPoints(hessian, frame, Math.ceil(this.chart.width), values).map((at) => api.coord(at));
    const points = [...edge(band.high), ...edge(band.low).reverse()];
    return [
      { type: 'polygon', shape: { points }, style: { fill: withAlpha(theme.highlight, 0.3) } },
    ];
  }

  /** Above this curvature descent with the optimizer's learning rate diverges. */
  private edge(hessian: Hessian, frame: DensityFrame, theme: Theme, api: CustomApi): unknown[] {
    const { edgeOfStability: edge } = hessian;
    if (edge === undefined || edge.bound > frame.high || edge.bound < frame.low) return [];
    const [x, y1] = api.coord([edge.bound, frame.top]);
    const [, y2] = api.coord([edge.bound, frame.bottom]);
    return [
      {
        type: 'line',
        shape: { x1: x, y1, x2: x, y2 },
        style: { stroke: theme.highlight, lineWidth: 1.6, lineDash: [6, 4] },
      },
      label(t('edge of stability'), [x - 5, y1 + 7], theme, { align: 'right' }),
    ];
  }

  /** Ritz values hang from the density; length is the logarithm of the weight. */
  private stems(hessian: Hessian, frame: DensityFrame, theme: Theme, api: CustomApi): unknown[] {
    return hessian.density.nodes.map((node) => {
      const [x, top] = api.coord([node.value, 1]);
      const [, foot] = api.coord([node.value, 1 - 0.58 * frame.weightToUnit(node.weight)]);
      return {
        type: 'line',
        shape: { x1: x, y1: top, x2: x, y2: foot },
        style: { stroke: withAlpha(theme.foreground, 0.5), lineWidth: 1 },
      };
    });
  }

  /** Eigenvalues with the interval their residual leaves them. */
  private bars(hessian: Hessian, theme: Theme, api: CustomApi): unknown[] {
    return [...hessian.eigenvalues, hessian.smallest].flatMap((eigenvalue, index) => {
      const pointed = index === this.at;
      const color = pointed ? theme.highlight : theme.accent;
      const [x, y] = api.coord([eigenvalue.value, 0.16]);
      const [left] = api.coord([eigenvalue.value - eigenvalue.residual, 0.16]);
      const [right] = api.coord([eigenvalue.value + eigenvalue.residual, 0.16]);
      const r = pointed ? 6 : 4.5;
      const bar = {
        type: 'path',
        shape: {
          pathData: `M${left} ${y - 4}V${y + 4}M${left} ${y}H${right}M${right} ${y - 4}V${y + 4}`,
        },
        style: { fill: null, stroke: color, lineWidth: 1.2 },
      };
      return [
        ...(right - left > 2 * r ? [bar] : []),
        {
          type: 'polygon',
          shape: {
            points: [
              [x, y - r],
              [x + r, y],
              [x, y + r],
              [x - r, y],
            ],
          },
          // Open where the pair has not converged.
          style: {
            fill: eigenvalue.converged ? color : theme.background,
            stroke: eigenvalue.converged ? theme.background : color,
            lineWidth: 1.2,
          },
        },
      ];
    });
  }

  private point(place: { readonly x: number; readonly y: number } | null): void {
    const { shown } = this;
    if (shown === null || place === null) {
      this.select(null);
      return;
    }
    const { hessian } = shown;
    const distances = [...hessian.eigenvalues, hessian.smallest].map((eigenvalue) => {
      const pixel = this.chart.toPixel(1, eigenvalue.value, 0.16);
      return pixel === null ? Infinity : Math.hypot(pixel.x - place.x, pixel.y - place.y);
    });
    const nearest = smallest(distances);
    this.select(nearest < REACH ? distances.indexOf(nearest) : null);
    if (nearest < REACH) return;
    const data = this.chart.fromPixel(0, place.x, place.y);
    if (data === null || data.x < shown.frame.low || data.x > shown.frame.high) return;
    this.section.read(
      `${t('eigenvalue {0}', formatNumber(data.x, 3))} · ${t('density {0}', formatNumber(shown.frame.densityAt(data.x), 2))}`,
    );
  }

  private select(index: number | null): void {
    const { shown } = this;
    const changed = this.at !== index;
    this.at = index;
    if (shown === null) return;
    if (changed) this.draw();
    const { eigenvalues, smallest } = shown.hessian;
    const eigenvalue = index === null ? undefined : (eigenvalues[index] ?? smallest);
    if (eigenvalue === undefined || index === null) {
      this.section.read(null);
      return;
    }
    const { residual, samplingError } = eigenvalue;
    const { value, error } = formatUncertain(
      eigenvalue.value,
      largerError(residual, samplingError),
      6,
    );
    const name = index < eigenvalues.length ? `λ${index + 1}` : t('smallest eigenvalue');
    this.section.read(
      `${name} = ${value} ${error}${eigenvalue.converged ? '' : ` · ${t('not converged')}`}`,
    );
  }
}

/** Everything that is drawn, by what it is. */
function curvatureData({
  density,
  eigenvalues,
  smallest,
  lowest = [smallest],
}: Hessian): DataTable {
  const { grid, values, band, nodes } = density;
  return {
    columns: ['kind', 'eigenvalue', 'density_or_weight', 'low', 'high'],
    rows: [
      ...grid.map((at, k) => [
        'density',
        at,
        values[k] ?? null,
        band?.low[k] ?? null,
        band?.high[k] ?? null,
      ]),
      ...nodes.map(({ value, weight }) => ['ritz', value, weight, null, null]),
      ...[...eigenvalues, ...lowest].map(({ value, residual }) => [
        'eigenvalue',
        value,
        null,
        value - residual,
        value + residual,
      ]),
    ],
  };
}

/** Both ends of the spectrum, from the largest to the smallest. */
function eigenvalueRows({ eigenvalues, smallest, lowest = [smallest] }: Hessian): string[][] {
  return [
    ...eigenvalues.map((eigenvalue, index) => ({ name: `λ${index + 1}`, eigenvalue })),
    ...lowest
      .map((eigenvalue, index) => ({
        name: index === 0 ? t('Smallest') : t('Smallest but {0}', index),
        eigenvalue,
      }))
      .reverse(),
  ].map(({ name, eigenvalue: { value, residual, samplingError, converged } }) => [
    name,
    formatUncertain(value, largerError(residual, samplingError)).value,
    formatNumber(residual, 2),
    samplingError === undefined ? '' : formatNumber(samplingError, 2),
    converged ? t('yes') : t('no'),
  ]);
}

/** The trace of every layer and its share. */
function layerRows({ layers = [], trace }: Hessian): string[][] {
  return layers.map(({ name, trace: { value, standardError } }) => [
    t('trace of {0}, {1} of all', name, formatShare(value / trace.value)),
    formatNumber(value, 4),
    formatNumber(standardError, 2),
    '',
    '',
  ]);
}

function caption(hessian: Hessian): string {
  const [value, ...errors] = traceTexts(hessian.trace);
  return [
    t('trace {0}', value),
    ...errors,
    ...(hessian.density.band === undefined ? [] : [t('band: 95 %')]),
    ...(hessian.edgeOfStability === undefined
      ? []
      : [t('edge of stability at {0}', formatNumber(hessian.edgeOfStability.bound))]),
    t('{0} negative', negativeText(hessian)),
    `σ = ${formatNumber(hessian.density.sigma, 2)}`,
    `${plural(hessian.probes, 'probe')} × ${plural(hessian.lanczosSteps, 'Lanczos step')}`,
  ].join(' · ');
}
