import type { EChartsCoreOption } from 'echarts/core';
import type { ResultDocument } from '../../shared/result';
import type { Topology } from '../../shared/result/topology';
import { Chart, FIXED, roomForLabels, ticksAt } from '../plots/chart';
import { Choice } from '../controls';
import type { CustomApi } from '../plots/customApi';
import { DisposableStore, type Disposable } from '../disposable';
import type { Highlight } from '../pairs/highlight';
import { nearestMark, type Anchor } from '../pairs/nearestMark';
import { pairMarks, type PairMark } from '../pairs/pairMark';
import { readPairs } from '../pairs/pairReading';
import { placeText } from '../pairs/pairText';
import { simplifiedCounts } from './simplification';
import { ThresholdControl } from './thresholdControl';
import { caption, countsCaption, pairData } from './persistenceText';
import { persistenceFrame, type PersistenceFrame } from './persistenceFrame';
import type { RunScales } from '../training/runScales';
import { countsOf, countsOption } from './countsDrawing';
import { discs } from '../plots/manyShapes';
import { PlotSection } from '../plots/plotSection';
import { label } from '../plots/shapes';
import { formatNumber } from '../../shared/words/numbers';
import { persistenceSummary } from '../summaries';
import { withAlpha, type Theme } from '../plots/theme';
import type { ViewState } from '../state/viewState';
import { t } from '../../shared/words/text';

/** Most a bar takes, with the space around it, in pixels. */
const ROW_HEIGHT = 22;

/** Births and deaths of the basins: as a diagram, or as bars. */
export class PersistenceView implements Disposable {
  readonly section: PlotSection;
  private readonly store = new DisposableStore();
  private readonly chart: Chart;
  private readonly choice: Choice<ViewState['persistence']>;
  private readonly threshold: ThresholdControl;
  private shown: {
    readonly topology: Topology;
    /** At the threshold of the document. */
    readonly whole: Topology;
    readonly marks: readonly PairMark[];
    readonly frame: PersistenceFrame;
    readonly theme: Theme;
    readonly as: ViewState['persistence'];
  } | null = null;

  constructor(
    private readonly highlight: Highlight,
    onState: (change: Partial<ViewState>) => void,
    onTable: (shown: boolean) => void,
  ) {
    this.section = new PlotSection(
      'persistence',
      t('Persistence'),
      t('Arrow keys go through the pairs, most persistent first; Escape lets go.'),
      onTable,
    );
    this.choice = new Choice(
      t('Persistence as'),
      [
        { value: 'diagram', text: t('Diagram') },
        { value: 'barcode', text: t('Barcode') },
        { value: 'counts', text: t('Counts') },
      ],
      (persistence) => {
        onState({ persistence });
      },
    );
    this.section.tools.append(this.choice.root);
    this.threshold = new ThresholdControl((threshold) => {
      onState({ threshold });
    });
    this.section.stage.before(this.threshold.root);
    for (const type of ['pointerdown', 'pointermove'] as const) {
      this.store.listen(this.section.stage, type, (event) => {
        if ((event.buttons & 1) === 1) this.drag(event, onState);
      });
    }
    this.chart = this.store.add(
      new Chart(this.section.stage, (place) => {
        highlight.set(place && nearestMark(this.anchors(), place.x, place.y));
      }),
    );
    readPairs(
      this.store,
      this.section,
      highlight,
      () => this.shown?.marks ?? [],
      () => {
        this.draw();
      },
    );
  }

