import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PieceLog } from '../../../src/engine/study/results/cache';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'basin-log-'));
  path = join(folder, 'cache', 'landscape.points');
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const points = [0, 7, 4_000_000_000];
const losses = [0.25, Infinity, -1e-300];

describe('the log of computed points', () => {
  it('gives back what was written, bit for bit', async () => {
    await new PieceLog(path).append(points, losses);
    await new PieceLog(path).append([1], [NaN]);
    expect(await new PieceLog(path).read()).toEqual([
      ...points.map((p, i) => [p, losses[i]]),
      [1, NaN],
    ]);
  });

  it('loses one record to a crash within it, wherever it was, and goes on behind the others', async () => {
    await new PieceLog(path).append(points, losses);
    const whole = await readFile(path);
    const record = whole.length / points.length;
    for (let length = 0; length <= whole.length; length++) {
      await writeFile(path, whole);
      await truncate(path, length);
      const log = new PieceLog(path);
      const kept = Math.floor(length / record);
      expect(await log.read()).toHaveLength(kept);
      await log.append([5], [0.5]);
      expect((await new PieceLog(path).read()).slice(kept)).toEqual([[5, 0.5]]);
    }
  });

  it('believes no record that is not as it was written', async () => {
    await new PieceLog(path).append(points, losses);
    const whole = await readFile(path);
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = damaged[at]! ^ 0x10;
      await writeFile(path, damaged);
      const kept = Math.floor((at * points.length) / whole.length);
      expect(await new PieceLog(path).read()).toHaveLength(kept);
    }
  });

  it('is empty where there is none', async () => {
    expect(await new PieceLog(path).read()).toEqual([]);
  });
});
