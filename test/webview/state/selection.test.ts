import { describe, expect, it } from 'vitest';
import type { PanelEntry, Snapshot } from '../../../src/shared/panelProtocol';
import { positions, runsOf, trainingPlace } from '../../../src/webview/state/runs';
import { progressText, screenOf } from '../../../src/webview/state/screen';
import {
  chooseEntry,
  counterpart,
  followHost,
  runOf,
  stepEntry,
} from '../../../src/webview/state/selection';
import {
  seriesOf,
  seriesScale,
  shownMeasures,
  shownWeightMeasures,
} from '../../../src/webview/training/series';
import { sampleContent, sampleSnapshot } from '../sampleSnapshot';

const snapshot = sampleSnapshot(9);
const [smooth, rough] = runsOf(snapshot.entries) as [
  ReturnType<typeof runsOf>[number],
  ReturnType<typeof runsOf>[number],
];
const last = snapshot.entries.at(-1)!;

describe('the checkpoint that is shown', () => {
  it('is the panel’s own choice while it exists', () => {
    expect(chooseEntry(snapshot, last.key)?.key).toBe(last.key);
  });

  it('is the host’s where the panel’s is gone', () => {
    expect(chooseEntry(snapshot, '/gone.pt')?.key).toBe(snapshot.selected);
  });

  it('is the last analyzed one where nobody chose', () => {
    const entry = chooseEntry({ ...snapshot, selected: null }, null);
    expect(entry?.label).toBe('epoch-070.pt');
    expect(entry?.run).toBe('resnet20-noskip');
  });

  it('is none where there is none', () => {
    expect(chooseEntry({ ...snapshot, entries: [] }, 'x')).toBeNull();
  });
});

describe('what the host selects', () => {
  const own = { selected: 'b', hostSelected: 'a' };

  it('is followed when it changes', () => {
    expect(followHost(own, 'c', false)).toEqual({ selected: 'c', hostSelected: 'c' });
  });

  it('leaves the panel’s own choice alone when it is repeated', () => {
    expect(followHost(own, 'a', false)).toEqual(own);
  });

  it('is no news when it repeats what the panel told it', () => {
    expect(followHost({ ...own, selected: 'd' }, 'c', true)).toEqual({
      selected: 'd',
      hostSelected: 'c',
    });
    expect(followHost(own, null, false)).toEqual({ selected: 'b', hostSelected: null });
  });
});

describe('steps through a run', () => {
  it('stay within it', () => {
    const first = smooth.entries[0]!;
    expect(stepEntry(smooth, first.key, 'previous')).toBe(first);
    expect(stepEntry(smooth, first.key, 'next')).toBe(smooth.entries[1]);
    expect(stepEntry(smooth, first.key, 'last')).toBe(smooth.entries[8]);
    expect(stepEntry(smooth, '/gone.pt', 'next')).toBeNull();
  });

  it('lead to the same epoch of another run', () => {
    const shorter = { name: 'shorter', entries: rough.entries.slice(3, 6) };
    expect(counterpart(smooth, smooth.entries[4]!.key, shorter)?.label).toBe('epoch-040.pt');
    expect(counterpart(smooth, smooth.entries[8]!.key, shorter)?.label).toBe('epoch-050.pt');
  });

  it('know their run', () => {
    expect(runOf(runsOf(snapshot.entries), last.key)?.name).toBe('resnet20-noskip');
    expect(runOf(runsOf(snapshot.entries), '/gone.pt')).toBeNull();
  });
});

