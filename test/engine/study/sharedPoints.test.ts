import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sharedRecords, SharedPoints } from '../../../src/engine/study/landscapes/sharedPoints';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'basin-shared-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const points = (index: number, silence?: number): SharedPoints =>
  new SharedPoints(
    join(folder, 'shared'),
    { index, count: 2 },
    () => Promise.resolve(false),
    silence === undefined ? {} : { silence, beat: 60_000 },
  );

describe('points in a folder', () => {
  test('each process writes a file of its own, and reads those of all', async () => {
    const [first, second] = [points(0), points(1)];
    await first.append([1, 2], [0.5, NaN]);
    await second.append([3], [-Infinity]);
    await first.append([4], [4]);
    expect(await readdir(join(folder, 'shared'))).toHaveLength(2);
    const all = [
      [1, 0.5],
      [2, NaN],
      [3, -Infinity],
      [4, 4],
    ];
    const sorted = (records: readonly (readonly [number, number])[]) =>
      [...records].sort(([a], [b]) => a - b);
    expect(sorted(await second.news())).toEqual(all);
    expect(await second.news()).toEqual([]);
    await first.append([5], [5]);
    expect(await second.news()).toEqual([[5, 5]]);
    expect(sorted(await sharedRecords(join(folder, 'shared')))).toEqual([...all, [5, 5]]);
  });

  test('a record that is written by half is left to who writes it, and read when it is whole', async () => {
    const [first, second] = [points(0), points(1)];
    await first.append([1, 2], [1, 2]);
    const [name] = await readdir(join(folder, 'shared'));
    await points(0).append([7], [7]);
    const names = await readdir(join(folder, 'shared'));
    const other = join(
      folder,
      'shared',
      names.find((each) => each !== name)!,
    );
    const bytes = await readFile(other);
    await truncate(other, 5);
    expect(await second.news()).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect((await stat(other)).size).toBe(5);
    await appendFile(other, bytes.subarray(5));
    expect(await second.news()).toEqual([[7, 7]]);
  });

  test('a block is one’s at a time, and of one that is silent the next one’s', async () => {
    const [first, second] = [points(0, 150), points(1, 150)];
    const claim = await first.claim('1-0-5');
    expect(claim).not.toBeNull();
    expect(await second.claim('1-0-5')).toBeNull();
    expect(await second.claim('1-5-9')).not.toBeNull();
    await claim!.release();
    const next = await second.claim('1-0-5');
    expect(next).not.toBeNull();
    // It says nothing more: its time between two signs of life is a minute.
    expect(await first.claim('1-0-5')).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await first.claim('1-0-5')).not.toBeNull();
    await next!.release();
  });

  test('who writes after the folder was taken away makes it anew', async () => {
    const first = points(0);
    await first.append([1], [1]);
    await rm(join(folder, 'shared'), { recursive: true });
    await first.append([2], [2]);
    expect(await sharedRecords(join(folder, 'shared'))).toEqual([[2, 2]]);
  });
});
