import type { PanelEntry } from '../../shared/panelProtocol';
import type { ResultDocument } from '../../shared/result';
import { button, iconButton, ICONS, Picker, Toggle } from '../controls';
import { element, setText } from '../element';
import type { Run } from './runs';
import { counterpart, stepEntry, type Step } from '../state/selection';
import { provenance } from '../summaries';
import { t } from '../text';

/** Which checkpoint is shown, and the way to another. */
export class CheckpointHeader {
  readonly root: HTMLElement;
  private readonly runPicker: Picker;
  private readonly checkpointPicker: Picker;
  private readonly previous: HTMLButtonElement;
  private readonly next: HTMLButtonElement;
  private readonly about = element('p', { class: 'provenance' });
  private readonly explain: Toggle;
  private readonly again: HTMLElement | null;
  private runs: readonly Run[] = [];
  private run: Run | null = null;
  private key = '';

  constructor(
    private readonly onSelect: (key: string) => void,
    onExplain: (explained: boolean) => void,
    /** Null where nobody could analyse. */
    onAnalyze: ((key: string) => void) | null,
  ) {
    this.runPicker = new Picker(t('Run'), (name) => {
      const to = this.runs.find((run) => run.name === name);
      const entry = this.run && to && counterpart(this.run, this.key, to);
      if (entry) this.onSelect(entry.key);
    });
    this.checkpointPicker = new Picker(t('Checkpoint'), (key) => {
      this.onSelect(key);
    });
    this.previous = iconButton(t('Previous checkpoint'), ICONS.previous, () => {
      this.step('previous');
    });
    this.next = iconButton(t('Next checkpoint'), ICONS.next, () => {
      this.step('next');
    });
    this.explain = new Toggle(t('What must be known to read the figures'), ICONS.info, onExplain);
    this.again =
      onAnalyze &&
      button(t('Analyze Again'), 'secondary', () => {
        onAnalyze(this.key);
      });
    this.root = element(
      'header',
      { class: 'checkpoint-header' },
      element(
        'div',
        { class: 'pickers' },
        this.runPicker.root,
        this.checkpointPicker.root,
        element('div', { class: 'steps' }, this.previous, this.next),
      ),
      this.about,
      element('div', { class: 'header-tools' }, this.explain.root, this.again),
    );
  }

  update(
    runs: readonly Run[],
    run: Run,
    entry: PanelEntry,
    document: ResultDocument | null,
    { busy, explained }: { readonly busy: boolean; readonly explained: boolean },
  ): void {
    this.explain.update(explained);
    this.runs = runs;
    this.run = run;
    this.key = entry.key;
    this.runPicker.root.hidden = runs.length < 2;
    this.runPicker.update(
      runs.map(({ name }) => ({ value: name, text: name })),
      run.name,
    );
    this.checkpointPicker.update(
      run.entries.map(({ key, label }) => ({ value: key, text: label })),
      entry.key,
    );
    this.previous.disabled = run.entries[0]?.key === entry.key;
    this.next.disabled = run.entries.at(-1)?.key === entry.key;
    if (this.again !== null) this.again.hidden = busy || document === null;
    setText(this.about, document === null ? '' : provenance(document));
    this.about.title = document === null ? '' : `SHA-256 ${document.checkpoint.sha256}`;
  }

  step(step: Step): void {
    const entry = this.run && stepEntry(this.run, this.key, step);
    if (entry && entry.key !== this.key) this.onSelect(entry.key);
  }
}
