import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffCheckpoints } from '../../../src/engine/checkpoint/diff';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { writeTemporary } from './fixtures';

type Tensors = Readonly<Record<string, { shape: number[]; values: readonly number[] }>>;

async function written(name: string, tensors: Tensors): Promise<string> {
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  let at = 0;
  for (const [key, { shape, values }] of Object.entries(tensors)) {
    const bytes = Buffer.from(Float64Array.from(values).buffer);
    header[key] = { dtype: 'F64', shape, data_offsets: [at, at + bytes.length] };
    parts.push(bytes);
    at += bytes.length;
  }
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  return writeTemporary(name, Buffer.concat([prefix, text, ...parts]));
}

async function diff(a: Tensors, b: Tensors) {
  const first = await openCheckpoint(await written('a.safetensors', a));
  const second = await openCheckpoint(await written('b.safetensors', b));
  try {
    return await diffCheckpoints(first, second);
  } finally {
    await first.close();
    await second.close();
  }
}

describe('what differs between two checkpoints', () => {
  it('is told tensor by tensor, the farthest first', async () => {
    const difference = await diff(
      {
        same: { shape: [2], values: [1, 2] },
        near: { shape: [2], values: [3, 4] },
        far: { shape: [2, 1], values: [0, 0] },
        gone: { shape: [3], values: [1, 1, 1] },
        'encoder.old.weight': { shape: [4], values: [1, 2, 3, 4] },
        other: { shape: [5], values: [0, 0, 0, 0, 0] },
      },
      {
        same: { shape: [2], values: [1, 2] },
        near: { shape: [2], values: [3, 4.5] },
        far: { shape: [2, 1], values: [3, 4] },
        'backbone.old.weight': { shape: [4], values: [1, 2, 3, 4] },
        new: { shape: [7], values: [1, 1, 1, 1, 1, 1, 1] },
        other: { shape: [1, 5], values: [0, 0, 0, 0, 0] },
      },
    );
    expect(difference.tensors.map(({ name, distance }) => [name, distance])).toEqual([
      ['far', 5],
      ['near', 0.5],
      ['same', 0],
      ['encoder.old.weight', 0],
    ]);
    expect(difference.tensors[1]!.relative).toBe(0.1);
    // The first is zero: there is nothing to be relative to.
    expect(difference.tensors[0]!.relative).toBeNull();
    expect(difference.tensors[3]!.renamed).toBe('backbone.old.weight');
    expect(difference.equal).toBe(2);
    expect(difference.onlyFirst.map(({ name }) => name)).toEqual(['gone']);
    expect(difference.onlySecond.map(({ name }) => name)).toEqual(['new']);
    expect(difference.reshaped).toEqual([{ name: 'other', first: [5], second: [1, 5] }]);
    expect(difference.distance).toBeCloseTo(Math.sqrt(25 + 0.25), 14);
  });

  it('counts whole numbers apart: they are no weights', async () => {
    const path = (name: string) =>
      new URL(`../../../examples/digits-resnet/runs/resnet/${name}`, import.meta.url).pathname;
    const first = await openCheckpoint(path('epoch-000.pt'));
    const second = await openCheckpoint(path('epoch-030.pt'));
    const { integers, tensors } = await diffCheckpoints(first, second);
    expect(integers.length).toBeGreaterThan(0);
    expect(integers.every((name) => name.endsWith('num_batches_tracked'))).toBe(true);
    expect(tensors.some(({ name }) => name.endsWith('num_batches_tracked'))).toBe(false);
    await first.close();
    await second.close();
  });

  it('has squares that sum to that of the whole', async () => {
    const values = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), {
      minLength: 3,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(values, values), { minLength: 1, maxLength: 5 }),
        async (pairs) => {
          const of = (side: 0 | 1): Tensors =>
            Object.fromEntries(
              pairs.map((pair, k) => [`t${k}`, { shape: [3], values: pair[side] }]),
            );
          const { tensors, distance } = await diff(of(0), of(1));
          const whole = pairs.flatMap(([a, b]) => a.map((x, i) => b[i]! - x));
          const norm = Math.hypot(...whole);
          expect(Math.abs(distance! - norm)).toBeLessThanOrEqual(1e-12 * norm);
          const sum = tensors.reduce((total, { distance: own }) => total + own! ** 2, 0);
          expect(Math.abs(Math.sqrt(sum) - norm)).toBeLessThanOrEqual(1e-12 * norm);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is not finite where a tensor is not, and says which', async () => {
    const { tensors, distance } = await diff(
      { a: { shape: [1], values: [1] }, b: { shape: [1], values: [1] } },
      { a: { shape: [1], values: [NaN] }, b: { shape: [1], values: [2] } },
    );
    expect(tensors.map(({ name, distance: own }) => [name, own])).toEqual([
      ['a', null],
      ['b', 1],
    ]);
    expect(distance).toBeNull();
  });
});
