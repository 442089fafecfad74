import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { spectrum } from '../../../src/engine/hessian/spectrum';
import { tensorSpans } from '../../../src/engine/objective/weights';
import { english } from '../../../src/shared/words/message';
import { FIXTURES } from '../objective/problems';
import { randomDirections } from '../landscape/randomDirections';
import { expectReference, openFolder } from './denseReference';

const WEIGHTS = join(FIXTURES, 'weights');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-weights-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A copy of a fixture with other settings; null removes one. */
function withSettings(name: string, settings: Readonly<Record<string, unknown>>): string {
  cpSync(join(WEIGHTS, name), folder, { recursive: true });
  const path = join(folder, 'basin.json');
  const own = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  const all = Object.entries({ ...own, ...settings }).filter(([, value]) => value !== null);
  writeFileSync(path, JSON.stringify(Object.fromEntries(all)));
  return folder;
}

describe('frozen tensors are constants', () => {
  test.each(['buffers', 'frozen-backbone', 'infinite-mask', 'frozen-bias'])('%s', async (name) => {
    await expectReference(join(WEIGHTS, name));
  });

  test('a note names them', async () => {
    const { weights } = await openFolder(join(WEIGHTS, 'buffers'));
    expect(weights.notes.map(english)).toEqual([
      '2 tensors with 8 numbers are frozen (mean, std): they are neither moved, differentiated nor counted.',
    ]);
  });

  test('a pattern that fits nothing names what is near', async () => {
    await expect(
      openFolder(withSettings('frozen-backbone', { frozen: ['backbone'] })),
    ).rejects.toThrow(
      '"frozen" in basin.json has backbone, which fits no tensor of epoch-1.pt or the graph; near it are backbone.0.bias',
    );
    await expect(openFolder(withSettings('buffers', { frozen: ['sdt'] }))).rejects.toThrow('std');
  });

  test('what leaves nothing to move is refused', async () => {
    await expect(openFolder(withSettings('buffers', { frozen: ['*'] }))).rejects.toThrow(
      '"frozen" in basin.json covers every parameter',
    );
  });

  test('without it a note names what looks like a buffer', async () => {
    const { weights } = await openFolder(withSettings('buffers', { frozen: null }));
    expect(weights.parameters.size).toBe(51);
    expect(weights.notes.map(english)).toEqual([
      expect.stringMatching(/^mean, std look like saved buffers, not like parameters/),
    ]);
    const of = await openFolder(join(WEIGHTS, 'several-files-legacy'));
    expect(of.weights.notes).toEqual([]);
  });

  test('infinities are for frozen tensors alone', async () => {
    const refusal = openFolder(withSettings('infinite-mask', { frozen: ['pos*'] }));
    await expect(refusal).rejects.toThrow('tensor mask holds -Infinity at element 1');
  });
});

describe('random numbers belong to tensors', () => {
  const settings = { dimensions: 2, normalization: 'filter', biases: 'keep', seed: 5 } as const;

  async function directionsOf(name: string, checkpoint: string) {
    const { weights } = await openFolder(join(WEIGHTS, name), checkpoint);
    return { directions: randomDirections(weights.theta, weights.parameters, settings), weights };
  }

  test.each([
    ['safetensors', 'several-files-legacy', 'epoch-2.safetensors'],
    ['another order and wrappers', 'several-files-legacy', 'epoch-3.pt'],
    ['another exporter', 'several-files-dynamo', 'epoch-1.pt'],
    ['another exporter and order', 'several-files-dynamo', 'epoch-3.pt'],
  ])('%s: the same directions and probes, bit by bit', async (_, name, checkpoint) => {
    const first = await directionsOf('several-files-legacy', 'epoch-1.pt');
    const second = await directionsOf(name, checkpoint);
    expect(second.directions).toEqual(first.directions);
    const probes: Float64Array[][] = [];
    for (const { weights } of [first, second]) {
      const seen: Float64Array[] = [];
      probes.push(seen);
      await spectrum(
        (vs) => {
          seen.push(...vs.map((v) => Float64Array.from(v)));
          return Promise.resolve(vs.map((v) => v.map((x, i) => x * i)));
        },
        weights.theta.length,
        {
          eigenvalues: 1,
          lanczosSteps: 3,
          probes: 3,
          seed: 1,
          spans: tensorSpans(weights.parameters),
        },
      );
    }
    expect(probes[1]).toEqual(probes[0]);
  });

  test('another seed gives others', async () => {
    const { weights, directions } = await directionsOf('several-files-legacy', 'epoch-1.pt');
    const others = randomDirections(weights.theta, weights.parameters, { ...settings, seed: 6 });
    expect(others).not.toEqual(directions);
  });
});
