import type { PanelEntry } from '../../shared/panelProtocol';
import { button } from '../controls';
import { DisposableStore, type Disposable } from '../disposable';
import { Chart } from '../plots/chart';
import { PlotSection } from '../plots/plotSection';
import type { Theme } from '../plots/theme';
import { formatNumber } from '../../shared/words/numbers';
import { t } from '../../shared/words/text';
import { positions, sameFigures, trainingPlace, type Run } from '../state/runs';
import { figureOf, seriesOf, shownMeasures, shownWeightMeasures } from './series';
import { cellsOf, trainingOption, type TrainingContent } from './trainingDrawing';

const ROW_HEIGHT = 168;

/** Every figure over the checkpoints of all runs, with axes: the strip's lines at a size to read. */
export class TrainingView implements Disposable {
  readonly section: PlotSection;
  private readonly store = new DisposableStore();
  private readonly chart: Chart;
  private content: TrainingContent | null = null;
  private runs: readonly Run[] = [];
  private pointed: PanelEntry | null = null;

  private readonly measure: HTMLElement | null;

  constructor(
    onSelect: (key: string) => void,
    onTable: (shown: boolean) => void,
    /** Reads the weights of a checkpoint's run; null where nobody could. */
    onMeasure: ((key: string) => void) | null,
  ) {
    this.section = new PlotSection(
      'training',
      t('Training'),
      t(
        'Arrow keys go through the checkpoints of the run; Enter shows the one that is pointed at.',
      ),
      onTable,
    );
    // Until it is known that there is more than one checkpoint.
    this.section.root.hidden = true;
    const { stage, tools } = this.section;
    this.measure =
      onMeasure &&
      button(t('Norms and Distances of the Weights'), 'secondary', () => {
        const { selected } = this.content ?? {};
        if (selected !== undefined) onMeasure(selected.key);
      });
    if (this.measure !== null) {
      this.measure.id = 'measure-weights';
      tools.append(this.measure);
    }
    this.chart = this.store.add(
      new Chart(stage, (place) => {
        this.point(place === null ? null : this.nearest(place));
      }),
    );
    this.store.listen(stage, 'click', () => {
      if (this.pointed !== null) onSelect(this.pointed.key);
    });
    this.store.listen(stage, 'keydown', (event) => {
      const entries = this.content?.run.entries ?? [];
      if (event.key === 'Enter' && this.pointed !== null) onSelect(this.pointed.key);
      if (event.key === 'Escape') this.point(null);
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step === undefined || entries.length === 0) return;
      event.preventDefault();
      const key = this.pointed?.key ?? this.content?.selected.key;
      const at = entries.findIndex((entry) => entry.key === key);
      this.point(entries[Math.min(entries.length - 1, Math.max(0, at + step))] ?? null);
    });
  }

  update(runs: readonly Run[], run: Run, selected: PanelEntry, theme: Theme): void {
    const { content: old } = this;
    const isSame =
      old !== null &&
      old.run.name === run.name &&
      old.selected.key === selected.key &&
      old.theme === theme &&
      sameFigures(this.runs, runs);
    if (isSame) return;
    this.runs = runs;
    const isShown =
      run.entries.filter(({ summary, weights }) => summary !== null || weights !== undefined)
        .length > 1;
    this.section.root.hidden = !isShown;
    if (!isShown) {
      this.content = null;
      return;
    }
    const { unit } = positions(run);
    // Runs that count otherwise have no place on the same axis.
    const comparable = runs.filter((other) => other === run || positions(other).unit === unit);
    const measures = [...shownMeasures(comparable), ...shownWeightMeasures(comparable)];
    if (this.measure !== null) {
      this.measure.hidden = run.entries.every(({ weights }) => weights !== undefined);
    }
    this.content = { runs: comparable, run, selected, measures, theme, pointed: null };
    this.pointed = null;
    const names = comparable.map(({ name }) => name).filter((name) => name !== '');
    const rows = comparable.flatMap((each) =>
      each.entries.map((entry, k) => ({
        each,
        entry,
        at: positions(each).at[k]!,
        values: measures.map((measure) => figureOf(entry, measure)),
      })),
    );
    this.section.update({
      summary: t(
        '{0} over {1} of {2}.',
        measures.map(({ title }) => title()).join(', '),
        unitText(unit),
        names.join(', '),
      ),
      caption: [
        t('over {0}', unitText(unit)),
        ...(runs.length > comparable.length ? [t('runs that do not say it are left out')] : []),
      ].join(' · '),
      table: () => ({
        caption: t('Figures over the training'),
        columns: [
          t('Checkpoint'),
          t('Run'),
          unitText(unit),
          ...measures.map(({ title }) => title()),
        ],
        rows: rows.map(({ each, entry, at, values }) => [
          entry.label,
          each.name,
          formatNumber(at, 6),
          ...values.map((value) => (value === null ? '–' : formatNumber(value, 5))),
        ]),
      }),
      data: () => ({
        columns: ['run', 'checkpoint', unit, ...measures.map(({ id }) => id)],
        rows: rows.map(({ each, entry, at, values }) => [each.name, entry.label, at, ...values]),
      }),
      drawing: () => this.chart.drawing(theme),
    });
    this.draw();
  }

  dispose(): void {
    this.store.dispose();
  }

  private draw(): void {
    const { content } = this;
    if (content === null) return;
    this.chart.draw(
      () =>
        trainingOption(
          { ...content, pointed: this.pointed },
          { width: this.chart.width, height: this.chart.height },
        ),
      (width) => cellsOf(content.measures.length, width).rows * ROW_HEIGHT + 36,
    );
  }

  private point(entry: PanelEntry | null): void {
    if (entry === this.pointed) return;
    this.pointed = entry;
    this.draw();
    const { measures } = this.content ?? { measures: [] };
    this.section.read(
      entry === null
        ? null
        : [
            entry.run,
            trainingPlace(entry),
            ...measures.flatMap((measure) => {
              const value = figureOf(entry, measure);
              return value === null ? [] : [`${measure.title()} ${formatNumber(value)}`];
            }),
          ]
            .filter((part) => part !== '')
            .join(' · '),
    );
  }

  /** The checkpoint of any run nearest to a place in one of the cells. */
  private nearest({ x, y }: { readonly x: number; readonly y: number }): PanelEntry | null {
    const { content } = this;
    if (content === null) return null;
    let [best, least]: [PanelEntry | null, number] = [null, Infinity];
    content.measures.forEach((measure, grid) => {
      const at = this.chart.fromPixel(grid, x, y);
      if (at === null || at.y < 0 || at.y > 1) return;
      for (const run of content.runs) {
        const values = seriesOf(run, measure);
        positions(run).at.forEach((place, k) => {
          if ((values[k] ?? null) === null) return;
          // The shown run first, where others stand at the same place.
          const away = Math.abs(place - at.x) + (run === content.run ? 0 : 1e-9);
          if (away < least) [best, least] = [run.entries[k]!, away];
        });
      }
    });
    return best;
  }
}

function unitText(unit: string): string {
  switch (unit) {
    case 'epoch':
      return t('epochs');
    case 'step':
      return t('steps');
    default:
      return t('checkpoints');
  }
}
