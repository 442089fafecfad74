import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gridOf } from '../../../src/engine/landscape/grid';
import { sampleRefined } from '../../../src/engine/landscape/refinementSampling';
import { sampleGrid, type LossAt } from '../../../src/engine/landscape/sampling';
import {
  blocksOf,
  FinishedElsewhere,
  type PointShare,
} from '../../../src/engine/landscape/sharedSampler';

const grid = gridOf([
  { name: 'x', min: -1, max: 1, steps: 25 },
  { name: 'y', min: -1, max: 1, steps: 31 },
]);
const loss = ([x = 0, y = 0]: readonly number[]): number =>
  Math.sin(5 * x) * Math.cos(4 * y) + x * x + y * y;

/** What processes share, without files: who dies keeps its claims until the others pass them over. */
class Shared {
  readonly records: (readonly [number, number])[] = [];
  readonly claims = new Map<string, number>();
  isFinished = false;

  of(index: number, count: number): PointShare {
    let read = 0;
    return {
      team: { index, count },
      news: () => {
        const news = this.records.slice(read);
        read = this.records.length;
        return Promise.resolve(news);
      },
      append: (points, losses) => {
        points.forEach((point, i) => this.records.push([point, losses[i]!]));
        return Promise.resolve();
      },
      claim: (block) => {
        if (this.claims.has(block)) return Promise.resolve(null);
        this.claims.set(block, index);
        return Promise.resolve({
          release: () => {
            this.claims.delete(block);
            return Promise.resolve();
          },
        });
      },
      isFinished: () => Promise.resolve(this.isFinished),
      wait: async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
      },
    };
  }
}

/** @param dies after so many requests. */
function member(shared: Shared, index: number, count: number, lanes = 2, dies = Infinity) {
  const share = shared.of(index, count);
  let evaluations = 0;
  let requests = 0;
  const lossAt: LossAt = async (at) => {
    requests += 1;
    if (requests > dies) throw new Error('killed');
    await new Promise((resolve) => setImmediate(resolve));
    evaluations += at.length;
    return at.map(loss);
  };
  const sampling = {
    lanes,
    known: [],
    share,
    onLosses: (points: readonly number[], losses: readonly number[]) =>
      share.append(points, losses),
  };
  return {
    whole: () => sampleGrid(grid, lossAt, sampling),
    refined: () => sampleRefined(grid, lossAt, sampling, { neighborhood: '8', seed: 1 }),
    evaluations: () => evaluations,
  };
}

const alone = (): Promise<Float64Array> =>
  sampleGrid(grid, (at) => Promise.resolve(at.map(loss)), { lanes: 1, known: [] });

describe('points that several sample together', () => {
  test('are cut into blocks that follow each other and become shorter', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.integer({ min: 1, max: 40 }), (count, processes) => {
        const blocks = blocksOf(count, processes);
        let at = 0;
        let last = Infinity;
        for (const [start, end] of blocks) {
          expect(start).toBe(at);
          expect(end - start).toBeGreaterThan(0);
          expect(end - start).toBeLessThanOrEqual(last);
          [at, last] = [end, end - start];
        }
        expect(at).toBe(count);
      }),
    );
  });

  test.each([1, 2, 4, 7])('are computed once by %i, and all know all of them', async (count) => {
    const shared = new Shared();
    const members = Array.from({ length: count }, (_, index) => member(shared, index, count));
    const found = await Promise.all(members.map((each) => each.whole()));
    const expected = await alone();
    for (const values of found) expect(values).toEqual(expected);
    const total = members.reduce((sum, each) => sum + each.evaluations(), 0);
    expect(total).toBe(grid.size);
    for (const each of members)
      expect(each.evaluations()).toBeGreaterThan(0.5 * (grid.size / count));
  });

  test('are refined as by one, and each point is computed once', async () => {
    const shared = new Shared();
    const members = [0, 1, 2].map((index) => member(shared, index, 3));
    const found = await Promise.all(members.map((each) => each.refined()));
    const expected = await sampleRefined(
      grid,
      (at) => Promise.resolve(at.map(loss)),
      { lanes: 1, known: [] },
      { neighborhood: '8', seed: 1 },
    );
    for (const each of found) expect(each).toEqual(expected);
    const total = members.reduce((sum, each) => sum + each.evaluations(), 0);
    expect(total).toBe(expected.refinement.evaluations);
    expect(total).toBeLessThan(grid.size);
  });

  test('of one that dies are the others’', async () => {
    const shared = new Shared();
    const [first, second, third] = [
      member(shared, 0, 3),
      member(shared, 1, 3, 2, 5),
      member(shared, 2, 3),
    ];
    await expect(second.whole()).rejects.toThrow('killed');
    const found = await Promise.all([first.whole(), third.whole()]);
    for (const values of found) expect(values).toEqual(await alone());
    // Who is started again has all of them already.
    const again = member(shared, 1, 3);
    expect(await again.whole()).toEqual(await alone());
    expect(again.evaluations()).toBe(0);
  });

  test('are nobody’s once the landscape is put together', async () => {
    const shared = new Shared();
    shared.isFinished = true;
    const late = member(shared, 0, 2);
    await expect(late.whole()).rejects.toThrow(FinishedElsewhere);
    expect(late.evaluations()).toBe(0);
  });
});
