import { expect, test } from 'vitest';
import type { Snapshot } from '../../../src/shared/panelProtocol';
import { withSameDocuments } from '../../../src/webview/state/sameDocuments';
import { sampleSnapshot } from '../sampleSnapshot';

function received(snapshot: Snapshot): Snapshot {
  return structuredClone(snapshot);
}

test('documents that say the same are the same objects, others are not', () => {
  const first = received(sampleSnapshot(11));
  const changed = received(first);
  const [one, two] = changed.entries;
  const next: Snapshot = {
    ...changed,
    entries: [
      one!,
      { ...two!, document: { ...two!.document!, parameters: two!.document!.parameters + 1 } },
      ...changed.entries.slice(2),
    ],
  };
  const shown = withSameDocuments(first, next);
  expect(shown.entries[0]!.document).toBe(first.entries[0]!.document);
  expect(shown.entries[1]!.document).not.toBe(first.entries[1]!.document);
  expect(shown).toEqual(next);
  expect(withSameDocuments(null, next)).toBe(next);
});
