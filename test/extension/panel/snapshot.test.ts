import { describe, expect, it } from 'vitest';
import type { CheckpointRecord } from '../../../src/extension/checkpoints/library';
import type { ResultDocument } from '../../../src/shared/result';
import { makeSnapshot, readFromPanel } from '../../../src/extension/panel/snapshot';

function record(path: string, rest: Partial<CheckpointRecord> = {}): CheckpointRecord {
  return {
    file: { path, size: 1, modified: 0 },
    run: {
      folder: '/w/a',
      name: 'a',
      location: 'a',
      implied: null,
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

const nothing = { marks: '', problems: [] };

describe('what the panel is shown', () => {
  const options = { partial: () => null, selected: null, progress: null, readiness: () => nothing };

  it('is whether each run can be analysed, where that is known', () => {
    const other = record('/w/b/x.pt');
    const records = [
      record('/w/a/e-1.pt'),
      record('/w/a/e-2.pt'),
      { ...other, run: { ...other.run, folder: '/w/b', name: 'b' } },
    ];
    const readiness = ({ name }: { readonly name: string }) =>
      name === 'a' ? { marks: 'graph ✗ data ?', problems: ['model.onnx is missing.'] } : nothing;
    expect(makeSnapshot({ ...options, records, readiness }).readiness).toEqual({
      a: { marks: 'graph ✗ data ?', problems: ['model.onnx is missing.'] },
    });
  });

  it('is what was read of the weights, beside what stays as it was', () => {
    const weights = {
      values: 5,
      norm: 3,
      fromFirst: 0,
      fromPrevious: null,
      units: 2,
      deadUnits: 0,
    };
    const records = [record('/w/a/e-1.pt'), record('/w/a/e-2.pt')];
    const read = (known: CheckpointRecord) => (known === records[0] ? weights : undefined);
    const [first, second] = makeSnapshot({ ...options, records, weights: read }).entries;
    expect(first).toMatchObject({ key: '/w/a/e-1.pt', weights });
    expect(second).not.toHaveProperty('weights');
    expect(readFromPanel({ type: 'weights', key: '/w/a/e-1.pt' })).toEqual({
      type: 'weights',
      key: '/w/a/e-1.pt',
    });
    expect(readFromPanel({ type: 'weights', key: 1 })).toBeNull();
  });

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
        summary: null,
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

describe('of a thousand checkpoints', () => {
  const summary = { count: 1, total: 1, mean: 1, median: 1, maximum: 1, meanOverRange: 1 };
  const documentOf = (epoch: number): ResultDocument => ({
    schema: 1,
    checkpoint: { path: `e-${epoch}.pt`, format: 'pytorch', sha256: '00', step: null, epoch },
    parameters: 10,
    runtime: { name: 'x', version: '1', precision: 'float32' },
    seed: 0,
    metrics: { loss: 1 / epoch, samples: 2 },
    landscape: {
      axes: [{ name: 'a', min: -1, max: 1, steps: 1681 }],
      directions: {
        kind: 'random',
        normalization: 'filter',
        seed: 0,
        norms: [1],
        cosines: [],
        parameterNorm: 1,
      },
      shape: [1681],
      values: Array.from({ length: 1681 }, (_, i) => i),
      evaluations: 1681,
      relativeNoise: null,
    },
    notes: [JSON.stringify(summary)],
    timings: {},
  });
  const records = Array.from({ length: 1000 }, (_, k) =>
    record(`/w/a/e-${k}.pt`, {
      result: { document: documentOf(k + 1), written: 0, path: `/w/a/e-${k}.json` },
    }),
  );

  it('a snapshot has the figures of all and the document of none', () => {
    const snapshot = makeSnapshot({
      records,
      partial: () => null,
      selected: null,
      progress: null,
      readiness: () => nothing,
    });
    expect(snapshot.entries[9]?.summary).toMatchObject({ epoch: 10, figures: { loss: 0.1 } });
    const text = JSON.stringify(snapshot);
    expect(text).not.toContain('landscape');
    // The documents are 12 MB.
    expect(text.length).toBeLessThan(400_000);
  });

  it('the version is another where the document is', () => {
    const options = {
      records: records.slice(0, 2),
      selected: null,
      progress: null,
      readiness: () => nothing,
    };
    const version = (partial: ResultDocument | null): unknown =>
      makeSnapshot({
        ...options,
        partial: (path) => (path.endsWith('e-0.pt') ? partial : null),
      }).entries.map((entry) => entry.summary?.version);
    const before = version(null);
    expect(version(null)).toEqual(before);
    const running = version(documentOf(1)) as number[];
    expect(running[0]).not.toBe((before as number[])[0]);
    expect(running[1]).toBe((before as number[])[1]);
  });
});
