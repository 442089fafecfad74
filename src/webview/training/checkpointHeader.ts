import type { PanelEntry, Readiness } from '../../shared/panelProtocol';
import type { ResultDocument } from '../../shared/result';
import { button, iconButton, ICONS, Picker, Toggle } from '../controls';
import { element, setText } from '../element';
import type { Run } from '../state/runs';
import { counterpart, stepEntry, type Step } from '../state/selection';
import { provenance } from '../summaries';
import { t } from '../../shared/words/text';

export interface TrainingHooks {
  readonly onPlay: (playing: boolean) => void;
  readonly onFixed: (fixed: boolean) => void;
  readonly onFollow: (follow: boolean) => void;
  /** Whether checkpoints may still come. */
  readonly canFollow: boolean;
}

export interface HeaderState {
  /** Whether an analysis runs. */
  readonly busy: boolean;
  readonly explained: boolean;
  readonly playing: boolean;
  readonly fixed: boolean;
  readonly follow: boolean;
  /** Null where it is not known. */
  readonly readiness: Readiness | null;
}

/** Which checkpoint is shown, and the way to another. */
export class CheckpointHeader {
  readonly root: HTMLElement;
  private readonly runPicker: Picker;
  private readonly checkpointPicker: Picker;
  private readonly previous: HTMLButtonElement;
  private readonly next: HTMLButtonElement;
  private readonly about = element('p', { class: 'provenance' });
  private readonly explain: Toggle;
  private readonly play: Toggle;
  private readonly fixed: Toggle;
  private readonly follow: Toggle;
  private readonly again: HTMLElement | null;
  private runs: readonly Run[] = [];
  private run: Run | null = null;
  private key = '';

  constructor(
    private readonly onSelect: (key: string) => void,
    onExplain: (explained: boolean) => void,
    /** Null where nobody could analyse. */
    onAnalyze: ((key: string) => void) | null,
    private readonly training: TrainingHooks,
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
    this.play = new Toggle(t('Play the Training'), ICONS.play, training.onPlay);
    this.play.root.id = 'play';
    this.fixed = new Toggle(t('One scale for the whole training'), ICONS.scale, training.onFixed);
    this.fixed.root.id = 'one-scale';
    this.follow = new Toggle(t('Follow the newest checkpoint'), ICONS.follow, training.onFollow);
    this.follow.root.id = 'follow';
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
        element(
          'div',
          { class: 'steps' },
          this.previous,
          this.next,
          this.play.root,
          this.fixed.root,
          this.follow.root,
        ),
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
    { busy, explained, playing, fixed, follow, readiness }: HeaderState,
  ): void {
    this.explain.update(explained);
    const hasMore = run.entries.filter(({ summary }) => summary !== null).length > 1;
    this.play.root.hidden = !hasMore;
    this.play.rename(
      playing ? t('Stop Playing') : t('Play the Training'),
      playing ? ICONS.pause : ICONS.play,
    );
    this.play.update(playing);
    this.fixed.root.hidden = !hasMore;
    this.fixed.update(fixed);
    this.follow.root.hidden = !this.training.canFollow;
    this.follow.update(follow);
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
    // With one checkpoint there is nowhere to go.
    this.previous.hidden = this.next.hidden = run.entries.length < 2;
    this.previous.disabled = run.entries[0]?.key === entry.key;
    this.next.disabled = run.entries.at(-1)?.key === entry.key;
    if (this.again !== null) this.again.hidden = busy || document === null;
    const about = [document === null ? '' : provenance(document), readiness?.marks ?? ''];
    setText(this.about, about.filter(Boolean).join(' · '));
    this.about.title = document === null ? '' : `SHA-256 ${document.checkpoint.sha256}`;
  }

  step(step: Step): void {
    const entry = this.run && stepEntry(this.run, this.key, step);
    if (entry && entry.key !== this.key) this.onSelect(entry.key);
  }
}
