import type { Message } from '../shared/words/message';
import { t, translated } from '../shared/words/text';
import { element } from './element';

/** What must be known of a result, below its plots; nothing where there is nothing to know. */
export function showNotes(footer: HTMLElement, notes: readonly (string | Message)[]): void {
  footer.hidden = notes.length === 0;
  footer.replaceChildren(
    element('h2', {}, t('Notes')),
    element('ul', {}, ...notes.map((note) => element('li', {}, translated(note)))),
  );
}
