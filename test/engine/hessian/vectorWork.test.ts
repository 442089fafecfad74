import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  combine,
  divide,
  IN_THIS_THREAD,
  orthogonalize,
} from '../../../src/engine/hessian/vectorWork';
import { dot } from '../../../src/engine/hessian/vectors';
import { Random } from '../../../src/engine/random';
import { chooseRuntime } from '../../../src/engine/runtime/chooseRuntime';
import { vectorsOn } from '../../../src/engine/study/pool/vectorsOnPool';
import { shared } from '../../../src/engine/study/pool/sharedVector';
import { WorkerPool } from '../../../src/engine/study/pool/workerPool';
import { buildWorker } from '../study/builtWorker';

const LENGTH = 100_003;

function numbers(stream: string): Float64Array {
  const random = new Random(3, stream);
  return Float64Array.from({ length: LENGTH }, () => random.normal());
}

/** Products and combinations need no orthonormal vectors to be right or wrong. */
const basis = [0, 1, 2, 3, 4, 5].map((k) =>
  shared(Float32Array.from(numbers(`q ${k}`), (x) => x / Math.sqrt(LENGTH))),
);
const given = [0, 1, 2].map((k) => numbers(`w ${k}`));
const copies = () => given.map((w) => shared(w.slice()) as Float64Array);

let worker: Awaited<ReturnType<typeof buildWorker>>;
beforeAll(async () => {
  worker = await buildWorker();
});
const pools: WorkerPool[] = [];
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  worker.remove();
});

function poolOf(size: number): WorkerPool {
  const runtime = chooseRuntime({
    runtime: 'onnxruntime-node',
    provider: 'cpu',
    precision: 'float32',
  });
  const pool = new WorkerPool({ runtime, size, script: worker.script });
  pools.push(pool);
  return pool;
}

test.each([1, 2, 5, 6])('of %i vectors what lies along them is taken off', async (count) => {
  const own = basis.slice(0, count);
  for (const vectors of [1, 2, 3]) {
    const ws = copies().slice(0, vectors);
    const found = await orthogonalize(IN_THIS_THREAD, own, ws);
    ws.forEach((w, k) => {
      const expected = given[k]!.slice();
      own.forEach((q, j) => {
        const product = dot(given[k]!, q);
        expect(found[k]![j]!).toBeCloseTo(product, 9);
        for (let i = 0; i < LENGTH; i += 1) expected[i]! -= product * q[i]!;
      });
      expect(Math.max(...miss(w, expected))).toBeLessThan(1e-10);
    });
  }
});

test('one worker, several and none do the same to the last bit', async () => {
  const results = [];
  for (const work of [IN_THIS_THREAD, vectorsOn(poolOf(1)), vectorsOn(poolOf(3))]) {
    const ws = copies();
    const found = await orthogonalize(work, basis, ws, 1);
    const own = basis.map((q) => shared(Float32Array.from(q)));
    const columns = [0, 1].map((k) => Float64Array.from(own, (_, j) => Math.sin(1 + j + 7 * k)));
    await combine(work, own, columns);
    await divide(work, ws[0]!, 3, own[5]!);
    results.push({ found: found.map((x) => Array.from(x)), ws, own });
  }
  const [alone, ...others] = results;
  for (const other of others) {
    expect(other.found).toEqual(alone!.found);
    other.ws.forEach((w, k) => {
      expect(Math.max(...miss(w, alone!.ws[k]!))).toBe(0);
    });
    other.own.forEach((q, k) => {
      expect(Math.max(...miss(q, alone!.own[k]!))).toBe(0);
    });
  }
  for (let i = 0; i < LENGTH; i += 997) {
    const second = basis.reduce((sum, q, j) => sum + Math.sin(8 + j) * q[i]!, 0);
    expect(alone!.own[1]![i]).toBeCloseTo(second, 7);
    expect(alone!.own[2]![i]).toBe(basis[2]![i]);
    expect(alone!.own[5]![i]).toBe(Math.fround(alone!.ws[0]![i]! / 3));
  }
});

/** Largest differences of parts, which are few enough to be arguments. */
function miss(a: ArrayLike<number>, b: ArrayLike<number>): number[] {
  const most = [0];
  for (let i = 0; i < a.length; i += 1) most[0] = Math.max(most[0]!, Math.abs(a[i]! - b[i]!));
  return most;
}
