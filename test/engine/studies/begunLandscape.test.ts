import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  describeUnfinished,
  missingPoints,
  removeBegun,
  unfinishedOf,
  writeBegun,
} from '../../../src/engine/studies/begunLandscape';
import { readStudyFile } from '../../../src/engine/studies/studyFile';
import { planStudy } from '../../../src/engine/studies/studyPlan';
import { Cache, PieceLog } from '../../../src/engine/study/results/cache';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-begun-'));
  writeFileSync(join(folder, 'basin.json'), '{}');
  writeFileSync(join(folder, 'a.pt'), 'weights');
  writeFileSync(join(folder, 'study.json'), JSON.stringify({ checkpoints: '{name}.pt' }));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A landscape of 12 points, of which nothing is there. */
async function begun(isRefined = false) {
  const file = await readStudyFile(folder);
  const { tasks } = await planStudy(file);
  const task = tasks[0]!;
  const cache = new Cache(join(folder, 'cache'));
  const record = { folder: cache.folder, key: 'landscape-1', points: 12, isRefined };
  await writeBegun(file, task, join(folder, 'basin.json'), 4, record);
  return { file, task, cache };
}

describe('a landscape that was begun', () => {
  test('counts each point once, whoever sampled it', async () => {
    const { file, task, cache } = await begun();
    expect(await unfinishedOf(file, task)).toMatchObject({ points: 12, sampled: 0, shards: 4 });
    await cache.log('landscape-1').append([0, 3], [1, 1]);
    const shared = cache.sharedFolder('landscape-1');
    await new PieceLog(join(shared, 'one.points')).append([3, 4], [1, 1]);
    await new PieceLog(join(shared, 'two.points')).append([4, 11], [1, 1]);
    const found = (await unfinishedOf(file, task))!;
    expect(missingPoints(found)).toBe(8);
    expect(describeUnfinished(found)).toBe('Of its landscape 4 of 12 points are there, 8 are not.');
  });

  test('has fewer points than its grid where it is refined', async () => {
    const { file, task, cache } = await begun(true);
    await cache.log('landscape-1').append([0, 3], [1, 1]);
    const found = (await unfinishedOf(file, task))!;
    expect(describeUnfinished(found)).toBe('Of its landscape 2 points are there, of 12 at most.');
  });

  test('has all that it needs when it is put together', async () => {
    const { file, task, cache } = await begun();
    await cache.write('landscape-1', { values: [] });
    const found = (await unfinishedOf(file, task))!;
    expect(missingPoints(found)).toBe(0);
    expect(describeUnfinished(found)).toBe('Its landscape is there, what follows from it is not.');
  });

  test.each(['a.pt', 'basin.json'])('is another with another %s', async (name) => {
    const { file, task } = await begun();
    writeFileSync(join(folder, name), 'something else');
    expect(await unfinishedOf(file, task)).toBeNull();
  });

  test('is nothing where none was, and where its task is done', async () => {
    const { file, task } = await begun();
    await removeBegun(file, task);
    expect(await unfinishedOf(file, task)).toBeNull();
    await removeBegun(file, task);
  });
});
