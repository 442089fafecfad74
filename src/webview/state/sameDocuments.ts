import type { Snapshot } from '../../shared/panelProtocol';

/**
 * A snapshot in which a document that says the same as before is the same object, so that what it
 * is drawn as need not be drawn again: most snapshots of a running analysis change one checkpoint.
 */
export function withSameDocuments(previous: Snapshot | null, next: Snapshot): Snapshot {
  if (previous === null) return next;
  const before = new Map(previous.entries.map((entry) => [entry.key, entry.document]));
  const entries = next.entries.map((entry) => {
    const known = before.get(entry.key) ?? null;
    const isSame =
      known !== null &&
      entry.document !== null &&
      JSON.stringify(known) === JSON.stringify(entry.document);
    return isSame ? { ...entry, document: known } : entry;
  });
  return { ...next, entries };
}
