import { ICONS, Toggle } from '../controls';
import { element, setAttributes, setText } from '../element';
import { tableTwin, type TableTwin } from './tableTwin';
import type { PlotId } from '../state/viewState';
import { t } from '../text';

/** The frame every plot has: title, tools, the stage it is drawn on, a line to read values from. */
export class PlotSection {
  readonly root: HTMLElement;
  /** Where the plot goes: has the focus and the summary. */
  readonly stage: HTMLElement;
  readonly tools = element('div', { class: 'tools' });
  private readonly line: HTMLElement;
  private readonly noteList = element('ul', { class: 'plot-notes' });
  private readonly tableSlot = element('div', { class: 'table-slot' });
  private readonly message = element('p', { class: 'plot-message' });
  private readonly tableToggle: Toggle;
  private captionText = '';
  private tableOf: (() => TableTwin) | null = null;
  private tableShown = false;

  constructor(
    readonly id: PlotId,
    title: string,
    /** What the keys do: read out after the summary. */
    keys: string,
    onTable: (shown: boolean) => void,
  ) {
    this.line = element('p', { class: 'readout', id: `${id}-readout`, 'aria-live': 'off' });
    this.stage = element('div', {
      class: 'stage',
      id: `${id}-stage`,
      tabindex: 0,
      role: 'group',
      'aria-roledescription': t('plot'),
      'aria-describedby': `${id}-readout ${id}-keys`,
    });
    this.tableToggle = new Toggle(t('{0} as a table', title), ICONS.table, (shown) => {
      this.showTable(shown);
      onTable(shown);
    });
    this.root = element(
      'section',
      { class: `plot plot-${id}`, id, 'aria-labelledby': `${id}-title` },
      element(
        'header',
        { class: 'plot-header' },
        element('h2', { id: `${id}-title` }, title),
        this.tools,
        this.tableToggle.root,
      ),
      this.stage,
      this.tableSlot,
      this.message,
      this.line,
      this.noteList,
      element('p', { id: `${id}-keys`, class: 'visually-hidden' }, keys),
    );
    this.message.hidden = true;
    this.tableSlot.hidden = true;
    // Values that follow the pointer must not be read out; those that follow the keys must.
    this.stage.addEventListener('focus', () => {
      this.line.setAttribute('aria-live', 'polite');
    });
    this.stage.addEventListener('blur', () => {
      this.line.setAttribute('aria-live', 'off');
    });
  }

  update(content: {
    readonly summary: string;
    readonly caption: string;
    readonly notes?: readonly string[];
    readonly table: () => TableTwin;
  }): void {
    setAttributes(this.stage, { 'aria-label': content.summary });
    this.captionText = content.caption;
    this.read(null);
    this.noteList.replaceChildren(...(content.notes ?? []).map((note) => element('li', {}, note)));
    this.tableOf = content.table;
    this.message.hidden = true;
    this.tableToggle.root.hidden = false;
    this.tools.hidden = false;
    this.showTable(this.tableShown);
  }

  /** Instead of the plot: why there is none. */
  explain(message: string): void {
    setText(this.message, message);
    this.message.hidden = false;
    this.stage.hidden = true;
    this.tableSlot.hidden = true;
    this.tableToggle.root.hidden = true;
    this.tools.hidden = true;
    this.captionText = '';
    this.read(null);
    this.noteList.replaceChildren();
  }

  /** What is under the pointer or the keys; the caption where nothing is. */
  read(text: string | null): void {
    setText(this.line, text ?? this.captionText);
    this.line.classList.toggle('is-reading', text !== null);
  }

  showTable(shown: boolean): void {
    this.tableShown = shown;
    this.tableToggle.update(shown);
    if (!this.message.hidden) return;
    this.stage.hidden = shown;
    this.tableSlot.hidden = !shown;
    this.tableSlot.replaceChildren(
      ...(shown && this.tableOf !== null ? [tableTwin(this.tableOf())] : []),
    );
  }
}
