import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../../src/engine/checkpoint/fault';
import { unpackLz4 } from '../../../../src/engine/topology/files/lz4';
import { readLandscape } from '../../../../src/engine/topology/files/readLandscape';
import { unpackXz } from '../../../../src/engine/topology/files/xz';

const fixtures = fileURLToPath(new URL('../../../fixtures/packed/', import.meta.url));
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));

/** As make.py beside the files makes it. */
const bowl = Array.from({ length: 41 * 31 }, (_, v) => {
  const x = -1 + (v % 41) * (2 / 40);
  const y = -1 + Math.floor(v / 41) * (2 / 30);
  return x * x + 2 * y * y + Math.sin(5 * x);
});

describe('what VTK has packed', () => {
  it.each(
    ['lz4', 'lzma'].flatMap((packing) =>
      ['raw', 'base64', 'inline'].map((mode) => `bowl-${packing}-${mode}.vti`),
    ),
  )('%s', async (name) => {
    const { values, shape } = await readLandscape(fixtures + name);
    expect(shape).toEqual([31, 41]);
    values.forEach((value, v) => {
      expect(Math.abs(value - bowl[v]!)).toBeLessThan(1e-15);
    });
  });
});

describe('LZ4', () => {
  it('repeats what overlaps', () => {
    // Two literals, a match of 9 at distance 2; then one literal.
    expect(unpackLz4(bytes('\x25ab\x02\x00\x10c'), 12)).toEqual(bytes('abababababac'));
  });

  it.each([
    ['refers to before the beginning', '\x15a\x02\x00\x10c', 11],
    ['has a distance of nothing', '\x15a\x00\x00\x10c', 11],
    ['ends in a length', '\xf0\xff', 300],
    ['ends in its literals', '\x50ab', 5],
    ['unpacks to more', '\x30abc', 2],
    ['unpacks to less', '\x30abc', 4],
  ])('that %s is damaged', (_, text, size) => {
    expect(() => unpackLz4(bytes(text), size)).toThrow(Fault);
  });
});

describe('xz', () => {
  const packed = Uint8Array.from(readFileSync(`${fixtures}text.xz`));
  let seed = 1;
  const noise = Buffer.from(
    Array.from({ length: 3000 }, () => {
      seed = Number((BigInt(seed) * 1103515245n + 12345n) % 2147483648n);
      return (seed >> 16) & 255;
    }),
  );
  const lines = Array.from({ length: 6000 }, (_, k) => `layer${k % 17}.weight ${k * k}\n`);
  const text = Buffer.concat([
    Buffer.from(lines.join('')),
    noise,
    noise,
    noise,
    Buffer.alloc(100_000),
  ]);
  const hash = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');

  it('unpacks to what was packed', () => {
    expect(hash(unpackXz(packed, text.length))).toBe(hash(text));
  });

  it('is a fault or the wrong bytes where it is damaged, and nothing else', () => {
    fc.assert(
      fc.property(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = packed.slice();
        damaged[at]! ^= change;
        try {
          expect(unpackXz(damaged, text.length)).toHaveLength(text.length);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: 200 },
    );
  });
});
