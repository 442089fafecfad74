import type { EChartsCoreOption } from 'echarts/core';
import { drawn } from '../plots/drawn';
import type { ResultDocument } from '../../shared/result';
import type { Topology } from '../../shared/result/topology';
import { Chart, FIXED, roomForLabels, ticksAt } from '../plots/chart';
import { Choice } from '../controls';
import { DisposableStore, type Disposable } from '../disposable';
import type { Highlight } from '../pairs/highlight';
import { nearestMark, type Anchor } from '../pairs/nearestMark';
import { pairMarks, type PairId, type PairMark } from '../pairs/pairMark';
import { readPairs } from '../pairs/pairReading';
import { persistenceFrame, type PersistenceFrame } from './persistenceFrame';
import { minimaOf, outlineOf, profileOption } from './profileDrawing';
import { discs, segments } from '../plots/manyShapes';
import { PlotSection } from '../plots/plotSection';
import { formatCount, formatNumber } from '../../shared/words/numbers';
import { mergeTreeSummary } from '../summaries';
import { withAlpha, type Theme } from '../plots/theme';
import type { ViewState } from '../state/viewState';
import { drawnTopology, MAX_BRANCHES } from './drawnTopology';
import { treeLayout, type TreeLayout } from './treeLayout';
import { t } from '../../shared/words/text';

/** The table is for reading: the file has all. */
const MAX_ROWS = 2000;

/** How the basins join as the loss rises. */
export class MergeTreeView implements Disposable {
  readonly section: PlotSection;
  private readonly store = new DisposableStore();
  private readonly chart: Chart;
  private shown: {
    readonly topology: Topology;
    readonly layout: TreeLayout;
    readonly marks: readonly PairMark[];
    readonly frame: PersistenceFrame;
    readonly theme: Theme;
    readonly as: ViewState['tree'];
  } | null = null;
  private readonly choice: Choice<ViewState['tree']>;

