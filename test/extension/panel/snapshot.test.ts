import { describe, expect, it } from 'vitest';
import type { CheckpointRecord } from '../../../src/extension/checkpoints/library';
import { makeSnapshot, readFromPanel } from '../../../src/extension/panel/snapshot';

function record(path: string, rest: Partial<CheckpointRecord> = {}): CheckpointRecord {
  return {
    file: { path, size: 1, modified: 0 },
    run: {
      folder: '/w/a',
      name: 'a',
      location: 'a',
      configuration: '/w/a/basin.json',
      checkpoints: [],
    },
    writing: false,
    result: null,
    outdated: false,
    changes: [],
    error: null,
    ...rest,
  };
}

describe('what the panel is shown', () => {
  const options = { partial: () => null, selected: null, progress: null };

  it('is every checkpoint that has a configuration', () => {
    const loose = record('/w/b/x.pt');
    const records = [
      record('/w/a/e-1.pt', { error: 'The model is missing.' }),
      { ...loose, run: { ...loose.run, configuration: null } },
    ];
    expect(makeSnapshot({ ...options, records }).entries).toEqual([
      {
        key: '/w/a/e-1.pt',
        run: 'a',
        label: 'e-1.pt',
        document: null,
        error: 'The model is missing.',
      },
    ]);
  });

  it('says what is wrong with a result that is there', () => {
    const [entry] = makeSnapshot({
      ...options,
      records: [record('/e.pt', { outdated: true, changes: ['data', 'settings'] })],
    }).entries;
    expect(entry?.error).toBe(
      'Outdated: the evaluation data are others than they were, the settings in basin.json are others than they were. Analyze again.',
    );
  });
});

describe('a message from the panel', () => {
  it('is one of those that are known', () => {
    expect(readFromPanel({ type: 'ready' })).toEqual({ type: 'ready' });
    expect(readFromPanel({ type: 'select', key: 'k', more: 1 })).toEqual({
      type: 'select',
      key: 'k',
    });
  });

  it.each([null, 'ready', { type: 'run' }, { type: 'analyze' }, { type: 'select', key: 3 }])(
    'is not %j',
    (message) => {
      expect(readFromPanel(message)).toBeNull();
    },
  );
});
