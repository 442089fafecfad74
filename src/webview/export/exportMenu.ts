import { icon, ICONS } from '../controls';
import { DisposableStore, type Disposable } from '../disposable';
import { element, setAttributes } from '../element';
import { t } from '../../shared/words/text';

/** What can be done with every plot: the same words in the same order everywhere. */
const EXPORTS = ['svg', 'png', 'csv', 'table', 'markdown', 'latex'] as const;
export type Export = (typeof EXPORTS)[number];

function wordsOf(what: Export): string {
  switch (what) {
    case 'svg':
      return t('Save as SVG…');
    case 'png':
      return t('Save as PNG…');
    case 'csv':
      return t('Save Data as CSV…');
    case 'table':
      return t('Copy Table');
    case 'markdown':
      return t('Copy as Markdown');
    case 'latex':
      return t('Copy as LaTeX Figure');
  }
}

/** A button with a menu. Keys as in every menu: arrows, Home, End, Escape. */
export class ExportMenu implements Disposable {
  readonly root: HTMLElement;
  private readonly store = new DisposableStore();
  private readonly opener: HTMLButtonElement;
  private readonly menu: HTMLElement;
  private readonly paper: HTMLElement;

  constructor(
    title: string,
    private readonly onExport: (what: Export) => void,
    private readonly onPaper: () => void,
  ) {
    const label = t('Export {0}', title);
    this.opener = element('button', {
      type: 'button',
      class: 'icon-button',
      'aria-label': label,
      'aria-haspopup': 'menu',
      'aria-expanded': 'false',
      title: label,
    });
    this.opener.append(icon(ICONS.export));
    const item = (text: string, attributes: Record<string, string>): HTMLElement =>
      element('button', { type: 'button', class: 'menu-item', tabindex: -1, ...attributes }, text);
    this.paper = item(t('Figures for a Paper'), {
      role: 'menuitemcheckbox',
      'data-paper': '',
      'aria-checked': 'false',
    });
    this.menu = element(
      'div',
      { class: 'menu', role: 'menu', 'aria-label': label },
      ...EXPORTS.map((what) => item(wordsOf(what), { role: 'menuitem', 'data-export': what })),
      this.paper,
    );
    this.menu.hidden = true;
    this.root = element('div', { class: 'export' }, this.opener, this.menu);
    this.opener.addEventListener('click', () => {
      this.show(this.menu.hidden !== false);
    });
    this.root.addEventListener('keydown', (event) => {
      this.key(event);
    });
    this.menu.addEventListener('click', (event) => {
      const chosen = (event.target as Element).closest<HTMLElement>('.menu-item');
      if (chosen === null) return;
      this.show(false);
      this.opener.focus();
      const { export: what } = chosen.dataset;
      if (chosen === this.paper) this.onPaper();
      else this.onExport(what as Export);
    });
    this.store.listen(document, 'pointerdown', (event) => {
      if (!this.root.contains(event.target as Node)) this.show(false);
    });
  }

  /** @param paper whether plots are drawn as for a paper. */
  update(paper: boolean): void {
    this.paper.setAttribute('aria-checked', String(paper));
  }

  dispose(): void {
    this.store.dispose();
  }

  private show(shown: boolean): void {
    if (this.menu.hidden === !shown) return;
    this.menu.hidden = !shown;
    setAttributes(this.opener, { 'aria-expanded': String(shown) });
    if (shown) this.items()[0]?.focus();
  }

  private items(): HTMLElement[] {
    return [...this.menu.querySelectorAll<HTMLElement>('.menu-item')];
  }

  private key(event: KeyboardEvent): void {
    if (this.menu.hidden) {
      if (event.key === 'ArrowDown') {
        event.preventDefault();
        this.show(true);
      }
      return;
    }
    const items = this.items();
    const at = items.indexOf(document.activeElement as HTMLElement);
    const to = {
      ArrowDown: (at + 1) % items.length,
      ArrowUp: (at - 1 + items.length) % items.length,
      Home: 0,
      End: items.length - 1,
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      items[to]?.focus();
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      event.stopPropagation();
      this.show(false);
      if (event.key === 'Escape') this.opener.focus();
    }
  }
}
