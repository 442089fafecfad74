import { expect, it } from 'vitest';
import { runsOf, sameFigures } from '../../../src/webview/state/runs';
import { sampleContent } from '../sampleSnapshot';
import type { PanelEntry } from '../../../src/shared/panelProtocol';

const { entries } = sampleContent(5).snapshot;
const analyzed = entries.findIndex(({ summary }) => summary !== null);

function changed(change: (entry: PanelEntry) => PanelEntry): boolean {
  const now = entries.map((entry, k) => (k === analyzed ? change(entry) : entry));
  return !sameFigures(runsOf(entries), runsOf(now));
}

it('a document that is another with the same figures changes no plot of a training', () => {
  expect(changed((entry) => ({ ...entry, summary: { ...entry.summary!, version: 99 } }))).toBe(
    false,
  );
});

it('a figure, a place, a name and a checkpoint more do', () => {
  const { figures } = entries[analyzed]!.summary!;
  const summary = entries[analyzed]!.summary!;
  expect(
    changed((entry) => ({ ...entry, summary: { ...summary, figures: { ...figures, loss: 7 } } })),
  ).toBe(true);
  expect(changed((entry) => ({ ...entry, summary: { ...summary, epoch: 12345 } }))).toBe(true);
  expect(changed((entry) => ({ ...entry, label: 'another.pt' }))).toBe(true);
  expect(changed((entry) => ({ ...entry, summary: null }))).toBe(true);
  const more = [...entries, { ...entries[analyzed]!, key: '/further.pt' }];
  expect(sameFigures(runsOf(entries), runsOf(more))).toBe(false);
});
