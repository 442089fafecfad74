import type { PanelEntry } from '../../shared/panelProtocol';

/**
 * Entries of a new snapshot, those that say the same as before as the same objects, and all of them as
 * the same array where none differs: most snapshots tell of progress alone, and what is the same
 * object is not drawn again.
 */
export function keptEntries(
  before: readonly PanelEntry[],
  now: readonly PanelEntry[],
): readonly PanelEntry[] {
  const known = new Map(before.map((entry) => [entry.key, entry]));
  const kept = now.map((entry) => {
    const old = known.get(entry.key);
    return old !== undefined && textOf(old) === textOf(entry) ? old : entry;
  });
  const isSame = kept.length === before.length && kept.every((entry, k) => entry === before[k]);
  return isSame ? before : kept;
}

/** Written once for each: a thousand are compared with every snapshot. */
const texts = new WeakMap<PanelEntry, string>();

function textOf(entry: PanelEntry): string {
  let text = texts.get(entry);
  if (text === undefined) texts.set(entry, (text = JSON.stringify(entry)));
  return text;
}
