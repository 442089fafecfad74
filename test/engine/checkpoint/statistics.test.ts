import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Moments } from '../../../src/engine/checkpoint/statistics';
import { fillsItsExtent } from '../../../src/engine/checkpoint/bytes/pieces';
import { listTensors } from '../../../src/engine/checkpoint/tensors';
import { measureTensors } from '../../../src/engine/weights/measureTensors';
import { encodeNpy } from '../../../src/engine/checkpoint/numpy/npyFormat';
import { InputError } from '../../../src/shared/inputError';
import type {
  TensorStatistics,
  TensorStatisticsOutcome,
  TensorTable,
} from '../../../src/shared/engineProtocol';
import { english } from '../../../src/shared/words/message';
import {
  fixturePath,
  readExpected,
  readFixture,
  temporaryFolder,
  writeTemporary,
} from './fixtures';

const never = new AbortController().signal;

async function measure(
  path: string,
  indices: readonly number[],
  signal = never,
): Promise<TensorStatisticsOutcome[]> {
  const outcomes: TensorStatisticsOutcome[] = [];
  await measureTensors(path, indices, {
    signal,
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  return outcomes;
}

async function tableOf(path: string): Promise<TensorTable> {
  const { table } = await listTensors(path);
  return JSON.parse(new TextDecoder().decode(table)) as TensorTable;
}

/** By the definitions, on numbers that PyTorch and NumPy say are in the file. */
function defined(values: readonly number[]): TensorStatistics {
  const finite = values.filter(Number.isFinite);
  const zeros = finite.filter((value) => value === 0).length;
  const nonFinite = values.length - finite.length;
  if (finite.length === 0) {
    return { mean: null, deviation: null, min: null, max: null, zeros, nonFinite, norm: null };
  }
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
  const variance = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0) / finite.length;
  return {
    mean,
    deviation: Math.sqrt(variance),
    min: Math.min(...finite) + 0,
    max: Math.max(...finite) + 0,
    zeros,
    nonFinite,
    norm: Math.sqrt(finite.reduce((sum, value) => sum + value * value, 0)),
  };
}

function expectClose(actual: TensorStatistics, expected: TensorStatistics): void {
  const { mean, deviation, norm, ...exact } = expected;
  expect(actual).toMatchObject(exact);
  if (mean === null) {
    expect(actual.mean).toBeNull();
    expect(actual.deviation).toBeNull();
    expect(actual.norm).toBeNull();
    return;
  }
  const scale = Math.max(Math.abs(expected.min!), Math.abs(expected.max!), 1e-300);
  expect(Math.abs(Number(actual.mean) - Number(mean))).toBeLessThanOrEqual(1e-12 * scale);
  expect(Math.abs(Number(actual.deviation) - Number(deviation))).toBeLessThanOrEqual(1e-7 * scale);
  expect(Math.abs(Number(actual.norm) - Number(norm))).toBeLessThanOrEqual(1e-12 * Number(norm));
}

/** A sparse safetensors file of float32 tensors; what is not written is zero. */
async function writeSafetensors(
  tensors: Readonly<Record<string, number>>,
  write: (at: (name: string, index: number) => number) => readonly (readonly [number, number])[],
): Promise<string> {
  let end = 0;
  const header: Record<string, unknown> = {};
  const starts = new Map<string, number>();
  for (const [name, count] of Object.entries(tensors)) {
    starts.set(name, end);
    header[name] = { dtype: 'F32', shape: [count], data_offsets: [end, end + 4 * count] };
    end += 4 * count;
  }
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  const path = join(await temporaryFolder(), 'large.safetensors');
  const file = await open(path, 'w');
  try {
    await file.write(Buffer.concat([prefix, text]));
    const base = 8 + text.length;
    await file.truncate(base + end);
    for (const [position, value] of write((name, index) => base + starts.get(name)! + 4 * index)) {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(value);
      await file.write(bytes, 0, 4, position);
    }
  } finally {
    await file.close();
  }
  return path;
}

describe('statistics of tensors', () => {
  it('are those of the numbers PyTorch and NumPy find in every fixture', async () => {
    let compared = 0;
    for (const [name, expected] of Object.entries(await readExpected())) {
      const names = Object.keys(expected.tensors);
      const outcomes = await measure(
        fixturePath(name),
        names.map((_, index) => index),
      );
      const table = await tableOf(fixturePath(name));
      expect(outcomes.map(({ index }) => index)).toEqual(names.map((_, index) => index));
      for (const outcome of outcomes) {
        const tensor = expected.tensors[table.names[outcome.index]!];
        if (tensor === undefined || tensor.values.some((v) => typeof v === 'boolean')) continue;
        if (!outcome.ok) continue;
        const numbers = tensor.values.map(Number);
        // Beyond 2⁵³ a whole number is not one of JavaScript's.
        if (numbers.some((v) => Number.isFinite(v) && Math.abs(v) > 2 ** 53)) continue;
        expectClose(outcome.statistics, defined(numbers));
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(50);
  });

  it('do not depend on where pieces begin and end', () => {
    const values = Float32Array.from({ length: 10_007 }, (_, i) => Math.sin(i) * 3 + 1000);
    const whole = new Moments();
    whole.add(values);
    const pieces = new Moments();
    for (let at = 0; at < values.length; at += 97) pieces.add(values.subarray(at, at + 97));
    const [a, b] = [whole.statistics, pieces.statistics];
    expect(Number(b.mean)).toBeCloseTo(Number(a.mean), 9);
    expect(Number(b.deviation)).toBeCloseTo(Number(a.deviation), 9);
    expect(Number(a.deviation)).toBeCloseTo(3 / Math.SQRT2, 3);
  });

  it('keep a small spread beside a large mean', () => {
    const moments = new Moments();
    // 1e9 ± 1: the squares alone would need 60 bits.
    for (let piece = 0; piece < 4; piece++) {
      moments.add(Float64Array.from({ length: 1000 }, (_, i) => 1e9 + (i % 2 === 0 ? 1 : -1)));
    }
    expect(moments.statistics).toMatchObject({ mean: 1e9, deviation: 1 });
  });

  it('count what is not finite beside the rest', () => {
    const moments = new Moments();
    moments.add(Float32Array.from([NaN, 1, Infinity, 0, -Infinity, -0, 3]));
    expect(moments.statistics).toEqual({
      mean: 1,
      deviation: Math.sqrt(1.5),
      min: 0,
      max: 3,
      zeros: 2,
      nonFinite: 3,
      norm: Math.sqrt(10),
    });
    const none = new Moments();
    none.add(Float32Array.from([NaN]));
    expect(none.statistics).toMatchObject({ mean: null, min: null, nonFinite: 1 });
  });

  it('of a tensor of 256 MiB hold a piece of it at a time', async () => {
    const count = 2 ** 26;
    const path = await writeSafetensors({ big: count, small: 3 }, (at) => [
      [at('big', 0), -2],
      [at('big', count - 1), 6],
      [at('small', 1), NaN],
    ]);
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    }, 5);
    const [big, small] = await measure(path, [0, 1]);
    clearInterval(watch);
    expect(big).toMatchObject({
      ok: true,
      statistics: { min: -2, max: 6, zeros: count - 2, nonFinite: 0 },
    });
    if (big?.ok === true) {
      expect(Number(big.statistics.mean)).toBeCloseTo(4 / count, 20);
      expect(Number(big.statistics.deviation) / Math.sqrt(40 / count)).toBeCloseTo(1, 6);
    }
    expect(small).toMatchObject({ ok: true, statistics: { zeros: 2, nonFinite: 1 } });
    expect(peak).toBeLessThan(128 * 2 ** 20);
  });

  it('stop between two pieces', async () => {
    const path = await writeSafetensors({ big: 2 ** 28 }, () => []);
    const controller = new AbortController();
    const started = performance.now();
    setTimeout(() => {
      controller.abort();
    }, 20);
    await expect(measure(path, [0], controller.signal)).rejects.toThrow(/abort/i);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('of a type that is not computed with are a sentence, and the others go on', async () => {
    const header = {
      a: { dtype: 'F4', shape: [8], data_offsets: [0, 4] },
      b: { dtype: 'U8', shape: [2], data_offsets: [4, 6] },
    };
    const text = Buffer.from(JSON.stringify(header));
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(text.length));
    const path = await writeTemporary(
      'eight.safetensors',
      Buffer.concat([prefix, text, Buffer.from([1, 2, 3, 4, 5, 7])]),
    );
    const [a, b] = await measure(path, [0, 1]);
    expect(a).toMatchObject({ ok: false });
    expect(a?.ok === false && english(a.message)).toContain('float4_e2m1');
    expect(b).toMatchObject({ ok: true, statistics: { mean: 6, deviation: 1 } });
  });

  it('of bytes that do not match their checksum are a sentence', async () => {
    const name = 'state-dict.pt';
    const file = Buffer.from(await readFixture(name));
    const table = await tableOf(fixturePath(name));
    // Storages begin at multiples of 64 behind their names.
    const at = file.indexOf('data/0');
    const start = Math.ceil((at + 6) / 64) * 64;
    file[start] = file[start]! ^ 0xff;
    const path = await writeTemporary('flipped.pt', file);
    const outcomes = await measure(
      path,
      table.names.map((_, index) => index),
    );
    const messages = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.message]));
    expect(messages.map(english).join('\n')).toContain('does not match its checksum');
  });
});

