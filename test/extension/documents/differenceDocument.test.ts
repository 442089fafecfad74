import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { diffFiles } from '../../../src/engine/checkpoint/diff';
import { differenceDocument } from '../../../src/extension/documents/differenceDocument';
import type { CheckpointDifference } from '../../../src/shared/checkpointDifference';

const spectra = fileURLToPath(new URL('../../fixtures/spectra/', import.meta.url));

const NOTHING: CheckpointDifference = {
  first: 'a.pt',
  second: 'b.pt',
  onlyFirst: [],
  onlySecond: [],
  reshaped: [],
  tensors: [],
  equal: 0,
  integers: [],
  distance: 0,
  relative: null,
  unread: [],
};

describe('the document of what differs between tensors', () => {
  it('lists what changed, the farthest first, and their sum', async () => {
    const [a, b] = ['epoch-1.npz', 'epoch-2.npz'].map((name) => join(spectra, name)) as [
      string,
      string,
    ];
    const difference = await diffFiles(a, b, new AbortController().signal);
    const text = differenceDocument(difference, ['epoch-1', 'epoch-2']).replaceAll('\\', '');
    const rows = [...text.matchAll(/^\| (\w+) \| [\d×]+ \| ([\d.]+) \|/gm)];
    const far = rows.map(([, , distance]) => Number(distance));
    expect(rows.map(([, name]) => name)).not.toContain('dead');
    expect(far).toEqual([...far].sort((x, y) => y - x));
    const sum = Math.sqrt(far.reduce((total, each) => total + each * each, 0));
    expect(Math.abs(sum - difference.distance!)).toBeLessThan(1e-3 * sum);
    expect(text).toMatch(/8 tensors in both, 2 of them equal/);
    expect(text).toContain('a is epoch-1, b is epoch-2.');
    const shares = [...text.matchAll(/([\d.]+) % \|$/gm)].map(([, share]) => Number(share));
    expect(shares).toHaveLength(rows.length);
    for (const [i, share] of shares.entries()) {
      expect(Math.abs(share - 100 * (far[i]! / difference.distance!) ** 2)).toBeLessThan(0.1);
    }
    expect(Math.abs(shares.reduce((total, each) => total + each, 0) - 100)).toBeLessThan(0.5);
    // Texts to the left, numbers to the right.
    expect(text).toContain('|:--|:--|--:|--:|--:|');
  });

  it('says what is in one alone, renamed, of another shape and not compared', () => {
    const text = differenceDocument(
      {
        ...NOTHING,
        onlyFirst: [{ name: 'old', dtype: 'float32', shape: [2] }],
        onlySecond: [{ name: 'new', dtype: 'int64', shape: [] }],
        reshaped: [{ name: 'head', first: [3, 4], second: [5, 4] }],
        tensors: [{ name: 'a', renamed: 'b', shape: [2], distance: 0, relative: 0 }],
        integers: ['steps'],
        unread: [{ name: 'z', reason: 'It is complex.' }],
        distance: null,
      },
      ['a.pt', 'b.pt'],
    );
    for (const part of [
      '| old | float32 | 2 |',
      '| new | int64 | scalar |',
      '| head | 3×4 | 5×4 |',
      '| a | b | 2 | 0 |',
      '| steps |',
      '| z | It is complex. |',
    ]) {
      expect(text.replaceAll('\\', '')).toContain(part);
    }
    expect(text).toContain('not finite');
  });

  it('shows names of anybody as text, and so many rows as a preview bears', () => {
    const tensors = Array.from({ length: 1000 }, (_, i) => ({
      name: `\u001b[31m<img src=x>|${'n'.repeat(5000)}${i}`,
      shape: [1],
      distance: 1000 - i,
      relative: 1,
    }));
    const text = differenceDocument({ ...NOTHING, tensors }, ['a', 'b']);
    expect(text).not.toContain('\u001b');
    expect(text).not.toMatch(/[^\\&]<img|n{300}/);
    expect(text).toContain('And 700 more');
    expect(text.length).toBeLessThan(200_000);
  });
});
