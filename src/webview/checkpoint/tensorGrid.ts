import { element, setAttributes, setText } from '../element';
import { COLUMNS, type ColumnId } from './columns';
import type { Sorting } from './rows';
import type { Tensors } from './tensors';
import { t } from '../../shared/words/text';

/** Pixels; the style sheet says the same. */
const ROW_HEIGHT = 24;
const HEAD_HEIGHT = 26;
/** Rows drawn above and below what is seen: a quick scroll meets no blank. */
const MARGIN = 12;

export interface GridListeners {
  /** The user went to this tensor. */
  readonly onActive: (index: number) => void;
  /** The user asked for this tensor's statistics. */
  readonly onMeasure: (index: number) => void;
  readonly onSort: (column: ColumnId) => void;
}

/**
 * A table of any length of which only the rows in sight are in the page: a grid for screen readers,
 * with the keys of one.
 */
export class TensorGrid {
  readonly root = element('div', {
    class: 'grid',
    role: 'grid',
    tabindex: 0,
    'aria-label': t('Tensors'),
    'aria-colcount': COLUMNS.length,
  });
  private readonly head = element('div', { class: 'grid-head', role: 'row', 'aria-rowindex': 1 });
  private readonly body = element('div', { class: 'grid-body', role: 'rowgroup' });
  private readonly headers = new Map<ColumnId, HTMLElement>();
  /** Rows of the page by their place in the table; they are used again as they scroll out. */
  private readonly shown = new Map<number, HTMLElement>();
  private tensors: Tensors | null = null;
  private rows: Int32Array = new Int32Array();
  /** Place of the active row in the table. */
  private active = -1;
  private frame = 0;

  constructor(private readonly listeners: GridListeners) {
    for (const [place, { id, title, label, kind }] of COLUMNS.entries()) {
      const button = element(
        'button',
        {
          type: 'button',
          class: 'sort',
          tabindex: place === 0 ? 0 : -1,
          title: t('Sort by {0}', label().toLowerCase()),
        },
        title(),
      );
      button.addEventListener('click', () => {
        listeners.onSort(id);
      });
      const header = element(
        'div',
        {
          class: `cell is-${kind} col-${id}`,
          role: 'columnheader',
          'aria-colindex': place + 1,
          'aria-label': label(),
        },
        button,
      );
      this.headers.set(id, header);
      this.head.append(header);
    }
    this.root.append(this.head, this.body);
    this.head.addEventListener('keydown', (event) => {
      this.headKey(event);
    });
    this.root.addEventListener('scroll', () => {
      this.root.classList.toggle('is-scrolled', this.root.scrollLeft > 0);
      this.draw();
    });
    this.root.addEventListener('keydown', (event) => {
      this.key(event);
    });
    this.body.addEventListener('click', (event) => {
      const place = this.placeOf(event);
      if (place !== null) this.activate(place);
    });
    this.body.addEventListener('dblclick', (event) => {
      const place = this.placeOf(event);
      if (place !== null) this.listeners.onMeasure(this.rows[place]!);
    });
    new ResizeObserver(() => {
      this.draw();
    }).observe(this.root);
  }

  /** Shows other rows; the active tensor stays the active one where it is among them. */
  show(tensors: Tensors, rows: Int32Array, sorting: Sorting | null): void {
    const activeTensor = this.tensors === null ? undefined : this.rows[this.active];
    this.tensors = tensors;
    this.rows = rows;
    this.active = activeTensor === undefined ? -1 : rows.indexOf(activeTensor);
    for (const [id, header] of this.headers) {
      const direction = sorting?.descending === true ? 'descending' : 'ascending';
      setAttributes(header, { 'aria-sort': sorting?.column === id ? direction : 'none' });
    }
    setAttributes(this.root, { 'aria-rowcount': rows.length + 1 });
    this.body.style.height = `${rows.length * ROW_HEIGHT}px`;
    for (const row of this.shown.values()) row.remove();
    this.shown.clear();
    this.drawNow();
  }

  /** Draws the rows again: what is known of their tensors has changed. */
  refresh(): void {
    for (const [place, row] of this.shown) this.fill(row, place);
  }

  /** Goes to a tensor, if it is among the rows. */
  select(index: number): void {
    const place = this.rows.indexOf(index);
    if (place >= 0) this.activate(place);
  }

