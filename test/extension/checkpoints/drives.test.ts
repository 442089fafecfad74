import { win32 } from 'node:path/win32';
import { expect, it, vi } from 'vitest';
import { checkpointsNamed } from '../../../src/extension/checkpoints/checkpointPaths';
import { checkpointOfResult } from '../../../src/extension/checkpoints/checkpointOfResult';
import { inPieces } from '../../../src/extension/turns/inTurns';
import type { CheckpointRecord } from '../../../src/extension/checkpoints/library';
import { resultPath, ResultPlaces } from '../../../src/extension/checkpoints/resultPlaces';
import { groupRuns } from '../../../src/extension/checkpoints/runs';
import { checkpointLabel, checkpointName } from '../../../src/extension/words/checkpointLabel';

/** What the extension is given on Windows, whatever these tests run on. */
vi.mock('node:path', () => ({ ...win32, default: win32 }));

const file = (path: string) => ({ path, size: 1, modified: 0 });

function record(path: string): CheckpointRecord {
  return {
    file: file(path),
    run: {
      folder: win32.dirname(path),
      name: '',
      location: '',
      configuration: null,
      implied: null,
      checkpoints: [],
    },
    writing: false,
    result: null,
    outdated: false,
    changes: [],
    error: null,
  };
}

it('runs are folders of a drive, told with forward slashes below the folder that is open', async () => {
  const files = ['c:\\w\\runs\\a\\e-10.pt', 'c:\\w\\runs\\a\\e-9.pt', 'c:\\w\\runs\\b\\e-1.pt'];
  const findings = [
    { configuration: 'c:\\w\\basin.json', files: files.map(file) },
    { configuration: 'c:\\w\\runs\\b\\basin.json', files: [file(files[2]!)] },
  ];
  const runs = await inPieces(groupRuns(findings, ['c:\\w']));
  expect(runs.map(({ name, location, configuration }) => [name, location, configuration])).toEqual([
    ['a', 'runs/a', 'c:\\w\\basin.json'],
    ['b', 'runs/b', 'c:\\w\\runs\\b\\basin.json'],
  ]);
  expect(runs[0]!.checkpoints.map(({ path }) => path)).toEqual([files[1], files[0]]);
});

it('the folder that is open may be a whole drive, and a run may be on another', async () => {
  const files = ['d:\\runs\\e-1.pt', 'e:\\far\\e-1.pt', '\\\\server\\share\\runs\\e-1.pt'];
  const findings = [{ configuration: null, files: files.map(file) }];
  const runs = await inPieces(groupRuns(findings, ['d:\\']));
  expect(runs.map(({ location }) => location)).toEqual([
    '\\\\server\\share\\runs',
    'e:\\far',
    'runs',
  ]);
});

it('a result is in the store of its basin.json, whatever drive the checkpoint is on, and leads back', () => {
  const configuration = 'c:\\w\\runs\\basin.json';
  const store = 'c:\\w\\runs\\.basin';
  const expected = {
    'c:\\w\\runs\\a\\e-1.pt': 'a\\e-1.pt',
    'c:\\w\\e-1.pt': '_up\\e-1.pt',
    'd:\\far\\e-1.pt': '_d\\far\\e-1.pt',
  };
  for (const [checkpoint, place] of Object.entries(expected)) {
    const path = resultPath(configuration, checkpoint, store);
    expect(path).toBe(`${store}\\results\\${place}.basin.json`);
    expect(checkpointOfResult(configuration, store, path)).toBe(checkpoint);
  }
  expect(checkpointOfResult(configuration, store, 'c:\\w\\runs\\.basin\\cache\\a')).toBeNull();
  // In the storage of the editor, which may be on another drive than what it is about.
  const places = new ResultPlaces('c:\\Users\\u\\storage', () => 'extension');
  const [own] = places.stores('d:\\runs\\basin.json');
  const path = resultPath('d:\\runs\\basin.json', 'd:\\runs\\a\\e-1.pt', own);
  expect(path.startsWith('c:\\Users\\u\\storage\\results\\runs-')).toBe(true);
  expect(checkpointOfResult('d:\\runs\\basin.json', own, path)).toBe('d:\\runs\\a\\e-1.pt');
});

it('a path in code leads to its checkpoint, however its drive and its slashes are written', () => {
  const records = [
    'c:\\w\\runs\\x\\epoch-001.pt',
    'c:\\w\\runs\\x\\epoch-002.pt',
    'd:\\w\\runs\\x\\epoch-001.pt',
    'c:\\w\\web\\model.json',
  ].map(record);
  const surroundings = { folder: 'c:\\w', roots: ['c:\\w'], runs: [] };
  const named = (written: string) =>
    checkpointsNamed(written, surroundings, records).map(({ file: { path } }) => path);
  for (const written of [
    'runs/x/epoch-001.pt',
    'runs\\x\\epoch-001.pt',
    '.\\runs\\x\\epoch-001.pt',
    'C:\\w\\runs\\x\\epoch-001.pt',
    'C:/w/runs/x/epoch-001.pt',
    'c:/w/runs/../runs/x/epoch-001.pt',
    'file:///C:/w/runs/x/epoch-001.pt',
  ]) {
    expect(named(written), written).toEqual(['c:\\w\\runs\\x\\epoch-001.pt']);
  }
  expect(named('D:\\w\\runs\\x\\epoch-{epoch:03d}.pt')).toEqual(['d:\\w\\runs\\x\\epoch-001.pt']);
  expect(named('C:\\w\\runs\\{name}\\epoch-{epoch:03d}.pt')).toEqual([
    'c:\\w\\runs\\x\\epoch-002.pt',
    'c:\\w\\runs\\x\\epoch-001.pt',
  ]);
  expect(named('file://./web')).toEqual(['c:\\w\\web\\model.json']);
});

it('a checkpoint is called by its folder and its name', () => {
  expect(checkpointLabel('c:\\w\\runs\\x\\epoch-001.pt')).toBe('x/epoch-001.pt');
  expect(checkpointName('c:\\w\\runs\\checkpoint-500\\model.safetensors')).toBe('checkpoint-500');
  expect(checkpointLabel('c:\\w\\runs\\checkpoint-500\\model.safetensors')).toBe(
    'runs/checkpoint-500',
  );
});