describe('places in training', () => {
  it('are epochs, also of a checkpoint that is not analyzed yet', () => {
    expect(positions(rough)).toEqual({
      unit: 'epoch',
      at: [0, 10, 20, 30, 40, 50, 60, 70, 80],
    });
    expect(trainingPlace(rough.entries[3]!)).toBe('epoch 30');
    expect(trainingPlace(last)).toBe('epoch-080.pt');
  });

  it('are the order where no epoch is known', () => {
    const bare = rough.entries.map((entry): PanelEntry => ({ ...entry, summary: null }));
    expect(positions({ name: 'bare', entries: bare }).unit).toBe('checkpoint');
    expect(positions({ name: 'bare', entries: bare }).at[8]).toBe(9);
  });

  it('leave a gap in the series where nothing is known', () => {
    const loss = shownMeasures([rough]).find((measure) => measure.id === 'loss')!;
    const series = seriesOf(rough, loss);
    expect(series.at(-1)).toBeNull();
    expect(series.slice(0, 8).every((value) => value !== null)).toBe(true);
  });

  it('follow the weights of checkpoints that were read, analyzed or not', () => {
    const weights = {
      values: 5,
      norm: 3,
      fromFirst: 0,
      fromPrevious: null,
      units: 2,
      deadUnits: 0,
    };
    const entries = [
      { ...rough.entries[0]!, weights },
      { ...last, weights: { ...weights, norm: 4, fromFirst: 1.5, fromPrevious: 1.5 } },
      rough.entries[1]!,
    ];
    const run = { name: 'read', entries };
    expect(shownWeightMeasures([rough])).toEqual([]);
    const measures = shownWeightMeasures([run]);
    expect(measures.map(({ id }) => id)).toEqual(['norm', 'fromFirst', 'fromPrevious']);
    expect(measures.map((measure) => seriesOf(run, measure))).toEqual([
      [3, 4, null],
      [0, 1.5, null],
      [null, 1.5, null],
    ]);
  });

  it('show accuracy only where it was measured', () => {
    const ids = (run: typeof rough) => shownMeasures([run]).map((measure) => measure.id);
    expect(ids(rough)).toContain('accuracy');
    expect(ids({ name: 'bare', entries: [last] })).not.toContain('accuracy');
  });

  it('are drawn by their logarithm over many decades only', () => {
    expect(seriesScale([1, 5, 20]).logarithmic).toBe(false);
    const wide = seriesScale([1, null, 10_000]);
    expect(wide.logarithmic).toBe(true);
    expect(wide.toUnit(100)).toBeCloseTo(0.5, 12);
    expect(seriesScale([-1, 1000]).logarithmic).toBe(false);
    expect(seriesScale([]).toUnit(3)).toBe(0.5);
  });
});

describe('what the panel shows', () => {
  const progress = {
    job: 'j',
    checkpoint: last.key,
    index: 8,
    count: 9,
    part: 'landscape',
    fraction: 0.4,
  } as const;
  const { documents } = sampleContent(9);
  const known = ({ key }: PanelEntry) => documents[key] ?? null;
  const kind = (next: Snapshot | null, key: string | null = null) =>
    screenOf(next, key, known).kind;

  it('is a message with a next step where there is no document', () => {
    expect(kind(null)).toBe('waiting');
    expect(kind({ ...snapshot, entries: [] })).toBe('empty');
    expect(kind(snapshot, last.key)).toBe('unanalyzed');
    expect(kind({ ...snapshot, progress }, last.key)).toBe('started');
    const failed = snapshot.entries.map((entry) =>
      entry === last ? { ...entry, error: 'No such file.' } : entry,
    );
    expect(kind({ ...snapshot, entries: failed }, last.key)).toBe('failed');
  });

  it('is the document, running only while it is this one', () => {
    const screen = screenOf({ ...snapshot, progress }, null, known);
    expect(screen).toMatchObject({ kind: 'document', running: false, warning: null });
  });

  it('is loading while the document is on its way', () => {
    expect(screenOf(snapshot, null, () => null).kind).toBe('loading');
  });

  it('says what is being done', () => {
    expect(progressText(progress, snapshot.entries)).toBe(
      'Sampling the landscape of epoch-080.pt (9 of 9)',
    );
    expect(
      progressText({ ...progress, checkpoint: 'C:\\runs\\a.pt', count: 1, part: 'hessian' }, []),
    ).toBe('Measuring the curvature of a.pt');
  });
});