describe('the list of tensors', () => {
  it('has the names, types and shapes of every fixture, and the bytes of its elements', async () => {
    const widths: Readonly<Record<string, number>> = {
      float64: 8,
      float32: 4,
      float16: 2,
      bfloat16: 2,
      int64: 8,
      int32: 4,
      uint8: 1,
      bool: 1,
    };
    for (const [name, { tensors, format }] of Object.entries(await readExpected())) {
      const listing = await listTensors(fixturePath(name));
      const table = await tableOf(fixturePath(name));
      expect(listing.format).toBe(format);
      expect(listing.count).toBe(table.names.length);
      // A single array has no name of its own: it is called as its file is.
      const known = format === 'npy' ? { [name.replace(/\.npy$/, '')]: tensors['']! } : tensors;
      expect([...table.names].sort()).toEqual(Object.keys(known).sort());
      for (const [index, tensorName] of table.names.entries()) {
        const { dtype, shape } = known[tensorName]!;
        expect(table.dtypes[table.dtype[index]!]).toBe(dtype);
        expect(table.shapes[index]).toEqual(shape);
        const width = widths[dtype];
        if (width === undefined) continue;
        expect(table.bytes[index]).toBe(width * shape.reduce((a, b) => a * b, 1));
      }
    }
  });

  it('of an .npy file has one array, called as the file is', async () => {
    const path = await writeTemporary(
      'logits.npy',
      encodeNpy({ dtype: 'float32', shape: [2, 3], data: Float32Array.from([1, 2, 3, 4, 5, 6]) }),
    );
    expect(await listTensors(path)).toMatchObject({ format: 'npy', count: 1, parameters: 6 });
    expect(await tableOf(path)).toMatchObject({ names: ['logits'], shapes: [[2, 3]], bytes: [24] });
    const [outcome] = await measure(path, [0]);
    expect(outcome).toMatchObject({ ok: true, statistics: { mean: 3.5, min: 1, max: 6 } });
  });

  it('shows no control characters and no novels', async () => {
    const name = `a\u202eb\n${'x'.repeat(5000)}`;
    const path = await writeSafetensors({ [name]: 1 }, () => []);
    const table = await tableOf(path);
    expect(table.names[0]).toMatch(/^a\\u202eb\\x0ax+…$/);
    expect(table.names[0]!.length).toBeLessThan(520);
  });

  it('of a file that is no checkpoint is a sentence', async () => {
    for (const content of ['', 'hello', '{"a": 1}', Buffer.alloc(64, 0xff)]) {
      const path = await writeTemporary('broken.bin', content);
      await expect(listTensors(path)).rejects.toBeInstanceOf(InputError);
    }
    await expect(listTensors('/nowhere/none.pt')).rejects.toThrow('does not exist');
  });
});

describe('an array that can be read in any order', () => {
  it.each([
    [[2, 3], [3, 1], true],
    [[2, 3], [1, 2], true],
    [[4, 2, 3], [1, 12, 4], true],
    [[1, 5], [77, 1], true],
    [[], [], true],
    [[0, 7], [9, 9], true],
    // As many elements as its extent has, and not the same ones.
    [[2, 2], [3, 0], false],
    [[2, 2], [3, 1], false],
    [[3], [2], false],
    [[3], [0], false],
  ])('%j with strides %j: %j', (shape, strides, expected) => {
    expect(fillsItsExtent({ shape, strides })).toBe(expected);
  });
});
