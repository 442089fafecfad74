import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../../src/engine/checkpoint/fault';
import { parseSurface } from '../../../../src/engine/topology/files/surface';
import { english } from '../../../../src/shared/words/message';
import { randomNumbers } from '../landscapes';

const bytesOf = (name: string): Uint8Array =>
  new Uint8Array(
    readFileSync(join(import.meta.dirname, `../../../fixtures/topology/surface-${name}.h5`)),
  );

/** What surfaces.py computes: x² + 3(y − 1)² + xy/2 with x fastest. */
function expected(nx: number, ny: number): number[] {
  return Array.from({ length: nx * ny }, (_, k) => {
    const x = -1 + (2 * (k % nx)) / (nx - 1);
    const y = -2 + (4 * Math.floor(k / nx)) / (ny - 1);
    return x ** 2 + 3 * (y - 1) ** 2 + (x * y) / 2;
  });
}

function expectClose(values: Float64Array, wanted: readonly number[], digits: number): void {
  expect(values.length).toBe(wanted.length);
  wanted.forEach((value, k) => {
    expect(values[k]).toBeCloseTo(value, digits);
  });
}

describe('a loss surface of Li et al. in HDF5', () => {
  it('has x as its fast axis, whichever way round its shape is', async () => {
    const { values, shape, axes, warnings } = await parseSurface(bytesOf('swapped'), undefined);
    expect(shape).toEqual([5, 7]);
    expectClose(values, expected(7, 5), 12);
    expect(axes).toEqual([
      { name: 'y', min: -2, max: 2, steps: 5 },
      { name: 'x', min: -1, max: 1, steps: 7 },
    ]);
    expect(warnings!.map(english).join()).toMatch(
      /5 and 7 coordinates but 7 × 5 values: its axes are swapped/,
    );
  });

  it('is read through deflate, shuffle and checksum, in float32', async () => {
    const { values, shape, warnings } = await parseSurface(bytesOf('gzip'), undefined);
    expect(shape).toEqual([5, 7]);
    expectClose(values, expected(7, 5), 5);
    expect(warnings).toEqual([]);
  });

  it('gives the dataset that is asked for', async () => {
    const { values } = await parseSurface(bytesOf('swapped'), 'train_acc');
    expectClose(
      values,
      expected(7, 5).map((loss) => 100 - loss),
      12,
    );
    await expect(parseSurface(bytesOf('swapped'), 'test_loss')).rejects.toThrow(
      'it has no dataset "test_loss"',
    );
  });

  it('takes points that were not evaluated as NaN, and says how many', async () => {
    const { values, warnings } = await parseSurface(bytesOf('unfinished'), undefined);
    const missing = [...values.keys()].filter((v) => Number.isNaN(values[v]!));
    expect(missing).toEqual([3, 24]);
    expect(warnings).toHaveLength(1);
    expect(english(warnings![0]!)).toContain('2 of 25 points were not evaluated');
  });

  it('may be a line', async () => {
    const { values, shape } = await parseSurface(bytesOf('line'), undefined);
    expect([[...values], shape]).toEqual([[4, 1, 2, 0, 3], [5]]);
  });
});

describe('a broken or hostile HDF5 file', () => {
  it.each([
    ['external', /cannot read it/],
    ['device', /cannot read it/],
    ['virtual', /takes its values from other files/],
    ['external-link', /leads elsewhere/],
    ['link-loop', /leads elsewhere|cannot read it/],
    ['huge', /17592186044416 values/],
    ['filter', /compressed by the filter 6/],
    ['text', /holds no numbers/],
    ['other', /no "xcoordinates"/],
  ])('%s', async (name, words) => {
    await expect(parseSurface(bytesOf(name), undefined)).rejects.toThrow(Fault);
    await expect(parseSurface(bytesOf(name), undefined)).rejects.toThrow(words);
  });

  it('is refused wherever it is cut short', async () => {
    const whole = bytesOf('gzip');
    for (const share of [0, 0.01, 0.3, 0.6, 0.9, 0.999]) {
      const cut = whole.slice(0, Math.floor(share * whole.length));
      await expect(parseSurface(cut, undefined)).rejects.toThrow(Fault);
    }
  });

  it('with flipped bits is refused or read, and a whole one is read after it', async () => {
    const whole = bytesOf('gzip');
    const random = randomNumbers(9, 120);
    for (let k = 0; k < random.length; k++) {
      const flipped = whole.slice();
      const bit = Math.floor(random[k]! * 8 * whole.length);
      flipped[bit >>> 3]! ^= 1 << (bit & 7);
      const reading = await parseSurface(flipped, undefined).catch((error: unknown) => error);
      if (reading instanceof Error) expect(reading).toBeInstanceOf(Fault);
      else expect(reading).toMatchObject({ shape: [5, 7] });
    }
    const { values } = await parseSurface(whole, undefined);
    expectClose(values, expected(7, 5), 5);
  });
});
