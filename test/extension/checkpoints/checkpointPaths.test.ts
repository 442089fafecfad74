import { describe, expect, it } from 'vitest';
import {
  checkpointsNamed,
  type Surroundings,
} from '../../../src/extension/checkpoints/checkpointPaths';
import type { CheckpointRecord } from '../../../src/extension/checkpoints/library';

const run = {
  folder: '',
  name: '',
  location: '',
  configuration: null,
  implied: null,
  checkpoints: [],
};

function record(path: string, seconds = 0): CheckpointRecord {
  return {
    file: { path, size: 1, modified: 1000 * seconds },
    run,
    writing: false,
    result: null,
    outdated: false,
    changes: [],
    error: null,
  };
}

const records = [
  record('/w/a/runs/x/epoch-001.pt', 1),
  record('/w/a/runs/x/epoch-002.pt', 3),
  record('/w/a/runs/y/epoch-001.pt', 2),
  record('/w/b/runs/x/epoch-009.pt', 9),
  record('/w/a/web/model.json', 4),
];
const inA: Surroundings = { folder: '/w/a', roots: ['/w'], runs: [] };

const named = (written: string, surroundings = inA): string[] =>
  checkpointsNamed(written, surroundings, records).map(({ file }) => file.path);

describe('the checkpoints a path in code names', () => {
  it('are the one it leads to', () => {
    expect(named('runs/x/epoch-001.pt')).toEqual(['/w/a/runs/x/epoch-001.pt']);
    expect(named('b/runs/x/epoch-009.pt')).toEqual(['/w/b/runs/x/epoch-009.pt']);
    expect(named('/w/b/runs/x/epoch-009.pt')).toEqual(['/w/b/runs/x/epoch-009.pt']);
  });

  it('are those that fit its holes, the newest first, of the project it is in', () => {
    expect(named('runs/{name}/epoch-{epoch:03d}.pt')).toEqual([
      '/w/a/runs/x/epoch-002.pt',
      '/w/a/runs/y/epoch-001.pt',
      '/w/a/runs/x/epoch-001.pt',
    ]);
  });

  it('are those of every project where its own has none', () => {
    expect(named('epoch-{epoch:03d}.pt', { ...inA, folder: '/w/c' })[0]).toBe(
      '/w/b/runs/x/epoch-009.pt',
    );
  });

  it('are those its end leads to where its beginning is not known', () => {
    expect(named('x/epoch-002.pt', { ...inA, folder: null })).toEqual(['/w/a/runs/x/epoch-002.pt']);
  });

  it('are a folder that holds a model.json', () => {
    expect(named('file://./web')).toEqual(['/w/a/web/model.json']);
    expect(named('web/model.json')).toEqual(['/w/a/web/model.json']);
  });

  it('are none of other names', () => {
    expect(named('runs/x/epoch-003.pt')).toEqual([]);
    expect(named('{name}.pt')).toEqual([]);
  });
});
