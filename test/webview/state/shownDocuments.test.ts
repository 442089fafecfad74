import { expect, test } from 'vitest';
import type { PanelEntry } from '../../../src/shared/panelProtocol';
import { ShownDocuments } from '../../../src/webview/state/shownDocuments';
import { sampleContent } from '../sampleSnapshot';

const { snapshot, documents } = sampleContent(5);
const [first] = snapshot.entries as [PanelEntry];
const document = documents[first.key]!;
const at = (version: number, key = first.key): PanelEntry => ({
  ...first,
  key,
  summary: { ...first.summary!, version },
});

test('a document is asked for once for each version, and the last one stands until then', () => {
  const asked: string[] = [];
  const shown = new ShownDocuments((key) => asked.push(key));
  expect(shown.of(at(1))).toBeNull();
  expect(shown.of(at(1))).toBeNull();
  expect(asked).toEqual([first.key]);
  shown.receive({ type: 'document', key: first.key, version: 1, document });
  expect(shown.of(at(1))).toBe(document);
  expect(shown.of(at(1))).toBe(document);
  expect(asked).toHaveLength(1);

  // A newer one: the old one is drawn meanwhile.
  expect(shown.of(at(2))).toBe(document);
  expect(shown.of(at(2))).toBe(document);
  expect(asked).toHaveLength(2);
  const next = { ...document };
  shown.receive({ type: 'document', key: first.key, version: 2, document: next });
  expect(shown.of(at(2))).toBe(next);
  expect(asked).toHaveLength(2);
});

test('an entry without a document has none, whatever was known', () => {
  const shown = new ShownDocuments(() => undefined);
  shown.receive({ type: 'document', key: first.key, version: 1, document });
  expect(shown.of({ ...first, summary: null })).toBeNull();
});

test('of a thousand that were looked at the last few are kept, and others asked for again', () => {
  const asked: string[] = [];
  const shown = new ShownDocuments((key) => asked.push(key));
  for (let k = 0; k < 1000; k += 1) {
    const key = `/e-${k}.pt`;
    shown.of(at(1, key));
    shown.receive({ type: 'document', key, version: 1, document });
  }
  expect(asked).toHaveLength(1000);
  expect(shown.of(at(1, '/e-999.pt'))).toBe(document);
  expect(shown.of(at(1, '/e-0.pt'))).toBeNull();
  expect(asked).toHaveLength(1001);
});
