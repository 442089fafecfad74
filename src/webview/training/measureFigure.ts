import type { Figure } from '../../shared/entryFigures';
import type { ResultDocument } from '../../shared/result';
import { t } from '../../shared/words/text';
import { element, setText } from '../element';
import { keyFigure } from './keyFigure';
import type { Measure } from './series';
import type { Sparkline } from './sparkline';

/** One figure of the strip: its name, its value at the checkpoint, its course, what must be known to read it. */
export class MeasureFigure {
  readonly root: HTMLElement;
  private readonly value = element('span', { class: 'measure-value' });
  private readonly error = element('span', { class: 'measure-error' });
  private readonly notes = element('div', { class: 'measure-notes' });

  constructor(
    private readonly measure: Measure<Figure>,
    isLogarithmic: boolean,
    private readonly line: Sparkline | null,
  ) {
    this.root = element(
      'div',
      { class: 'measure', 'data-measure': measure.id },
      element(
        'div',
        { class: 'measure-title' },
        element('span', { class: 'measure-name' }, measure.title()),
        isLogarithmic ? element('span', { class: 'measure-scale' }, t('log')) : null,
      ),
      element('div', { class: 'measure-figure' }, this.value, this.error),
      line?.root ?? null,
      this.notes,
    );
  }

  /**
   * @param explained whether the notes stand below; else they are the tooltip.
   * @param current which checkpoint of the run is shown.
   * @returns the figure in words.
   */
  update(document: ResultDocument | null, explained: boolean, current: number): string {
    const { value, error, notes } = keyFigure(this.measure.id, document);
    setText(this.value, value);
    setText(this.error, error);
    this.error.hidden = error === '';
    this.root.title = explained ? '' : notes.join('\n');
    this.notes.hidden = !explained;
    this.notes.replaceChildren(...(explained ? notes : []).map((note) => element('div', {}, note)));
    this.line?.point(current);
    return [this.measure.title(), value, error].filter(Boolean).join(' ');
  }
}
