import { describe, expect, it } from 'vitest';
import { inPieces } from '../../../src/extension/turns/inTurns';
import {
  groupRuns,
  type CheckpointFile,
  type Finding,
  type Run,
} from '../../../src/extension/checkpoints/runs';

const file = (path: string): CheckpointFile => ({ path, size: 1, modified: 0 });

const grouped = (findings: readonly Finding[], roots: readonly string[]): Promise<Run[]> =>
  inPieces(groupRuns(findings, roots));

describe('runs', () => {
  it('are folders, with their checkpoints in the order of training', async () => {
    const runs = await grouped(
      [
        {
          configuration: '/w/basin.json',
          files: ['/w/runs/a/e-10.pt', '/w/runs/a/e-9.pt', '/w/runs/b/e-1.pt'].map(file),
        },
      ],
      ['/w'],
    );
    expect(runs.map(({ name, location }) => [name, location])).toEqual([
      ['a', 'runs/a'],
      ['b', 'runs/b'],
    ]);
    expect(runs[0]?.checkpoints.map(({ path }) => path)).toEqual([
      '/w/runs/a/e-9.pt',
      '/w/runs/a/e-10.pt',
    ]);
    expect(runs[0]?.configuration).toBe('/w/basin.json');
  });

  it('are called by two folders where one says nothing of the training', async () => {
    const paths = [
      '/w/lightning_logs/version_0/checkpoints/epoch=1-step=9.ckpt',
      '/w/lightning_logs/version_1/checkpoints/epoch=1-step=9.ckpt',
      '/w/out/checkpoint-500/model.safetensors',
      '/w/ckpts/a.pt',
    ];
    const runs = await grouped([{ configuration: null, files: paths.map(file) }], ['/w']);
    expect(runs.map(({ name }) => name)).toEqual([
      'w/ckpts',
      'version_0/checkpoints',
      'version_1/checkpoints',
      'out',
    ]);
  });

  it('belong to the nearest configuration that names them', async () => {
    const files = [file('/w/runs/a/e-1.pt')];
    for (const order of [
      ['/w/basin.json', '/w/runs/a/basin.json'],
      ['/w/runs/a/basin.json', '/w/basin.json'],
    ]) {
      const runs = await grouped(
        order.map((configuration) => ({ configuration, files })),
        ['/w'],
      );
      expect(runs.map(({ configuration }) => configuration)).toEqual(['/w/runs/a/basin.json']);
    }
  });

  it('hold only what a configuration names where one speaks for the folder', async () => {
    const runs = await grouped(
      [
        { configuration: null, files: [file('/w/a/best.pt'), file('/w/b/best.pt')] },
        { configuration: '/w/a/basin.json', files: [file('/w/a/e-1.pt')] },
      ],
      ['/w'],
    );
    expect(runs.map((run) => [run.name, run.checkpoints.map(({ path }) => path)])).toEqual([
      ['a', ['/w/a/e-1.pt']],
      ['b', ['/w/b/best.pt']],
    ]);
  });

  it('say which workspace folder they are in where there are several, and their path elsewhere', async () => {
    const runs = await grouped(
      [{ configuration: null, files: ['/w/one/a/x.pt', '/w/two/a/x.pt', '/far/x.pt'].map(file) }],
      ['/w/one', '/w/two'],
    );
    expect(runs.map(({ location }) => location)).toEqual(['/far', 'one/a', 'two/a']);
  });
});