  update(
    document: ResultDocument,
    theme: Theme,
    state: ViewState,
    running: boolean,
    range: RunScales['loss'] = null,
  ): void {
    const { topology: whole, landscape } = document;
    const topology = whole && simplifiedCounts(whole, state.threshold ?? NaN);
    if (whole === undefined || topology === undefined) {
      this.shown = null;
      this.threshold.root.hidden = true;
      this.section.explain(
        running
          ? t('Minima and saddles come when the landscape is complete.')
          : t('Minima and saddles have not been looked for.'),
      );
      return;
    }
    const marks = pairMarks(topology, landscape?.axes ?? []);
    const as = state.persistence;
    // The frame is that of all pairs, so that it stands still while the threshold moves.
    const frame = persistenceFrame(
      pairMarks(whole, landscape?.axes ?? []),
      whole.threshold,
      state.scale,
      range,
    );
    this.threshold.update(whole, topology);
    this.shown = { topology, whole, marks, frame, theme, as };
    this.choice.update(as);
    this.section.update({
      summary: persistenceSummary(topology),
      caption: as === 'counts' ? countsCaption(whole) : caption(topology, frame),
      drawing: () => this.chart.drawing(theme),
      data: () => pairData(topology),
      table: () => ({
        caption: t('Persistence pairs, the essential one first'),
        columns: [
          t('Pair'),
          t('Birth'),
          t('Minimum at'),
          t('Death'),
          t('Saddle at'),
          t('Persistence'),
          t('At the border'),
        ],
        rows: marks.map((mark, index) => [
          mark.essential ? t('Essential') : String(index),
          formatNumber(mark.birth, 6),
          whereIs((mark.places ?? mark.coordinates)?.birth, mark.birthVertex),
          formatNumber(mark.death, 6),
          whereIs((mark.places ?? mark.coordinates)?.death, mark.deathVertex),
          formatNumber(mark.persistence, 6),
          mark.border ? t('yes') : t('no'),
        ]),
      }),
    });
    this.draw();
  }

  dispose(): void {
    this.store.dispose();
  }

  /** In the diagram: the band beside the diagonal goes where the pointer is. */
  private drag(event: PointerEvent, onState: (change: Partial<ViewState>) => void): void {
    if (this.shown?.as === 'counts') this.dragCounts(event, onState);
    if (this.shown?.as !== 'diagram') return;
    const box = this.section.stage.getBoundingClientRect();
    const at = this.chart.fromPixel(0, event.clientX - box.left, event.clientY - box.top);
    if (at === null) return;
    const { low, high } = this.shown.frame;
    const isInside = at.x >= low && at.x <= high && at.y >= low && at.y <= high;
    if (!isInside) return;
    const { lossAt } = this.shown.frame;
    onState({ threshold: at.y > at.x ? lossAt(at.y) - lossAt(at.x) : null });
  }

  /** The threshold goes where the pointer is. */
  private dragCounts(event: PointerEvent, onState: (change: Partial<ViewState>) => void): void {
    const { whole } = this.shown!;
    const box = this.section.stage.getBoundingClientRect();
    const at = this.chart.fromPixel(0, event.clientX - box.left, event.clientY - box.top);
    if (at === null) return;
    const threshold = 10 ** at.x;
    onState({ threshold: threshold > whole.threshold ? threshold : null });
  }

  private draw(): void {
    const { shown } = this;
    if (shown === null) return;
    this.chart.draw(() => {
      switch (shown.as) {
        case 'diagram':
          return this.diagram(shown);
        case 'barcode':
          return this.barcode(shown);
        case 'counts':
          return countsOption(
            countsOf(shown.whole),
            shown.whole.threshold,
            shown.topology.threshold,
            shown.theme,
            this.chart.width,
          );
      }
    });
  }

