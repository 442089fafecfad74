import type { PanelEntry, Snapshot } from '../../shared/panelProtocol';
import { positions, type Run } from './runs';

/**
 * Which entry to show: the panel's own choice while it exists, then the host's, then the last one
 * that was analyzed, then the last.
 */
export function chooseEntry(snapshot: Snapshot, remembered: string | null): PanelEntry | null {
  const { entries } = snapshot;
  const find = (key: string | null) =>
    key === null ? undefined : entries.find((entry) => entry.key === key);
  return (
    find(remembered) ??
    find(snapshot.selected) ??
    entries.findLast((entry) => entry.summary !== null) ??
    entries.at(-1) ??
    null
  );
}

export interface Selected {
  readonly selected: string | null;
  readonly hostSelected: string | null;
}

/**
 * The host's selection is followed when it changes, because then the user chose somewhere else in
 * the editor; repeated, it leaves the panel's own choice alone. An echo of what the panel told the
 * host is no news either, and may be late.
 */
export function followHost(current: Selected, host: string | null, isEcho: boolean): Selected {
  if (host === current.hostSelected) return current;
  const follows = host !== null && !isEcho;
  return { selected: follows ? host : current.selected, hostSelected: host };
}

export type Step = 'previous' | 'next' | 'first' | 'last';

/** Along the entry's own run; the same entry where there is nothing further. */
export function stepEntry(run: Run, key: string, step: Step): PanelEntry | null {
  const { entries } = run;
  const index = entries.findIndex((entry) => entry.key === key);
  if (index < 0) return null;
  const wanted = { previous: index - 1, next: index + 1, first: 0, last: entries.length - 1 }[step];
  return entries[Math.min(entries.length - 1, Math.max(0, wanted))] ?? null;
}

export function runOf(runs: readonly Run[], key: string): Run | null {
  return runs.find((run) => run.entries.some((entry) => entry.key === key)) ?? null;
}

/**
 * The entry of another run that stands where this one does: at the same epoch or step where the
 * runs have one in common, else at the same place in the order.
 */
export function counterpart(from: Run, key: string, to: Run): PanelEntry | null {
  const index = from.entries.findIndex((entry) => entry.key === key);
  const here = positions(from);
  const there = positions(to);
  if (index >= 0 && here.unit === there.unit) {
    const at = there.at.indexOf(here.at[index]!);
    if (at >= 0) return to.entries[at] ?? null;
  }
  return to.entries[Math.min(Math.max(index, 0), to.entries.length - 1)] ?? null;
}

/** The last one before an entry of a run that is analyzed. */
export function analyzedBefore({ entries }: Run, entry: PanelEntry): PanelEntry | undefined {
  return entries.slice(0, entries.indexOf(entry)).findLast(({ summary }) => summary !== null);
}
