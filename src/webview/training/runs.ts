import type { PanelEntry } from '../../shared/panelProtocol';
import { t } from '../text';

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
 * Where a run's entries stand in training: by epoch, else by step, where every analyzed checkpoint
 * says one; else by their order. One that is not analyzed stands between its neighbors.
 */
export function positions(run: Run): { readonly unit: string; readonly at: readonly number[] } {
  const analyzed = run.entries.flatMap(({ document }, index) =>
    document === null ? [] : [{ index, identity: document.checkpoint }],
  );
  for (const unit of ['epoch', 'step'] as const) {
    const known = analyzed.flatMap(({ index, identity }) => {
      const at = identity[unit];
      return at === null ? [] : [{ index, at }];
    });
    if (known.length > 1 && known.length === analyzed.length && isIncreasing(known)) {
      return { unit, at: run.entries.map((_, index) => placeBetween(known, index)) };
    }
  }
  return { unit: 'checkpoint', at: run.entries.map((_, index) => index + 1) };
}

interface Known {
  readonly index: number;
  readonly at: number;
}

function isIncreasing(known: readonly Known[]): boolean {
  return known.every(({ at }, k) => k === 0 || at > known[k - 1]!.at);
}

/** On the line through the two known places around it, or the two nearest at an end. */
function placeBetween(known: readonly Known[], index: number): number {
  const after = known.findIndex((place) => place.index >= index);
  const second = after < 0 ? known.length - 1 : Math.max(1, after);
  const from = known[second - 1]!;
  const to = known[second]!;
  return from.at + ((index - from.index) * (to.at - from.at)) / (to.index - from.index);
}

/** How a checkpoint is called in a sentence: `epoch 40`, or its file's name. */
export function trainingPlace(entry: PanelEntry): string {
  const identity = entry.document?.checkpoint;
  const epoch = identity?.epoch ?? null;
  const step = identity?.step ?? null;
  if (epoch !== null) return t('epoch {0}', epoch);
  return step === null ? entry.label : t('step {0}', step);
}