  private diagram(shown: NonNullable<typeof this.shown>): EChartsCoreOption {
    const { theme, frame, topology } = shown;
    const ticks = frame.ticks(Math.max(3, Math.floor(this.chart.width / 90)));
    const axis = {
      ...ticksAt(theme, ticks),
      min: frame.low,
      max: frame.high,
    };
    const room = roomForLabels(ticks);
    // As wide as high: a pair's distance to the diagonal is its persistence in any direction.
    const side = Math.max(40, Math.min(this.chart.width - room - 30, this.chart.height - 58));
    return {
      grid: { ...FIXED, left: room + 14, top: 16, width: side, height: side },
      xAxis: { ...axis, name: t('birth: loss at the minimum'), nameGap: 26 },
      yAxis: { ...axis, name: t('death: loss at the saddle'), nameGap: room },
      series: [
        {
          type: 'custom',
          silent: true,
          clip: true,
          data: [0],
          renderItem: (_: unknown, api: CustomApi) => {
            const { low, high } = frame;
            const children: unknown[] = [
              polygon(
                [api.coord([low, low]), api.coord([high, high]), api.coord([high, low])],
                withAlpha(theme.foreground, 0.035),
              ),
            ];
            // Noise is next to the diagonal: pairs in this band are left out.
            children.push(
              polygon(
                bandOf(frame, topology.threshold).map(([x, y]) => api.coord([x, y])),
                withAlpha(theme.highlight, 0.22),
              ),
              line(api.coord([low, low]), api.coord([high, high]), theme.muted, 1),
            );
            return { type: 'group', children };
          },
        },
        this.points(shown),
      ],
    };
  }

  private points({ marks, theme, frame }: NonNullable<typeof this.shown>): Record<string, unknown> {
    const on = this.highlight.pair;
    return {
      type: 'custom',
      silent: true,
      clip: false,
      data: [0],
      renderItem: (_: unknown, api: CustomApi) => {
        const children: unknown[] = [];
        // All that look alike are one element; the essential one and the one pointed at are over them.
        const inner: number[] = [];
        const atBorder: number[] = [];
        for (const mark of marks) {
          if (mark.essential || mark.id === on) continue;
          const [x, y] = api.coord([frame.place(mark.birth), frame.toHeight(mark)]);
          (mark.border ? atBorder : inner).push(x, y);
        }
        children.push(
          discs(inner, 4.5, { fill: theme.accent, stroke: theme.background, lineWidth: 2.4 }),
          discs(atBorder, 4.5, {
            fill: theme.background,
            stroke: theme.accent,
            lineWidth: 1.6,
            strokeFirst: false,
          }),
        );
        const above = marks
          .filter((mark) => mark.essential || mark.id === on)
          .sort((a, b) => Number(a.id === on) - Number(b.id === on));
        for (const mark of above) {
          const pointed = mark.id === on;
          const color = pointed
            ? theme.highlight
            : mark.essential
              ? theme.foreground
              : theme.accent;
          const [x, y] = api.coord([frame.place(mark.birth), frame.toHeight(mark)]);
          const [, foot] = api.coord([frame.place(mark.birth), frame.place(mark.birth)]);
          if (pointed) {
            children.push(line([x, foot], [x, y], color, 2.5), {
              type: 'circle',
              shape: { cx: x, cy: y, r: 11 },
              style: { fill: theme.background, stroke: theme.foreground, lineWidth: 2 },
            });
          }
          if (mark.essential) {
            const r = pointed ? 7 : 6;
            children.push({
              type: 'polygon',
              shape: {
                points: frame.essentialBeyond
                  ? [
                      [x - r, y + r],
                      [x, y - r],
                      [x + r, y + r],
                    ]
                  : [
                      [x, y - r],
                      [x + r, y],
                      [x, y + r],
                      [x - r, y],
                    ],
              },
              style: { fill: theme.background, stroke: color, lineWidth: 1.8 },
            });
            children.push(
              label(t('essential, to {0}', formatNumber(mark.death, 3)), [x + 12, y], theme, {
                fill: pointed ? color : theme.muted,
              }),
            );
          } else {
            children.push({
              type: 'circle',
              shape: { cx: x, cy: y, r: 6 },
              style: mark.border
                ? { fill: theme.background, stroke: color, lineWidth: 1.6 }
                : { fill: color, stroke: theme.background, lineWidth: 1.2 },
            });
          }
        }
        return { type: 'group', children };
      },
    };
  }

