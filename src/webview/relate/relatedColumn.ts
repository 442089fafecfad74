import type { PanelEntry } from '../../shared/panelProtocol';
import type { Run } from '../state/runs';
import { shownMeasures } from '../training/series';

/** What can be related: a figure, or a factor of a study that is a number. */
export interface RelatedColumn {
  readonly id: string;
  readonly title: string;
  readonly valueOf: (entry: PanelEntry) => number | null;
}

export function relatedColumns(runs: readonly Run[]): readonly RelatedColumn[] {
  const entries = runs.flatMap((run) => run.entries);
  const factors = [...new Set(entries.flatMap(({ factors }) => Object.keys(factors ?? {})))];
  return [
    ...shownMeasures(runs).map(({ id, title }) => ({
      id,
      title: title(),
      valueOf: ({ summary }: PanelEntry) => summary?.figures[id] ?? null,
    })),
    ...factors
      .map((name) => ({
        id: `factor:${name}`,
        title: name,
        valueOf: ({ factors: own }: PanelEntry) => numberOf(own?.[name]),
      }))
      .filter(({ valueOf }) => new Set(entries.map(valueOf)).size > 1),
  ];
}

function numberOf(text: string | undefined): number | null {
  if (text === undefined || text.trim() === '') return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

/**
 * Checkpoints that follow from each other: those of one run, and in a study of one combination of its
 * factors.
 */
export function trainingsOf(run: Run): readonly (readonly PanelEntry[])[] {
  const trainings = new Map<string, PanelEntry[]>();
  for (const entry of run.entries) {
    const key = JSON.stringify(entry.factors ?? null);
    const own = trainings.get(key);
    if (own === undefined) trainings.set(key, [entry]);
    else own.push(entry);
  }
  return [...trainings.values()];
}