  get scrollTop(): number {
    return this.root.scrollTop;
  }

  set scrollTop(value: number) {
    this.root.scrollTop = value;
    this.drawNow();
  }

  private key(event: KeyboardEvent): void {
    const last = this.rows.length - 1;
    if (event.target !== this.root) return;
    if (last < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((this.root.clientHeight - HEAD_HEIGHT) / ROW_HEIGHT) - 1);
    const from = Math.max(this.active, 0);
    const to = {
      ArrowDown: this.active < 0 ? 0 : from + 1,
      ArrowUp: from - 1,
      PageDown: from + page,
      PageUp: from - page,
      Home: 0,
      End: last,
    }[event.key];
    if (to !== undefined) {
      this.activate(Math.min(last, Math.max(0, to)));
    } else if ((event.key === 'Enter' || event.key === ' ') && this.active >= 0) {
      this.listeners.onMeasure(this.rows[this.active]!);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** One of the headers takes part in tabbing; the arrows go along them. */
  private headKey(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const buttons = [...this.head.querySelectorAll('button')];
    const from = buttons.findIndex((button) => button === document.activeElement);
    const to = buttons[from + step];
    if (from < 0 || to === undefined) return;
    event.preventDefault();
    buttons[from]!.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  }

  private activate(place: number): void {
    this.active = place;
    const top = place * ROW_HEIGHT;
    const room = this.root.clientHeight - HEAD_HEIGHT;
    if (top < this.root.scrollTop) this.root.scrollTop = top;
    else if (top + ROW_HEIGHT > this.root.scrollTop + room) {
      this.root.scrollTop = top + ROW_HEIGHT - room;
    }
    this.drawNow();
    this.listeners.onActive(this.rows[place]!);
  }

  private placeOf(event: MouseEvent): number | null {
    const row = event.target instanceof Element ? event.target.closest('.row') : null;
    const place = row instanceof HTMLElement ? Number(row.dataset.place) : NaN;
    return Number.isInteger(place) ? place : null;
  }

  private draw(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.drawNow();
    });
  }

  private drawNow(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const first = Math.max(0, Math.floor(this.root.scrollTop / ROW_HEIGHT) - MARGIN);
    const seen = Math.ceil(this.root.clientHeight / ROW_HEIGHT) + 2 * MARGIN;
    const last = Math.min(this.rows.length, first + seen);
    const free: HTMLElement[] = [];
    for (const [place, row] of this.shown) {
      if (place >= first && place < last) continue;
      this.shown.delete(place);
      free.push(row);
    }
    for (let place = first; place < last; place++) {
      if (this.shown.has(place)) continue;
      const row = free.pop() ?? this.newRow();
      this.shown.set(place, row);
      this.fill(row, place);
    }
    for (const row of free) row.remove();
    for (const [place, row] of this.shown) {
      setAttributes(row, { 'aria-selected': place === this.active ? 'true' : 'false' });
    }
    const active = this.shown.get(this.active);
    setAttributes(this.root, { 'aria-activedescendant': active?.id });
  }

  private newRow(): HTMLElement {
    const row = element(
      'div',
      { class: 'row', role: 'row' },
      ...COLUMNS.map(({ id, kind }, place) =>
        element('div', {
          class: `cell is-${kind} col-${id}`,
          role: place === 0 ? 'rowheader' : 'gridcell',
          'aria-colindex': place + 1,
        }),
      ),
    );
    this.body.append(row);
    return row;
  }

  private fill(row: HTMLElement, place: number): void {
    const { tensors } = this;
    const index = this.rows[place];
    if (tensors === null || index === undefined) return;
    row.id = `row-${place}`;
    row.dataset.place = String(place);
    row.style.transform = `translateY(${place * ROW_HEIGHT}px)`;
    setAttributes(row, { 'aria-rowindex': place + 2, 'data-odd': place % 2 === 1 });
    const outcome = tensors.outcome(index);
    row.classList.toggle('is-unreadable', outcome?.ok === false);
    for (const [column, cell] of [...row.children].entries()) {
      const shown = COLUMNS[column]!;
      setText(cell, shown.text(tensors, index));
      if (shown.id === 'name') setAttributes(cell, { title: tensors.name(index) });
    }
  }
}
