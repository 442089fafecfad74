import type { EChartsCoreOption } from 'echarts/core';
import { drawn, valueAxis } from '../plots/drawn';
import { largest, smallest } from '../../shared/extremes';
import type { ResultDocument } from '../../shared/result';
import { DisposableStore, type Disposable } from '../disposable';
import { Chart, FIXED, roomForLabels, ticksAt } from '../plots/chart';
import { PlotSection } from '../plots/plotSection';
import type { Theme } from '../plots/theme';
import { formatNumber, formatSure } from '../../shared/words/numbers';
import type { ScaleKind } from '../state/viewState';
import { scatterAxis } from '../relate/scatterAxis';
import { t } from '../../shared/words/text';
import { alongEigenvectors, profilesOf, type AlongEigenvector } from './alongEigenvectors';

/** How the first lines are told apart, in the drawing and in the caption. */
const DASHES = [
  { sign: '━', dash: null },
  { sign: '┅', dash: [6, 3] },
  { sign: '┈', dash: [2, 3] },
  { sign: '╍', dash: [10, 3, 2, 3] },
] as const;

/**
 * Loss along the first eigenvectors beside what their eigenvalues say of it: the profiles that were
 * computed with the curvature, else the lines of a landscape that eigenvectors span.
 */
export class AlongView implements Disposable {
  readonly section: PlotSection;
  private readonly store = new DisposableStore();
  private readonly chart: Chart;
  private lines: readonly AlongEigenvector[] = [];

  constructor(onTable: (shown: boolean) => void) {
    this.section = new PlotSection(
      'along',
      t('Loss along eigenvectors'),
      t('The table has every point.'),
      onTable,
    );
    this.chart = this.store.add(
      new Chart(this.section.stage, (place) => {
        const at = place && this.chart.fromPixel(0, place.x, place.y);
        this.section.read(at && this.reading(at.x));
      }),
    );
  }

  update({ landscape, hessian }: ResultDocument, theme: Theme, scale: ScaleKind): void {
    const profiles = hessian === undefined ? [] : profilesOf(hessian);
    this.lines =
      profiles.length > 0 || landscape === undefined ? profiles : alongEigenvectors(landscape);
    const { lines } = this;
    this.section.root.hidden = lines.length === 0;
    if (lines.length === 0) return;
    this.section.update({
      summary: lines
        .map(({ name, eigenvalue, error, losses }) =>
          t(
            'Along {0}, of eigenvalue {1}, the loss goes from {2} to {3}.',
            name,
            formatSure(eigenvalue, error),
            formatNumber(smallest(losses.filter(Number.isFinite))),
            formatNumber(largest(losses.filter(Number.isFinite))),
          ),
        )
        .join(' '),
      caption: [
        ...lines.map(({ name, eigenvalue, error, converged }, k) =>
          [
            `${styleOf(k).sign}\u00a0${name}: λ = ${formatSure(eigenvalue, error)}`,
            ...(converged ? [] : [t('not converged')]),
          ].join(', '),
        ),
        t('faint: slope at the centre and ½λx²'),
      ].join(' · '),
      table: () => ({
        caption: t('Loss along the eigenvectors'),
        columns: [t('Direction'), t('Distance'), t('Loss'), t('By λ alone')],
        rows: lines.flatMap(({ name, distances, losses, quadratic }) =>
          distances.map((x, k) => [
            name,
            formatNumber(x, 3),
            formatNumber(losses[k]!),
            formatNumber(quadratic[k]!),
          ]),
        ),
      }),
      data: () => ({
        columns: ['direction', 'eigenvalue', 'distance', 'loss', 'quadratic'],
        rows: lines.flatMap(({ name, eigenvalue, distances, losses, quadratic }) =>
          distances.map((x, k) => [name, eigenvalue, x, losses[k]!, quadratic[k]!]),
        ),
      }),
      drawing: () => this.chart.drawing(theme),
    });
    this.chart.draw(() => this.option(theme, scale));
  }

  dispose(): void {
    this.store.dispose();
  }

  private option(theme: Theme, scale: ScaleKind): EChartsCoreOption {
    const { lines } = this;
    const reach = largest(lines.flatMap(({ distances }) => distances.map(Math.abs)));
    const losses = lines.flatMap((line) => line.losses.filter(Number.isFinite));
    const upwards = scatterAxis(losses.length === 0 ? [0] : losses, scale === 'log');
    const ticks = upwards.ticks(6);
    const room = roomForLabels(ticks);
    return {
      grid: { ...FIXED, left: room + 14, right: 18, top: 12, bottom: 42 },
      xAxis: {
        ...valueAxis(theme, [-reach, reach], Math.max(3, Math.floor(this.chart.width / 90))),
        name: t('distance from the checkpoint'),
        nameGap: 26,
      },
      yAxis: {
        ...ticksAt(theme, ticks),
        min: upwards.low,
        max: upwards.high,
        name: upwards.logarithmic ? t('loss (log)') : t('loss'),
        nameGap: room,
      },
      series: [
        drawn(
          (api) =>
            lines.flatMap(({ distances, losses: own, quadratic }, k) => {
              const stroke = [theme.accent, theme.highlight, theme.foreground][k % 3];
              const line = (values: readonly number[], style: object) => ({
                type: 'polyline',
                shape: {
                  points: distances.flatMap((x, step) => {
                    const value = values[step]!;
                    const isDrawn = Number.isFinite(value) && (!upwards.logarithmic || value > 0);
                    return isDrawn ? [api.coord([x, upwards.place(value)])] : [];
                  }),
                },
                style: { fill: null, stroke, ...style },
              });
              return [
                line(quadratic, { lineWidth: 1, opacity: 0.45 }),
                line(own, { lineWidth: 2, lineDash: styleOf(k).dash }),
              ];
            }),
          { clip: true },
        ),
      ],
    };
  }

  private reading(x: number): string {
    return this.lines
      .map(({ name, distances, losses }) => {
        let near = 0;
        distances.forEach((place, k) => {
          if (Math.abs(place - x) < Math.abs(distances[near]! - x)) near = k;
        });
        return `${name} = ${formatNumber(distances[near]!, 3)}: ${t('loss {0}', formatNumber(losses[near]!))}`;
      })
      .join(' · ');
  }
}

function styleOf(line: number): (typeof DASHES)[number] {
  return DASHES[line % DASHES.length]!;
}
