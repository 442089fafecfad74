import type { EChartsCoreOption } from 'echarts/core';
import { FEW_PAIRS, rankCorrelation, type RankCorrelation } from '../../shared/rankCorrelation';
import type { PanelEntry } from '../../shared/panelProtocol';
import { Picker } from '../controls';
import { DisposableStore, type Disposable } from '../disposable';
import { Chart, FIXED, roomForLabels, ticksAt } from '../plots/chart';
import type { CustomApi } from '../plots/customApi';
import { PlotSection } from '../plots/plotSection';
import { withAlpha, type Theme } from '../plots/theme';
import { formatNumber } from '../../shared/words/numbers';
import type { ViewState } from '../state/viewState';
import { plural, t } from '../../shared/words/text';
import { sameFigures, type Run } from '../state/runs';
import { pointMark } from './pointMark';
import { relatedColumns, trainingsOf } from './relatedColumn';
import { scatterAxis, type ScatterAxis } from './scatterAxis';

interface Point {
  readonly entry: PanelEntry;
  /** Which of the runs it belongs to. */
  readonly run: number;
  readonly x: number;
  readonly y: number;
}

/** Fewer than these are no cloud. */
const MIN_POINTS = 3;
/** A point answers to the pointer from so many pixels away. */
const NEAR = 14;

/**
 * One figure against another over all checkpoints of all runs, with Spearman's ρ: how the landscape's
 * topology and the curvature go together with how well a model does.
 */
export class RelateView implements Disposable {
  readonly section: PlotSection;
  private readonly store = new DisposableStore();
  private readonly chart: Chart;
  private readonly across: Picker;
  private readonly upwards: Picker;
  private shown: {
    readonly points: readonly Point[];
    readonly runs: readonly Run[];
    readonly axes: readonly [ScatterAxis, ScatterAxis];
    readonly titles: readonly [string, string];
    readonly selected: string;
    readonly theme: Theme;
  } | null = null;
  private pointed: Point | null = null;
  private correlated: {
    readonly points: readonly Point[];
    readonly correlation: RankCorrelation;
  } | null = null;
  /** Of the last update. */
  private asked: readonly unknown[] = [];
  private runs: readonly Run[] = [];

  constructor(
    onSelect: (key: string) => void,
    onState: (change: Partial<ViewState>) => void,
    onTable: (shown: boolean) => void,
  ) {
    this.section = new PlotSection(
      'relate',
      t('Relate'),
      t('Arrow keys go through the checkpoints; Enter shows the one that is pointed at.'),
      onTable,
    );
    // Until it is known that there is more than one checkpoint.
    this.section.root.hidden = true;
    this.across = new Picker(t('Across'), (relateX) => {
      onState({ relateX });
    });
    this.upwards = new Picker(t('Upwards'), (relateY) => {
      onState({ relateY });
    });
    this.section.tools.append(this.across.root, this.upwards.root);
    this.chart = this.store.add(
      new Chart(this.section.stage, (place) => {
        this.point(place === null ? null : this.nearest(place.x, place.y));
      }),
    );
    this.store.listen(this.section.stage, 'click', () => {
      if (this.pointed !== null) onSelect(this.pointed.entry.key);
    });
    this.store.listen(this.section.stage, 'keydown', (event) => {
      const { points } = this.shown ?? { points: [] };
      if (event.key === 'Enter' && this.pointed !== null) onSelect(this.pointed.entry.key);
      if (event.key === 'Escape') this.point(null);
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (step === undefined || points.length === 0) return;
      event.preventDefault();
      const key = this.pointed?.entry.key ?? this.shown?.selected;
      const at = points.findIndex(({ entry }) => entry.key === key);
      this.point(points[(at + step + points.length) % points.length]!);
    });
  }

  update(runs: readonly Run[], selected: string, theme: Theme, state: ViewState): void {
    const asked = [selected, theme, state.relateX, state.relateY];
    const isSame = asked.every((part, k) => part === this.asked[k]);
    if (isSame && sameFigures(this.runs, runs)) return;
    this.asked = asked;
    this.runs = runs;
    const columns = relatedColumns(runs);
    const known = (id: string) => columns.find((column) => column.id === id);
    const performance = ['accuracy', 'error', 'loss'].find((id) => known(id) !== undefined)!;
    const across = known(state.relateX ?? 'saddles') ?? known('saddles')!;
    const upwards = known(state.relateY ?? performance) ?? known(performance)!;
    const points = runs.flatMap((run, index) =>
      run.entries.flatMap((entry): Point[] => {
        const [x, y] = [across.valueOf(entry), upwards.valueOf(entry)];
        return x === null || y === null ? [] : [{ entry, run: index, x, y }];
      }),
    );
    const isShown = runs.reduce((sum, run) => sum + run.entries.length, 0) >= MIN_POINTS;
    this.section.root.hidden = !isShown;
    if (!isShown) return;
    const options = columns.map(({ id, title }) => ({ value: id, text: title }));
    this.across.update(options, across.id);
    this.upwards.update(options, upwards.id);
    const titles = [across.title, upwards.title] as const;
    if (points.length < MIN_POINTS) {
      this.shown = null;
      // The pickers stay: another figure may have more.
      this.section.explain(
        t(
          '{0} with both figures: analyze more checkpoints, or choose others.',
          plural(points.length, 'checkpoint'),
        ),
      );
      this.section.tools.hidden = false;
      return;
    }
    const correlation = this.correlationOf(points);
    this.shown = {
      points,
      runs,
      axes: [scatterAxis(points.map((point) => point.x)), scatterAxis(points.map((p) => p.y))],
      titles,
      selected,
      theme,
    };
    this.pointed = points.find(({ entry }) => entry.key === this.pointed?.entry.key) ?? null;
    this.section.update({
      summary: `${t('{0} against {1}.', titles[1], titles[0])} ${correlationText(correlation)}`,
      caption: correlationText(correlation),
      notes: relateNotes(correlation, runs),
      drawing: () => this.chart.drawing(theme),
      data: () => ({
        columns: ['run', 'checkpoint', across.id, upwards.id],
        rows: points.map((point) => [point.entry.run, point.entry.label, point.x, point.y]),
      }),
      table: () => ({
        caption: t('{0} against {1}', titles[1], titles[0]),
        columns: [t('Checkpoint'), t('Run'), titles[0], titles[1]],
        rows: points.map((point) => [
          point.entry.label,
          point.entry.run,
          formatNumber(point.x, 5),
          formatNumber(point.y, 5),
        ]),
      }),
    });
    this.draw();
  }

