import { describe, expect, it } from 'vitest';
import { entryExtents } from '../../../src/shared/entryExtents';
import { heightScale } from '../../../src/webview/landscape/heightScale';
import { lossField } from '../../../src/webview/landscape/lossField';
import { keptEntries } from '../../../src/webview/state/keptEntries';
import { runScales } from '../../../src/webview/training/runScales';
import { runsOf } from '../../../src/webview/state/runs';
import { sampleContent } from '../sampleSnapshot';

const { snapshot, documents } = sampleContent(9);
const entries = snapshot.entries.map((entry) => {
  const document = documents[entry.key];
  return document === undefined || entry.summary === null
    ? entry
    : { ...entry, summary: { ...entry.summary, extents: entryExtents(document) } };
});
const [run] = runsOf(entries);

describe('one scale for a training', () => {
  it('holds the lowest loss of every checkpoint, and is the same for all', () => {
    const { loss } = runScales(run!);
    const fields = run!.entries.flatMap(({ key }) => {
      const landscape = documents[key]?.landscape;
      return landscape === undefined ? [] : [lossField(landscape)!];
    });
    expect(fields.length).toBeGreaterThan(1);
    expect(loss!.low).toBe(Math.min(...fields.map(({ minimum }) => minimum)));
    const scales = fields.map((field) => heightScale(field, 'linear', 5, loss));
    for (const scale of scales) {
      expect([scale.low, scale.high]).toEqual([loss!.low, loss!.high]);
    }
    // What is higher is drawn as a plateau, and counted.
    fields.forEach((field, k) => {
      expect(scales[k]!.clipped).toBe(field.values.filter((value) => value > loss!.high).length);
    });
  });

  it('knows extents of documents without a landscape or with none that is finite', () => {
    const document = Object.values(documents)[0]!;
    const bare = { ...document };
    delete (bare as { landscape?: unknown }).landscape;
    delete (bare as { hessian?: unknown }).hessian;
    expect(entryExtents(bare)).toEqual({ loss: null, spectrum: null });
    const landscape = { ...document.landscape!, values: ['NaN', null, 'Infinity'] as const };
    expect(entryExtents({ ...document, landscape }).loss).toBeNull();
  });
});

describe('entries of snapshots that say the same', () => {
  it('stay the same objects', () => {
    const copy = JSON.parse(JSON.stringify(entries)) as typeof entries;
    expect(keptEntries(entries, copy)).toBe(entries);
    const changed = copy.map((entry, k) => (k === 2 ? { ...entry, error: 'why' } : entry));
    const kept = keptEntries(entries, changed);
    expect(kept).not.toBe(entries);
    expect(kept.filter((entry, k) => entry === entries[k])).toHaveLength(entries.length - 1);
  });
});
