import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../../src/engine/checkpoint/checkpoint';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import type { Tensor } from '../../../src/engine/tensor';
import { english } from '../../../src/shared/words/message';

const FOLDER = fileURLToPath(new URL('../../fixtures/formats/', import.meta.url));

/** What the framework that wrote a file says is in it. */
interface Expected {
  readonly format: string;
  readonly tensors: Readonly<Record<string, { shape: number[]; values: (number | string)[] }>>;
  /** Arrays that are listed with their types and not read. */
  readonly unread?: Readonly<Record<string, string>>;
  readonly step?: number;
  readonly epoch?: number;
  readonly metadata?: Checkpoint['metadata'];
  readonly warns?: string;
  /** The weights an adapter belongs to, beside it. */
  readonly base?: string;
  /** Where the framework itself computes in float32: the largest difference, of the largest value. */
  readonly tolerance?: number;
}

const expected = Object.entries(
  JSON.parse(await readFile(join(FOLDER, 'expected.json'), 'utf8')) as Record<string, Expected>,
);

describe('what another library wrote is read tensor for tensor', () => {
  it.each(expected)('%s', async (name, file) => {
    const path = join(FOLDER, name);
    const base = file.base === undefined ? {} : { base: join(dirname(path), file.base) };
    const checkpoint = await openCheckpoint(path, base);
    try {
      expect(checkpoint.format).toBe(file.format);
      const unread = file.unread ?? {};
      expect([...checkpoint.tensors.keys()].sort()).toEqual(
        [...Object.keys(file.tensors), ...Object.keys(unread)].sort(),
      );
      for (const [key, { shape, values }] of Object.entries(file.tensors)) {
        expect({ key, shape: checkpoint.tensors.get(key)!.shape }).toEqual({ key, shape });
        const tensor = await checkpoint.read(key);
        expect({ key, shape: tensor.shape }).toEqual({ key, shape });
        expectValues(key, await Promise.resolve(tensor), values, file.tolerance ?? 0);
        if (checkpoint.stream === undefined) continue;
        const streamed: number[] = [];
        for await (const piece of checkpoint.stream(key)) {
          for (const value of piece.data) streamed.push(Number(value));
        }
        const sorted = (numbers: Iterable<number>) => Float64Array.from(numbers).sort();
        expect(sorted(streamed)).toEqual(
          sorted(Array.from<number | bigint, number>(tensor.data, Number)),
        );
      }
      for (const [key, dtype] of Object.entries(unread)) {
        expect(checkpoint.tensors.get(key)!.dtype).toBe(dtype);
        await expect(checkpoint.read(key)).rejects.toThrow(/does not read|does not compute with/);
      }
      if (file.step !== undefined) expect(checkpoint.step).toBe(file.step);
      if (file.epoch !== undefined) expect(checkpoint.epoch).toBe(file.epoch);
      if (file.metadata) expect(checkpoint.metadata).toMatchObject(file.metadata);
      const warnings = (checkpoint.warnings ?? []).map(english).join('\n');
      if (file.warns === undefined) expect(warnings).toBe('');
      else expect(warnings).toContain(file.warns);
    } finally {
      await checkpoint.close();
    }
  });
});

function expectValues(
  key: string,
  { data }: Tensor,
  values: readonly (number | string)[],
  tolerance: number,
): void {
  const wanted = Float64Array.from(values, Number);
  const found = Float64Array.from(data as ArrayLike<number | bigint>, Number);
  expect(found.length).toBe(wanted.length);
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  found.forEach((value, i) => {
    const difference = Math.abs(value - wanted[i]!);
    if (Object.is(value, wanted[i]) || difference <= tolerance * largest) return;
    expect({ key, i, value }).toEqual({ key, i, value: wanted[i] });
  });
}