  dispose(): void {
    this.store.dispose();
  }

  /** Taken anew only where a point is another: going from checkpoint to checkpoint changes none. */
  private correlationOf(points: readonly Point[]): RankCorrelation {
    const { correlated: before } = this;
    const isSame =
      before?.points.length === points.length &&
      points.every(({ x, y }, k) => x === before.points[k]!.x && y === before.points[k]!.y);
    if (isSame) return before.correlation;
    const correlation = rankCorrelation(
      points.map(({ x }) => x),
      points.map(({ y }) => y),
    );
    this.correlated = { points, correlation };
    return correlation;
  }

  private point(point: Point | null): void {
    if (point === this.pointed) return;
    this.pointed = point;
    const { titles } = this.shown ?? {};
    this.section.read(
      point === null || titles === undefined
        ? null
        : `${point.entry.run} · ${point.entry.label} · ${titles[0]} ${formatNumber(point.x)} · ${titles[1]} ${formatNumber(point.y)}`,
    );
    this.draw();
  }

  private nearest(x: number, y: number): Point | null {
    const { points, axes } = this.shown ?? { points: [], axes: null };
    let [best, distance]: [Point | null, number] = [null, NEAR];
    for (const point of points) {
      const at = axes && this.chart.toPixel(0, axes[0].place(point.x), axes[1].place(point.y));
      const away = at === null ? Infinity : Math.hypot(at.x - x, at.y - y);
      if (away < distance) [best, distance] = [point, away];
    }
    return best;
  }

  private draw(): void {
    const { shown } = this;
    if (shown !== null) this.chart.draw(() => this.option(shown));
  }

  private option({
    points,
    axes,
    titles,
    selected,
    theme,
    runs,
  }: NonNullable<typeof this.shown>): EChartsCoreOption {
    const [across, upwards] = axes;
    const ticks = upwards.ticks(6);
    const room = roomForLabels(ticks);
    const named = (title: string, axis: ScatterAxis) =>
      axis.logarithmic ? t('{0} (log)', title) : title;
    return {
      grid: { ...FIXED, left: room + 14, right: 20, top: 14, bottom: 42 },
      xAxis: {
        ...ticksAt(theme, across.ticks(Math.max(3, Math.floor(this.chart.width / 110)))),
        min: across.low,
        max: across.high,
        name: named(titles[0], across),
        nameGap: 26,
      },
      yAxis: {
        ...ticksAt(theme, ticks),
        min: upwards.low,
        max: upwards.high,
        name: named(titles[1], upwards),
        nameGap: room,
      },
      series: [
        {
          type: 'custom',
          silent: true,
          clip: false,
          data: [0],
          renderItem: (_: unknown, api: CustomApi) => {
            const children: unknown[] = [];
            const at = (point: Point) => api.coord([across.place(point.x), upwards.place(point.y)]);
            // Each training as a faint line.
            const pointOf = new Map(points.map((point) => [point.entry, point]));
            for (const training of runs.flatMap(trainingsOf)) {
              const own = training.flatMap((entry) => pointOf.get(entry) ?? []).map(at);
              if (own.length < 2) continue;
              children.push({
                type: 'polyline',
                shape: { points: own },
                style: { fill: null, stroke: withAlpha(theme.muted, 0.3), lineWidth: 1 },
              });
            }
            for (const point of points) {
              const isOn = point === this.pointed;
              const isSelected = point.entry.key === selected;
              const color = isOn || isSelected ? theme.highlight : theme.accent;
              children.push(
                pointMark(point.run, at(point), isOn || isSelected ? 6.5 : 4.5, {
                  color,
                  around: isOn ? theme.foreground : theme.background,
                }),
              );
            }
            return { type: 'group', children };
          },
        },
      ],
    };
  }
}

function correlationText({ count, rho, interval }: RankCorrelation): string {
  const pairs = plural(count, 'checkpoint');
  if (rho === null || interval === null) {
    return t('One of the figures is the same everywhere: no rank correlation ({0}).', pairs);
  }
  const [low, high] = interval.map((value) => value.toFixed(2).replace('-', '−')) as [
    string,
    string,
  ];
  return t(
    'Spearman’s ρ = {0}, 95 % of the bootstrap from {1} to {2} ({3})',
    rho.toFixed(2).replace('-', '−'),
    low,
    high,
    pairs,
  );
}

/** What ρ does not say by itself. */
function relateNotes({ count, rho }: RankCorrelation, runs: readonly Run[]): readonly string[] {
  const notes: string[] = [];
  if (rho !== null && count < FEW_PAIRS) {
    notes.push(t('So few checkpoints say next to nothing: ρ may be chance.'));
  }
  if (runs.flatMap(trainingsOf).some((entries) => entries.length > 2)) {
    notes.push(
      t(
        'Checkpoints of one run follow from each other, so that the interval is too narrow: compare runs of other seeds.',
      ),
    );
  }
  return notes;
}
