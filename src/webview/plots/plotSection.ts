import { ICONS, Toggle } from '../controls';
import type { DataTable, Drawing, DrawingSize } from '../export/drawing';
import { ExportMenu, type Export } from '../export/exportMenu';
import { element, setAttributes, setText } from '../element';
import { tableTwin, type TableTwin } from './tableTwin';
import type { Disposable } from '../disposable';
import type { PlotId } from '../state/viewState';
import { t } from '../../shared/words/text';

/** What a plot gives away when it is exported. */
export interface PlotContent {
  /** What is to be seen, in sentences. */
  readonly summary: string;
  readonly table: () => TableTwin;
  /** The values themselves, unrounded and all of them. */
  readonly data: () => DataTable;
  /** Null while there is nothing to draw on. */
  readonly drawing: () => Drawing | null;
}

/** The frame every plot has: title, tools, the stage it is drawn on, a line to read values from. */
export class PlotSection implements Disposable {
  readonly root: HTMLElement;
  /** Where the plot goes: has the focus and the summary. */
  readonly stage: HTMLElement;
  readonly tools = element('div', { class: 'tools' });
  private readonly line: HTMLElement;
  private readonly noteList = element('ul', { class: 'plot-notes' });
  private readonly tableSlot = element('div', { class: 'table-slot' });
  private readonly message = element('p', { class: 'plot-message' });
  private readonly tableToggle: Toggle;
  private readonly exports: ExportMenu;
  /** Where an export goes, and who is told to draw as for a paper: set by whoever shows the plot. */
  onExport: (what: Export, content: PlotContent, size: DrawingSize) => void = () => undefined;
  onPaper: () => void = () => undefined;
  private content: PlotContent | null = null;
  private captionText = '';
  private tableOf: (() => TableTwin) | null = null;
  private tableShown = false;

  constructor(
    readonly id: PlotId,
    readonly title: string,
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
    this.exports = new ExportMenu(
      title,
      (what) => {
        if (this.content === null) return;
        const { clientWidth: width, clientHeight: height } = this.stage;
        // Shown as a table it has no size: the one it last had.
        if (height > 0) this.size = { width, height };
        this.onExport(what, this.content, this.size);
      },
      () => {
        this.onPaper();
      },
    );
    this.root = element(
      'section',
      { class: `plot plot-${id}`, id, 'aria-labelledby': `${id}-title` },
      element(
        'header',
        { class: 'plot-header' },
        element('h2', { id: `${id}-title` }, title),
        this.tools,
        element('div', { class: 'plot-buttons' }, this.tableToggle.root, this.exports.root),
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
    // Until there is something that they are for.
    for (const root of [this.tools, this.tableToggle.root, this.exports.root]) root.hidden = true;
    // Values that follow the pointer must not be read out; those that follow the keys must.
    this.stage.addEventListener('focus', () => {
      this.line.setAttribute('aria-live', 'polite');
    });
    this.stage.addEventListener('blur', () => {
      this.line.setAttribute('aria-live', 'off');
    });
  }

  private size: DrawingSize = { width: 640, height: 400 };

  update(
    content: PlotContent & { readonly caption: string; readonly notes?: readonly string[] },
  ): void {
    this.content = content;
    setAttributes(this.stage, { 'aria-label': content.summary });
    this.captionText = content.caption;
    this.read(null);
    this.noteList.replaceChildren(...(content.notes ?? []).map((note) => element('li', {}, note)));
    this.tableOf = content.table;
    this.message.hidden = true;
    this.tableToggle.root.hidden = false;
    this.exports.root.hidden = false;
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
    this.exports.root.hidden = true;
    this.content = null;
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

  /** Whether plots are drawn as for a paper. */
  showPaper(paper: boolean): void {
    this.exports.update(paper);
  }

  dispose(): void {
    this.exports.dispose();
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
