import { COLUMN_IDS } from './columns';
import type { Sorting } from './rows';

/** What the user chose to look at: kept by the editor when the page is hidden. */
export interface PageState {
  readonly search: string;
  readonly sorting: Sorting | null;
  /** The active tensor's place in the file; −1 for none. */
  readonly active: number;
  readonly scrollTop: number;
}

const INITIAL: PageState = { search: '', sorting: null, active: -1, scrollTop: 0 };

/** What was kept may come from another version: every part is checked, and replaced where wrong. */
export function restorePageState(kept: unknown): PageState {
  if (typeof kept !== 'object' || kept === null) return INITIAL;
  const { search, sorting, active, scrollTop } = kept as Partial<Record<keyof PageState, unknown>>;
  return {
    search: typeof search === 'string' ? search : '',
    sorting: restoreSorting(sorting),
    active: Number.isInteger(active) ? (active as number) : -1,
    scrollTop: typeof scrollTop === 'number' && scrollTop >= 0 ? scrollTop : 0,
  };
}

function restoreSorting(kept: unknown): Sorting | null {
  if (typeof kept !== 'object' || kept === null) return null;
  const { column, descending } = kept as Partial<Record<keyof Sorting, unknown>>;
  const known = COLUMN_IDS.find((id) => id === column);
  return known === undefined ? null : { column: known, descending: descending === true };
}
