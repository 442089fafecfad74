import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { landscapePicture, PICTURE_EDGE } from '../../../src/extension/code/landscapePicture';
import type { Landscape } from '../../../src/shared/result/landscape';
import type { Scalar } from '../../../src/shared/result/scalar';

function landscape(
  rows: number,
  columns: number,
  value: (i: number, j: number) => Scalar | null,
): Landscape {
  const axis = (steps: number) => ({ name: 'd', min: -1, max: 1, steps });
  return {
    axes: [axis(rows), axis(columns)],
    directions: {
      kind: 'random',
      normalization: 'filter',
      seed: 0,
      norms: [1, 1],
      cosines: [0],
      parameterNorm: 1,
    },
    shape: [rows, columns],
    values: Array.from({ length: rows * columns }, (_, k) =>
      value(Math.floor(k / columns), k % columns),
    ),
    evaluations: rows * columns,
    relativeNoise: null,
  };
}

/** Reads a PNG of colour type 3 without filters, by its specification. */
function read(png: Buffer): { width: number; color: (x: number, y: number) => string } {
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    chunks.set(png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const header = chunks.get('IHDR')!;
  const width = header.readUInt32BE(0);
  const rows = inflateSync(chunks.get('IDAT')!);
  const palette = chunks.get('PLTE')!;
  return {
    width,
    color: (x, y) => {
      expect(rows[y * (width + 1)]).toBe(0);
      const index = rows[y * (width + 1) + 1 + x]!;
      return `#${palette.toString('hex', 3 * index, 3 * index + 3)}`;
    },
  };
}

const BOTTOM = '#471063';
const TOP = '#e5e419';

describe('the picture of a landscape', () => {
  it('has the first direction to the right and the second upwards', () => {
    const right = read(
      landscapePicture(
        landscape(11, 11, (i) => i),
        'dark',
      )!,
    );
    const edge = right.width - 1;
    expect(right.width).toBe(2 * PICTURE_EDGE);
    expect([right.color(0, 50), right.color(edge, 50)]).toEqual([BOTTOM, TOP]);
    const up = read(
      landscapePicture(
        landscape(11, 11, (_, j) => j),
        'dark',
      )!,
    );
    expect([up.color(50, edge), up.color(50, 0)]).toEqual([BOTTOM, TOP]);
  });

  it('has bands that are equal in the logarithm where losses differ greatly', () => {
    // exp(0…12): in the logarithm one band for every step; linearly nearly all would be the lowest.
    const png = read(
      landscapePicture(
        landscape(13, 2, (i) => Math.exp(i)),
        'dark',
      )!,
    );
    const colors = new Set(
      Array.from({ length: png.width }, (_, x) => png.color(x, png.width - 1)),
    );
    expect(colors.size).toBe(12);
  });

  it('has a colour of its own where the loss is none', () => {
    const png = read(
      landscapePicture(
        landscape(11, 11, (i, j) => (i < 2 ? 'NaN' : i + j)),
        'light',
      )!,
    );
    expect(png.color(5, 5)).toBe('#c8c8c8');
  });

  it('is small, whatever the landscape', () => {
    let state = 1;
    const noise = landscape(301, 301, () => (state = (state * 16807) % 2147483647) / 2147483647);
    // Noise is the worst there is, and no landscape.
    expect(landscapePicture(noise, 'dark')!.length).toBeLessThan(60_000);
    const wavy = landscape(41, 41, (i, j) => 2 + Math.sin(i) * Math.cos(j) + (i - 20) ** 2 / 100);
    expect(landscapePicture(wavy, 'dark')!.length).toBeLessThan(20_000);
  });

  it('is one colour where every loss is the same', () => {
    expect(
      read(
        landscapePicture(
          landscape(3, 3, () => 0.5),
          'dark',
        )!,
      ).color(3, 3),
    ).toBe(BOTTOM);
  });

  it('is not made of what is no grid of two directions, or not complete', () => {
    expect(
      landscapePicture(
        landscape(11, 11, () => null),
        'dark',
      ),
    ).toBeNull();
    expect(
      landscapePicture(
        landscape(11, 11, () => 'Infinity'),
        'dark',
      ),
    ).toBeNull();
    expect(landscapePicture({ ...landscape(4, 4, () => 1), shape: [16] }, 'dark')).toBeNull();
    expect(landscapePicture({ ...landscape(4, 4, () => 1), shape: [4, 5] }, 'dark')).toBeNull();
  });
});
