import { describe, expect, it } from 'vitest';
import { resultLocation } from '../../src/shared/resultLocation';

describe('where a result is kept', () => {
  it.each([
    ['epoch-003.pt', '.basin/results/epoch-003.pt.basin.json'],
    ['runs/a/epoch-003.pt', '.basin/results/runs/a/epoch-003.pt.basin.json'],
    ['./runs//a/e.pt', '.basin/results/runs/a/e.pt.basin.json'],
    ['../other/e.pt', '.basin/results/_up/other/e.pt.basin.json'],
    ['../../e.pt', '.basin/results/_up/_up/e.pt.basin.json'],
    ['/mnt/disk/e.pt', '.basin/results/_root/mnt/disk/e.pt.basin.json'],
    ['D:/disk/e.pt', '.basin/results/_D/disk/e.pt.basin.json'],
  ])('%s → %s', (checkpoint, location) => {
    expect(resultLocation(checkpoint)).toBe(location);
  });
});
