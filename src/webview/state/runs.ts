import type { PanelEntry } from '../../shared/panelProtocol';
import { t } from '../../shared/words/text';

/** The checkpoints of one training, in its order. */
export interface Run {
  readonly name: string;
  readonly entries: readonly PanelEntry[];
}

/** Where entries stand in training, and in what. */
export interface Positions {
  readonly unit: string;
  readonly at: readonly number[];
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
export function positions(run: Run): Positions {
  let known = placesOf.get(run);
  if (known === undefined) placesOf.set(run, (known = findPositions(run)));
  return known;
}

/** They are asked for by every plot of a training. */
const placesOf = new WeakMap<Run, Positions>();

function findPositions(run: Run): Positions {
  const analyzed = run.entries.flatMap(({ summary }, index) =>
    summary === null ? [] : [{ index, identity: summary }],
  );
  for (const unit of ['epoch', 'step'] as const) {
    const known = analyzed.flatMap(({ index, identity }) => {
      const at = identity[unit];
      return at === null ? [] : [{ index, at }];
    });
    if (known.length > 1 && known.length === analyzed.length && isIncreasing(known)) {
      return { unit, at: placesBetween(known, run.entries.length) };
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

/** Each on the line through the two known places around it, or the two nearest at an end. */
function placesBetween(known: readonly Known[], count: number): number[] {
  let second = 1;
  return Array.from({ length: count }, (_, index) => {
    while (second < known.length - 1 && known[second]!.index < index) second += 1;
    const from = known[second - 1]!;
    const to = known[second]!;
    return from.at + ((index - from.index) * (to.at - from.at)) / (to.index - from.index);
  });
}

/** How a checkpoint is called in a sentence: `epoch 40`, or its file's name. */
export function trainingPlace(entry: PanelEntry): string {
  const { epoch = null, step = null } = entry.summary ?? {};
  if (epoch !== null) return t('epoch {0}', epoch);
  return step === null ? entry.label : t('step {0}', step);
}

/**
 * Whether runs say the same but for versions of documents: most snapshots tell of one that is another
 * and has the figures it had, and what is the same is not drawn again.
 */
export function sameFigures(before: readonly Run[], now: readonly Run[]): boolean {
  const isSame = (run: Run, old: Run): boolean =>
    run.name === old.name &&
    run.entries.length === old.entries.length &&
    run.entries.every((entry, k) => sameEntry(entry, old.entries[k]!));
  return before.length === now.length && now.every((run, k) => isSame(run, before[k]!));
}

function sameEntry(a: PanelEntry, b: PanelEntry): boolean {
  return a === b || withoutVersion(a) === withoutVersion(b);
}

function withoutVersion({ summary, ...entry }: PanelEntry): string {
  return JSON.stringify({ ...entry, summary: summary && { ...summary, version: 0 } });
}
