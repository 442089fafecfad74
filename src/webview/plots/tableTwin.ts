import { element } from '../element';

export interface TableTwin {
  readonly caption: string;
  readonly columns: readonly string[];
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly string[])[];
}

/** The same numbers as the plot, for reading. */
export function tableTwin({ caption, columns, rows }: TableTwin): HTMLElement {
  return element(
    'div',
    { class: 'table-scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    element(
      'table',
      {},
      element('caption', {}, caption),
      element(
        'thead',
        {},
        element('tr', {}, ...columns.map((text) => element('th', { scope: 'col' }, text))),
      ),
      element(
        'tbody',
        {},
        ...rows.map((row) =>
          element(
            'tr',
            {},
            ...row.map((text, index) =>
              index === 0 ? element('th', { scope: 'row' }, text) : element('td', {}, text),
            ),
          ),
        ),
      ),
    ),
  );
}