  private barcode({ marks, theme, frame }: NonNullable<typeof this.shown>): EChartsCoreOption {
    const on = this.highlight.pair;
    // A few bars stand together at the top instead of far apart.
    const rows = Math.max(marks.length, Math.floor((this.chart.height - 52) / ROW_HEIGHT));
    const ticks = frame.ticks(Math.max(3, Math.floor(this.chart.width / 90)));
    return {
      grid: { ...FIXED, left: 20, right: 20, top: 10, bottom: 42 },
      xAxis: {
        ...ticksAt(theme, ticks),
        min: frame.low,
        max: frame.high,
        name: t('loss, from the minimum to the saddle'),
        nameGap: 26,
      },
      yAxis: { type: 'value', min: 0, max: rows, inverse: true, show: false },
      series: [
        {
          type: 'custom',
          silent: true,
          clip: false,
          data: [0],
          renderItem: (_: unknown, api: CustomApi) => ({
            type: 'group',
            children: marks.flatMap((mark, row) => {
              const pointed = mark.id === on;
              const color = pointed
                ? theme.highlight
                : mark.essential
                  ? theme.foreground
                  : theme.accent;
              const [x1, y] = api.coord([frame.place(mark.birth), row + 0.5]);
              const [x2] = api.coord([frame.toHeight(mark), row + 0.5]);
              const [, top] = api.coord([frame.place(mark.birth), row]);
              const [, bottom] = api.coord([frame.place(mark.birth), row + 1]);
              const height = Math.max(1, Math.min(8, (bottom - top) * 0.6));
              const bar = {
                type: 'rect',
                shape: {
                  x: x1,
                  y: y - height / 2,
                  width: Math.max(1.5, x2 - x1),
                  height,
                  r: Math.min(2, height / 2),
                },
                style:
                  mark.essential || mark.border
                    ? { fill: withAlpha(color, 0.15), stroke: color, lineWidth: 1 }
                    : { fill: color },
              };
              if (!mark.essential || !frame.essentialBeyond) return [bar];
              return [
                bar,
                polygon(
                  [
                    [x2 + 2, y - 5],
                    [x2 + 10, y],
                    [x2 + 2, y + 5],
                  ],
                  color,
                ),
              ];
            }),
          }),
        },
      ],
    };
  }

  private anchors(): Anchor[] {
    const { shown } = this;
    if (shown === null) return [];
    if (shown.as === 'counts') return [];
    return shown.marks.flatMap((mark, row) => {
      if (shown.as === 'diagram') {
        const pixel = this.chart.toPixel(
          0,
          shown.frame.place(mark.birth),
          shown.frame.toHeight(mark),
        );
        return pixel === null ? [] : [{ id: mark.id, ...pixel }];
      }
      // A bar is long: an anchor every few pixels makes all of it answer.
      const from = this.chart.toPixel(0, shown.frame.place(mark.birth), row + 0.5);
      const to = this.chart.toPixel(0, shown.frame.toHeight(mark), row + 0.5);
      if (from === null || to === null) return [];
      const count = 1 + Math.ceil((to.x - from.x) / 8);
      return Array.from({ length: count }, (_, k) => ({
        id: mark.id,
        x: from.x + (k * (to.x - from.x)) / Math.max(1, count - 1),
        y: from.y,
      }));
    });
  }
}

/** Its place, or its number where the grid is not known. */
function whereIs(place: readonly number[] | undefined, vertex: number): string {
  return place === undefined ? String(vertex) : placeText(place);
}

/** Between the diagonal and the pairs of that persistence: straight on a linear axis only. */
function bandOf(
  { low, high, place, lossAt }: PersistenceFrame,
  threshold: number,
): (readonly [number, number])[] {
  const steps = 48;
  const edge = Array.from({ length: steps + 1 }, (_, k) => {
    const at = low + ((high - low) * k) / steps;
    return [at, Math.min(high, place(lossAt(at) + threshold))] as const;
  });
  return [[low, low], ...edge, [high, high]];
}

function polygon(points: readonly (readonly number[])[], fill: string): unknown {
  return { type: 'polygon', shape: { points }, style: { fill } };
}

function line(
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
  stroke: string,
  lineWidth: number,
): unknown {
  return { type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke, lineWidth } };
}
