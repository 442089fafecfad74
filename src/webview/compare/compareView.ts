import type { Interpolation } from '../../shared/comparison';
import type { PanelEntry } from '../../shared/panelProtocol';
import type { ResultDocument } from '../../shared/result';
import { button, Choice, Picker } from '../controls';
import { DisposableStore, type Disposable } from '../disposable';
import { element } from '../element';
import { Chart } from '../plots/chart';
import { PlotSection } from '../plots/plotSection';
import type { Theme } from '../plots/theme';
import type { ViewState } from '../state/viewState';
import { t } from '../../shared/words/text';
import type { Comparison, Side } from './comparison';
import { comparisonOf } from './compareDocuments';

export interface CompareHooks {
  /** The document of an entry; null until it has arrived. */
  readonly documentOf: (entry: PanelEntry) => ResultDocument | null;
  /** Has the loss between two checkpoints sampled; null where nobody could. */
  readonly askPath: ((first: string, second: string) => void) | null;
}

/** What the host answered, by `pathKey`: the path, or `asked` while it has not. */
export type KnownPaths = ReadonlyMap<string, Interpolation | string>;

export function pathKey(first: string, second: string): string {
  return JSON.stringify([first, second]);
}

/** At most so many beside the one that is shown. */
const MAX_OTHERS = 2;
const NONE = '';

/** Two or three checkpoints side by side: their planes, their difference, their diagrams, the way. */
export class CompareView implements Disposable {
  readonly section: PlotSection;
  private readonly store = new DisposableStore();
  private readonly chart: Chart;
  private readonly choice: Choice<ViewState['compareAs']>;
  private readonly others: readonly Picker[];
  private readonly ask = element('div', { class: 'plot-action' });
  private comparison: Comparison | null = null;
  private askedFor: readonly [string, string] | null = null;
  private chosen: readonly string[] = [];

  constructor(
    onState: (change: Partial<ViewState>) => void,
    onTable: (shown: boolean) => void,
    private readonly hooks: CompareHooks,
  ) {
    this.section = new PlotSection(
      'compare',
      t('Compare'),
      t('Choose the checkpoints and what to see of them above the plot.'),
      onTable,
    );
    // Until it is known that there is more than one checkpoint.
    this.section.root.hidden = true;
    this.others = Array.from(
      { length: MAX_OTHERS },
      (_, k) =>
        new Picker(k === 0 ? t('Compare with') : t('And with'), (key) => {
          const chosen = [...this.chosen];
          chosen[k] = key;
          onState({ compared: chosen.filter((each) => each !== NONE) });
        }),
    );
    this.choice = new Choice(
      t('Compare their'),
      [
        { value: 'maps', text: t('Maps') },
        { value: 'difference', text: t('Difference') },
        { value: 'diagrams', text: t('Diagrams') },
        { value: 'path', text: t('Path') },
      ],
      (compareAs) => {
        onState({ compareAs });
      },
    );
    this.section.tools.append(...this.others.map(({ root }) => root), this.choice.root);
    this.ask.append(
      button(t('Sample the Loss between Them'), 'primary', () => {
        if (this.askedFor !== null) this.hooks.askPath?.(...this.askedFor);
      }),
    );
    this.section.root.append(this.ask);
    this.chart = this.store.add(
      new Chart(this.section.stage, (place) => {
        this.section.read(place && (this.comparison?.read(this.chart, place) ?? null));
      }),
    );
  }

  update(
    entries: readonly PanelEntry[],
    shown: PanelEntry,
    theme: Theme,
    state: ViewState,
    paths: KnownPaths,
  ): void {
    const analyzed = entries.filter(({ summary }) => summary !== null);
    this.section.root.hidden = analyzed.length < 2;
    this.comparison = null;
    this.askedFor = null;
    this.ask.hidden = true;
    if (analyzed.length < 2) return;
    const rest = analyzed.filter(({ key }) => key !== shown.key);
    const runs = new Set(analyzed.map(({ run }) => run)).size;
    const name = ({ run, label }: PanelEntry) =>
      runs > 1 && run !== '' ? `${run}/${label}` : label;
    const chosen = state.compared.flatMap((key) => rest.filter((entry) => entry.key === key));
    this.chosen = chosen.map(({ key }) => key);
    this.others.forEach((picker, k) => {
      picker.root.hidden = k > chosen.length;
      picker.update(
        [
          { value: NONE, text: k === 0 ? t('Compare with…') : t('And with…') },
          ...rest
            .filter(({ key }) => key === chosen[k]?.key || !this.chosen.includes(key))
            .map((entry) => ({ value: entry.key, text: name(entry) })),
        ],
        chosen[k]?.key ?? NONE,
      );
    });
    this.choice.root.hidden = chosen.length === 0;
    this.choice.update(state.compareAs);
    if (chosen.length === 0) {
      this.explain(t('Choose another checkpoint to see both on one scale.'));
      return;
    }
    const sides: Side[] = [];
    for (const entry of [shown, ...chosen]) {
      const document = this.hooks.documentOf(entry);
      if (document === null) {
        this.explain(t('{0} is on its way.', name(entry)));
        return;
      }
      sides.push({ title: name(entry), document });
    }
    const pair = [shown.key, chosen[0]!.key] as const;
    const path = paths.get(pathKey(...pair));
    const comparison = comparisonOf(sides, state, theme, path ?? null);
    if (typeof comparison === 'string') {
      const canAsk =
        state.compareAs === 'path' && path === undefined && this.hooks.askPath !== null;
      this.explain(canAsk ? t('The loss between the two has not been sampled.') : comparison);
      this.ask.hidden = !canAsk;
      this.askedFor = pair;
      return;
    }
    this.comparison = comparison;
    this.section.update({
      ...comparison,
      drawing: () => this.chart.drawing(theme),
    });
    this.chart.draw(
      () => comparison.option({ width: this.chart.width, height: this.chart.height }),
      comparison.heightOf,
    );
  }

  dispose(): void {
    this.store.dispose();
  }

  /** The pickers stay: they are the way on. */
  private explain(message: string): void {
    this.section.explain(message);
    this.section.tools.hidden = false;
  }
}
