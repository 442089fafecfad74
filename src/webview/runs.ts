import type { PanelEntry } from '../shared/panelProtocol';

/** The checkpoints of one training, in its order. */
export interface Run {
  readonly name: string;
  readonly entries: readonly PanelEntry[];
}

/** Runs in the order in which their first checkpoint comes. */
export function runsOf(entries: readonly PanelEntry[]): readonly Run[] {
  const byName = new Map<string, PanelEntry[]>();
  for (const entry of entries) {
    const run = byName.get(entry.run);
    if (run === undefined) byName.set(entry.run, [entry]);
    else run.push(entry);
  }
  return [...byName].map(([name, members]) => ({ name, entries: members }));
}

/**
 * Where an entry stands in training: its epoch, else its step. Null unless every analysed
 * checkpoint of the run says one, for then the order alone is known.
 */
export function positions(run: Run): { readonly unit: string; readonly at: readonly number[] } {
  for (const unit of ['epoch', 'step'] as const) {
    const known = run.entries.map((entry) => entry.document?.checkpoint[unit] ?? null);
    if (known.every((value) => value !== null) && isIncreasing(known)) return { unit, at: known };
  }
  return { unit: 'checkpoint', at: run.entries.map((_, index) => index + 1) };
}

function isIncreasing(values: readonly number[]): boolean {
  return values.every((value, index) => index === 0 || value > values[index - 1]!);
}

/** How a checkpoint is called in a sentence: `epoch 40`, or its file's name. */
export function trainingPlace(entry: PanelEntry): string {
  const identity = entry.document?.checkpoint;
  if (identity?.epoch != null) return `epoch ${identity.epoch}`;
  if (identity?.step != null) return `step ${identity.step}`;
  return entry.label;
}