  constructor(
    private readonly highlight: Highlight,
    onState: (change: Partial<ViewState>) => void,
    onTable: (shown: boolean) => void,
  ) {
    this.section = new PlotSection(
      'tree',
      t('Merge tree'),
      t('Arrow keys go through the pairs, most persistent first; Escape lets go.'),
      onTable,
    );
    this.choice = new Choice(
      t('Basins as'),
      [
        { value: 'tree', text: t('Tree') },
        { value: 'profile', text: t('Profile') },
      ],
      (tree) => {
        onState({ tree });
      },
    );
    this.section.tools.append(this.choice.root);
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

  update(document: ResultDocument, theme: Theme, state: ViewState, running: boolean): void {
    const { topology, landscape } = document;
    if (topology === undefined) {
      this.shown = null;
      this.section.explain(
        running
          ? t('The tree comes when the landscape is complete.')
          : t('Minima and saddles have not been looked for.'),
      );
      return;
    }
    const marks = pairMarks(topology, landscape?.axes ?? []);
    const shownTree = cutDown(topology);
    const layout = treeLayout(shownTree.mergeTree);
    this.shown = {
      topology: shownTree,
      layout,
      marks,
      frame: persistenceFrame(marks, topology.threshold, state.scale),
      theme,
      as: topology.profile === undefined ? 'tree' : state.tree,
    };
    this.choice.update(
      this.shown.as,
      topology.profile === undefined
        ? { profile: t('This result holds no profile: analyze the checkpoint again.') }
        : {},
    );
    this.section.update({
      summary: mergeTreeSummary(topology),
      caption:
        this.shown.as === 'profile'
          ? t(
              'Each basin is as wide as the share of the grid in it below that loss; its color is its mean loss.',
            )
          : t('Height is loss; the thicker a branch, the more grid points it holds.'),
      drawing: () => this.chart.drawing(theme),
      data: () => ({
        columns: ['node', 'kind', 'loss', 'vertex', 'parent', 'size'],
        rows: topology.mergeTree.nodes.map(({ kind, value, vertex, parent, size }, node) => [
          node,
          kind,
          value,
          vertex,
          parent,
          size,
        ]),
      }),
      notes:
        topology.pairs.length > MAX_BRANCHES
          ? [t('Drawn are the {0} most persistent branches.', MAX_BRANCHES)]
          : [],
      table: () => ({
        caption: t('Nodes of the merge tree, lowest first'),
        columns: [
          t('Node'),
          t('Kind'),
          t('Loss'),
          t('Vertex'),
          t('Merges into'),
          t('Grid points on the arc'),
        ],
        rows: topology.mergeTree.nodes
          .slice(0, MAX_ROWS)
          .map((node, index) => [
            String(index),
            kindText(node.kind),
            formatNumber(node.value, 6),
            String(node.vertex),
            node.parent < 0 ? '–' : String(node.parent),
            formatCount(node.size),
          ]),
      }),
    });
    this.draw();
  }

  dispose(): void {
    this.store.dispose();
  }

  private draw(): void {
    const { shown } = this;
    if (shown === null) return;
    const { profile } = shown.topology;
    this.chart.draw(() =>
      shown.as === 'profile' && profile !== undefined
        ? profileOption(profile, shown.frame, shown.theme, this.highlight.pair)
        : this.option(shown),
    );
  }

  private option({
    topology,
    layout,
    marks,
    frame,
    theme,
  }: NonNullable<typeof this.shown>): EChartsCoreOption {
    const on = this.highlight.pair;
    const ticks = frame.ticks(5);
    const room = roomForLabels(ticks);
    const atBorder = new Set(
      marks.filter(({ border }) => border).map(({ birthVertex }) => birthVertex),
    );
    const { nodes } = topology.mergeTree;
    const largest = layout.branches.reduce((most, { size }) => Math.max(most, size), 1);
    const top = (value: number) => Math.min(frame.place(value), frame.high);
    return {
      grid: { ...FIXED, left: room + 14, right: 16, top: 10, bottom: 12 },
      xAxis: { type: 'value', min: -0.6, max: Math.max(0.6, layout.leaves - 0.4), show: false },
      yAxis: {
        ...ticksAt(theme, frame.ticks(5)),
        min: frame.low,
        max: frame.high,
        name: t('loss'),
        nameGap: room,
      },
      series: [
        drawn((api) => {
          const children: unknown[] = [];
          const spacing = api.coord([1, 0])[0] - api.coord([0, 0])[0];
          const widest = Math.min(5, Math.max(1, spacing * 0.5));
          const chosen: unknown[] = [];
          // All of about one thickness are one element: hundreds cost more than what they draw.
          const stems = new Map<number, number[]>();
          const joins: number[] = [];
          for (const branch of layout.branches) {
            const [x, y] = api.coord([branch.x, frame.place(branch.from)]);
            const [parentX, parentY] = api.coord([branch.parentX, top(branch.to)]);
            const thickness = 1 + (widest - 1) * Math.sqrt(branch.size / largest);
            if (branch.minimumVertex === on) {
              const lineWidth = Math.max(3, thickness);
              const bent = [x, y, x, parentY, x, parentY, parentX, parentY];
              chosen.push(segments(bent, { stroke: theme.highlight, lineWidth }));
              continue;
            }
            const lineWidth = Math.round(thickness * 4) / 4;
            const alike = stems.get(lineWidth) ?? [];
            stems.set(lineWidth, alike);
            alike.push(x, y, x, parentY);
            // Thin: a join has a height and no size.
            if (parentX !== x) joins.push(x, parentY, parentX, parentY);
          }
          for (const [lineWidth, ends] of stems) {
            children.push(segments(ends, { stroke: withAlpha(theme.accent, 0.8), lineWidth }));
          }
          children.push(segments(joins, { stroke: withAlpha(theme.accent, 0.55), lineWidth: 1 }));
          const inner: number[] = [];
          const cut: number[] = [];
          nodes.forEach((node, index) => {
            if (node.kind !== 'minimum') return;
            const [x, y] = api.coord([layout.x[index]!, frame.place(Number(node.value))]);
            const isCut = atBorder.has(node.vertex);
            if (node.vertex !== on) {
              (isCut ? cut : inner).push(x, y);
              return;
            }
            const color = theme.highlight;
            chosen.push(
              discs([x, y], 10, {
                fill: theme.background,
                stroke: theme.foreground,
                lineWidth: 4,
              }),
              discs([x, y], 5.5, {
                fill: isCut ? theme.background : color,
                stroke: color,
                lineWidth: 3,
              }),
            );
          });
          const r = Math.min(4, Math.max(1.5, spacing / 3));
          children.push(
            discs(inner, r, { fill: theme.accent, stroke: theme.background, lineWidth: 2.4 }),
            discs(cut, r, { fill: theme.background, stroke: theme.accent, lineWidth: 3 }),
          );
          for (const shape of chosen) children.push(shape);
          return children;
        }),
      ],
    };
  }

  private anchors(): Anchor[] {
    const { shown } = this;
    if (shown === null) return [];
    const { layout, frame, topology } = shown;
    if (shown.as === 'profile' && topology.profile !== undefined) {
      const minima = minimaOf(topology.profile);
      return topology.profile.basins.flatMap((basin, index) =>
        outlineOf(basin).flatMap(([x, y]) => {
          const at = this.chart.toPixel(0, x, Math.min(frame.place(y), frame.high));
          return at === null ? [] : [{ id: minima[index] as PairId, ...at }];
        }),
      );
    }
    return layout.branches.flatMap((branch) => {
      const from = this.chart.toPixel(0, branch.x, frame.place(branch.from));
      const to = this.chart.toPixel(0, branch.x, Math.min(frame.place(branch.to), frame.high));
      if (from === null || to === null) return [];
      const count = 1 + Math.ceil(Math.abs(from.y - to.y) / 8);
      return Array.from({ length: count }, (_, k) => ({
        id: branch.minimumVertex as PairId,
        x: from.x,
        y: from.y + (k * (to.y - from.y)) / Math.max(1, count - 1),
      }));
    });
  }
}

/** Of a document as it came; one at another threshold has been cut down already. */
function cutDown(topology: Topology): Topology {
  return topology.mergeTree.nodes.length > 2 * MAX_BRANCHES + 2
    ? drawnTopology(topology)
    : topology;
}

function kindText(kind: Topology['mergeTree']['nodes'][number]['kind']): string {
  switch (kind) {
    case 'minimum':
      return t('minimum');
    case 'saddle':
      return t('saddle');
    case 'root':
      return t('root');
  }
}
